"""The fast way and the SQL give the same numbers, and the fast way knows where it may not go."""

import numpy as np
import pyarrow as pa
import pytest

from k2cr_analysis.queries.block_quantiles import block_quantiles, quantiles
from k2cr_analysis.queries.container_usage import by_container, sql_quantiles
from k2cr_analysis.queries.engine import engine
from k2cr_analysis.snapshot import Provenance, open_snapshot, write_snapshot
from k2cr_analysis.snapshot.tables import USAGE

from .conftest import CPU, MEMORY, START, at, usage_row


def snapshot(tmp_path, rows):
    """A real snapshot: its table is in the declared order, in as many row groups as it takes."""
    table = pa.Table.from_pylist(rows, USAGE.schema)
    write_snapshot(tmp_path / "snap", [], {"usage": table}, Provenance("test", START, at(1440)))
    return open_snapshot(tmp_path / "snap")


def both(source):
    blocks = block_quantiles(source.table_files("usage"))
    with engine(source, "usage") as sql:
        return None if blocks is None else by_container(blocks), sql_quantiles(sql)


def containers(count, minutes, **labels):
    rng = np.random.default_rng(4)
    return [
        usage_row(minute, value, metric, container_name=f"c{number}", **labels)
        for number in range(count)
        for metric, values in ((CPU, rng.gamma(2, 0.1, minutes)), (MEMORY, rng.gamma(9, 1e7, minutes)))
        for minute, value in enumerate(values, start=1)
    ]


EQUAL = {
    "one series a container": containers(5, 331),
    "means": containers(3, 97, reducer="REDUCE_MEAN"),
    "a choice of series": [
        *containers(2, 50),
        *containers(2, 50, reducer="REDUCE_MEAN"),
        *containers(2, 9, period_s=3600),
        *containers(2, 50, memory_type="evictable"),
        *containers(2, 50, memory_type=None),
        *containers(2, 50, reducer="REDUCE_SUM"),
        *containers(2, 50, pod_name="a"),
    ],
    "a long table of many row groups": containers(40, 4000),
    "long names": containers(2, 7, top_level_controller_name="x" * 70),
}


@pytest.mark.parametrize("rows", EQUAL.values(), ids=EQUAL)
def test_both_ways_give_the_same_numbers(tmp_path, rows):
    fast, slow = both(snapshot(tmp_path, rows))
    assert fast == slow and fast


LEFT_TO_SQL = {
    "single pods": containers(1, 9, pod_name="a"),
    "a sum": containers(1, 9, reducer="REDUCE_SUM"),
}


@pytest.mark.parametrize("rows", LEFT_TO_SQL.values(), ids=LEFT_TO_SQL)
def test_what_needs_several_series_at_a_time_is_left_to_the_sql(tmp_path, rows):
    assert block_quantiles(snapshot(tmp_path, rows).table_files("usage")) is None


def test_rows_out_of_order_are_left_to_the_sql(tables):
    rows = [usage_row(1, 1.0, container_name=name) for name in ("a", "b", "a", "b")]
    assert block_quantiles(tables(usage=rows).table_files("usage")) is None


@pytest.mark.parametrize("count", [1, 2, 3, 19, 20, 21, 99, 100, 101, 43200])
def test_a_quantile_is_the_smallest_value_that_its_share_does_not_exceed(count):
    values = np.random.default_rng(count).permutation(np.arange(1.0, count + 1))
    expected = tuple(float(-(-count * percent // 100)) for percent in (50, 95, 99, 100))
    assert quantiles(values) == expected
