"""Every set of a middling number of candidates, but those that cannot be better than what is found already.

Candidates are decided one by one, the dearest first. What leaves the bill with a set is no more than what leaves with
it and all that is undecided, and it costs no less than those decided: where that does not beat the best set, no set of
the branch does. Where the trials run out first, the best set stands, and nothing is proved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from k2cr_analysis.planning.search.single_moves import objective_of
from k2cr_analysis.planning.worth import Candidate, Fleet

UP_TO = 16  # candidates
TRIALS = 2_500

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Branched:
    """``proved``: no set is better than ``chosen``."""

    chosen: tuple[Candidate, ...]
    proved: bool


def branched(fleet: Fleet, start: Sequence[Candidate]) -> Branched:
    """The best set, from one that is known on."""
    search = _Branches(fleet, tuple(start))
    search.go((), 0, search.avoided(search.order))
    return Branched(search.best, search.trials > 0)


class _Branches:
    def __init__(self, fleet: Fleet, start: tuple[Candidate, ...]) -> None:
        self.order = tuple(sorted(fleet.candidates, key=lambda c: (-c.cost_month, c.key)))
        self.best, self.trials = start, TRIALS
        self._fleet, self._objective = fleet, max(objective_of(fleet, start), _ZERO)
        self._free = fleet.free_tier_of(fleet.candidates).month

    def avoided(self, leaving: Sequence[Candidate]) -> Decimal:
        """What leaves the bill, and the shared work that leaves with it."""
        self.trials -= 1
        worth = self._fleet.worth(leaving)
        shared = (
            work.shared * work.rate if removal.cluster_goes else work.node_month * removal.node_count
            for work, removal in zip(self._fleet.work, worth.removals, strict=True)
        )
        return (worth.avoided or _ZERO) + sum(shared, _ZERO)

    def go(self, chosen: tuple[Candidate, ...], decided: int, most: Decimal) -> None:
        """``most``: what leaves the bill when all that are undecided leave too."""
        cost = sum((c.cost_month for c in chosen), _ZERO)
        spared = sum((min(c.cost_month, _ZERO) for c in self.order[decided:]), _ZERO)
        if self.trials <= 0 or most - cost - spared + self._free <= self._objective:
            return
        if decided == len(self.order):
            self.trials -= 1
            reached = objective_of(self._fleet, chosen)
            if reached > self._objective:
                self.best, self._objective = chosen, reached
            return
        candidate, rest = self.order[decided], self.order[decided + 1 :]
        self.go(chosen, decided + 1, self.avoided((*chosen, *rest)))
        self.go((*chosen, candidate), decided + 1, most)
