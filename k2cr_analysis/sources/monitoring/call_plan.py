"""What reading the metrics will take, said before it starts: calls, points and money."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from k2cr_analysis.sources.monitoring.chunks import Chunk
from k2cr_analysis.sources.monitoring.client import PAGE_POINTS
from k2cr_analysis.sources.monitoring.queries import USAGE_PERIOD_S

# Cloud Monitoring's price of reading since 2025-10-02, per million time series returned; the first million of a month
# and billing account is free, and a query counts as one series at least. Source: "Google Cloud Observability pricing".
USD_PER_MILLION_SERIES: Final = Decimal("0.50")
FREE_SERIES: Final = 1_000_000
_TEMPLATE_KINDS: Final = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Pod")


@dataclass(frozen=True, slots=True)
class MetricPlan:
    """What one query of one metric takes over all days that are to be read: an estimate."""

    metric_type: str
    aligner: str
    reducer: str
    period_s: int
    calls: int = 0
    points: int = 0
    series_returned: int = 0

    def __str__(self) -> str:
        how = f"{self.aligner} {self.reducer} every {self.period_s} s"
        return f"{self.metric_type} {how}: {self.calls:,} calls, {self.points:,} points"


@dataclass(frozen=True, slots=True)
class ReadingPlan:
    """The queries, each with its part; the text is their sum."""

    metrics: tuple[MetricPlan, ...]

    @property
    def calls(self) -> int:
        return sum(metric.calls for metric in self.metrics)

    @property
    def points(self) -> int:
        return sum(metric.points for metric in self.metrics)

    @property
    def series_returned(self) -> int:
        return sum(metric.series_returned for metric in self.metrics)

    @property
    def price_usd(self) -> Decimal:
        """As if nothing were free any more this month."""
        return USD_PER_MILLION_SERIES * self.series_returned / 1_000_000

    def __str__(self) -> str:
        return (
            f"metrics: about {self.calls:,} calls, {self.points:,} points, {self.series_returned:,} time series: "
            f"USD {self.price_usd:.2f} at USD {USD_PER_MILLION_SERIES} a million "
            f"(the first {FREE_SERIES:,} of a month and billing account are free){self._peaks}"
        )

    @property
    def _peaks(self) -> str:
        peaks = [m.period_s for m in self.metrics if (m.aligner, m.reducer) == ("ALIGN_RATE", "REDUCE_MAX")]
        if not peaks:
            return ""
        why = ": more containers than can be read every 60 s" if min(peaks) >= USAGE_PERIOD_S else ""
        return f"; peaks of CPU every {min(peaks)} s{why}"


def reading_plan(wanted: Sequence[Chunk], objects: Iterable[Mapping[str, Any]]) -> ReadingPlan:
    """The plan for the chunks that are still to be read, with a usage series for each container of a workload.

    The number of traffic series is not known before they are read: a call is counted for each of their chunks.
    """
    workloads = [obj for obj in objects if _is_top_level(obj)]
    series_of = {"k8s_container": containers_of(workloads), "k8s_pod": len(workloads)}
    lines: dict[str, MetricPlan] = {}
    for chunk in wanted:
        query = chunk.query
        series = series_of[query.resource_type] if query.metric_type.startswith("kubernetes.io/") else 1
        points = series * int((chunk.end - chunk.start).total_seconds()) // query.period_s
        before = lines.get(query.name, MetricPlan(query.metric_type, query.aligner, query.reducer, query.period_s))
        lines[query.name] = replace(
            before,
            calls=before.calls + max(1, -(-points // PAGE_POINTS)),
            points=before.points + points,
            series_returned=before.series_returned + max(1, series),
        )
    return ReadingPlan(tuple(lines.values()))


def containers_of(objects: Iterable[Mapping[str, Any]]) -> int:
    """How many containers the workloads among some objects have: a series of usage each."""
    return sum(_containers(obj) for obj in objects if _is_top_level(obj))


def _is_top_level(obj: Mapping[str, Any]) -> bool:
    return obj.get("kind") in _TEMPLATE_KINDS and not (obj.get("metadata") or {}).get("ownerReferences")


def _containers(obj: Mapping[str, Any]) -> int:
    spec: Any = obj.get("spec") or {}
    if obj["kind"] == "CronJob":
        spec = ((spec.get("jobTemplate") or {}).get("spec")) or {}
    if obj["kind"] != "Pod":
        spec = ((spec.get("template") or {}).get("spec")) or {}
    return len(spec.get("containers") or ()) + len(spec.get("initContainers") or ())
