"""The grid search on a workload's page: run where there is something to choose, and what a faster p99 costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from k2cr_analysis.assessment import recommend
from k2cr_analysis.assessment.result import Assessment, WorkloadAssessment
from k2cr_analysis.report.display import Html, paragraph
from k2cr_analysis.report.wording import milliseconds, money

if TYPE_CHECKING:
    from k2cr_analysis.latency.recommend import Point, Recommendation

PAGE_ROUNDS = 2  # a page has no time for the third
TIGHT_MS, LOOSE_MS = 300.0, 500.0


def recommended(assessed: Assessment, one: WorkloadAssessment) -> Recommendation | None:
    """The search for one workload; None where it becomes no service, or its latency or cost is not known."""
    after = one.latency.cloud_run if one.latency else None
    known = after is not None and after.p99_ms is not None and one.cost is not None
    if not known or one.cost is None or one.cost.cloud_run_month is None or one.id not in assessed.traffic:
        return None
    return recommend(assessed, one.id, rounds=PAGE_ROUNDS)


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


def _wish(p99_ms: float) -> str:
    return f"a p99 of at most {milliseconds(p99_ms)}"


def _more(dear: Point, cheap: Point, currency: str) -> str:
    return f"Cloud Run costs {money(dear.cost_month - cheap.cost_month, currency)} a month more"
