"""The price of one shape without a snapshot: what ``k2cr cost`` and the calculators on the web answer.

Requests do not overlap except as ``concurrency`` says: active seconds = requests x (latency rounded up to 100 ms) /
concurrency. Start-up and shut-down are left out, since nothing here says how often an instance starts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal, InvalidOperation
from functools import partial

from k2cr_analysis.config.settings import Cud
from k2cr_analysis.errors import InputError, Location, UsageError
from k2cr_analysis.model.cloud_run import BillingMode, ContainerShape, InstanceTimeline
from k2cr_analysis.model.duration import duration_s
from k2cr_analysis.model.money import LineItem, total
from k2cr_analysis.model.prices import LIST_PRICE, PriceBook
from k2cr_analysis.openapi.quantity import parse_quantity
from k2cr_analysis.platforms.billing import HOURS_PER_MONTH, SECONDS_PER_HOUR, SECONDS_PER_MONTH
from k2cr_analysis.platforms.cloud_run.billing import BILLED_STEP_S
from k2cr_analysis.platforms.cloud_run.gpu import GPUS
from k2cr_analysis.platforms.cloud_run.limits import DEFAULT_CONCURRENCY
from k2cr_analysis.pricing.cloud_run.asked_shape import Asked, Demand, Kind, near, notices, refused
from k2cr_analysis.pricing.cloud_run.charges import price_delayed, price_timeline
from k2cr_analysis.pricing.cloud_run.counts import counted
from k2cr_analysis.pricing.cloud_run.free_tier import free_tier as free_tier_of


@dataclass(frozen=True, slots=True)
class NearestShape:
    """A shape that Cloud Run takes, beside one that it refuses; priced like that one."""

    asked: Asked
    gross_month: Decimal
    net_month: Decimal

    @property
    def containers(self) -> tuple[ContainerShape, ...]:
        return self.asked.containers

    @property
    def concurrency(self) -> int:
        return self.asked.demand.concurrency

    @property
    def latency_s(self) -> Decimal:
        return self.asked.demand.latency_s


@dataclass(frozen=True, slots=True)
class ShapeCost:
    """``gross_month`` has no free amount at all; ``net_month`` = gross - free tier.

    ``unpriced``: what of the shape has no known price, a sentence each: then both months are None, and
    ``at_least_month`` is the rest. ``counts``: of each line, what its quantity is made of. ``refused``: what Cloud Run
    would not take of the shape as it was asked for, a sentence each; ``nearest``: the cheapest shape near it that Cloud
    Run takes, and its price. None where the shape is legal, or where none is near. ``notices``: good to know.
    """

    line_items: tuple[LineItem, ...]
    currency: str
    free_tier_month: Decimal
    counts: tuple[str, ...] = ()
    unpriced: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    nearest: NearestShape | None = None
    notices: tuple[str, ...] = ()

    @property
    def gross_month(self) -> Decimal | None:
        return None if self.unpriced else total(self.line_items)

    @property
    def net_month(self) -> Decimal | None:
        return None if self.unpriced else self.at_least_month

    @property
    def at_least_month(self) -> Decimal:
        """What is known of the net month."""
        return total(self.line_items) - self.free_tier_month


def cost(  # noqa: PLR0913 - the options of `k2cr cost`, one by one
    cpu: str | Sequence[str],
    memory: str | Sequence[str],
    *,
    region: str,
    kind: Kind = "service",
    requests: str | float = 0,
    latency: str = "100ms",
    concurrency: int = DEFAULT_CONCURRENCY,
    billing: BillingMode = "request",
    min_instances: int = 0,
    hours: str | float | None = None,
    cud: Cud = LIST_PRICE,
    free_tier: bool = True,
    gpu: str | None = None,
    disk: str | None = None,
) -> ShapeCost:
    """The price of one Cloud Run shape a month of 730 h, as ``k2cr cost`` prints it.

    ``cpu``, ``memory``: Kubernetes quantities, one for each container. ``requests`` a month. ``hours``: running hours
    a month of a job or a worker pool, all instances together. ``gpu``: kind of the one of each instance; ``disk``:
    ephemeral, of each instance.

    >>> round(cost("0.167", "256Mi", region="us-central1", requests=10e6, latency="200ms", concurrency=1).net_month, 2)
    Decimal('7.25')
    """
    demand = Demand(
        requests=number_of(str(requests), "--requests"),
        latency_s=duration_s(latency, "--latency"),
        concurrency=concurrency,
        min_instances=min_instances,
        hours=hours_of(kind, None if hours is None else str(hours)),
    )
    if gpu is not None and gpu not in GPUS:
        raise UsageError(ref="no-such-gpu", found=f"--gpu {gpu}", expected=f"one of {', '.join(GPUS)}")
    size = 0 if disk is None else int(parse_quantity(disk, Location(path="--disk")))
    containers = containers_of(_several(cpu), _several(memory))
    asked = Asked(containers, demand, kind, billing, gpu, size)
    return cost_of(asked, region, cud=cud, with_free_tier=free_tier)


def cost_of_shape(
    containers: Sequence[ContainerShape],
    demand: Demand,
    region: str,
    *,
    kind: Kind = "service",
    billing: BillingMode = "request",
    cud: Cud = LIST_PRICE,
    with_free_tier: bool = True,
) -> ShapeCost:
    """As :func:`cost`, of containers and work that are read already."""
    asked = Asked(tuple(containers), demand, kind, billing)
    return cost_of(asked, region, cud=cud, with_free_tier=with_free_tier)


def cost_of(
    asked: Asked,
    region: str,
    *,
    cud: Cud = LIST_PRICE,
    with_free_tier: bool = True,
    prices: PriceBook | None = None,
) -> ShapeCost:
    """Price one shape in one region for a month of 730 h.

    Raises UsageError for a demand that is not a number of things, InputError where the price of CPU, memory or requests
    is not known.
    """
    _check(asked.containers, asked.demand)
    book = prices or PriceBook.embedded()

    def priced(one: Asked) -> ShapeCost:
        return _priced(one, region, cud, book, with_free_tier)

    found = replace(priced(asked), refused=refused(asked), notices=notices(asked))
    if not found.refused:
        return found
    taken = [
        NearestShape(one, total(of_it.line_items), of_it.at_least_month)
        for one in near(asked)
        for of_it in (priced(one),)
    ]
    return replace(found, nearest=min(taken, key=lambda n: (n.net_month, n.gross_month), default=None))


def _priced(asked: Asked, region: str, cud: Cud, book: PriceBook, with_free_tier: bool) -> ShapeCost:
    """GPU and disk are left out, and said, where their price is not known."""
    month = month_of(asked.demand, asked.kind)
    known, unknown = asked.shape(), []
    if asked.gpu and book.price(f"run.gpu.{asked.gpu}", region, cud) is None:
        known, unknown = replace(known, gpu=None), [book.why_missing(f"run.gpu.{asked.gpu}", region)]
    if asked.disk_bytes and book.price("run.disk", region, cud) is None:
        known, unknown = replace(known, disk_bytes=0), [*unknown, book.why_missing("run.disk", region)]
    is_delayed = asked.kind == "delayed-job"
    try:
        items = (price_delayed if is_delayed else partial(price_timeline, cud=cud))(known, month, book, region)
    except InputError as error:
        if error.ref != "no-price" or not is_delayed:
            raise
        return ShapeCost((), book.currency, Decimal(0), unpriced=(error.found,))
    request_s = _billed_s(asked.demand.latency_s) if asked.demand.requests and asked.is_service else None
    return ShapeCost(
        line_items=items,
        currency=book.currency,
        free_tier_month=free_tier_of(items, book).month if with_free_tier else Decimal(0),
        counts=tuple(text for _, text in counted(items, known, month, request_s)),
        unpriced=tuple(unknown),
    )


def _billed_s(latency_s: Decimal) -> Decimal:
    return (latency_s / BILLED_STEP_S).to_integral_value(ROUND_CEILING) * BILLED_STEP_S


def month_of(demand: Demand, kind: Kind) -> InstanceTimeline:
    """The demand as instance seconds of a month."""
    zero = Decimal(0)
    if kind != "service":
        running_s = demand.hours * SECONDS_PER_HOUR
        return InstanceTimeline(zero, zero, zero, zero, zero, running_s, zero, running_s / SECONDS_PER_MONTH)
    active_s = demand.requests * _billed_s(demand.latency_s) / demand.concurrency
    kept_s = demand.min_instances * SECONDS_PER_MONTH
    running_s = max(kept_s, active_s)
    return InstanceTimeline(
        requests=demand.requests,
        active_instance_s=active_s,
        starting_instance_s=zero,
        stopping_instance_s=zero,
        idle_min_instance_s=max(kept_s - active_s, zero),
        running_instance_s=running_s,
        instance_starts=zero,
        mean_instances=running_s / SECONDS_PER_MONTH,
    )


def _check(containers: Sequence[ContainerShape], demand: Demand) -> None:
    if not containers:
        raise UsageError(ref="no-container", found="no container", expected="at least one --cpu and --memory")
    numbers = {
        "--requests": demand.requests,
        "--latency": demand.latency_s,
        "--min-instances": Decimal(demand.min_instances),
        "--hours": demand.hours,
        "--concurrency": Decimal(demand.concurrency - 1),
    }
    for name, number in numbers.items():
        if not number.is_finite() or number < 0:
            lowest = 1 if name == "--concurrency" else 0
            raise UsageError(
                ref="not-an-amount", found=f"{name} is out of range", expected=f"a finite number, {lowest} or more"
            )


def _several(value: str | Sequence[str]) -> Sequence[str]:
    return (value,) if isinstance(value, str) else tuple(value)


def containers_of(cpu: Sequence[str], memory: Sequence[str]) -> tuple[ContainerShape, ...]:
    """Containers from Kubernetes quantities, one pair each: ``("1", "500m"), ("512Mi", "256Mi")``."""
    if len(cpu) != len(memory):
        raise UsageError(
            ref="cpu-without-memory",
            found=f"{len(cpu)} times --cpu and {len(memory)} times --memory",
            expected="both as often as there are containers",
            do="write --cpu and --memory once for each container, in the same order",
        )
    shapes = []
    for cores_text, memory_text in zip(cpu, memory, strict=True):
        cores = parse_quantity(cores_text, Location(path="--cpu"))
        size = parse_quantity(memory_text, Location(path="--memory"))
        if cores <= 0 or size <= 0:
            raise UsageError(
                ref="empty-container", found=f"--cpu {cores_text} --memory {memory_text}", expected="both above 0"
            )
        shapes.append(ContainerShape(cores, int(size)))
    return tuple(shapes)


def number_of(text: str, option: str) -> Decimal:
    """A plain number such as ``10e6`` or ``500000``."""
    try:
        return Decimal(text)
    except InvalidOperation:
        raise UsageError(
            ref="not-a-number", found=f'{option} "{text}"', expected="a number, such as 500000 or 10e6"
        ) from None


def hours_of(kind: Kind, text: str | None) -> Decimal:
    """Running hours a month. A worker pool that says nothing runs all the month; a job has to say."""
    if text is not None:
        return number_of(text, "--hours")
    if kind in ("job", "delayed-job"):
        raise UsageError(
            ref="job-without-hours",
            found=f"--kind {kind} without --hours",
            expected="the running hours a month of all its executions and tasks together",
            do="an hourly job of 1 minute runs --hours 12.1667",
        )
    return HOURS_PER_MONTH if kind == "worker-pool" else Decimal(0)
