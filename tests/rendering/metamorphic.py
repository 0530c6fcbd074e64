"""Claims of the mapping, tried: a source field is given another legal value, all is rendered again, and compared.

Told as carried or changed: the named place differs. Told as dropped or counted: no script, spec, Terraform or URL map
differs. Prose (``.md``, ``.json``) may differ always.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from k2cr_analysis.assessment.result import Assessment
from k2cr_analysis.config import Config
from k2cr_analysis.errors import InputError, Location
from k2cr_analysis.model.parse.access import value_at
from k2cr_analysis.model.parse.index import name_of
from k2cr_analysis.openapi.quantity import parse_quantity
from k2cr_analysis.openapi.validate import as_server_reads
from k2cr_analysis.rendering import can_render, context_of, render_workload
from k2cr_analysis.snapshot import Snapshot, SnapshotObject
from k2cr_analysis.snapshot.provenance import Provenance
from k2cr_analysis.verdicts import assess

Raw = Mapping[str, Any]
PROSE = re.compile(r".*\.(md|json)")
_STEP = re.compile(r'\.([A-Za-z_][A-Za-z0-9_-]*)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]')
_AMOUNT = re.compile(r"\b(requests|limits|sizeLimit|storage)\b")
_WRITTEN = ("carried", "changed")
# Values with a word of their own for each field: another word of the same field.
_OTHER_WORDS: Mapping[str, Sequence[Any]] = {
    "medium": ["Memory", ""],
    "imagePullPolicy": ["Always", "IfNotPresent", "Never"],
    "pathType": ["Prefix", "Exact"],
    "restartPolicy": ["Always", "OnFailure", "Never"],
    "concurrencyPolicy": ["Allow", "Forbid", "Replace"],
    "sessionAffinity": ["ClientIP", "None"],
    "dnsPolicy": ["ClusterFirst", "Default"],
    "terminationMessagePolicy": ["File", "FallbackToLogsOnError"],
    "scheme": ["HTTP", "HTTPS"],
    "protocol": ["TCP", "UDP"],
    "schedule": ["7 3 * * *", "*/9 * * * *"],
    "timeZone": ["Asia/Tokyo", "Europe/Paris"],
    "whenUnsatisfiable": ["DoNotSchedule", "ScheduleAnyway"],
    "operator": ["Exists", "Equal", "In", "NotIn"],
    "effect": ["NoSchedule", "NoExecute"],
    "fieldPath": ["status.podIP", "metadata.namespace"],
    "type": ["LoadBalancer", "ClusterIP", "NodePort"],
    "externalTrafficPolicy": ["Local", "Cluster"],
    "affinityType": ["CLIENT_IP", "GENERATED_COOKIE"],
    "podManagementPolicy": ["Parallel", "OrderedReady"],
    "responseCodeName": ["FOUND", "SEE_OTHER"],
}
# Fields of one name with words of their own in each place: by the word that stands there.
_WORDS_BY_VALUE: Mapping[str, Sequence[Sequence[str]]] = {
    "protocol": (("HTTP", "HTTPS"),),
    "type": (("PathPrefix", "Exact"), ("ReplaceFullPath", "ReplacePrefixMatch")),
}
# What joins objects to each other: another value is another cluster and not another setting.
_JOINS = re.compile(
    r"^\w+/\S+ \$\.metadata\.(name|namespace|labels)|\.(selector|matchLabels|matchExpressions|scaleTargetRef|targetRef|targetRefs|apiVersion|kind|parentRefs|volumeName)\b|metadata\.(uid|resourceVersion|generation|creationTimestamp)"
)


@dataclass(frozen=True)
class InMemory(Snapshot):
    """A snapshot of objects alone."""

    held: tuple[SnapshotObject, ...] = ()

    def objects(self) -> Iterator[SnapshotObject]:
        return iter(self.held)


def snapshot_of(documents: Sequence[Raw]) -> InMemory:
    read = (as_server_reads(copy.deepcopy(dict(d))) for d in documents)
    held = tuple(SnapshotObject(obj, Location("a.yaml", i)) for i, (obj, _) in enumerate(read))
    end = datetime(2026, 10, 31, tzinfo=UTC)
    return InMemory(Path(), Provenance("manifests", end - timedelta(30), end, location="us-central1"), "0", {}, held)


def refused(documents: Sequence[Raw]) -> bool:
    """Whether the API server would refuse a value."""
    return any(as_server_reads(copy.deepcopy(dict(d)))[1] for d in documents)


@dataclass(frozen=True)
class Rendered:
    """Verdicts, and the files of each workload that moves."""

    verdicts: Mapping[str, tuple[str, str]]
    files: Mapping[str, Mapping[str, str]]


def rendered(documents: Sequence[Raw], config: Config, only: str | None = None) -> Rendered:
    found: Assessment = assess(snapshot_of(documents), config, effort="quick")
    context = context_of(found)
    chosen = [w for w in found.workloads if can_render(w) and only in (None, w.id)]
    return Rendered(
        {w.id: (w.fit.verdict, w.fit.target) for w in found.workloads},
        {w.id: render_workload(w, context) for w in chosen},
    )


def without_prose(files: Mapping[str, str]) -> Mapping[str, str]:
    """Scripts, spec, Terraform and URL map without comments."""
    return {
        name: "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
        for name, text in files.items()
        if not PROSE.fullmatch(name)
    }


@dataclass(frozen=True)
class False_:  # noqa: N801
    """A line of the mapping that is not true."""

    workload: str
    path: str
    outcome: str
    why: str
    detail: str

    def __str__(self) -> str:
        return f"{self.workload}: {self.path} is told as {self.outcome} ({self.why}): {self.detail}"


def false_lines(documents: Sequence[Raw], config: Config, workload: str) -> tuple[int, list[False_]]:
    """(lines that could be tried, those that are not true) of one workload of a cluster."""
    first = rendered(documents, config, workload)
    if workload not in first.files:
        return 0, []
    before = first.files[workload]
    tried, found = 0, []
    for field in json.loads(before["mapping.json"])["fields"]:
        outcomes = [
            (before, after)
            for other in _with_other_values(documents, workload, field["path"], told=field["outcome"])
            if not refused(other) and (after := _same_verdict(other, config, workload, first)) is not None
        ]
        if not outcomes:
            continue
        tried += 1
        problem = _problem(field, outcomes)
        if problem:
            found.append(False_(workload, field["path"], field["outcome"], field["why"], problem))
    return tried, found


def _same_verdict(documents: Sequence[Raw], config: Config, workload: str, first: Rendered) -> Mapping[str, str] | None:
    again = rendered(documents, config, workload)
    same = again.verdicts.get(workload) == first.verdicts[workload]
    return again.files.get(workload) if same else None


def _problem(field: Mapping[str, Any], outcomes: Sequence[tuple[Mapping[str, str], Mapping[str, str]]]) -> str | None:
    if field["outcome"] in _WRITTEN:
        if not any(differs_at(field["target"], b, a) for b, a in outcomes):
            return f"another value, and {field['target']} is the same"
        return None
    for before, after in outcomes:
        b, a = without_prose(before), without_prose(after)
        names = sorted(n for n in b.keys() | a.keys() if b.get(n) != a.get(n))
        if names:
            return f"another value changes {', '.join(names)}: {_first_difference(b.get(names[0], ''), a.get(names[0], ''))}"
    return None


def _first_difference(one: str, two: str) -> str:
    pairs = zip([*one.splitlines(), ""], [*two.splitlines(), ""], strict=False)
    return next((f"{x.strip()} | {y.strip()}" for x, y in pairs if x != y), "length")


def differs_at(target: str | None, before: Mapping[str, str], after: Mapping[str, str]) -> bool:
    b, a = without_prose(before), without_prose(after)
    if target is None:
        return False
    return any(_place(part, b) != _place(part, a) for part in target.split("; "))


def _place(target: str, files: Mapping[str, str]) -> Any:
    """What stands at ``service.yaml $.spec...``, or the whole of a script."""
    name, _, path = target.partition(" ")
    if name not in files:
        return None
    if not path.startswith("$"):
        return files[name]
    return value_at(yaml.safe_load(files[name]), path[1:])


def _with_other_values(documents: Sequence[Raw], workload: str, path: str, told: str) -> Iterator[Sequence[Raw]]:
    """The documents with another value at ``path``; labels that are told as written get one more."""
    if _JOINS.search(path):
        return
    owner, _, inner = path.rpartition(" $")
    inner = inner if owner else path.removeprefix("$")
    namespace, kind, name = workload.split("/", 2)
    joining = {key for document in documents for key in _selected(document)}
    wanted = tuple(owner.split("/", 1)) if owner else (kind, name)
    for index, document in enumerate(documents):
        here = (document.get("metadata") or {}).get("namespace") or "default"
        if (document.get("kind"), name_of(document)) != wanted or (owner == "" and here != namespace):
            continue
        here_now = value_at(document, inner)
        more = [{**here_now, "other": "label"}] if inner.endswith(".labels") and told in _WRITTEN else []
        for value in (*_others(inner, here_now, joining), *more):
            changed = copy.deepcopy(dict(document))
            if _put(changed, inner, value):
                if told in _WRITTEN:
                    raise_limit(changed, _steps(inner))
                yield [*documents[:index], changed, *documents[index + 1 :]]
        return


def _selected(raw: Any) -> Iterator[str]:
    """The keys of labels that a selector asks for."""
    if isinstance(raw, Mapping):
        for key, value in raw.items():
            if key in ("selector", "matchLabels", "podSelector") and isinstance(value, Mapping):
                yield from value
            yield from _selected(value)
    elif isinstance(raw, list):
        for item in raw:
            yield from _selected(item)


def _put(document: dict[str, Any], path: str, value: Any) -> bool:
    steps = _steps(path)
    at: Any = document
    for step in steps[:-1]:
        at = at[step]
    at[steps[-1]] = value
    return True


def _steps(path: str) -> list[Any]:
    return [int(i) if i else json.loads(q) if q else n for n, i, q in _STEP.findall(path)]


def raise_limit(document: dict[str, Any], steps: Sequence[Any]) -> None:
    """The limit to what is asked for, where it is below: a larger request alone would be refused."""
    if len(steps) < 3 or steps[-2] != "requests":
        return
    at: Any = document
    for step in steps[:-2]:
        at = at[step]
    limits, asked = at.get("limits") or {}, at["requests"][steps[-1]]
    if steps[-1] in limits and parse_quantity(asked) > parse_quantity(limits[steps[-1]]):
        limits[steps[-1]] = asked


def _others(path: str, value: Any, joining: Set[str] = frozenset()) -> Iterator[Any]:
    """Other legal values of the same field, by its name and its value's form."""
    field = re.sub(r"\[\d+\]$", "", path).rpartition(".")[2]
    words = next((w for w in _WORDS_BY_VALUE.get(field, ()) if value in w), _OTHER_WORDS.get(field))
    if words is not None:
        yield from (w for w in words if w != value)
    elif isinstance(value, bool):
        yield not value
    elif isinstance(value, int) and _AMOUNT.search(path):
        yield from ("3", "6", "7Gi", "20Gi")
    elif isinstance(value, int):
        yield from (value + 1, value + 7, max(1, value // 2), 1) if value else (1, 7)
    elif isinstance(value, list):
        yield from _other_lists(value)
    elif isinstance(value, Mapping) and value:
        yield from _other_maps(path, value, joining)
    elif isinstance(value, str):
        yield from _other_texts(path, field, value)


def _other_lists(value: list[Any]) -> Iterator[Any]:
    if value and all(isinstance(v, str) for v in value):
        yield [*value[:-1], f"{value[-1]}x"]
        yield [*value, "more"]
    elif value and all(isinstance(v, Mapping) for v in value):
        for index, item in enumerate(value):
            for other in _other_maps("", item):
                yield [*value[:index], other, *value[index + 1 :]]


def _other_maps(path: str, value: Mapping[str, Any], joining: Set[str] = frozenset()) -> Iterator[Any]:
    for key, inner in value.items():
        if path.endswith(".labels") and key in joining:
            continue
        for other in _others(f"{path}.{key}", inner):
            yield {**value, key: other}


def _other_texts(path: str, field: str, value: str) -> Iterator[Any]:
    if _AMOUNT.search(path):
        try:
            parse_quantity(value)
        except InputError:
            return
        number, unit = re.fullmatch(r"([0-9.]+)(.*)", value).groups()  # type: ignore[union-attr]
        yield from (f"{float(number) * 2:g}{unit}", f"{float(number) * 5:g}{unit}")
        yield from ("3", "6", "7Gi", "20Gi")
    elif field == "port" and "Probe" in path:
        yield f"{value}x"
        yield 15002
    elif field == "image":
        yield re.sub(r"([:@][^/]*)?$", ":other", value)
        yield value.replace("/", "/other/", 1) if "/" in value else f"other/{value}"
        yield "us-docker.pkg.dev/p/r/other:1"
    elif value.isdigit():
        yield str(int(value) + 1)
    elif re.fullmatch(r"\d+(\.\d+)*s", value):
        yield "7s"
    elif "://" in value or "@" in value:
        yield f"{value}x"
    elif field == "path" or field == "mountPath" or value.startswith("/"):
        yield f"{value.rstrip('/')}/other"
    else:
        yield f"{value}x"
