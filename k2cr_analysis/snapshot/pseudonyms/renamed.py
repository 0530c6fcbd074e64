"""A snapshot's content under aliases: objects, tables and provenance."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from k2cr_analysis.errors import Location
from k2cr_analysis.platforms.gke.cluster import system_namespace
from k2cr_analysis.snapshot.objects import SnapshotObject
from k2cr_analysis.snapshot.provenance import Notice, Provenance, Superseded
from k2cr_analysis.snapshot.pseudonyms.key import Key
from k2cr_analysis.snapshot.pseudonyms.names import is_a_name, is_platform_key, names_in
from k2cr_analysis.snapshot.pseudonyms.texts import Renaming
from k2cr_analysis.snapshot.reader import Snapshot

# Fields that hold the API's own words, and numbers.
_WORDS_OF_THE_API_TEXT: Final = """
    apiVersion kind apiGroup apiGroups group version protocol appProtocol type operator verbs uid resourceVersion
    creationTimestamp imagePullPolicy restartPolicy terminationMessagePolicy concurrencyPolicy schedule timeZone
    resources requests limits capacity allocatable phase reason provisioner
    """
_WORDS_OF_THE_API: Final = frozenset(_WORDS_OF_THE_API_TEXT.split())
_PORTS: Final = frozenset({"port", "targetPort", "portName", "containerPort", "servicePort"})
_FILE: Final = re.compile(r"[^:]+")


@dataclass(frozen=True, slots=True)
class Renamed:
    """What :func:`write_snapshot` takes. ``key``: with this snapshot's names in it; ``kept``: names that are words."""

    objects: list[SnapshotObject]
    tables: dict[str, pa.Table]
    provenance: Provenance
    key: Key
    kept: frozenset[str]


def renamed(snapshot: Snapshot, key: Key, words: frozenset[str] = frozenset()) -> Renamed:
    """The content under aliases. ``words``: names that are kept, since the analyses read something out of them."""
    objects = list(snapshot.objects())
    names = names_in((one.object for one in objects), snapshot.provenance)
    for name, role in sorted(set(_names_of_tables(snapshot))):
        names.setdefault(name, role)
    kept = words.intersection(names)
    whole = key.with_names({name: role for name, role in names.items() if name not in words})
    renaming = Renaming(whole.aliases)
    files: dict[str, str] = {}
    made = [SnapshotObject(_object(one.object, renaming), _place(one.source, files)) for one in objects]
    tables = {name: _table(table, name, renaming) for name, table in snapshot.tables.items()}
    return Renamed(made, tables, _provenance(snapshot.provenance, renaming, files), whole, kept)


_OF_USAGE: Final = {
    "namespace_name": "namespace",
    "top_level_controller_name": "workload",
    "container_name": "container",
}
_OF_TARGET: Final = {"namespace_name": "namespace", "service_name": "name", "workload_name": "workload"}
_OF_SOURCE: Final = {"source_namespace_name": "namespace", "source_workload_name": "workload"}
# Table and columns -> what they name; the first column says whose the others are.
_NAMED_IN: Final = (("usage", _OF_USAGE), ("traffic", _OF_TARGET), ("traffic", _OF_SOURCE))


def _names_of_tables(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    """(name, what it names) of what stands in tables alone: workloads that are gone, resources on the bill."""
    for table, roles in _NAMED_IN:
        names = list(roles)
        found = snapshot.table(table, names)
        for row in [] if found is None else found.group_by(names).aggregate([]).to_pylist():
            if not system_namespace(str(row[names[0]] or "")):
                yield from ((str(row[c]), role) for c, role in roles.items() if row[c] and is_a_name(str(row[c])))
    yield from _names_of_the_bill(snapshot)


def _names_of_the_bill(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    found = snapshot.table("billing", ["project", "labels", "resource"])
    if found is None:
        return
    texts: set[tuple[str, str]] = set()
    for row in found["project"].to_pylist():
        texts |= {("project", str(row[part])) for part in ("id", "name") if row and row[part]}
    for row in found["labels"].to_pylist():
        labels = {one["key"]: str(one["value"]) for one in row or ()}
        if not system_namespace(labels.get("k8s-namespace", "")):
            texts |= {("name", value) for key, value in labels.items() if key in _NAMING_LABELS}
    yield from sorted((name, role) for role, name in texts if is_a_name(name))


_NAMING_LABELS: Final = frozenset(
    {"goog-k8s-cluster-name", "k8s-namespace", "k8s-workload-name", "goog-k8s-node-pool-name", "team", "owner", "app"}
)


def _object(value: Mapping[str, Any], renaming: Renaming) -> dict[str, Any]:
    return {str(field): _below(inside, str(field), renaming) for field, inside in value.items()}


def _below(value: Any, field: str, renaming: Renaming) -> Any:
    if field in _WORDS_OF_THE_API:
        return value
    if isinstance(value, Mapping):
        if field in ("labels", "matchLabels", "nodeSelector", "selector", "annotations"):
            return dict(_labels(value, field, renaming))
        if field in ("data", "stringData", "binaryData"):
            return {renaming.text(str(name)): _below(inside, "", renaming) for name, inside in value.items()}
        return {str(name): _below(inside, str(name), renaming) for name, inside in value.items()}
    if isinstance(value, list):
        return [_port(one, renaming) if field == "ports" else _below(one, field, renaming) for one in value]
    return renaming.text(value) if isinstance(value, str) and field not in _PORTS else value


def _port(port: Any, renaming: Renaming) -> Any:
    """A port's name says what is spoken there."""
    if not isinstance(port, Mapping):
        return port
    return {name: inside if name == "name" else _below(inside, name, renaming) for name, inside in port.items()}


def _labels(labels: Mapping[str, Any], field: str, renaming: Renaming) -> Iterator[tuple[str, Any]]:
    for key, value in labels.items():
        if not isinstance(value, str):
            yield key, _below(value, key, renaming)
        elif is_platform_key(key):
            # A machine type may have somebody's word in it; a name is the whole value.
            yield key, renaming.text(value) if field == "annotations" else renaming.whole(value)
        else:
            domain, slash, name = key.partition("/")
            yield (f"{renaming.text(domain)}/{name}" if slash else key), renaming.text(value)


def _table(table: pa.Table, name: str, renaming: Renaming) -> pa.Table:
    """The table with every text of it renamed; each distinct text once. Prices name nobody."""
    if name == "prices":
        return table
    columns = [
        column if schema.name in _PLATFORM_COLUMNS else _column(column, schema.type, renaming)
        for column, schema in zip(table.columns, table.schema, strict=True)
    ]
    return pa.table(columns, schema=table.schema)


_PLATFORM_COLUMNS_TEXT: Final = """
    metric_type memory_type aligner reducer top_level_controller_type workload_type protocol response_code_class
    latency_metric_type service sku location system_labels usage credits invoice cost_type price consumption_model
    currency
    """
_PLATFORM_COLUMNS: Final = frozenset(_PLATFORM_COLUMNS_TEXT.split())


def _column(column: pa.ChunkedArray, kind: pa.DataType, renaming: Renaming) -> pa.ChunkedArray | pa.Array:
    if pa.types.is_dictionary(kind):
        plain = column.cast(kind.value_type)
        return _column(plain, kind.value_type, renaming).cast(kind)
    if pa.types.is_string(kind):
        distinct = column.unique().drop_null()
        aliases = pa.array([renaming.text(text) for text in distinct.to_pylist()], kind)
        return aliases.take(pc.index_in(column, distinct))
    if pa.types.is_nested(kind):
        return pa.array([_nested(row, renaming) for row in column.to_pylist()], kind)
    return column


def _nested(value: Any, renaming: Renaming) -> Any:
    if isinstance(value, Mapping):
        return {name: _nested(inside, renaming) for name, inside in value.items()}
    if isinstance(value, list):
        return [_nested(one, renaming) for one in value]
    return renaming.text(value) if isinstance(value, str) else value


def _place(source: Location, files: dict[str, str]) -> Location:
    return replace(source, file=_file(source.file, files))


def _file(name: str | None, files: dict[str, str]) -> str | None:
    """Paths of manifests are full of names: a file is its number."""
    if name is None:
        return None
    return files.setdefault(name, f"file-{len(files) + 1}.yaml")


def _provenance(told: Provenance, renaming: Renaming, files: dict[str, str]) -> Provenance:
    text = renaming.text

    def notice(one: Notice) -> Notice:
        return replace(
            one,
            file=_file(one.file, files),
            path=one.path and text(one.path),
            found=text(one.found),
            expected=text(one.expected),
            do=text(one.do),
            object=one.object and text(one.object),
        )

    def place(shown: str) -> str:
        return _FILE.sub(lambda found: str(_file(found[0], files)), shown, count=1)

    superseded = tuple(Superseded(text(one.id), place(one.kept), place(one.dropped)) for one in told.superseded)
    return replace(
        told,
        source=text(told.source),
        project=told.project and text(told.project),
        cluster=told.cluster and text(told.cluster),
        cluster_uid=None,
        skipped=tuple(notice(one) for one in told.skipped),
        problems=tuple(notice(one) for one in told.problems),
        superseded=superseded,
        gaps=tuple(text(one) for one in told.gaps),
        unread=tuple(replace(one, why=text(one.why)) for one in told.unread),
    )
