"""The price of one shape without a snapshot: what ``k2cr cost`` and the calculators on the web answer.

Requests do not overlap except as ``concurrency`` says: active seconds = requests x (latency rounded up to 100 ms) /
concurrency. Start-up and shut-down are left out, since nothing here says how often an instance starts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal, InvalidOperation
from typing import Literal

from k2cr_analysis.config.settings import Cud
from k2cr_analysis.errors import Location, UsageError
from k2cr_analysis.model.cloud_run import BillingMode, ContainerShape, InstanceTimeline, ServiceShape
from k2cr_analysis.model.duration import duration_s
from k2cr_analysis.model.instance_limits import least_cores, legal, memory_range
from k2cr_analysis.model.money import LineItem, total
from k2cr_analysis.model.prices import LIST_PRICE, PriceBook
from k2cr_analysis.openapi.quantity import parse_quantity
from k2cr_analysis.platforms.billing import HOURS_PER_MONTH, SECONDS_PER_HOUR, SECONDS_PER_MONTH
from k2cr_analysis.platforms.cloud_run.billing import BILLED_STEP_S
from k2cr_analysis.platforms.cloud_run.limits import (
    DEFAULT_CONCURRENCY,
    GEN2_MIN_MEMORY_BYTES,
    MAX_CPU_CORES,
    MAX_TIMEOUT_S,
    MIB,
    MIN_FRACTION_CORES,
    WHOLE_CORES,
)
from k2cr_analysis.pricing.cloud_run.charges import price_timeline
from k2cr_analysis.pricing.cloud_run.free_tier import free_tier

Kind = Literal["service", "job", "worker-pool"]


@dataclass(frozen=True, slots=True)
class Demand:
    """A month of work. ``hours``: running hours of jobs and worker pools, all instances together."""

    requests: Decimal = Decimal(0)
    latency_s: Decimal = Decimal("0.1")
    concurrency: int = DEFAULT_CONCURRENCY
    min_instances: int = 0
    hours: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class NearestShape:
    """A shape that Cloud Run takes, beside one that it refuses; ``net_month`` is priced like that one."""

    containers: tuple[ContainerShape, ...]
    concurrency: int
    latency_s: Decimal
    net_month: Decimal


@dataclass(frozen=True, slots=True)
class ShapeCost:
    """``gross_month`` has no free amount at all; ``net_month`` = gross - free tier.

    ``refused``: what Cloud Run would not take of the shape as it was asked for, a sentence each; ``nearest``: the
    cheapest shape near it that Cloud Run takes, and its price. None where the shape is legal, or where none is near.
    """

    line_items: tuple[LineItem, ...]
    currency: str
    free_tier_month: Decimal
    refused: tuple[str, ...] = ()
    nearest: NearestShape | None = None

    @property
    def gross_month(self) -> Decimal:
        return total(self.line_items)

    @property
    def net_month(self) -> Decimal:
        return self.gross_month - self.free_tier_month


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
) -> ShapeCost:
    """The price of one Cloud Run shape a month of 730 h, as ``k2cr cost`` prints it.

    ``cpu``, ``memory``: Kubernetes quantities, one for each container. ``requests`` a month. ``hours``: running hours
    a month of a job or a worker pool, all instances together.

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
    containers = containers_of(_several(cpu), _several(memory))
    return cost_of_shape(containers, demand, region, kind=kind, billing=billing, cud=cud, with_free_tier=free_tier)


def cost_of_shape(  # noqa: PLR0913 - the same, read
    containers: Sequence[ContainerShape],
    demand: Demand,
    region: str,
    *,
    kind: Kind = "service",
    billing: BillingMode = "request",
    cud: Cud = LIST_PRICE,
    with_free_tier: bool = True,
    prices: PriceBook | None = None,
) -> ShapeCost:
    """Price one shape in one region for a month of 730 h.

    Raises UsageError for a demand that is not a number of things, InputError where a price is not known.
    """
    _check(containers, demand)
    book = prices or PriceBook.embedded()

    def priced(shapes: Sequence[ContainerShape], work: Demand) -> ShapeCost:
        items = price_timeline(_shape(shapes, work, kind, billing), month_of(work, kind), book, region, cud)
        return ShapeCost(items, book.currency, free_tier(items, book).month if with_free_tier else Decimal(0))

    asked = priced(containers, demand)
    refused = _refused(containers, demand, kind, billing)
    if not refused:
        return asked
    legal_ones = [
        NearestShape(tuple(shapes), work.concurrency, work.latency_s, priced(shapes, work).net_month)
        for shapes, work in _near(containers, demand, kind)
        if not _refused(shapes, work, kind, billing)
    ]
    return replace(asked, refused=refused, nearest=min(legal_ones, key=lambda n: n.net_month, default=None))


def month_of(demand: Demand, kind: Kind) -> InstanceTimeline:
    """The demand as instance seconds of a month."""
    zero = Decimal(0)
    if kind != "service":
        running_s = demand.hours * SECONDS_PER_HOUR
        return InstanceTimeline(zero, zero, zero, zero, zero, running_s, zero, running_s / SECONDS_PER_MONTH)
    billed_latency_s = (demand.latency_s / BILLED_STEP_S).to_integral_value(ROUND_CEILING) * BILLED_STEP_S
    active_s = demand.requests * billed_latency_s / demand.concurrency
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


def _shape(containers: Sequence[ContainerShape], demand: Demand, kind: Kind, billing: BillingMode) -> ServiceShape:
    is_service = kind == "service"
    return ServiceShape(
        target=kind,
        containers={f"container-{number}": shape for number, shape in enumerate(containers, start=1)},
        concurrency=demand.concurrency if is_service else None,
        min_instances=demand.min_instances,
        max_instances=max(demand.min_instances, 1),
        billing=billing if is_service else None,
        execution_environment=_generation(containers) if is_service else "gen2",
        cpu_boost=False,
    )


def _generation(containers: Sequence[ContainerShape]) -> Literal["gen1", "gen2"]:
    """The second where it serves the shape: it takes no fraction of a vCPU, and no less than 512 MiB."""
    too_small = sum(c.cpu_cores for c in containers) < 1
    return "gen1" if too_small or sum(c.memory_bytes for c in containers) < GEN2_MIN_MEMORY_BYTES else "gen2"


def _refused(containers: Sequence[ContainerShape], demand: Demand, kind: Kind, billing: BillingMode) -> tuple[str, ...]:
    found = legal(_shape(containers, demand, kind, billing))
    if kind == "service" and demand.latency_s > MAX_TIMEOUT_S:
        found.append(f"requests of {demand.latency_s:f} s; one lasts at most {MAX_TIMEOUT_S} s, an hour")
    return tuple(found)


def _near(
    containers: Sequence[ContainerShape], demand: Demand, kind: Kind
) -> Iterator[tuple[list[ContainerShape], Demand]]:
    """The same with what Cloud Run has next: CPU and memory of the first container raised, or one request at a time."""
    work = replace(demand, latency_s=min(demand.latency_s, Decimal(MAX_TIMEOUT_S)))
    rounded = [
        replace(c, cpu_cores=_next_cpu(c.cpu_cores), memory_bytes=_whole_mib(c.memory_bytes)) for c in containers
    ]
    memory = sum(c.memory_bytes for c in rounded)
    least = least_cores(memory)
    if least is None:
        return
    for floor in {least, max(least, Decimal(1))}:
        missing = floor - sum((c.cpu_cores for c in rounded), Decimal(0))
        first = rounded[0]
        if missing > 0:
            first = replace(first, cpu_cores=_next_cpu(first.cpu_cores + missing))
        total = first.cpu_cores + sum((c.cpu_cores for c in rounded[1:]), Decimal(0))
        more = max(0, memory_range(total)[0] - memory)
        shapes = [replace(first, memory_bytes=first.memory_bytes + more), *rounded[1:]]
        yield shapes, work
        if kind == "service" and total < 1:
            yield shapes, replace(work, concurrency=1)


def _next_cpu(cores: Decimal) -> Decimal:
    """The least that a container may have and that is not below: a fraction, or one of the whole numbers."""
    if cores < 1:
        return max(cores, MIN_FRACTION_CORES)
    return Decimal(next((whole for whole in WHOLE_CORES if whole >= cores), MAX_CPU_CORES))


def _whole_mib(size: int) -> int:
    return -(-size // MIB) * MIB


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
    if kind == "job":
        raise UsageError(
            ref="job-without-hours",
            found="--kind job without --hours",
            expected="the running hours a month of all its executions and tasks together",
            do="an hourly job of 1 minute runs --hours 12.1667",
        )
    return HOURS_PER_MONTH if kind == "worker-pool" else Decimal(0)
