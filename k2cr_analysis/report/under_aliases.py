"""A snapshot and a config under aliases, beside the key: what pages and files are made from that leave the house."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from k2cr_analysis.atomic import write_whole
from k2cr_analysis.errors import UsageError
from k2cr_analysis.fit.evidence.known_images import RAW_SERVERS, SERVER_WORDS
from k2cr_analysis.snapshot import open_snapshot, write_snapshot
from k2cr_analysis.snapshot.pseudonyms import Renaming, read_key, renamed, write_key

# What a name says of a container's work, by one of these words, stays: nobody is known by them.
_ROLES_TEXT = """
    worker workers consumer consumers subscriber subscribers scheduler poller cron daemon listener proxy sidecar
    exporter prometheus grafana alertmanager loki tempo jaeger otel-collector fluent-bit fluentd envoy nginx
    """
WORDS = frozenset(RAW_SERVERS) | frozenset(SERVER_WORDS) | frozenset(_ROLES_TEXT.split())
# Tables of k2cr.toml whose keys and texts are k2cr's own words.
_SETTINGS = frozenset({"objectives", "traffic", "rates", "discounts", "engine", "rules"})


@dataclass(frozen=True, slots=True)
class UnderAliases:
    """Where snapshots and config lie; the workloads that were asked for. ``kept``: names that stay as they are."""

    snapshots: tuple[Path, ...]
    config: Path | None
    workloads: tuple[str, ...]
    kept: frozenset[str]


def under_aliases(
    snapshots: Sequence[Path], key_file: Path, out: Path, *, config: Path | None = None, workloads: Sequence[str] = ()
) -> UnderAliases:
    """Write the snapshots under the aliases of ``key_file``, which is made or added to, beside it.

    Pages that name the same snapshots again find them there. ``UsageError`` where the key would lie among what is given
    away.
    """
    if key_file.resolve().is_relative_to(out.resolve()):
        raise UsageError(
            ref="key-among-the-pages",
            found=f"--pseudonymise {key_file}, inside --out {out}",
            expected="a place of its own: who has the key can read the names",
            do="name a file outside that folder",
        )
    key, kept, places = read_key(key_file), frozenset[str](), []
    for place in snapshots:
        opened = open_snapshot(place)
        made = renamed(opened, key, WORDS)
        key, kept = made.key, kept | made.kept
        folder = key_file.parent / f"{key_file.stem}.{opened.sha256[:12]}.snapshot"
        write_snapshot(folder, made.objects, made.tables, made.provenance)
        places.append(folder)
    write_key(key_file, key)
    renaming = Renaming(key.aliases)
    settings = None if config is None else _config(config, key_file, renaming)
    return UnderAliases(tuple(places), settings, tuple(renaming.text(name) for name in workloads), kept)


def _config(config: Path, key_file: Path, renaming: Renaming) -> Path:
    """The same settings with names under their aliases."""
    text = config.read_text(encoding="utf-8")
    made = {
        name: value if name in _SETTINGS else _renamed(value, renaming) for name, value in tomllib.loads(text).items()
    }
    path = key_file.parent / f"{key_file.stem}.{hashlib.sha256(text.encode()).hexdigest()[:12]}.toml"
    write_whole(path, "\n".join(_toml(made)) + "\n")
    path.chmod(0o600)
    return path


def _renamed(value: Any, renaming: Renaming) -> Any:
    if isinstance(value, Mapping):
        return {
            renaming.text(name) if "/" in name else name: _renamed(inside, renaming) for name, inside in value.items()
        }
    if isinstance(value, list):
        return [_renamed(one, renaming) for one in value]
    return renaming.text(value) if isinstance(value, str) else value


def _toml(table: Mapping[str, Any], above: tuple[str, ...] = ()) -> list[str]:
    """Lines of TOML: plain values first, then the tables in it."""
    lines = [f"[{'.'.join(map(_quoted, above))}]"] if above else []
    inside = {name: value for name, value in table.items() if isinstance(value, Mapping)}
    lines += [f"{_quoted(name)} = {_value(value)}" for name, value in table.items() if name not in inside]
    for name, value in inside.items():
        lines += _toml(value, (*above, name))
    return lines


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_quoted(name)} = {_value(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return _quoted(value) if isinstance(value, str) else str(value)


def _quoted(text: str) -> str:
    return json.dumps(text)
