"""Each line of a Cloud Run month back to counts that a person can multiply: requests x time / overlap, starts x time.

A line's quantity is looked up among those that the timeline makes, so that a text can never speak of another number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from k2cr_analysis.model.cloud_run import InstanceTimeline, ServiceShape, boosted_cores
from k2cr_analysis.model.money import LineItem
from k2cr_analysis.platforms.billing import GIB, HOURS_PER_MONTH, SECONDS_PER_HOUR, SECONDS_PER_MONTH
from k2cr_analysis.platforms.cloud_run.limits import BOOST_AFTER_START_S

_DIGITS = 9


def counted(
    items: Iterable[LineItem], shape: ServiceShape, timeline: InstanceTimeline, request_s: Decimal | None
) -> list[tuple[LineItem, str]]:
    """Each line with its quantity in counts; empty where it is a count by itself.

    ``request_s``: mean time of a request, None where it is not known. The overlap is what these two leave open:
    requests x time / seconds with a request.
    """
    made = dict(_texts(shape, timeline, request_s))
    return [(item, made.get((item.quantity, item.unit), "")) for item in items]


def _texts(
    shape: ServiceShape, timeline: InstanceTimeline, request_s: Decimal | None
) -> Iterator[tuple[tuple[Decimal, str], str]]:
    cores, gib = shape.cpu_cores, Decimal(shape.memory_bytes) / GIB
    for seconds, text in (
        (timeline.active_instance_s, _active(timeline, request_s)),
        (timeline.starting_instance_s, _each(timeline.starting_instance_s, timeline.instance_starts, "starts")),
        (timeline.stopping_instance_s, _each(timeline.stopping_instance_s, timeline.instance_starts, "shut-downs")),
        (timeline.idle_min_instance_s, _idle(shape, timeline)),
        (timeline.running_instance_s, _running(shape, timeline, request_s)),
    ):
        if seconds:
            yield (seconds * cores, "vcpu_s"), f"{text} x {number(cores)} vCPU"
            yield (seconds * gib, "gib_s"), f"{text} x {number(gib)} GiB"
    extra = sum((boosted_cores(c.cpu_cores) - c.cpu_cores for c in shape.containers.values()), Decimal(0))
    boosted_s = timeline.starting_instance_s + BOOST_AFTER_START_S * timeline.instance_starts
    yield (
        (boosted_s * extra, "vcpu_s"),
        f"({number(timeline.starting_instance_s)} s of starts + {number(timeline.instance_starts)} starts x"
        f" {BOOST_AFTER_START_S} s) x {number(extra)} vCPU of boost",
    )
    yield (timeline.running_instance_s, "gpu_s"), f"{_running(shape, timeline, request_s)} x 1 GPU"
    disk = Decimal(shape.disk_bytes) / GIB
    of_disk = f"{_running(shape, timeline, request_s)} x {number(disk)} GiB of disk"
    yield (timeline.running_instance_s * disk, "gib_s"), of_disk
    yield (timeline.requests, "request"), "requests a month"


def _active(timeline: InstanceTimeline, request_s: Decimal | None) -> str:
    if not request_s or not timeline.active_instance_s or not timeline.requests:
        return f"{number(timeline.active_instance_s)} s of instances with a request"
    overlap = timeline.requests * request_s / timeline.active_instance_s
    return f"{number(timeline.requests)} requests x {number(request_s)} s / {number(overlap)} at once on an instance"


def _each(seconds: Decimal, times: Decimal, what: str) -> str:
    if not times:
        return f"{number(seconds)} s of {what}"
    return f"{number(times)} {what} x {number(seconds / times)} s"


def _idle(shape: ServiceShape, timeline: InstanceTimeline) -> str:
    kept = shape.min_instances * SECONDS_PER_MONTH
    busy = kept - timeline.idle_min_instance_s
    if kept and busy >= 0:
        return f"({shape.min_instances} kept x {number(SECONDS_PER_MONTH)} s - {number(busy)} s with a request)"
    return f"{number(timeline.idle_min_instance_s)} s of kept instances without a request"


def _running(shape: ServiceShape, timeline: InstanceTimeline, request_s: Decimal | None) -> str:
    if shape.target == "job":
        return f"{number(timeline.running_instance_s / SECONDS_PER_HOUR)} h of tasks x {SECONDS_PER_HOUR:,} s"
    if timeline.requests and timeline.running_instance_s == timeline.active_instance_s:
        return _active(timeline, request_s)
    instances = timeline.running_instance_s / SECONDS_PER_MONTH
    return f"{number(instances)} instances on average x {HOURS_PER_MONTH} h x {SECONDS_PER_HOUR:,} s"


def number(value: Decimal) -> str:
    """Nine digits at most, with commas, and without an exponent."""
    if not value:
        return "0"
    places = max(_DIGITS - 1 - value.adjusted(), 0)
    text = f"{value:,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
