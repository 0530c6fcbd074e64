"""The four futures side by side, each with its whole bill, its work, what is missing and how sure it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from k2cr_analysis.listing import first_of
from k2cr_analysis.model.money import Interval, LineItem
from k2cr_analysis.planning.effort.labour import ClusterWork, own_hours_today
from k2cr_analysis.planning.futures.baseline import Baseline
from k2cr_analysis.planning.futures.leave import Leaving, cloud_run_lines, leaving
from k2cr_analysis.planning.futures.ways_out import WayOut
from k2cr_analysis.planning.intervals import saving_interval
from k2cr_analysis.planning.worth import Candidate, Fleet
from k2cr_analysis.pricing.stay.variant import AS_IT_IS, AUTOPILOT, OTHER_MACHINES, Variant

Name = Literal["today", "stay", "move", "leave"]
HeadroomName = Literal["today", "packed"]

NOT_WHOLE = "the snapshot lacks kinds that the API refused: what it takes to stay is not known"
NO_BILL = "the bill of today is not known"
_ZERO = Decimal(0)
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Option:
    """One way to stay, and its month; ``why_not``: why it is told and does not count, or empty."""

    cluster: str
    name: str
    month: Decimal | None
    how: str
    why_not: str


@dataclass(frozen=True, slots=True)
class LatencyChange:
    """p99 of a workload today and on Cloud Run."""

    id: str
    gke_p99_ms: float | None
    cloud_run_p99_ms: float | None


@dataclass(frozen=True, slots=True)
class Future:
    """One future's month. ``gke_lines`` add up to ``gke_month``, ``cloud_run_lines`` (a workload each, and the free
    tier) to ``cloud_run_month``; None: cannot be told, and ``missing`` says why.

    ``at_least_month``: what is known of the month, where the whole is not. ``hours_month``: of recurring work;
    ``effort_days``: once, of which ``moving_days`` to move; the rest sizes what stays. ``interval``: 95 % of
    ``saving_over_stay_month``. ``missing``: what keeps a figure null, or the future from being reached.
    """

    future: Name
    headroom: HeadroomName
    variant: str
    gke_month: Decimal | None
    cloud_run_month: Decimal | None
    managed_month: Decimal | None
    hours_month: float | None
    effort_days: float | None
    saving_over_stay_month: Decimal | None
    interval: Interval | None = None
    gke_lines: tuple[LineItem, ...] = ()
    cloud_run_lines: tuple[LineItem, ...] = ()
    managed_lines: tuple[LineItem, ...] = ()
    options: tuple[Option, ...] = ()
    latency: tuple[LatencyChange, ...] = ()
    ways_out: tuple[WayOut, ...] = ()
    goes_along: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    known_month: Decimal | None = None
    moving_days: float = 0.0

    @property
    def month(self) -> Decimal | None:
        parts = (self.gke_month, self.cloud_run_month, self.managed_month)
        return None if any(p is None for p in parts) else sum((p or _ZERO for p in parts), _ZERO)

    @property
    def at_least_month(self) -> Decimal:
        if self.known_month is not None:
            return self.known_month
        return sum((p or _ZERO for p in (self.gke_month, self.cloud_run_month, self.managed_month)), _ZERO)


def futures_of(packed: Baseline, as_today: Baseline, chosen: Sequence[Candidate]) -> tuple[Future, ...]:
    """Today; then staying, moving the plan and leaving, each with today's headroom and packed."""
    left = leaving(packed.fleet)
    found = [_today(as_today)]
    pairs: tuple[tuple[Baseline, HeadroomName], ...] = ((as_today, "today"), (packed, "packed"))
    for baseline, headroom in pairs:
        stay = _stay(baseline, headroom)
        found += [stay, _move(baseline, headroom, stay, chosen), _leave(baseline, headroom, stay, left)]
    return tuple(found)


def _today(baseline: Baseline) -> Future:
    fleet = baseline.fleet
    months = [a.bill.month for a in fleet.assessments]
    month = None if None in months else sum((m or _ZERO for m in months), _ZERO)
    stay = baseline.month
    as_it_is = [found[0] for found in baseline.variants]
    return Future(
        future="today",
        headroom="today",
        variant=AS_IT_IS,
        gke_month=month,
        cloud_run_month=_ZERO,
        managed_month=_ZERO,
        hours_month=_hours(fleet, as_it_is),
        effort_days=0.0,
        saving_over_stay_month=None if month is None or stay is None else stay - month,
        gke_lines=_lines(fleet, as_it_is, ()),
        missing=_no_bill(fleet),
    )


def _stay(baseline: Baseline, headroom: HeadroomName) -> Future:
    fleet, month = baseline.fleet, baseline.month
    return Future(
        future="stay",
        headroom=headroom,
        variant=_named(fleet, baseline.best),
        gke_month=month,
        cloud_run_month=_ZERO,
        managed_month=_ZERO,
        hours_month=_hours(fleet, baseline.best),
        effort_days=_sizing_days(baseline, baseline.best),
        saving_over_stay_month=None if month is None else _ZERO,
        gke_lines=_lines(fleet, baseline.best, ()),
        options=tuple(
            Option(fleet.names[n], v.name, v.month, v.how, v.why_not)
            for n, found in enumerate(baseline.variants)
            for v in found
        ),
        missing=_no_bill(fleet),
    )


def _move(baseline: Baseline, headroom: HeadroomName, stay: Future, chosen: Sequence[Candidate]) -> Future:
    fleet, over = baseline.fleet, baseline.over_stay(chosen)
    gke = None if stay.gke_month is None or over.gke is None else stay.gke_month - over.gke + over.hops
    worth = baseline.fleet_on(over.variants).worth(chosen)
    lines = _lines(fleet, over.variants, chosen)
    if over.hops and lines:
        currency = fleet.assessments[0].bill.currency
        lines = (*lines, LineItem("paths to what stays", Decimal(1), "month", over.hops, currency))
    moving_days = sum(c.effort_days for c in chosen)
    hours = None if stay.hours_month is None else round(stay.hours_month - worth.hours, 2)
    return replace(
        stay,
        future="move",
        variant=_named(fleet, over.variants),
        gke_month=gke,
        cloud_run_month=over.cloud_run,
        hours_month=hours,
        effort_days=round(moving_days + _sizing_days(baseline, over.variants, chosen), 6),
        moving_days=moving_days,
        saving_over_stay_month=over.saving,
        interval=saving_interval(over.saving, chosen),
        gke_lines=lines,
        cloud_run_lines=cloud_run_lines(fleet, chosen, worth.free),
        options=(),
        latency=tuple(_latency(chosen)),
        missing=(*stay.missing, *_assumed(chosen), *_changes_first(chosen)),
    )


def _leave(baseline: Baseline, headroom: HeadroomName, stay: Future, left: Leaving) -> Future:
    month = left.gke_month, left.cloud_run_month, left.managed_month
    whole = None if any(m is None for m in month) else sum((m or _ZERO for m in month), _ZERO)
    saving = None if whole is None or stay.month is None else stay.month - whole
    able = baseline.fleet.candidates
    return Future(
        future="leave",
        headroom=headroom,
        variant="no cluster",
        gke_month=left.gke_month,
        cloud_run_month=left.cloud_run_month,
        managed_month=left.managed_month,
        hours_month=left.hours_month,
        effort_days=left.effort_days,
        saving_over_stay_month=saving,
        interval=saving_interval(saving, able),
        gke_lines=left.gke_lines,
        cloud_run_lines=left.cloud_run_lines,
        managed_lines=left.managed_lines,
        ways_out=left.ways_out,
        goes_along=left.goes_along,
        known_month=left.at_least_month,
        missing=(*left.missing, *_assumed(able)),
    )


def _no_bill(fleet: Fleet) -> tuple[str, ...]:
    return tuple(
        f"{NO_BILL}: {'; '.join(a.bill.reasons) or 'the snapshot has neither a bill nor priced nodes'}"
        for a in fleet.assessments
        if a.bill.month is None
    ) + tuple(NOT_WHOLE for a in fleet.assessments if not a.cluster.is_whole)


def _named(fleet: Fleet, variants: Sequence[Variant]) -> str:
    if len(variants) == 1:
        return variants[0].name
    return "; ".join(f"{name}: {v.name}" for name, v in zip(fleet.names, variants, strict=True))


def _lines(fleet: Fleet, variants: Sequence[Variant], chosen: Sequence[Candidate]) -> tuple[LineItem, ...]:
    """What stays of GKE, line by line; each names its cluster where there are several."""
    found: list[LineItem] = []
    for number, variant in enumerate(variants):
        held = replace(variant, avoidable=variant.avoidable.with_holds(fleet.avoidables[number].holds))
        lines = held.lines([c.id for c in chosen if c.cluster == number])
        prefix = "" if len(variants) == 1 else f"{fleet.names[number]}: "
        found += [replace(item, sku=prefix + item.sku) for item in lines]
    return tuple(found)


def _hours(fleet: Fleet, variants: Sequence[Variant]) -> float:
    """Of the clusters themselves on these variants, and of each workload's own."""
    shared = (ClusterWork.of(a, v.avoidable).shared for a, v in zip(fleet.assessments, variants, strict=True))
    own = sum((own_hours_today(a) for a in fleet.assessments), _ZERO)
    return float(round(sum(shared, _ZERO) + own, 2))


def _sizing_days(baseline: Baseline, variants: Sequence[Variant], gone: Sequence[Candidate] = ()) -> float:
    """Person-days to put what stays on these variants: requests of each workload that has measured use, and machines.

    What moves is sized as it moves, in its own days of work.
    """
    days, moved = 0.0, {c.key for c in gone}
    for number, (assessment, variant) in enumerate(zip(baseline.fleet.assessments, variants, strict=True)):
        rates = assessment.config.rates.effort
        if variant.name == AS_IT_IS:
            continue
        staying = [w for w in assessment.workloads if (number, w.id) not in moved]
        days += rates.rightsize * sum(w.id in assessment.usage for w in staying)
        if variant.name.startswith(OTHER_MACHINES):
            days += rates.other_machines * len(variant.avoidable.pools)
        elif variant.name.startswith(AUTOPILOT):
            days += rates.to_autopilot
    return round(days, 2)


def _latency(chosen: Sequence[Candidate]) -> Iterator[LatencyChange]:
    for candidate in chosen:
        latency = candidate.assessed.latency
        if latency is not None and (latency.gke or latency.cloud_run):
            yield LatencyChange(
                candidate.id,
                latency.gke.p99_ms if latency.gke else None,
                latency.cloud_run.p99_ms if latency.cloud_run else None,
            )


def _assumed(chosen: Sequence[Candidate]) -> Iterator[str]:
    """That the saving rests on traffic which nobody measured."""
    ids = [c.id for c in chosen if c.assessed.assumed_traffic]
    if ids:
        shown = first_of(ids, _SHOWN)
        yield f"traffic of {len(ids)} of {len(chosen)} workloads is assumed, not measured ([traffic.assumed]): {shown}"


def _changes_first(chosen: Sequence[Candidate]) -> Iterator[str]:
    ids = [c.id for c in chosen if c.assessed.fit.verdict == "changes"]
    if ids:
        shown = first_of(ids, _SHOWN)
        yield f"{len(ids)} of {len(chosen)} workloads need changes first: {shown}"
