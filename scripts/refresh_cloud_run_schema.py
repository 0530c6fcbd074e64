#!/usr/bin/env python3
"""Refresh ``data/schemas/cloud_run_v1.json`` and ``cloud_run_v2.json`` from Google's own discovery documents.

    .venv/bin/python scripts/refresh_cloud_run_schema.py [--wheel google_api_python_client-X-py3-none-any.whl]

The documents come with the newest ``google-api-python-client`` of the package index (``pip download``), so that nobody
needs a login; ``--wheel`` takes one that is here already. What changed is printed, field by field: read that.

Compact: message -> field -> type. A type is ``string``, ``integer``, ``boolean``, ``number``, ``map`` (string to
string), or a message's name; a list has ``[]`` behind it. Only what Service, Job and WorkerPool reach is kept, without
``status``. ``unsupported``: fields whose text says that Cloud Run does not support them.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import tempfile
import venv
import zipfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

PACKAGE = "google-api-python-client"
SCHEMAS = Path(__file__).parents[1] / "data" / "schemas"
PREFIXES = {"v1": "", "v2": "GoogleCloudRunV2"}
ROOTS = ("Service", "Job", "WorkerPool")
LEFT_OUT = {"status"}
_UNSUPPORTED = re.compile(r"Not supported (?:by|in) Cloud Run", re.IGNORECASE)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--wheel", type=Path, help="a downloaded wheel; default: the newest one, downloaded now")
    given = options.parse_args().wheel
    with tempfile.TemporaryDirectory() as folder:
        wheel = given or _download(Path(folder))
        version = wheel.name.split("-")[1]
        with zipfile.ZipFile(wheel) as archive:
            for api in PREFIXES:
                document = json.loads(archive.read(f"googleapiclient/discovery_cache/documents/run.{api}.json"))
                _write(api, compact(api, document) | {"source": f"{PACKAGE} {version}"})


def _download(folder: Path) -> Path:
    """Through a pip of its own: an environment that uv made has none."""
    venv.create(folder / "pip", with_pip=True)
    pip = [str(folder / "pip" / "bin" / "python"), "-m", "pip", "download", "--quiet", "--no-deps"]
    subprocess.run([*pip, "--only-binary", ":all:", "--dest", str(folder), PACKAGE], check=True)
    return next(folder.glob("*.whl"))


def compact(api: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a discovery document that a rendered spec is checked against."""
    prefix, schemas = PREFIXES[api], document["schemas"]
    messages: dict[str, dict[str, str]] = {}
    unsupported: dict[str, list[str]] = {}
    todo = [prefix + root for root in ROOTS]
    while todo:
        name = todo.pop()
        short = name.removeprefix(prefix)
        if short in messages:
            continue
        fields = {k: v for k, v in schemas[name].get("properties", {}).items() if k not in LEFT_OUT}
        messages[short] = {field: _kind(value, prefix) for field, value in sorted(fields.items())}
        todo += [found for value in fields.values() for found in _reached(value)]
        refused = sorted(f for f, v in fields.items() if _UNSUPPORTED.match(v.get("description", "")))
        if refused:
            unsupported[short] = refused
    made = {"api": f"run.{api}", "revision": document["revision"], "read": datetime.now(UTC).date().isoformat()}
    return made | {"messages": dict(sorted(messages.items())), "unsupported": dict(sorted(unsupported.items()))}


def _kind(field: Mapping[str, Any], prefix: str) -> str:
    if "$ref" in field:
        return str(field["$ref"]).removeprefix(prefix)
    if field.get("type") == "array":
        return _kind(field["items"], prefix) + "[]"
    if field.get("type") == "object":
        return "map"
    # JSON has no 64-bit numbers: the document calls them strings, and the server takes both.
    return "integer" if str(field.get("format", "")).endswith("int64") else str(field["type"])


def _reached(field: Mapping[str, Any]) -> Iterator[str]:
    if "$ref" in field:
        yield field["$ref"]
    if "items" in field:
        yield from _reached(field["items"])


def _write(api: str, new: dict[str, Any]) -> None:
    path = SCHEMAS / f"cloud_run_{api}.json"
    old = json.loads(path.read_text()) if path.exists() else {}
    print(f"{new['api']}: revision {old.get('revision')} -> {new['revision']}")
    for line in _changes(old, new):
        print(f"  {line}")
    order = ("api", "revision", "source", "read", "messages", "unsupported")
    path.write_text(json.dumps({key: new[key] for key in order}, indent=1) + "\n")


def _changes(old: Mapping[str, Any], new: Mapping[str, Any], path: str = "") -> Iterator[str]:
    for key in sorted({*old, *new} - ({"read", "source", "api", "revision"} if not path else set())):
        here, before, after = f"{path}.{key}" if path else key, old.get(key), new.get(key)
        if isinstance(before, dict) or isinstance(after, dict):
            yield from _changes(before or {}, after or {}, here)
        elif before != after:
            yield f"{here}: {before} -> {after}"


if __name__ == "__main__":
    main()
