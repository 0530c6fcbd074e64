"""Every translated query, analysed and executed by GoogleSQL's reference implementation: row by row what DuckDB gives.

The WebAssembly of it takes some ten seconds to compile, once: what is compiled is kept in pytest's cache. Made-up tables
are compared in one test, the demo's in the soak; DuckDB in BigQuery's place is in ``test_bigquery.py``.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from decimal import Decimal

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from k2cr_analysis.queries.engine import VIEWS, sql_text
from k2cr_analysis.queries.in_place.tables import Found, behind
from k2cr_analysis.queries.translate import bigquery_sql
from k2cr_analysis.resources import bundled
from k2cr_analysis.snapshot.tables import TABLES
from tests.queries.rollup_warehouse import without_null_lists
from tests.queries.test_bigquery import BILLING_ROWS, TRAFFIC_ROWS, USAGE_ROWS
from tests.queries.test_in_place import POINTS, SCOPE, as_usage, exported
from tests.queries.test_sql_files import FILES

pytest.importorskip("zetasql", reason="GoogleSQL's reference implementation is not installed (PyPI zetasql)")


def made_up():
    rows = {"usage": USAGE_ROWS, "traffic": TRAFFIC_ROWS, "billing": BILLING_ROWS}
    tables = {name: pa.Table.from_pylist(found, TABLES[name].schema) for name, found in rows.items()}
    return tables | {"points": pa.Table.from_pylist(exported(hours=9), POINTS)}


def of_the_demo():
    """Every series of three workloads and of two services for some days, and every seventh row of the bill."""
    demo = bundled("data", "demo")
    usage, traffic, billing = (
        pq.read_table(demo / name / "part-0.parquet") for name in ("usage", "traffic", "billing")
    )
    until = pc.min(usage["end_time"]).as_py().replace(hour=0, minute=0) + pa.scalar(3 * 86400, pa.duration("s")).as_py()
    names = pc.unique(usage["top_level_controller_name"].cast(pa.string())).slice(0, 3)
    chosen = pc.is_in(usage["top_level_controller_name"].cast(pa.string()), value_set=names)
    services = pc.unique(traffic["service_name"].cast(pa.string())).slice(0, 2)
    served = pc.is_in(traffic["service_name"].cast(pa.string()), value_set=services)
    return {
        "usage": usage.filter(pc.and_(chosen, pc.less(usage["end_time"], until))),
        "traffic": traffic.filter(pc.and_(served, pc.less(traffic["end_time"], until))),
        "billing": billing.take(list(range(0, billing.num_rows, 7))),
    }


# What no row of these tables is: no commitment, and no price that differs from the list's.
WITHOUT_ROWS = {("made_up", "bill_against_list"), ("made_up", "bill_commitments"), ("of_the_demo", "bill_commitments")}


def both_over(made, compiled):
    """(GoogleSQL, DuckDB) over the same tables."""
    from tests.queries.googlesql import GoogleSql

    tables = {name: without_null_lists(table) for name, table in made().items()}
    there = GoogleSql({f"{name}_x": table for name, table in tables.items()}, compiled)
    there.name = made.__name__
    return there, duckdb_over(tables)


def duckdb_over(tables):
    here = duckdb.connect()
    here.execute("SET TimeZone = 'UTC'")
    for name, table in tables.items():
        here.register(name, table)
    for view, table in VIEWS.items():
        if table in tables:
            here.sql(sql_text(view)).create_view(view)
    return here


@pytest.fixture(scope="module")
def compiled(request):
    """A folder that outlives the run."""
    return request.config.cache.mkdir("googlesql")


@pytest.fixture(scope="module")
def over_the_demo(compiled):
    return both_over(of_the_demo, compiled)


def google_sql(query, in_place=None):
    addresses = {name: f"here.here.{name}_x" for name in TABLES}
    views = {v: sql_text(v) for v in VIEWS if v != query} | (in_place or {})
    return bigquery_sql(sql_text(query), addresses, views).replace("`here`.", "")


def plain(value):
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if isinstance(value, float | Decimal) and not math.isnan(value):
        return Decimal(repr(value)) if isinstance(value, float) else value.normalize()
    return value


def compare(both, query, in_place=None):
    there, here = both
    ours = here.sql(sql_text(query)).to_arrow_table().to_pylist()
    theirs = there.run(google_sql(query, in_place))
    is_empty = (there.name, query) in WITHOUT_ROWS
    assert bool(ours) is not is_empty, f"{query}: a query without rows compares nothing"
    expected, found = ([{k: plain(v) for k, v in row.items()} for row in rows] for rows in (ours, theirs))
    # Each engine hashes in its own way, so that what is of one target comes in another order; a view has none.
    if "HASH(" in sql_text(query) or query in VIEWS:
        expected, found = (sorted(rows, key=repr) for rows in (expected, found))
    assert found == expected, query


def test_made_up_tables_give_the_same_rows(compiled):
    both = both_over(made_up, compiled)
    for file in FILES:
        compare(both, file.stem)
    here = duckdb_over({"usage": pa.Table.from_pylist(as_usage(hours=9), TABLES["usage"].schema)})
    points = behind("usage", Found("here.here.points_x", POINTS.names, False), SCOPE)
    for file in FILES:
        if "\n-- reads   usage" in sql_text(file.stem) and file.stem != "pods_at":
            compare((both[0], here), file.stem, {"usage": points})


@pytest.mark.soak
@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_the_demo_gives_the_same_rows(over_the_demo, file):
    compare(over_the_demo, file.stem)
