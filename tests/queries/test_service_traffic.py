"""Requests of each workload: no request twice, no gap as zero, histograms only added up where they fit."""

from datetime import date

import numpy as np
import pytest

from k2cr_analysis.queries import daily, traffic, usage
from k2cr_analysis.queries.gaps import known_periods

from .conftest import BACKEND, EXTERNAL, INTERNAL, MESH, START, traffic_row, usage_row

WEB = "shop/Deployment/web"
SERVICES = {("shop", "web"): WEB, ("shop", "web-admin"): WEB, ("shop", "api"): "shop/Deployment/api"}


def web(tables, rows):
    return traffic(tables(traffic=rows), SERVICES)[WEB]


def test_no_table_no_traffic(tables):
    assert traffic(tables(), SERVICES) == {}


def test_counts_stand_in_even_periods(tables):
    profile = web(
        tables, [traffic_row(1, 5), traffic_row(2, 7), traffic_row(2, 1, response_code_class="5xx"), traffic_row(3, 2)]
    )
    assert (profile.start, profile.period_s, profile.requests.tolist()) == (START, 60, [5, 8, 2])
    assert profile.error_ratio == pytest.approx(1 / 15)
    assert profile.requests_per_month == pytest.approx(15 / 180 * 730 * 3600)


def test_a_target_that_was_quiet_while_others_were_not_had_no_requests(tables):
    profile = web(tables, [traffic_row(1, 5), traffic_row(2, 1, service_name="api"), traffic_row(3, 5)])
    assert profile.requests.tolist() == [5, 0, 5] and profile.known.tolist() == [True, True, True]


def test_a_period_in_which_nothing_has_a_point_is_a_gap(tables):
    profile = web(tables, [traffic_row(1, 5), traffic_row(3, 5)])
    assert profile.known.tolist() == [True, False, True]


TWICE = {
    "the mesh saw what the load balancer saw, and more": ([(EXTERNAL, 10), (MESH, 15)], 15, MESH),
    "the mesh missed some": ([(EXTERNAL, 10), (MESH, 4)], 10, EXTERNAL),
    "the mesh stands where both saw the same": ([(EXTERNAL, 10), (MESH, 10)], 10, MESH),
    "two load balancers are two ways in": ([(EXTERNAL, 10), (INTERNAL, 3)], 13, f"{INTERNAL}, {EXTERNAL}"),
    "what the cache answered reached no pod": ([(EXTERNAL, 10), (BACKEND, 8)], 8, BACKEND),
}


@pytest.mark.parametrize(("counts", "expected", "source"), TWICE.values(), ids=TWICE)
def test_no_request_is_counted_twice(tables, counts, expected, source):
    profile = web(tables, [traffic_row(1, n, metric) for metric, n in counts])
    assert (int(profile.requests.sum()), profile.source) == (expected, source)


def test_two_services_of_one_workload_add_up(tables):
    assert web(tables, [traffic_row(1, 5), traffic_row(1, 2, service_name="web-admin")]).requests.tolist() == [7]


def test_a_row_that_names_its_workload_needs_no_service(tables):
    rows = [traffic_row(1, 5, MESH, service_name=None, workload_type="StatefulSet", workload_name="db")]
    assert list(traffic(tables(traffic=rows), SERVICES)) == ["shop/StatefulSet/db"]


def test_a_service_that_selects_nothing_known_is_left_out(tables):
    assert traffic(tables(traffic=[traffic_row(1, 5, service_name="gone")]), SERVICES) == {}


def histogram(bounds, counts, mean=None):
    return {"latency_bucket_bounds_ms": bounds, "latency_bucket_counts": counts, "latency_mean_ms": mean}


def test_histograms_of_success_are_added_up(tables):
    profile = web(
        tables,
        [
            traffic_row(1, 3, **histogram([10.0, 20.0], [0, 3], mean=15.0)),
            traffic_row(2, 2, response_code_class="3xx", **histogram([10.0, 20.0], [1, 0, 1], mean=20.0)),
            traffic_row(2, 9, response_code_class="5xx", **histogram([10.0, 20.0], [0, 0, 9], mean=90.0)),
        ],
    )
    assert profile.latency_bounds_ms.tolist() == [10.0, 20.0]
    assert profile.latency_counts.tolist() == [1, 3, 1]
    assert profile.latency_mean_ms == pytest.approx(17.0)


def test_histograms_of_another_layout_are_not_mixed_in(tables):
    profile = web(
        tables, [traffic_row(1, 3, **histogram([10.0], [3, 0])), traffic_row(2, 8, **histogram([50.0], [0, 8]))]
    )
    assert (profile.latency_bounds_ms.tolist(), profile.latency_counts.tolist()) == ([50.0], [0, 8])


def test_without_a_histogram_latency_is_unknown(tables):
    profile = web(tables, [traffic_row(1, 5)])
    assert (profile.latency_bounds_ms, profile.latency_counts, profile.latency_mean_ms) == (None, None, None)


def test_response_bytes_are_added_up_and_unknown_without_any(tables):
    assert (
        web(tables, [traffic_row(1, 5, response_bytes=100), traffic_row(2, 5, response_bytes=50)]).response_bytes == 150
    )
    assert web(tables, [traffic_row(1, 5)]).response_bytes is None


def test_callers_are_those_the_mesh_names(tables):
    rows = [
        traffic_row(1, 5, MESH, source_namespace_name="shop", source_workload_name="api"),
        traffic_row(2, 2, MESH, source_namespace_name="shop", source_workload_name="api"),
        traffic_row(2, 1, MESH, source_namespace_name="ops", source_workload_name="probe"),
    ]
    assert web(tables, rows).callers == {"ops/probe": 1, "shop/Deployment/api": 7}


def test_quiet_nights_are_quiet_and_a_hole_in_one_day_is_a_gap():
    day = np.arange(24) >= 8
    hours = np.tile(day, 10)
    hours[3 * 24 + 12 : 3 * 24 + 15] = False
    known = known_periods(hours, 3600, first_hour=0)
    assert (~known).nonzero()[0].tolist() == [3 * 24 + 12, 3 * 24 + 13, 3 * 24 + 14]


def test_quiet_week_ends_are_quiet():
    weeks = np.tile(np.repeat([1, 1, 1, 1, 1, 0, 0], 24).astype(bool), 4)
    assert known_periods(weeks, 3600, first_hour=0).all()


def test_a_target_with_few_requests_is_quiet_between_them():
    minutes = np.zeros(7 * 1440, dtype=bool)
    minutes[::97] = True
    assert known_periods(minutes, 60, first_hour=0).all()


def test_days_for_an_interval(tables):
    day = 1440
    source = tables(
        traffic=[traffic_row(m, 10) for m in (1, 2, day + 1, day + 2, 3 * day + 1)],
        usage=[usage_row(1, 1.0, reducer="REDUCE_SUM"), usage_row(day + 1, 3.0, reducer="REDUCE_SUM")],
    )
    found = daily(usage(source), traffic(source, SERVICES))[WEB]
    assert found.days == tuple(date(2026, 3, d) for d in (2, 3, 4, 5))
    np.testing.assert_array_equal(found.cpu_mean_cores, [1.0, 3.0, np.nan, np.nan])
    assert np.isfinite(found.requests).tolist() == [True, True, True, True]
    assert found.requests[3] <= 10 * day


def test_the_order_of_rows_is_no_matter(tables):
    rows = [
        traffic_row(m, m % 7, metric, **histogram([10.0], [1, m % 7]))
        for m in range(1, 300)
        for metric in (EXTERNAL, MESH)
    ]
    first = web(tables, rows)
    np.random.default_rng(3).shuffle(rows)
    second = web(tables, rows)
    assert (first.requests == second.requests).all() and (first.latency_counts == second.latency_counts).all()
    assert first.latency_mean_ms == second.latency_mean_ms
