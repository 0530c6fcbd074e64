"""What each workload used and each namespace paid, day by day (UTC): for plots over time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from k2cr_analysis.queries.container_usage import workload_id
from k2cr_analysis.queries.engine import TableSource, engine, has_table

_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Paid:
    """One day's part of the bill. ``namespace``: as GKE's cost allocation names it; None: of no pod."""

    day: date
    cluster: str | None
    namespace: str | None
    service: str | None
    currency: str
    amount: Decimal


def memory_by_day(snapshot: TableSource) -> dict[str, dict[date, float]]:
    """Workload id -> day -> the most that one pod used: its containers' peaks added up. [bytes]"""
    found: dict[str, dict[date, float]] = defaultdict(lambda: defaultdict(float))
    if has_table(snapshot, "usage"):
        with engine(snapshot, "usage") as sql:
            for row in sql.run("memory_by_day").to_pylist():
                found[workload_id(row)][_day(row["day"])] += row["most_bytes"]
    return {name: dict(days) for name, days in found.items()}


def latency_by_day(snapshot: TableSource, services_of: Mapping[tuple[str, str], str]) -> dict[str, dict[date, float]]:
    """Workload id -> day -> mean latency of its successful requests. [ms] ``services_of`` as for ``traffic``.

    Of several sources the one that saw most requests of the workload on the whole window.
    """
    sums: dict[str, dict[str, dict[date, list[Decimal]]]] = {}
    if has_table(snapshot, "traffic"):
        with engine(snapshot, "traffic") as sql:
            for row in sql.run("latency_by_day").to_pylist():
                name = _target(row, services_of)
                if name is None or not row["requests"]:
                    continue
                days = sums.setdefault(name, {}).setdefault(row["metric_type"], {})
                at = days.setdefault(_day(row["day"]), [Decimal(0), Decimal(0)])
                at[0] += row["latency_sum_ms"]
                at[1] += row["requests"]
    return {name: _means(max(by_source.items(), key=_requests)[1]) for name, by_source in sorted(sums.items())}


def bill_by_day(snapshot: TableSource) -> tuple[Paid, ...]:
    """What was paid, by day, namespace and service; empty where the snapshot has no bill."""
    if not has_table(snapshot, "billing"):
        return ()
    with engine(snapshot, "billing") as sql:
        rows = sql.run("bill_by_day").to_pylist()
    return tuple(
        Paid(_day(r["day"]), r["cluster"], r["namespace"], r["service"], r["currency"], r["paid"]) for r in rows
    )


def _requests(source: tuple[str, dict[date, list[Decimal]]]) -> tuple[Decimal, str]:
    return sum((at[1] for at in source[1].values()), Decimal(0)), source[0]


def _means(days: Mapping[date, list[Decimal]]) -> dict[date, float]:
    return {day: float(total / requests) for day, (total, requests) in sorted(days.items())}


def _target(row: Mapping[str, object], services_of: Mapping[tuple[str, str], str]) -> str | None:
    if row["workload_type"] is not None and row["workload_name"] is not None:
        return f"{row['namespace_name']}/{row['workload_type']}/{row['workload_name']}"
    return services_of.get((str(row["namespace_name"]), str(row["service_name"])))


def _day(number: int) -> date:
    return _EPOCH + timedelta(days=number)
