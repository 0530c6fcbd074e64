"""Kubernetes' field tree: which fields a kind has, and of which type. Read from ``data/schemas/kubernetes.json``.

A *schema path* names a field wherever it stands in an object. It begins at the nearest shared root, so that a rule
names a field of a pod once for Deployment, Job, Pod and all others:

    Container.image                      containers, initContainers and ephemeralContainers alike
    Container.livenessProbe.httpGet.path
    PodSpec.volumes[].emptyDir.medium    [] stands for each item of a list
    PodTemplateSpec.metadata.annotations
    JobSpec.backoffLimit                 of a Job, and of a CronJob's jobTemplate
    PersistentVolumeClaimSpec.accessModes
    Deployment.spec.strategy.type        all else begins at the kind
    Service.spec.ports[].port
    KnativeService.spec.traffic[].tag    serving.knative.dev's Service

Lists and maps of plain values are one field: ``Container.args``, ``PodSpec.nodeSelector``. ``.*`` after a map's path
stands for its keys where the values are objects. ``status`` and ``metadata.managedFields`` are the API server's, and
no fields of the tree.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal

from k2cr_analysis.openapi import neighbours
from k2cr_analysis.openapi.json_path import ROOT, child
from k2cr_analysis.platforms.cloud_run.annotations import SERVING_GROUP
from k2cr_analysis.resources import bundled

SHARED_ROOTS: Final = {
    "PodSpec": "PodSpec",
    "PodTemplateSpec": "PodTemplateSpec",
    "Container": "Container",
    "EphemeralContainer": "Container",
    "JobSpec": "JobSpec",
    "PersistentVolumeClaimSpec": "PersistentVolumeClaimSpec",
}
KNATIVE_SERVICE: Final = "KnativeService"
_STATUS: Final = "status"
_INLINE: Final = "<inline>"
_SCALARS: Final = frozenset({"string", "int", "number", "bool", "quantity", "int-or-string", "bytes", "any"})


@dataclass(frozen=True, slots=True)
class FieldType:
    """The type of a field. ``of`` is the type of the items or values of a list or map."""

    form: Literal["scalar", "list", "map", "object"]
    name: str  # scalar type or object type; empty for list and map
    of: FieldType | None = None

    @property
    def is_leaf(self) -> bool:
        """Whether the schema ends here: a plain value, or a list or map of plain values."""
        innermost = self
        while innermost.of is not None:
            innermost = innermost.of
        return innermost.form == "scalar"


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an object type. ``root`` is the type that its schema path begins at, where it is an inlined one."""

    type: FieldType
    root: str | None = None


@cache
def _schema() -> Mapping[str, Any]:
    schema: dict[str, Any] = json.loads(bundled("data", "schemas", "kubernetes.json").read_text(encoding="utf-8"))
    return schema | {"kinds": {**schema["kinds"], **neighbours.KINDS}, "types": {**schema["types"], **neighbours.TYPES}}


def sources() -> Mapping[str, str]:
    """The release that each part of the tree was derived from."""
    found: Mapping[str, str] = _schema()["sources"]
    return found


@cache
def object_type(api_version: str, kind: str) -> str | None:
    """The name of a kind's type; None for a kind that the tree does not have.

    An older version of a kind has the fields of its stable one, except where the tree says otherwise.
    """
    kinds: Mapping[str, str] = _schema()["kinds"]
    group = api_version.rpartition("/")[0]
    return kinds.get(f"{api_version}/{kind}") or kinds.get(f"{group}/{kind}")


@cache
def fields_of(type_name: str) -> Mapping[str, Field]:
    """The fields of an object type, those of an inlined type among them."""
    declared: Mapping[str, str] = _schema()["types"][type_name]
    found: dict[str, Field] = {}
    inlined = declared.get(_INLINE)
    if inlined is not None:
        found = {name: Field(field.type, inlined) for name, field in fields_of(inlined).items()}
    return found | {name: Field(parsed(text)) for name, text in declared.items() if name != _INLINE}


def is_server_field(type_name: str, field: str) -> bool:
    """Whether the API server alone writes a field: its value is nobody's wish."""
    return (type_name, field) == ("ObjectMeta", "managedFields")


@cache
def parsed(text: str) -> FieldType:
    """A type as the schema file writes it: ``string``, ``[Container]``, ``{quantity}``."""
    if text[0] == "[":
        return FieldType("list", "", parsed(text[1:-1]))
    if text[0] == "{":
        return FieldType("map", "", parsed(text[1:-1]))
    return FieldType("scalar" if text in _SCALARS else "object", text)


def leaf_fields(obj: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """``(json_path, schema_path, known)`` for every field that an object sets, in the order of the object.

    One entry a schema field and place: a list or map of plain values is one entry. An empty object or list is an entry
    of its own (``PodSpec.volumes[].emptyDir``, ``PodSpec.initContainers``). A field that is null is absent. A field
    that Kubernetes does not know is one entry with ``known`` False, whatever it holds; so is each top-level field of a
    kind that the tree does not have.
    """
    api_version, kind = str(obj.get("apiVersion") or ""), str(obj.get("kind") or "")
    type_name = object_type(api_version, kind)
    root = root_name(api_version, kind)
    for name, value in obj.items():
        if value is None or name == _STATUS:
            continue
        field = fields_of(type_name).get(name) if type_name else None
        yield from _leaves(value, field, child(ROOT, name), f"{root}.{name}")


def root_name(api_version: str, kind: str) -> str:
    """Where the schema paths of a kind begin: its name; ``KnativeService`` for a Configuration of Knative too."""
    is_knative = api_version.startswith(f"{SERVING_GROUP}/") and kind in ("Service", "Configuration")
    return KNATIVE_SERVICE if is_knative else kind


def schema_fields(api_version: str, kind: str) -> tuple[str, ...]:
    """Every schema path that an object of a kind can have, sorted; those of the shared roots it holds among them."""
    type_name = object_type(api_version, kind)
    if type_name is None:
        return ()
    return tuple(sorted(set(_declared(type_name, root_name(api_version, kind), ()))))


def _leaves(value: Any, field: Field | None, path: str, schema_path: str) -> Iterator[tuple[str, str, bool]]:
    if field is None:
        yield path, schema_path, False
        return
    yield from _typed_leaves(value, field.type, path, schema_path)


def _typed_leaves(value: Any, kind: FieldType, path: str, schema_path: str) -> Iterator[tuple[str, str, bool]]:
    below = _children(value, kind, path, schema_path)
    if kind.is_leaf or not below:
        yield path, schema_path, True
    elif kind.form == "object":
        fields = fields_of(kind.name)
        for name, item in value.items():
            if item is not None and not is_server_field(kind.name, name):
                field = fields.get(name)
                base = field.root if field is not None and field.root else SHARED_ROOTS.get(kind.name, schema_path)
                yield from _leaves(item, field, child(path, name), f"{base}.{name}")
    else:
        assert kind.of is not None
        for item, item_path, item_schema_path in below:
            yield from _typed_leaves(item, kind.of, item_path, item_schema_path)


def _children(value: Any, kind: FieldType, path: str, schema_path: str) -> list[tuple[Any, str, str]]:
    """The items below a value with their paths; empty where there are none, or the value has not its field's form."""
    if kind.form == "list" and isinstance(value, list):
        return [(item, child(path, i), f"{schema_path}[]") for i, item in enumerate(value) if item is not None]
    if kind.form in ("map", "object") and isinstance(value, Mapping):
        return [(item, child(path, name), f"{schema_path}.*") for name, item in value.items() if item is not None]
    return []


def _declared(type_name: str, base: str, above: tuple[str, ...]) -> Iterator[str]:
    for name, field in fields_of(type_name).items():
        at_top = not above
        if not (at_top and name == _STATUS) and not is_server_field(type_name, name):
            yield from _declared_below(field.type, f"{field.root or base}.{name}", (*above, type_name))


def _declared_below(kind: FieldType, schema_path: str, above: tuple[str, ...]) -> Iterator[str]:
    if kind.is_leaf:
        yield schema_path
    elif kind.form == "list" and kind.of is not None:
        yield from _declared_below(kind.of, f"{schema_path}[]", above)
    elif kind.form == "map" and kind.of is not None:
        yield from _declared_below(kind.of, f"{schema_path}.*", above)
    elif kind.name not in above:
        yield from _declared(kind.name, SHARED_ROOTS.get(kind.name, schema_path), above)
