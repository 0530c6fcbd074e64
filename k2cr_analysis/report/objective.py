"""The choice of a configuration on a workload's page: its objective, and what a faster p99 costs."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from k2cr_analysis.latency.search.limits import LOOSER, TIGHTER
from k2cr_analysis.report.display import Html, paragraph
from k2cr_analysis.report.wording import milliseconds, money, share

if TYPE_CHECKING:
    from k2cr_analysis.assessment.result import WorkloadAssessment
    from k2cr_analysis.latency.search.search import Point, Recommendation

CENT = Decimal("0.01")
TIGHT_MS, LOOSE_MS = 300.0, 500.0


def price_of_p99(found: Recommendation | None, currency: str) -> Html:
    """What a p99 of 300 ms costs more than one of 500 ms; where one is out of reach, the two ends of the frontier."""
    if found is None:
        return Html("", "")
    tight, loose = found.cheapest_within(TIGHT_MS), found.cheapest_within(LOOSE_MS)
    cheapest, fastest = found.frontier[0], found.frontier[-1]
    if tight is not None and tight is cheapest:
        reached = milliseconds(tight.p99_ms)
        words = f"The cheapest configuration has a p99 of {reached}: {_wish(TIGHT_MS)} costs nothing more."
    elif tight is not None and loose is not None:
        words = f"{_more(tight, loose, currency)} for {_wish(TIGHT_MS)} than for {_wish(LOOSE_MS)}."
    elif cheapest is fastest:
        words = f"No configuration is faster than the cheapest: a p99 of {milliseconds(cheapest.p99_ms)}."
    else:
        reached = f"a p99 of {milliseconds(fastest.p99_ms)}, the least in the grid"
        words = f"{_more(fastest, cheapest, currency)} for {reached}, than for {milliseconds(cheapest.p99_ms)}."
    return paragraph(words)


def objective(found: Recommendation | None, currency: str) -> Html:
    """What the recommended configuration had to meet, what it reaches, and what less or more of it would cost."""
    words = objective_words(found, currency)
    return paragraph(words) if words else Html("", "")


def objective_words(found: Recommendation | None, currency: str) -> str:
    """The same as plain text; nothing where nothing was searched."""
    if found is None:
        return ""
    best = found.best
    reached = (
        f"p95 {milliseconds(best.p95_ms)}, p99 {milliseconds(best.p99_ms)}, {share(best.cold_start_ratio)} cold starts"
    )
    met = "meets" if found.met else "misses, by less than any other"
    words = f"Objective: {found.limits} ({found.limits.said}). The recommended configuration {met} it: {reached}."
    looser = _other(found.looser, best, f"latencies {LOOSER - 1:.0%} longer", currency)
    tighter = _other(found.tighter, best, f"latencies {1 - TIGHTER:.0%} shorter", currency)
    return f"{words} With {looser}; with {tighter}."


def within(one: WorkloadAssessment) -> Html:
    """Within what the figures lie that hang on the start, and what bursts inside a period would make of p99."""
    words = within_words(one)
    return paragraph(words, kind="under") if words else Html("", "")


def within_words(one: WorkloadAssessment) -> str:
    """The same as plain text; nothing where nothing was simulated."""
    found = one.latency.ranges if one.latency else None
    if found is None or one.cost is None:
        return ""
    low, high = found.cost_month
    start_low, start_high = found.startup_ms
    parts = (
        f"p95 {_between(*found.p95_ms)}",
        f"p99 {_between(*found.p99_ms)}",
        f"cold starts {share(found.cold_start_ratio[0])} to {share(found.cold_start_ratio[1])} of requests",
        f"Cloud Run {money(low, one.cost.currency)} to {money(high, one.cost.currency)} a month",
    )
    bursts = f"p99 up to {milliseconds(found.bursts_p99_ms)} where requests come in bursts: {found.bursts}"
    return (
        f"A start of {start_low / 1000:.2g} to {start_high / 1000:.2g} s (95 % of what is like it) makes of this: "
        f"{', '.join(parts)}. {bursts[0].upper()}{bursts[1:]}."
    )


def _between(low: float, high: float) -> str:
    return f"{milliseconds(low)} to {milliseconds(high)}"


def _other(point: Point | None, best: Point, which: str, currency: str) -> str:
    if point is None:
        return f"{which} no configuration that was looked at would do"
    less = best.cost_month - point.cost_month
    if abs(less) < CENT:
        return f"{which} it would be the same price"
    return f"{which} it would cost about {money(abs(less), currency)} a month {'less' if less > 0 else 'more'}"


def _wish(p99_ms: float) -> str:
    return f"a p99 of at most {milliseconds(p99_ms)}"


def _more(dear: Point, cheap: Point, currency: str) -> str:
    return f"Cloud Run costs {money(dear.cost_month - cheap.cost_month, currency)} a month more"
