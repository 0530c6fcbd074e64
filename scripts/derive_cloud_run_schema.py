#!/usr/bin/env python3
"""Derive ``data/schemas/cloud_run_v1.json`` from the messages of the Cloud Run v1 API that an installed gcloud ships.

    python3 scripts/derive_cloud_run_schema.py [--sdk /usr/lib/google-cloud-sdk] > data/schemas/cloud_run_v1.json

Compact: message -> field -> type. A type is ``string``, ``integer``, ``boolean``, ``number``, ``map`` (string to
string), or a message's name; a list has ``[]`` behind it. Only what Service, Job and WorkerPool reach is kept, without
``status``.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from pathlib import Path

ROOTS = ("Service", "Job", "WorkerPool")
LEFT_OUT = {"status"}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--sdk", type=Path, default=Path("/usr/lib/google-cloud-sdk"))
    sdk = options.parse_args().sdk
    sys.path[:0] = [str(sdk / "lib"), str(sdk / "lib" / "third_party")]
    module = importlib.import_module("googlecloudsdk.generated_clients.apis.run.v1.run_v1_messages")
    messages = importlib.import_module("apitools.base.protorpclite.messages")
    found: dict[str, dict[str, str]] = {}
    todo = list(ROOTS)
    while todo:
        name = todo.pop()
        if name in found:
            continue
        fields = {}
        for field in getattr(module, name).all_fields():
            if field.name not in LEFT_OUT:
                kind, reached = _kind(field, messages)
                fields[field.name] = kind + ("[]" if field.repeated else "")
                todo += [reached] if reached else []
        found[name] = dict(sorted(fields.items()))
    version = (sdk / "VERSION").read_text().strip()
    print(
        json.dumps(
            {"source": f"run_v1_messages of gcloud {version}", "messages": dict(sorted(found.items()))}, indent=1
        )
    )


def _kind(field: object, messages: object) -> tuple[str, str | None]:
    scalars = {
        messages.StringField: "string", messages.IntegerField: "integer", messages.BooleanField: "boolean",
        messages.FloatField: "number", messages.BytesField: "string", messages.EnumField: "string",
    }  # fmt: skip
    for kind, word in scalars.items():
        if isinstance(field, kind):
            return word, None
    name = field.message_type.definition_name().rsplit(".", 1)[-1]
    if name.endswith("Value") and any(f.name == "additionalProperties" for f in field.message_type.all_fields()):
        return "map", None
    return name, name


if __name__ == "__main__":
    main()
