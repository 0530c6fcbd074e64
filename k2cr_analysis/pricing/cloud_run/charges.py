"""What Cloud Run charges for a month of instances, line by line, before the account's free tier.

Rules (https://cloud.google.com/run/pricing, copy of 2025-08-19;
docs.cloud.google.com/run/docs/configuring/billing-settings):

- Request-based: an instance is billed while it starts, works on at least one request and shuts down; kept by min
  instances without a request, at the idle rate; otherwise not at all. Each request costs a fee.
- Instance-based, jobs, worker pools: the whole lifetime of every instance; no fee for requests.
- Billed are the limits of all containers of the instance together. With CPU boost the boosted CPU is billed during the
  start and 10 s after it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from k2cr_analysis.config.settings import Cud
from k2cr_analysis.errors import UsageError
from k2cr_analysis.model.cloud_run import BillingMode, InstanceTimeline, ServiceShape, boosted_cores
from k2cr_analysis.model.money import LineItem, total
from k2cr_analysis.model.prices import LIST_PRICE, PriceBook, Tariff
from k2cr_analysis.platforms.billing import GIB
from k2cr_analysis.platforms.cloud_run.limits import BOOST_AFTER_START_S


def price_timeline(
    shape: ServiceShape, timeline: InstanceTimeline, prices: PriceBook, region: str, cud: Cud = LIST_PRICE
) -> tuple[LineItem, ...]:
    """The lines of a month. Lines of quantity 0 are left out, unless nothing else is left.

    Raises InputError where the price book lacks a price (say, that of ephemeral disks).
    """
    tariff = Tariff(prices, region, cud)
    if shape.target == "job":
        items = _lifetime("run.job", shape, timeline, tariff)
    elif shape.target == "worker-pool":
        items = _lifetime("run.worker-pool", shape, timeline, tariff)
    elif shape.target == "none" or shape.billing is None:
        raise UsageError(
            ref="no-billing-mode",
            found=f"target {shape.target} with billing {shape.billing}",
            expected="a job, a worker pool, or a service with billing request or instance",
        )
    elif shape.billing == "instance":
        items = (
            *_lifetime("run.instance", shape, timeline, tariff),
            *_boost("run.instance.cpu", shape, timeline, tariff),
        )
    else:
        items = (*_request_based(shape, timeline, tariff), *_boost("run.request.cpu.active", shape, timeline, tariff))
    lines = (*items, *_gpu(shape, timeline, tariff), *_disk(shape, timeline, tariff))
    return tuple(item for item in lines if item.quantity) or lines


def price_delayed(
    shape: ServiceShape, timeline: InstanceTimeline, prices: PriceBook, region: str
) -> tuple[LineItem, ...]:
    """The compute of a job's month by delayed execution (Preview), at list price. InputError where none is known."""
    return tuple(_lifetime("run.job.delayed", shape, timeline, Tariff(prices, region)))


def price_both(
    shape: ServiceShape, timeline: InstanceTimeline, prices: PriceBook, region: str, cud: Cud = LIST_PRICE
) -> dict[BillingMode, tuple[LineItem, ...]]:
    """A service's month in the billing modes that it may have: mode -> lines."""
    return {
        mode: price_timeline(replace(shape, billing=mode), timeline, prices, region, cud)
        for mode in shape.billing_modes
    }


def cheaper_billing(priced: dict[BillingMode, tuple[LineItem, ...]]) -> BillingMode:
    """The mode with the smaller sum; request-based, which is Cloud Run's default, where they are equal."""
    return min(priced, key=lambda mode: (total(priced[mode]), mode != "request"))


def _request_based(shape: ServiceShape, timeline: InstanceTimeline, tariff: Tariff) -> Iterable[LineItem]:
    cores, gib = shape.cpu_cores, Decimal(shape.memory_bytes) / GIB
    parts = (
        ("", timeline.active_instance_s),
        ("instance start", timeline.starting_instance_s),
        ("instance shut-down", timeline.stopping_instance_s),
    )
    for what, seconds in parts:
        yield tariff.line("run.request.cpu.active", seconds * cores, what)
        yield tariff.line("run.request.memory.active", seconds * gib, what)
    yield tariff.line("run.request.cpu.idle", timeline.idle_min_instance_s * cores)
    yield tariff.line("run.request.memory.idle", timeline.idle_min_instance_s * gib)
    yield tariff.line("run.request.count", timeline.requests)


def _lifetime(meter: str, shape: ServiceShape, timeline: InstanceTimeline, tariff: Tariff) -> Iterable[LineItem]:
    seconds = timeline.running_instance_s
    yield tariff.line(f"{meter}.cpu", seconds * shape.cpu_cores)
    yield tariff.line(f"{meter}.memory", seconds * Decimal(shape.memory_bytes) / GIB)


def _gpu(shape: ServiceShape, timeline: InstanceTimeline, tariff: Tariff) -> Iterable[LineItem]:
    """One GPU for the whole lifetime of each instance, without zonal redundancy."""
    if shape.gpu is not None:
        yield tariff.line(f"run.gpu.{shape.gpu}", timeline.running_instance_s)


def _disk(shape: ServiceShape, timeline: InstanceTimeline, tariff: Tariff) -> Iterable[LineItem]:
    """Ephemeral disks: what is provisioned, for the whole lifetime of each instance. Its rate is in no list that could
    be read, so without one in the price book the month is unknown.
    """
    if shape.disk_bytes:
        yield tariff.line("run.disk", timeline.running_instance_s * Decimal(shape.disk_bytes) / GIB)


def _boost(meter: str, shape: ServiceShape, timeline: InstanceTimeline, tariff: Tariff) -> Iterable[LineItem]:
    """vCPU seconds above the limits: every instance is boosted from its start to 10 s after its readiness."""
    if shape.cpu_boost:
        seconds = timeline.starting_instance_s + BOOST_AFTER_START_S * timeline.instance_starts
        extra = sum((boosted_cores(c.cpu_cores) - c.cpu_cores for c in shape.containers.values()), Decimal(0))
        yield tariff.line(meter, seconds * extra, "CPU boost")
