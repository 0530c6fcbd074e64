"""Values that Kubernetes would refuse, joined to the workloads that they touch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from k2cr_analysis.model.parse.access import Raw
from k2cr_analysis.model.parse.index import name_of, namespace_of
from k2cr_analysis.model.workload import RefusedValue
from k2cr_analysis.snapshot import Notice

RefusedByObject = Mapping[str, tuple[RefusedValue, ...]]


def refused_by_object(problems: Iterable[Notice]) -> RefusedByObject:
    """Object id (``namespace/Kind/name``) -> its refused values, from the snapshot's provenance."""
    found: dict[str, list[RefusedValue]] = defaultdict(list)
    for problem in problems:
        if problem.object:
            found[problem.object].append(RefusedValue(problem.path or "$", problem.found, problem.expected, problem.do))
    return {key: tuple(values) for key, values in found.items()}


def refused_of(
    workload_id: str, related: Mapping[str, tuple[Raw, ...]], refused: RefusedByObject
) -> tuple[RefusedValue, ...]:
    """Those of the workload, then those of the objects joined to it, with that object's name before the path."""
    found = list(refused.get(workload_id, ()))
    if not refused:
        return ()
    for kind, raws in related.items():
        for raw in raws:
            for value in refused.get(f"{namespace_of(raw)}/{kind}/{name_of(raw)}", ()):
                found.append(RefusedValue(f"{kind}/{name_of(raw)} {value.path}", value.found, value.expected, value.do))
    return tuple(found)
