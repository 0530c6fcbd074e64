"""What the Kubernetes API server would refuse in an object, and what it would read.

The server refuses a value of another type than its field's. It is lenient with the rest: null means absent, an unknown
field is dropped, a quantity may be a number, an older API version is read as its successor. Required fields are not
asked for here, since a patch has none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from k2cr_analysis.errors import InputError
from k2cr_analysis.openapi.field_tree import (
    KNATIVE_SERVICE,
    FieldType,
    fields_of,
    is_server_field,
    object_type,
    root_name,
)
from k2cr_analysis.openapi.json_path import ROOT, child
from k2cr_analysis.openapi.quantity import parse_quantity
from k2cr_analysis.openapi.schedule import is_schedule, is_time_zone


def is_within(path: str) -> bool:
    """Whether a path stays in its folder, as the API server asks it of a ``subPath``."""
    return not path.startswith("/") and ".." not in path.split("/")


Steps = tuple[str | int, ...]

_INT64: Final = range(-(2**63), 2**63)
_PORTS: Final = range(1, 65536)
# Knative writes 0 into a probe that names no port: the container's own.
_PORTS_OF_KNATIVE: Final = range(65536)
# Fields that hold a port number, by the type that has them. Source: API reference, "must be a valid port number".
_PORT_FIELDS: Final[Mapping[str, frozenset[str]]] = {
    "ContainerPort": frozenset({"containerPort"}),
    "HTTPGetAction": frozenset({"port"}),
    "TCPSocketAction": frozenset({"port"}),
    "GRPCAction": frozenset({"port"}),
    "ServicePort": frozenset({"port", "targetPort"}),
}
# The least that a number may be, by the type that has it. In a probe 0 stands for the default.
# Source: API reference, and the validation of k8s.io/kubernetes (pkg/apis/core, apps, batch and autoscaling).
_LEAST: Final[Mapping[str, Mapping[str, int]]] = {
    "Probe": dict.fromkeys(
        ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"), 0
    ),
    "PodSpec": {"terminationGracePeriodSeconds": 0, "activeDeadlineSeconds": 1},
    "DeploymentSpec": {"replicas": 0, "minReadySeconds": 0, "progressDeadlineSeconds": 0},
    "StatefulSetSpec": {"replicas": 0, "minReadySeconds": 0},
    "ReplicaSetSpec": {"replicas": 0, "minReadySeconds": 0},
    "JobSpec": dict.fromkeys(("parallelism", "completions", "backoffLimit", "activeDeadlineSeconds"), 0),
    "CronJobSpec": {"startingDeadlineSeconds": 0},
    "HorizontalPodAutoscalerSpec": {"minReplicas": 0, "maxReplicas": 1},
}
# Texts with a grammar of their own, by the type that has them: whether one is right, and what is expected.
# Source: the validation of k8s.io/kubernetes (pkg/apis/batch and core).
_GRAMMARS: Final[Mapping[str, Mapping[str, tuple[Callable[[str], bool], str]]]] = {
    "VolumeMount": {"subPath": (is_within, "a path within the volume: relative, and without ..")},
    "CronJobSpec": {
        "schedule": (is_schedule, "a schedule of five fields (0 3 * * 1-5, Sunday is 0), @hourly or @every 90m"),
        "timeZone": (is_time_zone, "a name of the IANA time zone database, Europe/Berlin"),
    },
}
# What no two items of a list may have in common, by the type of the items.
# Source: the validation of k8s.io/kubernetes (pkg/apis/core): duplicate names.
_UNIQUE: Final[Mapping[str, str]] = {"Container": "name", "Volume": "name"}
_RESOURCES: Final = frozenset({"requests", "limits"})
# What stands for a removed value while its surroundings are copied.
_REFUSED: Final = object()


@dataclass(frozen=True, slots=True)
class Problem:
    """One value that the API server refuses; ``steps`` lead to it from the object's top."""

    ref: str
    steps: Steps
    found: str
    expected: str
    do: str

    @property
    def path(self) -> str:
        """The JSON path, ``$.spec.containers[0].image``."""
        path = ROOT
        for step in self.steps:
            path = child(path, step)
        return path


def validate(obj: Mapping[str, Any]) -> list[Problem]:
    """The values that the API server would refuse, in the order of the object; none for a kind outside the tree."""
    return as_server_reads(obj)[1]


def as_server_reads(obj: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """A copy of the object without the values that the API server refuses, and the problem with each of them.

    In the copy every known field has its declared type: whoever reads it need not check. Null texts in lists and maps
    are empty texts, and 3.0 in an integer field is 3, as the server has them.
    """
    api_version, kind = str(obj.get("apiVersion") or ""), str(obj.get("kind") or "")
    is_knative = root_name(api_version, kind) == KNATIVE_SERVICE
    reader = _Reader([], _PORTS_OF_KNATIVE if is_knative else _PORTS)
    type_name = object_type(api_version, kind)
    if type_name is None:
        return dict(obj), []
    return reader.fields(obj, type_name, ()), reader.problems


@dataclass(frozen=True, slots=True)
class _Reader:
    problems: list[Problem]
    ports: range

    def fields(self, value: Mapping[str, Any], type_name: str, at: Steps) -> dict[str, Any]:
        fields = fields_of(type_name)
        read: dict[str, Any] = {}
        for name, item in value.items():
            field = fields.get(name)
            if field is None or item is None or is_server_field(type_name, name):
                read[name] = item
                continue
            kept = self.value(item, field.type, (*at, name))
            if name in _PORT_FIELDS.get(type_name, ()) and isinstance(kept, int) and kept not in self.ports:
                kept = self.refuse("not-a-port-number", (*at, name), item, "a port number from 1 to 65535")
            least = _LEAST.get(type_name, {}).get(name)
            if least is not None and isinstance(kept, int) and kept < least:
                kept = self.refuse("number-too-small", (*at, name), item, f"a whole number, {least} or more")
            is_right, words = _GRAMMARS.get(type_name, {}).get(name, (None, ""))
            if is_right is not None and isinstance(kept, str) and not is_right(kept):
                kept = self.refuse("not-as-the-server-reads-it", (*at, name), item, words)
            if kept is not _REFUSED:
                read[name] = kept
        return read

    def value(self, value: Any, kind: FieldType, at: Steps) -> Any:
        if kind.form == "scalar":
            return self.scalar(value, kind.name, at)
        if kind.form == "list" and kind.of is not None and isinstance(value, list):
            items = [self.element(item, kind.of, (*at, index)) for index, item in enumerate(value)]
            return self.apart(items, kind.of.name, at)
        if kind.form == "map" and kind.of is not None and isinstance(value, Mapping):
            values = {name: self.element(item, kind.of, (*at, name)) for name, item in value.items()}
            return {name: item for name, item in values.items() if item is not _REFUSED}
        if kind.form == "object" and isinstance(value, Mapping):
            return self.fields(value, kind.name, at)
        return self.refuse("wrong-type", at, value, _composite_words(kind), _composite_advice(kind))

    def apart(self, items: list[Any], type_name: str, at: Steps) -> list[Any]:
        """The items that the server takes: the first of those that have the same in the field that tells them apart."""
        key, seen, kept = _UNIQUE.get(type_name), set(), []
        for index, item in enumerate(items):
            if item is _REFUSED:
                continue
            word = item.get(key) if key and isinstance(item, Mapping) else None
            if word and word in seen:
                self.refuse("given-twice", (*at, index, str(key)), word, f"another {key} than the items before it")
                continue
            seen.add(word)
            kept.append(item)
        return kept

    def element(self, value: Any, kind: FieldType, at: Steps) -> Any:
        if value is not None:
            return self.value(value, kind, at)
        if kind.form != "scalar":
            return self.refuse("wrong-type", at, value, _composite_words(kind), _composite_advice(kind))
        return "" if kind.name in ("string", "bytes") else _REFUSED

    def scalar(self, value: Any, name: str, at: Steps) -> Any:
        if name == "quantity":
            try:
                parse_quantity(value)
            except InputError as error:
                self.problems.append(
                    Problem(error.ref, at, error.found, error.expected, _placeholder(value) or error.do)
                )
                return _REFUSED
            if str(value).startswith("-") and _RESOURCES & set(at[-2:-1]):
                return self.refuse("number-too-small", at, value, "an amount, 0 or more")
            return value
        if not _accepts(name, value):
            return self.refuse("wrong-type", at, value, _WORDS[name], _scalar_advice(value, name))
        # YAML's 3.0 reaches the server as 3.
        return int(value) if isinstance(value, float) and name in ("int", "int-or-string") else value

    def refuse(self, ref: str, at: Steps, value: object, expected: str, do: str = "") -> object:
        self.problems.append(Problem(ref, at, _shown(value), expected, do or f"write {expected}"))
        return _REFUSED


_WORDS: Final = {
    "string": "a string",
    "bytes": "a string in base64",
    "int": "a whole number",
    "number": "a number",
    "bool": "true or false",
    "int-or-string": "a whole number or a name",
}


def _accepts(name: str, value: object) -> bool:
    is_text = isinstance(value, str)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    match name:
        case "string" | "bytes":
            return is_text
        case "int":
            return is_number and _is_whole(value)
        case "int-or-string":
            return is_text or (is_number and _is_whole(value))
        case "number":
            return is_number
        case "bool":
            return isinstance(value, bool)
    return True


def _is_whole(value: Any) -> bool:
    return (not isinstance(value, float) or value.is_integer()) and int(value) in _INT64


def _composite_words(kind: FieldType) -> str:
    if kind.form == "list":
        return "a list"
    return "a map" if kind.form == "map" else f"an object ({kind.name.rpartition('.')[2]})"


def _composite_advice(kind: FieldType) -> str:
    return f"write its {'items below it, each with a dash' if kind.form == 'list' else 'fields below it'}"


def _scalar_advice(value: object, name: str) -> str:
    if name in ("string", "bytes") and isinstance(value, bool | int | float):
        return f'put it in quotes: "{str(value).lower() if isinstance(value, bool) else value}"'
    if isinstance(value, str) and (value in ("true", "false") if name == "bool" else value.lstrip("-").isdigit()):
        return "write it without quotes"
    return _placeholder(value) or f"write {_WORDS[name]}"


def _placeholder(value: object) -> str:
    if isinstance(value, str) and ("${" in value or "$(" in value or "{{" in value):
        return "fill in the variable first (envsubst, helm template, kustomize build), and collect the result"
    return ""


def _shown(value: object) -> str:
    """The form of a value, and a short plain value itself; never the contents of a larger one, which may be secret."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"the number {value}"
        case str():
            return f'"{value}"' if len(value) <= 40 else "a text"
        case list():
            return "a list"
        case None:
            return "null"
    return "a map" if isinstance(value, Mapping) else type(value).__name__
