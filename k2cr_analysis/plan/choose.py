"""Which workloads move: exact on small inputs, greedy with local search beyond.

Up to ``EXACT_UP_TO`` candidates every set is tried. Beyond, the candidates are taken in the order of what they are
worth in the bound's own terms (``relaxation``), prefixes of that order are proposals, and so are all candidates, which
is what empties a cluster; the best proposal is then improved by single workloads that come in or go out.
The number of trials is fixed, so that the same input gives the same plan on every machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import compress, product

from k2cr_analysis.plan.relaxation import ClusterTerms, cluster_terms, upper_bound
from k2cr_analysis.plan.worth import Candidate, Fleet

EXACT_UP_TO = 10
_PROPOSALS = 48
_TRIALS = 400

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Choice:
    """``objective`` and ``bound`` money a month; None where it cannot be told which nodes go."""

    chosen: tuple[Candidate, ...]
    objective: Decimal | None
    bound: Decimal | None

    @property
    def gap(self) -> float | None:
        """(bound - objective) / bound; 0 where nothing can be gained."""
        if self.objective is None or self.bound is None:
            return None
        return float((self.bound - self.objective) / self.bound) if self.bound > 0 else 0.0


def choose(fleet: Fleet) -> Choice:
    """The set with the greatest objective that the search finds; an empty one where no move pays."""
    if not fleet.candidates:
        return Choice((), _ZERO, _ZERO)
    if fleet.worth(fleet.candidates).objective is None:
        # It cannot be told which nodes go: what pays on paper is proposed, and nothing is promised.
        paying = (c for c in fleet.candidates if c.paper_saving_month > c.effort_month)
        return Choice(tuple(paying), None, None)
    if len(fleet.candidates) <= EXACT_UP_TO:
        return _exact(fleet)
    clusters = cluster_terms(fleet)
    chosen = _improved(fleet, _best(fleet, _proposals(fleet, clusters)), clusters)
    objective = _objective(fleet, chosen)
    bound = max(Decimal(repr(round(upper_bound(fleet, clusters), 6))), objective)
    return Choice(_in_order(chosen), objective, bound)


def _exact(fleet: Fleet) -> Choice:
    """Every set, the smaller first among equals; its objective is its own bound."""
    sets = (
        tuple(compress(fleet.candidates, picked)) for picked in product((False, True), repeat=len(fleet.candidates))
    )
    best = _best(fleet, sets)
    objective = _objective(fleet, best)
    return Choice(_in_order(best), objective, objective)


def _proposals(fleet: Fleet, clusters: Sequence[ClusterTerms]) -> Iterable[tuple[Candidate, ...]]:
    """Nothing, everything, each cluster by itself, and prefixes of three orders."""
    yield ()
    yield fleet.candidates
    for cluster in clusters:
        yield cluster.candidates
    worth = {
        c.key: float(v - cost) for cl in clusters for c, v, cost in zip(cl.candidates, cl.value, cl.cost, strict=True)
    }
    share = {
        c.key: float(v / max(cost, 0.01))
        for cl in clusters
        for c, v, cost in zip(cl.candidates, cl.value, cl.cost, strict=True)
    }
    orders = (
        sorted(fleet.candidates, key=lambda c: (-worth[c.key], c.key)),
        sorted(fleet.candidates, key=lambda c: (-share[c.key], c.key)),
        sorted(fleet.candidates, key=lambda c: (-(c.paper_saving_month - c.effort_month), c.key)),
    )
    step = max(1, len(fleet.candidates) // _PROPOSALS)
    for order in orders:
        for end in range(step, len(order), step):
            yield tuple(order[:end])


def _best(fleet: Fleet, proposals: Iterable[tuple[Candidate, ...]]) -> tuple[Candidate, ...]:
    best: tuple[Candidate, ...] = ()
    best_objective = _objective(fleet, best)
    for proposal in proposals:
        objective = _objective(fleet, proposal)
        if objective > best_objective or (objective == best_objective and len(proposal) < len(best)):
            best, best_objective = proposal, objective
    return best


def _improved(fleet: Fleet, start: tuple[Candidate, ...], clusters: Sequence[ClusterTerms]) -> tuple[Candidate, ...]:
    """Single workloads in or out, the most promising first, while that helps and trials are left."""
    worth = {
        c.key: float(v - cost) for cl in clusters for c, v, cost in zip(cl.candidates, cl.value, cl.cost, strict=True)
    }
    chosen = {c.key: c for c in start}
    objective, trials = _objective(fleet, chosen.values()), _TRIALS
    while trials > 0:
        before = objective
        # The least worth of those inside may go; the most worth of those outside may come.
        order = sorted(fleet.candidates, key=lambda c: (worth[c.key] if c.key in chosen else -worth[c.key], c.key))
        for candidate in order[:trials]:
            trials -= 1
            other = {k: c for k, c in chosen.items() if k != candidate.key}
            if candidate.key not in chosen:
                other[candidate.key] = candidate
            reached = _objective(fleet, other.values())
            if reached > objective:
                chosen, objective = other, reached
        if objective == before:
            break
    return tuple(chosen.values())


def _objective(fleet: Fleet, chosen: Iterable[Candidate]) -> Decimal:
    objective = fleet.worth(chosen).objective
    assert objective is not None, "checked for all candidates before the search"
    return objective


def _in_order(chosen: Iterable[Candidate]) -> tuple[Candidate, ...]:
    return tuple(sorted(chosen, key=lambda c: c.key))
