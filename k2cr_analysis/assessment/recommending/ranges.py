"""What a configuration's figures would be where what nobody measured is otherwise: its start, and bursts in a period.

The start is a range (``start_priors.py``: 95 %), and what hangs on it gets one too: each end is simulated beside the
middle, on the same requests with the same work, and the differences are what the range is made of.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from k2cr_analysis.assessment.result import Ranges
from k2cr_analysis.latency.month.unevenness import in_bursts, unevenness

if TYPE_CHECKING:
    from k2cr_analysis.assessment.recommending.question import Question
    from k2cr_analysis.latency.month.requests import Load
    from k2cr_analysis.latency.month.store import MonthStore
    from k2cr_analysis.latency.month.summary import MonthFigures
    from k2cr_analysis.latency.search.search import Point

_REQUESTS = 40_000.0  # of each run: differences between runs of the same draws are known well


@dataclass(frozen=True, slots=True)
class _Asked:
    """One configuration whose ends are simulated."""

    best: Point
    question: Question
    load: Load
    store: MonthStore
    seed: int

    def month(self, startup_s: float, load: Load | None = None) -> MonthFigures:
        from k2cr_analysis.latency.load.service_time import service_on

        service, of_load = self.question.basis.service, load or self.load
        if service is None:
            raise ValueError("nothing to simulate: no request's time is known")
        config = service_on(self.best.shape, service, startup_s)
        with self.store.opened(of_load, service, startup_s, self.seed) as months:
            return months.month(config, _REQUESTS)

    def cost(self, month: MonthFigures) -> Decimal:
        return self.question.cost(self.best.shape, month.timeline)


def ranges_of(best: Point, question: Question, load: Load, store: MonthStore, seed: int = 1) -> Ranges:
    """The ranges of the configuration that is recommended."""
    start = question.basis.startup
    asked = _Asked(best, question, load, store, seed)
    middle = asked.month(start.ready_ms / 1000.0)
    ends = [asked.month(ms / 1000.0) for ms in (start.low_ms, start.high_ms)]
    how = unevenness(load)
    bursty = None if how.parts == 1 else asked.month(start.ready_ms / 1000.0, in_bursts(load, how))
    costs = [best.cost_month + asked.cost(end) - asked.cost(middle) for end in ends]
    return Ranges(
        startup_ms=(start.low_ms, start.high_ms),
        p95_ms=_scaled(best.p95_ms, middle.p95_ms, [end.p95_ms for end in ends]),
        p99_ms=_scaled(best.p99_ms, middle.p99_ms, [end.p99_ms for end in ends]),
        cold_start_ratio=_shifted(best.cold_start_ratio, middle.cold_start_ratio, [e.cold_start_ratio for e in ends]),
        cost_month=(min(best.cost_month, *costs), max(best.cost_month, *costs)),
        bursts_p99_ms=best.p99_ms if bursty is None else max(best.p99_ms, best.p99_ms * bursty.p99_ms / middle.p99_ms),
        bursts=str(how),
    )


def _scaled(value: float, middle: float, ends: list[float]) -> tuple[float, float]:
    found = [value * end / middle if middle > 0.0 else value for end in ends]
    return min(value, *found), max(value, *found)


def _shifted(value: float, middle: float, ends: list[float]) -> tuple[float, float]:
    found = [min(max(value + end - middle, 0.0), 1.0) for end in ends]
    return min(value, *found), max(value, *found)
