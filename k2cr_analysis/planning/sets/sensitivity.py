"""What the plan hangs on: its objective when one assumption is off, and the traffic at which a move breaks even.

The set stays as it was chosen. Traffic moves the lines that requests cause (``assessment.interval``); a committed use
discount is priced anew from the timelines; prices and rates are scaled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from k2cr_analysis.assessment.recommending.interval import moving_month
from k2cr_analysis.config.settings import Cud
from k2cr_analysis.model.money import LineItem, total
from k2cr_analysis.planning.futures.baseline import Baseline
from k2cr_analysis.planning.worth import Candidate, Fleet
from k2cr_analysis.pricing.cloud_run.beside import UNITS_BESIDE
from k2cr_analysis.pricing.cloud_run.charges import price_timeline
from k2cr_analysis.pricing.cloud_run.free_tier import free_tier

TRAFFIC_OFF = Decimal("0.3")
PRICES_OFF = Decimal("0.1")
RATE_OFF = Decimal("0.5")
_DISCOUNTS: tuple[Cud, ...] = ("none", "run-1y", "flex-1y", "flex-3y")
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Swing:
    """One assumption: what it is at either end, and the objective there. Money a month."""

    of: str
    low_at: str
    low_month: Decimal
    high_at: str
    high_month: Decimal

    def turns(self, base: Decimal) -> bool:
        """Whether the objective has the other sign at one of the ends."""
        return min(self.low_month, self.high_month) < 0 <= base or base < 0 < max(self.low_month, self.high_month)

    @property
    def width(self) -> Decimal:
        return abs(self.high_month - self.low_month)


def swings(fleet: Fleet, chosen: Sequence[Candidate], base: Decimal | None, baseline: Baseline) -> tuple[Swing, ...]:
    """The assumptions in the order of what hangs on them; none where nothing moves or nothing is promised.

    ``base``: the plan's own objective, the saving over staying with the work in it, from which all swing.
    """
    over, worth = baseline.over_stay(chosen), fleet.worth(chosen)
    if not chosen or base is None or over.gke is None:
        return ()
    traffic = TRAFFIC_OFF * sum((_moving(c) for c in chosen), _ZERO)
    cloud_run, gke = PRICES_OFF * worth.cloud_run, PRICES_OFF * over.gke
    saved = RATE_OFF * ((over.saving or _ZERO) - base)  # what the work takes of the saving
    found = [
        Swing("traffic", "30 % less", base + traffic, "30 % more", base - traffic),
        Swing("Cloud Run prices", "10 % lower", base + cloud_run, "10 % higher", base - cloud_run),
        Swing("GKE prices", "10 % lower", base - gke, "10 % higher", base + gke),
        Swing("engineer rate", "half", base + saved, "half as much again", base - saved),
        _discounts(fleet, chosen, base + worth.cloud_run),
    ]
    return tuple(sorted((s for s in found if s.width), key=lambda s: (-s.width, s.of)))


def break_even_requests(candidate: Candidate) -> Decimal | None:
    """Requests a month at which Cloud Run costs what the workload's share of the GKE bill is today.

    None where requests cause no cost, or Cloud Run is dearer even without any.
    """
    timeline, moving = candidate.assessed.timeline, _moving(candidate)
    cost = candidate.assessed.cost
    if timeline is None or not timeline.requests or not moving or cost is None or cost.gke_attributed_month is None:
        return None
    fixed = candidate.cloud_run_month - moving
    if cost.gke_attributed_month <= fixed:
        return None
    return ((cost.gke_attributed_month - fixed) / moving * timeline.requests).to_integral_value()


def _moving(candidate: Candidate) -> Decimal:
    """The part of Cloud Run's month that follows the requests."""
    assessed = candidate.assessed
    if assessed.cost is None or assessed.shape is None or assessed.timeline is None or not assessed.timeline.requests:
        return _ZERO
    return moving_month(assessed.cost, assessed.shape, assessed.timeline)


def _discounts(fleet: Fleet, chosen: Sequence[Candidate], before_cloud_run: Decimal) -> Swing:
    """The dearest and the cheapest of the committed use discounts, for Cloud Run alone."""
    months = {cud: _cloud_run_month(fleet, chosen, cud) for cud in _DISCOUNTS}
    dear, cheap = max(months, key=lambda cud: months[cud]), min(months, key=lambda cud: months[cud])
    return Swing("committed use", dear, before_cloud_run - months[dear], cheap, before_cloud_run - months[cheap])


def _cloud_run_month(fleet: Fleet, chosen: Sequence[Candidate], cud: Cud) -> Decimal:
    items: list[LineItem] = []
    for candidate in chosen:
        assessment, assessed = fleet.assessments[candidate.cluster], candidate.assessed
        if assessed.shape is not None and assessed.timeline is not None:
            items += price_timeline(assessed.shape, assessed.timeline, assessment.prices, assessment.region, cud)
            items += [i for i in (assessed.cost.cloud_run_items if assessed.cost else ()) if i.unit in UNITS_BESIDE]
    return total(items) - free_tier(items, fleet.assessments[0].prices).month
