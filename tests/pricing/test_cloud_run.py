"""A month of instances at Cloud Run's prices, line by line; the account's free tier, once."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k2cr_analysis.errors import InputError, UsageError
from k2cr_analysis.model.cloud_run import ContainerShape, InstanceTimeline, ServiceShape, boosted_cores
from k2cr_analysis.model.money import LineItem, total
from k2cr_analysis.model.prices import PriceBook
from k2cr_analysis.pricing.cloud_run.charges import cheaper_billing, price_both, price_timeline
from k2cr_analysis.pricing.cloud_run.free_tier import free_spend_month, free_tier

BOOK = PriceBook.embedded()
REGION = "us-central1"
GIB = 2**30


def shape(*containers, billing="request", target="service", boost=True):
    named = {f"c{n}": ContainerShape(Decimal(cpu), int(gib * GIB)) for n, (cpu, gib) in enumerate(containers)}
    return ServiceShape(target, named, 80, 0, 10, billing, "gen2", boost)


def month(**seconds):
    names = InstanceTimeline.__dataclass_fields__
    return InstanceTimeline(**{name: Decimal(seconds.get(name, 0)) for name in names})


def amounts(items):
    return {item.sku: item.amount for item in items}


def test_request_based_bills_start_work_shutdown_idle_and_requests():
    timeline = month(
        requests=10**6, active_instance_s=1000, starting_instance_s=100, stopping_instance_s=50,
        idle_min_instance_s=2000, instance_starts=10, running_instance_s=10**6,
    )  # fmt: skip
    assert amounts(price_timeline(shape(("1", 0.5)), timeline, BOOK, REGION)) == {
        "Services CPU (Request-based billing)": 1000 * Decimal("0.000024"),
        "Services Memory (Request-based billing)": 500 * Decimal("0.0000025"),
        "Services CPU (Request-based billing): instance start": 100 * Decimal("0.000024"),
        "Services Memory (Request-based billing): instance start": 50 * Decimal("0.0000025"),
        "Services CPU (Request-based billing): instance shut-down": 50 * Decimal("0.000024"),
        "Services Memory (Request-based billing): instance shut-down": 25 * Decimal("0.0000025"),
        # One more vCPU for the start and 10 s after each of 10 starts.
        "Services CPU (Request-based billing): CPU boost": 200 * Decimal("0.000024"),
        "Services Min Instance CPU (Request-based billing)": 2000 * Decimal("0.0000025"),
        "Services Min Instance Memory (Request-based billing)": 1000 * Decimal("0.0000025"),
        "Requests": Decimal("0.40"),
    }


def test_instance_based_bills_the_lifetime_and_no_request():
    timeline = month(requests=10**6, running_instance_s=1000, active_instance_s=10)
    found = price_timeline(shape(("1", 1), ("1", 1), billing="instance"), timeline, BOOK, REGION)
    assert {i.quantity for i in found} == {Decimal(2000)}
    assert total(found) == 2000 * (Decimal("0.000018") + Decimal("0.000002"))


@pytest.mark.parametrize(("target", "rate"), [("job", "0.000018"), ("worker-pool", "0.000011244")])
def test_jobs_and_worker_pools_have_their_own_meters(target, rate):
    found = price_timeline(shape(("2", 1), billing=None, target=target), month(running_instance_s=100), BOOK, REGION)
    assert found[0].amount == 200 * Decimal(rate)


def test_a_gpu_is_billed_for_the_lifetime_and_by_instance_alone():
    with_gpu = replace(shape(("4", 16), billing="instance"), gpu="nvidia-l4")
    timeline = month(running_instance_s=1000)
    assert amounts(price_timeline(with_gpu, timeline, BOOK, REGION))[
        "NVIDIA L4 GPU, no zonal redundancy, in us-central1"
    ] == Decimal("0.1867")
    assert list(price_both(with_gpu, timeline, BOOK, REGION)) == ["instance"]
    with pytest.raises(InputError, match="no-price"):
        price_timeline(with_gpu, timeline, BOOK, "europe-west3")


@pytest.mark.parametrize(("cores", "boosted"), [("0.5", 2), ("1", 2), ("2", 4), ("4", 8), ("6", 8), ("8", 8)])
def test_cpu_boost_doubles_up_to_eight(cores, boosted):
    assert boosted_cores(Decimal(cores)) == boosted


def test_steady_work_is_cheaper_by_the_instance_and_rare_work_by_the_request():
    steady = month(requests=10**7, active_instance_s=2_600_000, running_instance_s=2_628_000)
    rare = month(requests=1000, active_instance_s=100, running_instance_s=900 * 100)
    assert cheaper_billing(price_both(shape(("1", 0.5)), steady, BOOK, REGION)) == "instance"
    assert cheaper_billing(price_both(shape(("1", 0.5)), rare, BOOK, REGION)) == "request"


def test_what_has_no_price_or_no_mode_is_refused():
    with pytest.raises(InputError, match="no-price"):
        price_timeline(replace(shape(("1", 1)), disk_bytes=10 * 2**30), month(running_instance_s=1), BOOK, REGION)
    with pytest.raises(UsageError, match="no-billing-mode"):
        price_timeline(shape(("1", 1), billing=None), month(), BOOK, REGION)


def test_the_free_tier_is_worth_the_same_in_every_region():
    assert free_spend_month(BOOK) == Decimal("5.22")
    tier_2 = LineItem("Services CPU Tier 2", Decimal(10**6), "vcpu_s", Decimal("0.0000336"), "USD")
    assert free_tier([tier_2], BOOK).month == Decimal("5.22")


def test_lines_that_are_no_computing_have_no_free_part():
    assert free_tier([LineItem("Egress", Decimal(100), "gib", Decimal("0.12"), "USD")], BOOK).month == 0


seconds = st.integers(0, 10**7)
timelines = st.builds(month, **dict.fromkeys(InstanceTimeline.__dataclass_fields__, seconds))


@given(timelines, timelines, st.sampled_from(["request", "instance"]))
def test_two_months_together_cost_their_sum(one, other, billing):
    both = InstanceTimeline(*(getattr(one, f) + getattr(other, f) for f in InstanceTimeline.__dataclass_fields__))

    def price(timeline):
        return total(price_timeline(shape(("1", 0.5), billing=billing), timeline, BOOK, REGION))

    assert price(both) == price(one) + price(other)


@given(
    timelines,
    st.sampled_from(["request", "instance"]),
    st.integers(1, 4),
    st.sampled_from(["cpu_cores", "memory_bytes"]),
)
def test_a_larger_container_never_costs_less(timeline, billing, factor, part):
    small = shape(("1", 1), billing=billing, boost=False)
    container = small.containers["c0"]
    larger = replace(small, containers={"c0": replace(container, **{part: getattr(container, part) * factor})})
    assert total(price_timeline(small, timeline, BOOK, REGION)) <= total(price_timeline(larger, timeline, BOOK, REGION))
