"""What stands behind ``usage``, ``traffic`` and ``billing`` where ``[engine.tables]`` names a table of BigQuery.

Each becomes a WITH in front of the query, so that the query itself is the same in DuckDB, over a loaded snapshot and
here. A table with the snapshot's own columns (a view that maps another export's is one) is cut to the window; the
bill is Cloud Billing's export; usage may be an export of Cloud Monitoring's points (``exported_points.sql``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from k2cr_analysis.errors import ConfigError
from k2cr_analysis.model.objects.pod_names import POD_ENDINGS
from k2cr_analysis.queries.in_place.billing_export import parameters, rows_sql
from k2cr_analysis.snapshot.tables import TABLES

if TYPE_CHECKING:
    from sqlglot import exp

_POINTS: Final = Path(__file__).with_name("exported_points.sql")
_POINT_COLUMNS: Final = {"metric", "resource", "metric_kind", "point"}
# Columns that a table of several clusters may have beside the snapshot's own.
_OF_CLUSTER: Final = {"project_id": "project", "cluster_name": "cluster", "location": "location"}
_LATE: Final = timedelta(days=2)  # Cloud Monitoring gives points up to a day late


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose rows, of which time: what a table of many clusters and months is cut to.

    ``workloads``: ids, ``namespace/Kind/name``. ``memory_aligner``: how the exported memory was aligned, where a person
    says so.
    """

    window_start: datetime
    window_end: datetime
    project: str | None = None
    cluster: str | None = None
    location: str | None = None
    workloads: tuple[str, ...] = ()
    memory_aligner: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A table as BigQuery tells of it."""

    address: str
    columns: Collection[str]
    is_partitioned_by_arrival: bool


def behind(name: str, found: Found, scope: Scope) -> exp.Expr:
    """The rows of one of the snapshot's tables, as SQL (in sqlglot's form, its addresses BigQuery's).

    Raises
    ------
    ConfigError  the table has neither the snapshot's columns nor those of an export that is known; or it holds several
                 clusters, and the snapshot does not say which one it is of.
    """
    if name == "billing":
        return _billing(found, scope)
    wanted = TABLES[name].schema.names
    if set(wanted) <= set(found.columns):
        return _own(wanted, found, scope)
    if name == "usage" and set(found.columns) >= _POINT_COLUMNS:
        return _points(found, scope)
    lacking = sorted(set(wanted) - set(found.columns))
    raise ConfigError(
        ref="unknown-table-layout",
        found=f"{found.address} has no column {', '.join(lacking[:6])}",
        expected=f"the columns that `k2cr collect --columns {name}` prints"
        + (", or those of Google's metric export (metric, resource, point)" if name == "usage" else ""),
        do=f"make a view that names your columns so, and put it under [engine.tables] {name}",
    )


def _own(columns: Collection[str], found: Found, scope: Scope) -> exp.Expr:
    from sqlglot import exp

    query = exp.select(*columns).from_(_table(found.address))
    query = query.where(f"end_time > {_moment(scope.window_start)}", f"end_time <= {_moment(scope.window_end)}")
    for column in sorted(_OF_CLUSTER.keys() & set(found.columns)):
        query = query.where(exp.column(column).eq(exp.Literal.string(_said(scope, _OF_CLUSTER[column], found))))
    return query


def _billing(found: Found, scope: Scope) -> exp.Expr:
    from sqlglot import parse_one

    text = rows_sql(found.address, found.columns, is_partitioned=found.is_partitioned_by_arrival)
    given = parameters(scope.window_start, scope.window_end, scope.project)
    return _filled(parse_one(text, read="bigquery"), given)


def _points(found: Found, scope: Scope) -> exp.Expr:
    from sqlglot import exp, parse_one

    text = _POINTS.read_text(encoding="utf-8")
    if not found.is_partitioned_by_arrival:
        text = "\n".join(line for line in text.splitlines() if "_PARTITIONTIME" not in line)
    given: dict[str, datetime | str | None] = {
        "window_start": scope.window_start,
        "window_end": scope.window_end,
        "partition_start": scope.window_start.replace(hour=0, minute=0, second=0, microsecond=0),
        "partition_end": scope.window_end + _LATE,
        "memory_aligner": scope.memory_aligner or "",
        **{word: _said(scope, word, found) for word in ("project", "cluster", "location")},
    }
    query = _filled(parse_one(text, read="duckdb"), given)
    for table in list(query.find_all(exp.Table)):
        if table.name == "metric_points":
            table.replace(_table(found.address))
        elif table.name == "workloads":
            table.replace(_workloads(scope.workloads))
    return query


def _workloads(ids: Collection[str]) -> exp.Expr:
    """The workloads as a table: namespace_name, kind, name, and what stands behind the name in its pods' names."""
    from sqlglot import exp

    rows = [(*id_.split("/", 2), f"^{POD_ENDINGS.get(id_.split('/')[1], '$')}$") for id_ in sorted(ids)]
    columns = ["namespace_name", "kind", "name", "ending"]
    return exp.values(rows or [("", "", "", "^$")], alias="workloads", columns=columns)


def _filled(query: exp.Expr, given: Mapping[str, datetime | str | None]) -> exp.Expr:
    """The query with its parameters, ``$name`` or ``@name``, written out."""
    from sqlglot import exp

    def written(node: exp.Expr) -> exp.Expr:
        if not isinstance(node, exp.Placeholder | exp.Parameter):
            return node
        value = given[node.name]
        if value is None:
            return exp.cast(exp.Null(), "text")
        return exp.Literal.string(value) if isinstance(value, str) else _moment(value)

    return query.transform(written)


def _moment(value: datetime) -> exp.Expr:
    from sqlglot import exp

    return exp.cast(exp.Literal.string(value.isoformat()), "timestamptz")


def _table(address: str) -> exp.Table:
    from sqlglot import exp

    project, dataset, name = (exp.to_identifier(part, quoted=True) for part in address.rsplit(".", 2))
    return exp.Table(catalog=project, db=dataset, this=name)


def _said(scope: Scope, word: str, found: Found) -> str:
    value = getattr(scope, word)
    if not value:
        raise ConfigError(
            ref="whose-rows",
            found=f"{found.address} has rows of several clusters, and the snapshot does not say its {word}",
            expected=f"the cluster's {word} in the snapshot",
            do=f"collect it with --{word}",
        )
    return str(value)
