"""Quantiles of one pod, means of all pods, pods and restarts, against numbers worked out beside the SQL."""

import numpy as np
import pytest

from k2cr_analysis.queries import usage

from .conftest import CPU, MEMORY, RESTARTS, UPTIME, usage_row

WEB = "shop/Deployment/web"


def app(tables, rows):
    return usage(tables(usage=rows))[WEB].containers["app"]


def test_no_table_no_usage(tables):
    assert usage(tables()) == {}


def test_quantiles_are_values_that_were_seen(tables):
    values = np.random.default_rng(1).gamma(2.0, 0.1, 1440)
    found = app(tables, [usage_row(minute + 1, value) for minute, value in enumerate(values)])
    expected = {q: np.quantile(values, q, method="inverted_cdf") for q in (0.5, 0.95, 0.99, 1.0)}
    assert found.cpu_quantiles_cores == expected
    assert found.points == 1440


FORMS = {
    "the reduced maximum before everything": (
        [usage_row(1, 0.5), usage_row(1, 0.9, pod_name="a"), usage_row(1, 0.2, reducer="REDUCE_MEAN")],
        0.5,
    ),
    "the busiest of single pods": ([usage_row(1, 0.1, pod_name="a"), usage_row(1, 0.3, pod_name="b")], 0.3),
    "the mean before the sum": (
        [usage_row(1, 0.2, reducer="REDUCE_MEAN"), usage_row(1, 0.9, reducer="REDUCE_SUM")],
        0.2,
    ),
    "the sum shared out over the pods": (
        [usage_row(1, 0.9, reducer="REDUCE_SUM"), usage_row(1, 3, UPTIME, reducer="REDUCE_COUNT")],
        0.3,
    ),
    "the shorter period": ([usage_row(1, 0.5), usage_row(1, 0.1, period_s=3600)], 0.5),
}


@pytest.mark.parametrize(("rows", "expected"), FORMS.values(), ids=FORMS)
def test_which_series_says_what_one_pod_needs(tables, rows, expected):
    assert app(tables, rows).cpu_quantiles_cores[1.0] == pytest.approx(expected)


def test_a_sum_over_unknown_pods_says_nothing_of_one_pod(tables):
    found = app(tables, [usage_row(1, 0.9, reducer="REDUCE_SUM")])
    assert found.cpu_quantiles_cores == {} and found.cpu_mean_cores == pytest.approx(0.9)


MEMORIES = {
    "evictable memory does not count": ([usage_row(1, 9, MEMORY, memory_type="evictable"), usage_row(1, 5, MEMORY)], 5),
    "memory that is not told apart counts": ([usage_row(1, 7, MEMORY, memory_type=None)], 7),
    "non-evictable before the whole": ([usage_row(1, 7, MEMORY, memory_type=None), usage_row(1, 5, MEMORY)], 5),
    "peaks before averages": ([usage_row(1, 5, MEMORY, aligner="ALIGN_MEAN"), usage_row(1, 8, MEMORY)], 8),
}


@pytest.mark.parametrize(("rows", "expected"), MEMORIES.values(), ids=MEMORIES)
def test_which_memory_counts(tables, rows, expected):
    assert app(tables, rows).memory_quantiles_bytes[1.0] == expected


MEANS = {
    "the sum of the pods": ([usage_row(1, 2.0, reducer="REDUCE_SUM"), usage_row(1, 0.9)], 2.0),
    "single pods added up": ([usage_row(1, 0.1, pod_name="a"), usage_row(1, 0.3, pod_name="b")], 0.4),
    "the mean times the pods": (
        [usage_row(1, 0.2, reducer="REDUCE_MEAN"), usage_row(1, 3, UPTIME, reducer="REDUCE_COUNT")],
        0.6,
    ),
    "a minute without a point in which others ran counts as zero": (
        [usage_row(1, 1.0, reducer="REDUCE_SUM"), usage_row(2, 1.0, top_level_controller_name="other")],
        0.5,
    ),
    "a minute without any point at all does not count": (
        [usage_row(1, 1.0, reducer="REDUCE_SUM"), usage_row(9, 1.0, reducer="REDUCE_SUM")],
        1.0,
    ),
}


@pytest.mark.parametrize(("rows", "expected"), MEANS.values(), ids=MEANS)
def test_what_all_pods_use_on_average(tables, rows, expected):
    assert app(tables, rows).cpu_mean_cores == pytest.approx(expected)


def test_pods_are_counted_from_the_uptime_series(tables):
    rows = [usage_row(m, 0.1) for m in (1, 2, 3, 4)]
    rows += [usage_row(m, n, UPTIME, reducer="REDUCE_COUNT") for m, n in ((1, 2), (2, 4), (3, 2))]
    found = usage(tables(usage=rows))[WEB]
    assert (found.mean_pods, found.max_pods) == (2.0, 4)
    assert found.days == pytest.approx(4 / 1440)


def test_pods_are_counted_by_name_where_nothing_else_counts_them(tables):
    rows = [usage_row(1, 0.1, pod_name="a"), usage_row(1, 0.1, pod_name="b"), usage_row(2, 0.1, pod_name="b")]
    found = usage(tables(usage=rows))[WEB]
    assert (found.mean_pods, found.max_pods) == (1.5, 2)


def test_pods_are_unknown_where_nobody_counts_them(tables):
    found = usage(tables(usage=[usage_row(1, 0.1)]))[WEB]
    assert (found.mean_pods, found.max_pods) == (None, None)


def test_restarts_are_added_up_and_unknown_without_a_series(tables):
    rows = [usage_row(1, 0.1), usage_row(1, 2, RESTARTS, pod_name="a"), usage_row(2, 1, RESTARTS, pod_name="b")]
    assert app(tables, rows).restarts == 3
    assert app(tables, rows[:1]).restarts is None


def test_containers_and_workloads_stand_apart(tables):
    rows = [usage_row(1, 0.1), usage_row(1, 0.2, container_name="proxy"), usage_row(1, 0.3, namespace_name="ops")]
    found = usage(tables(usage=rows))
    assert list(found) == ["ops/Deployment/web", WEB]
    assert list(found[WEB].containers) == ["app", "proxy"]


def test_the_order_of_rows_is_no_matter(tables):
    rng = np.random.default_rng(2)
    rows = [usage_row(m, v, pod_name=p) for m in range(1, 200) for p, v in zip("abc", rng.random(3), strict=True)]
    first = usage(tables(usage=rows))
    rng.shuffle(rows)
    assert usage(tables(usage=rows)) == first
    assert CPU in {row["metric_type"] for row in rows}
