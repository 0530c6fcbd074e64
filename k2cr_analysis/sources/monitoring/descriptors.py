"""What a project's metrics are: whether one exists at all, and which labels and resources it has.

Reading a descriptor costs nothing. What a project has never had is not asked for day by day; a label that a metric does
not have may not stand in a query. What was said is kept, so that a resumed run asks the same queries.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from k2cr_analysis.sources.monitoring.queries import MetricQuery

if TYPE_CHECKING:
    from k2cr_analysis.sources.checkpoint import Unfinished

_CHUNK: Final = "metrics.json"


@dataclass(frozen=True, slots=True)
class Descriptor:
    """``labels`` of the metric and ``resources`` that it is written for; empty: not known.

    ``is_told``: the API said so; else nothing is assumed, and the next run asks again.
    """

    exists: bool = True
    labels: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    is_told: bool = True

    def group_by(self, query: MetricQuery) -> list[str]:
        """The paths to group by, without labels that the metric does not have."""
        return [path for _, path in query.group_by if self._has(path)]

    def filter(self, query: MetricQuery, cluster: str, location: str) -> str:
        """The query's filter; the resource is not named where the metric is written for others than we know."""
        whole = query.filter(cluster, location)
        if self.resources and query.resource_type not in self.resources:
            whole = whole.replace(f' AND resource.type = "{query.resource_type}"', "")
        return whole

    def _has(self, path: str) -> bool:
        where, _, label = path.split(".")
        return where != "metric" or not self.labels or label in self.labels


def descriptors(
    read: Callable[[str], Descriptor], queries: Iterable[MetricQuery], work: Unfinished
) -> Mapping[str, Descriptor]:
    """Metric type -> its descriptor, which ``read`` asks for; what was told is kept and not asked for again."""
    kept = work.chunk(_CHUNK)
    found = {name: Descriptor(**_tuples(said)) for name, said in json.loads(kept or b"{}").items()}
    asked = sorted({query.metric_type for query in queries} - found.keys())
    if asked:
        found |= {name: read(name) for name in asked}
        told = {name: asdict(descriptor) for name, descriptor in found.items() if descriptor.is_told}
        work.keep(_CHUNK, json.dumps(told, sort_keys=True).encode("ascii"))
    return found


def _tuples(said: Mapping[str, object]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in said.items()}
