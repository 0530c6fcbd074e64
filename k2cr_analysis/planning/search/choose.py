"""Which workloads move: exact on small inputs, proved where OR-Tools is there, greedy with local search beyond.

Up to ``EXACT_UP_TO`` candidates every set is tried. Beyond, each pool proposes the sets that free 1, 2, ... nodes
at the least cost (``covers``); the best of each pool are joined, and pool by pool exchanged for the next best where the
exact worth of the whole rises; so are all candidates, which is what empties a cluster. At last single workloads
come in or go out, with those that they call or that call them (``single_moves``). The number of trials is fixed: the
same input gives the same plan on every machine. Where a gap is left and the extra ``planner`` is installed, OR-Tools
closes it (``proof``); the plan says which way it was made. Up to ``branches.UP_TO`` candidates every set is tried or
ruled out first (``branches``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import compress, product

from k2cr_analysis.planning.search.branches import UP_TO, branched
from k2cr_analysis.planning.search.covers import ClusterCovers, Cover, bound_by_effort, cluster_covers, upper_bound
from k2cr_analysis.planning.search.proof import prove
from k2cr_analysis.planning.search.single_moves import objective_of, with_hops_settled, with_singles
from k2cr_analysis.planning.worth import Candidate, Fleet

EXACT_UP_TO = 10
_COVERS_TRIED = 12  # of each pool, in each of
_ROUNDS = 3
_PARTS = (0.9, 0.7, 0.5, 0.3, 0.1)
_NO_COVER = Cover(0.0, 0, ())
_TWICE_UP_TO = 500  # candidates: searched from even shares of hops too
_EQUAL = Decimal("0.00001")  # the bound is worked out in floats

_FREE_MATTERS = Decimal("0.05")  # of the bound

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Choice:
    """``objective`` and ``bound`` money a month; None where it cannot be told which nodes go."""

    chosen: tuple[Candidate, ...]
    objective: Decimal | None
    bound: Decimal | None
    method: str

    @property
    def gap(self) -> float | None:
        """(bound - objective) / bound; 0 where nothing can be gained."""
        if self.objective is None or self.bound is None:
            return None
        return float((self.bound - self.objective) / self.bound) if self.bound > 0 else 0.0


def choose(fleet: Fleet, exact_up_to: int = EXACT_UP_TO) -> Choice:
    """The set with the greatest objective that the search finds; an empty one where no move pays."""
    if not fleet.candidates:
        return Choice((), _ZERO, _ZERO, "nothing can move")
    if fleet.worth(fleet.candidates).objective is None:
        # It cannot be told which nodes go: what pays on paper is proposed, and nothing is promised.
        paying = (c for c in fleet.candidates if c.paper_saving_month > c.cost_month - c.cloud_run_month)
        return Choice(tuple(paying), None, None, "what pays on paper: nothing tells which nodes go")
    if len(fleet.candidates) <= exact_up_to:
        return _exact(fleet)
    chosen, bound = _searched(fleet, cluster_covers(fleet))
    if objective_of(fleet, chosen) < bound - _EQUAL and fleet.hops.calls and len(fleet.candidates) <= _TWICE_UP_TO:
        # What is best for parts of workloads may not be for whole ones, where pools are small.
        other, other_bound = _searched(fleet, cluster_covers(fleet, even_hops=True))
        chosen, bound = _best(fleet, [chosen, other]), min(bound, other_bound)
    free = fleet.free_tier_of(fleet.candidates).month
    if objective_of(fleet, chosen) < bound - _EQUAL and free > bound * _FREE_MATTERS:
        bound = min(bound, *(_money(bound_by_effort(fleet, even_hops)) for even_hops in (False, True)))
    bound = _with_second_platform(fleet, bound)
    objective, method = objective_of(fleet, chosen), "local search; bound by Lagrangian decomposition"
    if objective < bound - _EQUAL and len(fleet.candidates) <= UP_TO:
        found = branched(fleet, chosen)
        chosen, objective = found.chosen, objective_of(fleet, found.chosen)
        if found.proved:
            return Choice(_in_order(chosen), objective, objective, "every set tried or ruled out")
    if objective < bound - _EQUAL and (proof := prove(fleet)) is not None:
        chosen = max(chosen, proof.chosen, key=lambda c: objective_of(fleet, c))  # the first of equals
        objective, bound = objective_of(fleet, chosen), min(bound, _with_second_platform(fleet, proof.bound))
        method = f"local search, then {proof.solver}"
    return Choice(_in_order(chosen), objective, bound if bound > objective + _EQUAL else objective, method)


def _searched(fleet: Fleet, clusters: Sequence[ClusterCovers]) -> tuple[tuple[Candidate, ...], Decimal]:
    """The best set found from these covers, and their bound."""
    joined, bound = _joined(fleet, clusters), _money(upper_bound(fleet, clusters))
    chosen = _best(fleet, [(), *_wholes(fleet, clusters, joined), joined])
    if objective_of(fleet, chosen) < bound - _EQUAL:
        chosen = with_singles(fleet, with_hops_settled(fleet, chosen))
    return chosen, bound


def _with_second_platform(fleet: Fleet, bound: Decimal) -> Decimal:
    """The bound less the work on a second platform, where some cluster stays beside Cloud Run whatever moves."""
    for number, avoidable in enumerate(fleet.avoidables):
        here = {c.id for c in fleet.candidates if c.cluster == number}
        if not avoidable.can_go or not avoidable.holds <= here:
            return max(bound - max(work.two_platforms * work.rate for work in fleet.work), _ZERO)
    return bound


def _money(amount: float) -> Decimal:
    return Decimal(repr(round(amount, 6)))


def _exact(fleet: Fleet) -> Choice:
    """Every set, the smaller first among equals; its objective is its own bound."""
    picks = product((False, True), repeat=len(fleet.candidates))
    best = _best(fleet, (tuple(compress(fleet.candidates, picked)) for picked in picks))
    objective = objective_of(fleet, best)
    return Choice(_in_order(best), objective, objective, "every set tried")


def _joined(fleet: Fleet, clusters: Sequence[ClusterCovers]) -> tuple[Candidate, ...]:
    """A set for each pool, then pool by pool the one that is best beside the others'.

    It starts from the better of: the best cover of each pool by itself, and those that leave for the most part where
    parts of workloads may.
    """
    pools = [pool for cluster in clusters for pool in cluster.pools]
    alone = [c for cluster in clusters for c in cluster.paying_alone]
    by_pool = [max([_NO_COVER, *pool.covers()], key=lambda cover: cover.worth).candidates for pool in pools]
    relaxed = [_union([c for cluster in clusters for c in cluster.mostly_leaving(part)]) for part in _PARTS]
    best = _best(fleet, [_union([*alone, *found]) for found in ([c for p in by_pool for c in p], *relaxed)])
    taken = [tuple(c for c in best if pool.has(c)) for pool in pools]
    objective = objective_of(fleet, best)
    for _ in range(_ROUNDS):
        before = objective
        for number, pool in enumerate(pools):
            others = [c for n, found in enumerate(taken) if n != number for c in found]
            for cover in (_NO_COVER, *pool.covers({c.key for c in others})[:_COVERS_TRIED]):
                trial = _union([*alone, *others, *cover.candidates])
                reached = objective_of(fleet, trial)
                if reached > objective:
                    taken[number], best, objective = cover.candidates, trial, reached
        if objective == before:
            break
    return best


def _wholes(
    fleet: Fleet, clusters: Sequence[ClusterCovers], joined: Sequence[Candidate]
) -> Iterator[tuple[Candidate, ...]]:
    """Clusters emptied: those that hold one, beside what is best for the others; and all of them."""
    for number, _ in enumerate(clusters):
        holds = fleet.avoidables[number].holds
        must = [c for c in fleet.candidates if c.cluster == number and c.id in holds]
        if len(must) == len(holds):
            yield _union([*must, *(c for c in joined if c.cluster != number)])
    yield fleet.candidates


def _best(fleet: Fleet, proposals: Iterable[tuple[Candidate, ...]]) -> tuple[Candidate, ...]:
    best: tuple[Candidate, ...] = ()
    best_objective = objective_of(fleet, best)
    for proposal in proposals:
        objective = objective_of(fleet, proposal)
        if objective > best_objective or (objective == best_objective and len(proposal) < len(best)):
            best, best_objective = proposal, objective
    return best


def _union(candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
    return tuple({c.key: c for c in candidates}.values())


def _in_order(chosen: Iterable[Candidate]) -> tuple[Candidate, ...]:
    return tuple(sorted(chosen, key=lambda c: c.key))
