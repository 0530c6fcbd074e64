"""Usage, requests, latency and the bill over time, and what groups of workloads use, waste and cost."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from k2cr_analysis.assessment.result import Assessment, WorkloadAssessment
from k2cr_analysis.errors import UsageError
from k2cr_analysis.planning import cluster_names
from k2cr_analysis.queries import day_series
from k2cr_analysis.report.tables.frame import frame, mib, number, several

if TYPE_CHECKING:
    import pandas as pd

    from k2cr_analysis.snapshot import Snapshot

LABEL = "label:"
_NONE = "(none)"


def by_day(assessed: Assessment | Sequence[Assessment], snapshot: Snapshot | str | Path | None = None) -> pd.DataFrame:
    """One row a workload and day: requests, CPU of all pods; with ``snapshot``, one pod's memory and mean latency too.

    ``snapshot`` is what the assessment is of, since memory and latency by day are read from its tables.
    ``frame.pivot(index="day", columns="workload_id", values="requests_day")`` gives what pandas plots.
    """
    return frame("by_day", _days(several(assessed), snapshot))


def bill_by_day(snapshot: Snapshot | str | Path) -> pd.DataFrame:
    """One row a day, namespace and service of the bill."""
    rows = (
        {
            "day": paid.day,
            "cluster": paid.cluster,
            "namespace": paid.namespace,
            "service": paid.service,
            "paid": float(paid.amount),
            "currency": paid.currency,
        }
        for paid in day_series.bill_by_day(_opened(snapshot))
    )
    return frame("bill_by_day", rows)


def groups(assessed: Assessment | Sequence[Assessment], by: str = "namespace") -> pd.DataFrame:
    """One row a group of a cluster: what it asks for, uses, costs and wastes; the most expensive first.

    ``by``: ``namespace``, ``label:NAME`` (of the workload, else of its pods) or ``node_pool``.
    """
    group = group_of(by)
    found: dict[tuple[str, str], list[tuple[Assessment, WorkloadAssessment]]] = defaultdict(list)
    listed = several(assessed)
    for cluster, one in zip(cluster_names(listed), listed, strict=True):
        for workload in one.workloads:
            found[cluster, group(one, workload)].append((one, workload))
    rows = [{"cluster": cluster} | _group(name, members) for (cluster, name), members in found.items()]
    rows.sort(key=lambda row: (-(row["gke_attributed_month"] or 0), row["group"], row["cluster"]))
    return frame("groups", rows)


def group_of(by: str) -> Callable[[Assessment, WorkloadAssessment], str]:
    """What names the group of a workload; UsageError for another word."""
    if by == "namespace":
        return lambda _, one: one.workload.namespace
    if by.startswith(LABEL) and len(by) > len(LABEL):
        name = by.removeprefix(LABEL)
        return lambda _, one: one.workload.labels.get(name) or one.workload.pod.labels.get(name) or _NONE
    if by == "node_pool":
        return _pool
    raise UsageError(ref="no-such-grouping", found=f"by = {by!r}", expected="namespace, label:NAME or node_pool")


def _pool(assessed: Assessment, one: WorkloadAssessment) -> str:
    """The pool in which most of its pods run."""
    pools = {node.name: node.pool or _NONE for node in assessed.cluster.nodes}
    ran = Counter(pools[p.node] for p in assessed.cluster.pods if p.workload == one.id and p.node in pools)
    return ran.most_common(1)[0][0] if ran else _NONE


def _group(name: str, members: Sequence[tuple[Assessment, WorkloadAssessment]]) -> dict[str, Any]:
    asked = sum(_asked(one) for _, one in members)
    used = [cores for found, one in members if (cores := _used(found, one)) is not None]
    costs = [one.cost for _, one in members if one.cost]
    gke = [c.gke_attributed_month for c in costs if c.gke_attributed_month is not None]
    savings = [c.saving_month for (_, one), c in zip(members, costs, strict=False) if c.saving_month is not None]
    traffic = [one.measured.traffic.requests_per_month for _, one in members if one.measured.traffic]
    share = min(sum(used) / asked, 1.0) if used and asked else None
    month = sum(gke, Decimal(0)) if gke else None
    return {
        "group": name,
        "workloads": len(members),
        "requests_month": sum(traffic) if traffic else None,
        "asked_cores": asked or None,
        "cpu_mean_cores": sum(used) if used else None,
        "used_share": share,
        "gke_attributed_month": number(month),
        "idle_month": None if month is None or share is None else float(month) * (1 - share),
        "saving_month": number(sum(savings, Decimal(0))) if savings else None,
        "currency": costs[0].currency if costs else None,
    }


def _asked(one: WorkloadAssessment) -> float:
    """CPU that all pods of the manifest ask for. [cores]"""
    of_pod = sum(float(c.requests.cpu_cores or 0) for c in one.workload.pod.running)
    return of_pod * (one.workload.replicas or 1)


def _used(assessed: Assessment, one: WorkloadAssessment) -> float | None:
    usage = assessed.usage.get(one.id)
    return sum(c.cpu_mean_cores for c in usage.containers.values()) if usage else None


def _days(assessed: Sequence[Assessment], snapshot: Snapshot | str | Path | None) -> Iterator[dict[str, Any]]:
    opened = None if snapshot is None else _opened(snapshot)
    memory = day_series.memory_by_day(opened) if opened else {}
    for cluster, one in zip(cluster_names(assessed), assessed, strict=True):
        services = {key: found[0].id for key, found in one.cluster.by_service.items() if len(found) == 1}
        latency = day_series.latency_by_day(opened, services) if opened else {}
        for workload in one.workloads:
            daily = workload.measured.daily
            if daily is None:
                continue
            for at, day in enumerate(daily.days):
                yield {
                    "day": day,
                    "cluster": cluster,
                    "workload_id": workload.id,
                    "namespace": workload.workload.namespace,
                    "requests_day": None if daily.requests is None else daily.requests[at],
                    "cpu_mean_cores": None
                    if daily is None or daily.cpu_mean_cores is None
                    else daily.cpu_mean_cores[at],
                    "memory_peak_mib": mib(memory.get(workload.id, {}).get(day)),
                    "latency_mean_ms": latency.get(workload.id, {}).get(day),
                }


def _opened(snapshot: Snapshot | str | Path) -> Snapshot:
    from k2cr_analysis.snapshot import Snapshot, open_snapshot

    return snapshot if isinstance(snapshot, Snapshot) else open_snapshot(snapshot)
