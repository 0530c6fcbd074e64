"""A second driver of the mapping's claims, which knows nothing of the first: every leaf of every document is changed.

A leaf is compared with the line that covers it. Told as carried or changed: one of its other values shows at the named
place. Told as dropped or counted: none of them shows in a script, a spec, Terraform or the URL map.
"""

from __future__ import annotations

import copy
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from k2cr_analysis.config import Config
from k2cr_analysis.errors import K2crError
from k2cr_analysis.model.parse.access import steps_of
from k2cr_analysis.openapi.json_path import child
from k2cr_analysis.rendering.folder import RefusedSpecError
from tests.rendering.metamorphic import Raw, differs_at, raise_limit, refused, rendered, without_prose

# Other legal words of fields that have but a few.
_WORDS: Mapping[str, Sequence[str]] = {
    "imagePullPolicy": ("Always", "IfNotPresent", "Never"),
    "pathType": ("Prefix", "Exact", "ImplementationSpecific"),
    "restartPolicy": ("Always", "OnFailure", "Never"),
    "concurrencyPolicy": ("Allow", "Forbid", "Replace"),
    "sessionAffinity": ("ClientIP", "None"),
    "affinityType": ("CLIENT_IP", "GENERATED_COOKIE", "NONE"),
    "medium": ("Memory", ""),
    "method": ("GET", "POST"),
    "protocol": ("TCP", "UDP"),
    "schedule": ("7 3 * * *", "*/9 * * * *"),
    "timeZone": ("Asia/Tokyo", "Europe/Paris"),
    "fieldPath": ("status.podIP", "metadata.namespace", "metadata.name"),
    "kubernetes.io/ingress.class": ("gce-internal",),
    "responseCodeName": ("FOUND", "SEE_OTHER"),
    "simple": ("ROUND_ROBIN", "RANDOM"),
}
# Of these the other legal values are other kinds of object, or their grammar is not known here.
_LEFT_OUT = re.compile(
    r"^\$\.(apiVersion|kind|status)|metadata\.(uid|generation|managedFields)|metrics|gatewayClassName"
)
_QUANTITY = re.compile(r"\b(requests|limits|sizeLimit|storage)\b")


@dataclass(frozen=True)
class Shown:
    """One other value: where it differs, and whether it does at the place that the line names."""

    path: str
    value: Any
    files: tuple[str, ...]
    at_place: bool


def false_claims(documents: Sequence[Raw], workload: str) -> tuple[int, list[str]]:
    """(lines that were tried, those that are false) of one workload."""
    first = rendered(documents, Config(), workload)
    before = first.files[workload]
    lines = json.loads(before["mapping.json"])["fields"]
    seen: dict[str, list[Shown]] = defaultdict(list)
    told = {line["path"]: line for line in lines}
    for index, document in enumerate(documents):
        prefix = "" if _id(document) == workload else f"{document['kind']}/{document['metadata']['name']} "
        for path, value in changes(document):
            line = _covering(prefix, path, told)
            if line is None or (_is_written(line) and any(s.at_place for s in seen.get(line["path"], ()))):
                continue
            changed = _with(document, path, value)
            if _is_written(line):
                raise_limit(changed, steps_of(path[1:]) or ())
            other = [*documents[:index], changed, *documents[index + 1 :]]
            after = _same_verdict(other, workload, _renamed(document, other[index], workload), first.verdicts[workload])
            if after is not None:
                seen[line["path"]].append(_shown(path, value, line, before, after))
    found = [_false(told[path], shown) for path, shown in seen.items()]
    return len(found), [text for text in found if text]


def changes(document: Raw) -> Iterator[tuple[str, Any]]:
    """(path, other value) of each leaf; lists of words longer, shorter and the other way round."""
    for path, value in _leaves(dict(document)):
        if not _LEFT_OUT.search(path):
            yield from ((path, other) for other in _others(path, value) if other != value)


def _leaves(value: Any, path: str = "$") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _leaves(item, child(path, key))
    elif isinstance(value, list) and value:
        if all(isinstance(v, str) for v in value):
            yield path, value
        else:
            for index, item in enumerate(value):
                yield from _leaves(item, child(path, index))
    else:
        yield path, value


def _others(path: str, value: Any) -> Iterator[Any]:
    field = next((s for s in reversed(steps_of(path[1:]) or ()) if isinstance(s, str)), "")
    if isinstance(value, list):
        if value:
            yield from ([*value, "more"], value[:-1] or ["else"], value[::-1], [*value[:-1], f"x{value[-1]}"])
    elif value in ("HTTP", "HTTPS"):
        yield "HTTPS" if value == "HTTP" else "HTTP"
    elif field in _WORDS:
        yield from _WORDS[field]
    elif isinstance(value, bool):
        yield not value
    elif isinstance(value, int) and _QUANTITY.search(path):
        yield from ("3", "6", "7Gi", "20Gi")
    elif isinstance(value, int):
        yield from (value + 1, value * 2, max(1, value // 2), 1) if value else (1, 7)
    elif isinstance(value, float):
        yield value / 2
    elif isinstance(value, str):
        yield from _texts(path, field, value)


def _texts(path: str, field: str, value: str) -> Iterator[Any]:
    if _QUANTITY.search(path):
        if found := re.fullmatch(r"([0-9.]+)(.*)", value):
            yield from (
                f"{float(found[1]) * 2:g}{found[2]}",
                "3" if "cpu" in path else "7Gi",
                "6" if "cpu" in path else "20Gi",
            )
    elif field == "port" and "Probe" in path:
        yield 15002  # another name is another container's, or nobody's
    elif field == "type":
        yield from ("LoadBalancer", "ClusterIP", "NodePort") if path == "$.spec.type" else ()
    elif field == "image":
        yield re.sub(r"([:@][^/]*)?$", ":other", value)
        yield "us-docker.pkg.dev/p/r/other:1"
    elif value.isdigit():
        yield str(int(value) + 1)
    elif re.fullmatch(r"\d+(ms|s|m|h)", value):
        yield "77s"
    elif value in ("true", "false"):
        yield "false" if value == "true" else "true"
    elif value.startswith("/"):
        yield f"{value.rstrip('/')}/other"
    elif value:
        yield f"{value}x"


def _with(document: Raw, path: str, value: Any) -> dict[str, Any]:
    made = copy.deepcopy(dict(document))
    at: Any = made
    steps = steps_of(path[1:]) or ()
    for step in steps[:-1]:
        at = at[step]
    at[steps[-1]] = value
    return made


def _id(document: Raw) -> str:
    metadata = document["metadata"]
    return f"{metadata.get('namespace') or 'default'}/{document['kind']}/{metadata.get('name')}"


def _renamed(before: Raw, after: Raw, workload: str) -> str:
    return _id(after) if _id(before) == workload else workload


def _covering(prefix: str, path: str, told: Mapping[str, Any]) -> Mapping[str, Any] | None:
    full = f"{prefix}{path}"
    around = [p for p in told if full == p or full.startswith((f"{p}.", f"{p}["))]
    return told[max(around, key=len)] if around else None


def _same_verdict(
    documents: Sequence[Raw], workload: str, now: str, verdict: tuple[str, str]
) -> Mapping[str, str] | None:
    if refused(documents):
        return None
    try:
        again = rendered(documents, Config(), now)
    except (K2crError, RefusedSpecError):
        return None
    return again.files.get(now) if again.verdicts.get(now) == verdict else None


def _shown(path: str, value: Any, line: Raw, before: Mapping[str, str], after: Mapping[str, str]) -> Shown:
    b, a = without_prose(before), without_prose(after)
    names = tuple(sorted(n for n in b.keys() | a.keys() if b.get(n) != a.get(n)))
    return Shown(path, value, names, differs_at(line["target"], before, after))


def _is_written(line: Raw) -> bool:
    return line["outcome"] in ("carried", "changed")


def _false(line: Raw, shown: Sequence[Shown]) -> str | None:
    said = f"{line['path']} is told as {line['outcome']} ({line['why']})"
    if _is_written(line):
        tried = [s.value for s in shown]
        return None if any(s.at_place for s in shown) else f"{said}, and {line['target']} is the same with {tried}"
    wrong = next((s for s in shown if s.files), None)
    return wrong and f"{said}, and {wrong.value!r} changes {', '.join(wrong.files)}"
