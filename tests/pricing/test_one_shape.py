"""``k2cr cost`` against worked examples, to the cent.

The first four are Google's own (https://cloud.google.com/run/pricing); some of them silently include a committed use
discount. The others are worked out by hand from the published rates.
"""

from dataclasses import dataclass, field
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k2cr_analysis.errors import UsageError
from k2cr_analysis.model.cloud_run import cpu_text, memory_text
from k2cr_analysis.pricing.cloud_run.one_shape import Demand, containers_of, cost, cost_of_shape, hours_of

CENT = Decimal("0.01")


@dataclass(frozen=True)
class Example:
    name: str
    gross: str | None = None
    net: str | None = None
    region: str = "us-central1"
    cpu: tuple[str, ...] = ("1",)
    memory: tuple[str, ...] = ("512Mi",)
    demand: Demand = field(default_factory=Demand)
    options: dict[str, object] = field(default_factory=dict)


def _requests(number, latency_s, concurrency=1, min_instances=0):
    return Demand(Decimal(number), Decimal(latency_s), concurrency, min_instances)


EXAMPLES = [
    Example("Google's example 4", "13.27", "7.25", cpu=("0.167",), memory=("256Mi",), demand=_requests("10e6", "0.2")),
    Example(
        "Google's example 2, 1-year Cloud Run CUD",
        "87.15",
        "81.27",
        demand=_requests("10e6", "0.4"),
        options={"cud": "run-1y"},
    ),
    Example("Google's example 2, list", "105.00", "98.98", demand=_requests("10e6", "0.4")),
    Example(
        "Google's example 5, a job 1 minute an hour, 3-year flexible CUD",
        "0.45",
        "0.00",
        demand=Demand(hours=Decimal(730) / 60),
        options={"kind": "job", "cud": "flex-3y"},
    ),
    Example(
        "Google's example 6, a worker pool all month, 3-year flexible CUD",
        "16.83",
        "11.61",
        demand=Demand(hours=Decimal(730)),
        options={"kind": "worker-pool", "cud": "flex-3y"},
    ),
    Example("the same at list", "31.17", "25.95", demand=Demand(hours=Decimal(730)), options={"kind": "worker-pool"}),
    Example(
        "Frankfurt is Tier 2: 60.48 + 3.15 + 0.20", "63.83", None, "europe-west3", demand=_requests("500000", "3.6")
    ),
    Example(
        "Tier 2 keeps the Tier 1 value of the free tier: 63.83 - 5.22 - 0.20",
        None,
        "58.41",
        "europe-west3",
        demand=_requests("500000", "3.6"),
    ),
    # 2,628,000 s x (0.000018 + 0.5 x 0.000002) = 49.932; no fee for requests.
    Example(
        "one instance always on",
        "49.93",
        "44.71",
        demand=_requests("1e6", "0.1", 80, 1),
        options={"billing": "instance"},
    ),
    # Two containers add up: idle 2,628,000 s x (2 x 0.0000025 + 1 x 0.0000025) = 19.71.
    Example(
        "a kept instance of two containers, no traffic",
        "19.71",
        "14.49",
        cpu=("1", "1"),
        memory=("512Mi", "512Mi"),
        demand=_requests("0", "0.1", 80, 1),
    ),
    # 120 ms are billed as 200 ms: 2e6 x 0.2 s / 10 = 40,000 s x (0.000024 + 0.5 x 0.0000025) = 1.01, and 0.80.
    Example("latency is rounded up to 100 ms", "1.81", "0.00", demand=_requests("2e6", "0.12", 10)),
]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: e.name)
def test_worked_example_to_the_cent(example):
    priced = cost_of_shape(
        containers_of(example.cpu, example.memory), example.demand, example.region, **example.options
    )
    if example.gross is not None:
        assert priced.gross_month.quantize(CENT) == Decimal(example.gross)
    if example.net is not None:
        assert priced.net_month.quantize(CENT) == Decimal(example.net)


def test_without_the_free_tier_net_is_gross():
    priced = cost_of_shape(containers_of(["1"], ["1Gi"]), _requests("1e7", "0.2"), "us-central1", with_free_tier=False)
    assert (priced.free_tier_month, priced.net_month) == (0, priced.gross_month)


def test_example_2_once_the_free_requests_are_taken_off():
    priced = cost_of_shape(containers_of(["1"], ["512Mi"]), _requests("10e6", "0.4"), "us-central1", cud="run-1y")
    requests = next(item for item in priced.line_items if item.unit == "request")
    assert (priced.gross_month - 2_000_000 * requests.rate).quantize(CENT) == Decimal("86.49")


@pytest.mark.parametrize(
    ("cpu", "memory"),
    [(["1"], []), (["1", "1"], ["1Gi"]), ([], []), (["0"], ["1Gi"])],
    ids=["no memory", "one short", "none", "zero"],
)
def test_containers_that_make_no_sense_are_refused(cpu, memory):
    with pytest.raises(UsageError):
        cost_of_shape(containers_of(cpu, memory), Demand(), "us-central1")


def test_a_job_has_to_say_its_hours():
    with pytest.raises(UsageError, match="job-without-hours"):
        hours_of("job", None)
    assert hours_of("worker-pool", None) == 730


requests_a_month = st.integers(0, 10**10)
latencies = st.decimals("0.001", "100", places=3)
modes = st.sampled_from(["request", "instance"])
discounts = st.sampled_from(["none", "run-1y", "flex-3y"])


@given(requests_a_month, requests_a_month, latencies, latencies, st.integers(0, 5), modes, discounts)
def test_cost_grows_with_requests_and_with_time(requests, more, latency, longer, kept, billing, cud):
    def gross(n, seconds):
        demand = _requests(n, seconds, 1, kept)
        return cost_of_shape(
            containers_of(["1"], ["1Gi"]), demand, "asia-northeast1", billing=billing, cud=cud
        ).gross_month

    assert gross(requests, latency) <= gross(requests + more, latency + longer)


@given(requests_a_month, latencies, st.integers(0, 5), modes, st.integers(1, 8), st.integers(1, 32))
def test_containers_add_up(requests, latency, kept, billing, cores, gib):
    demand = _requests(requests, latency, 1, kept)

    def lines(cpu, memory):
        items = cost_of_shape(containers_of(cpu, memory), demand, "us-central1", billing=billing).line_items
        return {item.sku: item.amount for item in items if item.amount}

    assert lines(["1", str(cores)], ["1Gi", f"{gib}Gi"]) == lines([str(cores + 1)], [f"{gib + 1}Gi"])


@given(requests_a_month, latencies, st.integers(0, 5), modes)
def test_the_free_tier_never_pays_out(requests, latency, kept, billing):
    demand = _requests(requests, latency, 1, kept)
    priced = cost_of_shape(containers_of(["1"], ["1Gi"]), demand, "us-central1", billing=billing)
    assert 0 <= priced.net_month <= priced.gross_month


REFUSED = {
    "a fraction with concurrency": (
        {"cpu": "0.167", "memory": "256Mi", "concurrency": 80},
        "concurrency",
        ("1", "256Mi", 80),
    ),
    "memory that one CPU has not": ({"cpu": "1", "memory": "8Gi", "concurrency": 80}, "4096Mi", ("2", "8Gi", 80)),
    "three CPU": ({"cpu": "3", "memory": "1Gi", "concurrency": 80}, "3 CPU", ("4", "2Gi", 80)),
    "more memory than there is": ({"cpu": "4", "memory": "64Gi", "concurrency": 80}, "at most 32 GiB", None),
    "a request over an hour": (
        {"cpu": "1", "memory": "1Gi", "concurrency": 80, "latency": "2h"},
        "3600 s",
        ("1", "1Gi", 80),
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_shape_that_cloud_run_refuses_is_told_with_the_nearest_that_it_takes(case):
    asked, said, near = REFUSED[case]
    priced = cost(region="us-central1", requests=10e6, **asked)
    assert said in " ".join(priced.refused)
    found = priced.nearest and (
        *((cpu_text(c.cpu_cores), memory_text(c.memory_bytes)) for c in priced.nearest.containers),
        priced.nearest.concurrency,
    )
    assert found == (near and ((cpu_text(Decimal(near[0])), near[1]), near[2]))


def test_a_legal_shape_has_nothing_beside_it():
    priced = cost("1", "512Mi", region="us-central1", requests=10e6)
    assert (priced.refused, priced.nearest) == ((), None)
