"""What each workload was seen to use: quantiles of one pod, means of all pods, pods, restarts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from k2cr_analysis.model.observed import ContainerUsage, WorkloadUsage
from k2cr_analysis.queries.block_quantiles import Block, block_quantiles
from k2cr_analysis.queries.engine import Engine, TableSource, engine, has_table

if TYPE_CHECKING:
    import pyarrow as pa

Row = dict[str, Any]
QUANTILES = {0.5: "q50", 0.95: "q95", 0.99: "q99", 1.0: "q100"}


@dataclass(frozen=True, slots=True)
class Quantiles:
    """``at``: quantile -> value of one pod."""

    at: Mapping[float, float]
    points: int


Measured = Mapping[tuple[str, str], Mapping[str, Quantiles]]  # workload id, container -> "cpu" | "memory" -> quantiles


def usage(snapshot: TableSource) -> dict[str, WorkloadUsage]:
    """Workload id (``namespace/Kind/name``) -> its usage over the window; empty where the snapshot has no usage table.

    Quantiles are of the pod that used most in each period, see ``usage_by_container.sql`` for the choice of series.
    ``cpu_mean_cores`` and ``mean_pods`` are averages over the time that was watched, in which a workload without a
    point did not run; ``days`` is that time. A container with CPU but no memory series has empty memory quantiles.
    """
    if not has_table(snapshot, "usage"):
        return {}
    with engine(snapshot, "usage") as sql:
        watched = sql.run("known_by_day").to_pylist()
        cpu = sql.run("cpu_by_container_day")
        restarts = sql.run("restarts_by_container")
        pods = sql.run("pods_by_workload")
        measured = _measured(snapshot, sql)
    known_s = _known_s(watched)
    containers, by_day = _containers(measured, cpu, restarts, known_s), _cores_by_day(cpu, watched)
    days = float(max(known_s.values(), default=0)) / 86400
    pods_of = {workload_id(row): row for row in _rows(pods)}
    return {
        name: WorkloadUsage(
            containers[name], *_pods(pods_of.get(name), known_s), days=days, cores_by_day=by_day.get(name, {})
        )
        for name in sorted(containers)
    }


def workload_id(row: Row) -> str:
    return f"{row['namespace_name']}/{row['controller_type']}/{row['controller_name']}"


def _cores_by_day(cpu: pa.Table, watched: Sequence[Row]) -> dict[str, dict[int, float]]:
    """Workload -> day -> mean cores. A workload without a point on a day that was watched did not run on it: 0."""
    known_s = {(row["day"], row["period_s"]): row["known_s"] for row in watched}
    cores: dict[str, dict[int, Decimal]] = defaultdict(lambda: {day: Decimal(0) for day, _ in known_s})
    for row in _rows(cpu):
        cores[workload_id(row)][row["day"]] += row["core_s"] / known_s[row["day"], row["period_s"]]
    return {name: {day: float(value) for day, value in by_day.items()} for name, by_day in cores.items()}


def _known_s(watched: Sequence[Row]) -> dict[int, int]:
    """Period -> seconds of the window in which the cluster was watched at this period."""
    seconds: dict[int, int] = defaultdict(int)
    for row in watched:
        seconds[row["period_s"]] += row["known_s"]
    return dict(seconds)


def _measured(snapshot: TableSource, sql: Engine) -> Measured:
    """Quantiles of one pod: read series by series where the table allows it, else by the SQL, with the same numbers."""
    blocks = block_quantiles(snapshot.table_files("usage")) if sql.reads_files else None
    return sql_quantiles(sql) if blocks is None else by_container(blocks)


def by_container(blocks: Iterable[Block]) -> Measured:
    found: dict[tuple[str, str], dict[str, Quantiles]] = defaultdict(dict)
    for block in blocks:
        namespace, kind, name, container = block.container
        at = dict(zip(QUANTILES, block.values, strict=True))
        found[f"{namespace}/{kind}/{name}", container][block.metric] = Quantiles(at, block.points)
    return found


def sql_quantiles(sql: Engine) -> Measured:
    """``usage_by_container.sql``, which takes every form of the table."""
    found: dict[tuple[str, str], dict[str, Quantiles]] = defaultdict(dict)
    for row in _rows(sql.run("usage_by_container")):
        at = {share: row[column] for share, column in QUANTILES.items()}
        found[workload_id(row), row["container_name"]][row["metric"]] = Quantiles(at, row["points"])
    return found


def _containers(
    measured: Measured, cpu: pa.Table, restarts: pa.Table, known_s: dict[int, int]
) -> dict[str, dict[str, ContainerUsage]]:
    mean_cores: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in _rows(cpu):
        mean_cores[workload_id(row), row["container_name"]] += row["core_s"] / known_s[row["period_s"]]
    restarts_of = {(workload_id(row), row["container_name"]): row["restarts"] for row in _rows(restarts)}
    found: dict[str, dict[str, ContainerUsage]] = defaultdict(dict)
    for key in sorted(measured.keys() | mean_cores.keys()):
        workload, container = key
        metrics = measured.get(key, {})
        found[workload][container] = ContainerUsage(
            cpu_quantiles_cores=metrics["cpu"].at if "cpu" in metrics else {},
            memory_quantiles_bytes=metrics["memory"].at if "memory" in metrics else {},
            cpu_mean_cores=float(mean_cores.get(key, 0)),
            restarts=restarts_of.get(key),
            points=max((metric.points for metric in metrics.values()), default=0),
        )
    return found


def _pods(row: Row | None, known_s: dict[int, int]) -> tuple[float | None, int | None]:
    """(mean, most) pods. A count at another period than CPU's is averaged over the longest watch."""
    if row is None:
        return None, None
    watched_s = known_s.get(row["period_s"]) or max(known_s.values(), default=0)
    return (float(row["pod_s"] / watched_s) if watched_s else None), int(row["max_pods"])


def _rows(table: pa.Table) -> Iterator[Row]:
    for batch in table.to_batches():
        yield from batch.to_pylist()
