"""The best set proved by OR-Tools' CP-SAT, where the extra ``planner`` is installed: a program in whole numbers.

It allows what the nodes allow by load and by large pods (``pool_problem``), so that its optimum is a bound. A
set of it that the packer needs more nodes for is forbidden by a cut, and the program is solved again: of the workloads
that stay in that pool at least one more must leave for so many nodes to go (Benders' decomposition with combinatorial
cuts). One worker, one seed, and time counted in the solver's own steps: the same input gives the same plan.

Money is in ten thousandths, nodes in millionths; costs and requirements are rounded down, gains and what is freed up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from importlib.metadata import PackageNotFoundError, version
from math import ceil, floor
from typing import Any

from k2cr_analysis.model.money import total
from k2cr_analysis.planning.crossing_calls import INSIDE, Key
from k2cr_analysis.planning.search.least_cover import SLACK
from k2cr_analysis.planning.search.pool_problem import PoolProblem
from k2cr_analysis.planning.worth import Candidate, Fleet
from k2cr_analysis.pricing.cloud_run.free_tier import COMPUTE_UNITS, free_tier
from k2cr_analysis.pricing.packing.avoidable import Avoidable, PackedPool

PROVED_UP_TO = 500  # candidates: beyond, a few steps still better the set and the bound, and seldom prove it
TRIED_UP_TO = 5000
ROUNDS = 60
STEPS, STEPS_BEYOND = 10.0, 2.0  # of the solver's deterministic time, over all rounds
_MONEY, _NODES = 10_000, 1_000_000
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Proof:
    """The best of the sets that the solver proposed, and what no set is above. Money a month."""

    chosen: tuple[Candidate, ...]
    bound: Decimal
    solver: str


def prove(fleet: Fleet) -> Proof | None:
    """The best set and a bound; None without OR-Tools, or with more candidates than ``TRIED_UP_TO``."""
    if len(fleet.candidates) > TRIED_UP_TO:
        return None
    try:
        from ortools.sat.python import cp_model
    except ImportError:
        return None
    return _Program(fleet, cp_model).run()


def solver_name() -> str | None:
    """OR-Tools with its version; None where it is not installed."""
    try:
        return f"OR-Tools {version('ortools')}, CP-SAT"
    except PackageNotFoundError:
        return None


class _Program:
    def __init__(self, fleet: Fleet, cp_model: Any) -> None:
        self._fleet, self._cp = fleet, cp_model
        self._model = cp_model.CpModel()
        self._leaves = {c.key: self._model.new_bool_var(str(c.key)) for c in fleet.candidates}
        self._gain: list[Any] = [-floor(c.cost_month * _MONEY) * self._leaves[c.key] for c in fleet.candidates]
        self._goes = [self._cluster_goes(n, a) for n, a in enumerate(fleet.avoidables)]
        self._freed: list[tuple[PackedPool, frozenset[str], list[tuple[int, Any]]]] = []
        for number, avoidable in enumerate(fleet.avoidables):
            self._nodes(number, avoidable)
        self._hops()
        self._free_tier()
        self._model.maximize(sum(self._gain))

    def run(self) -> Proof | None:
        best: tuple[Candidate, ...] = ()
        best_worth, bound = _ZERO, None
        left = STEPS if len(self._fleet.candidates) <= PROVED_UP_TO else STEPS_BEYOND
        for _ in range(ROUNDS):
            solver = self._cp.CpSolver()
            solver.parameters.num_workers, solver.parameters.random_seed = 1, 1
            solver.parameters.max_deterministic_time = left
            status = solver.solve(self._model)
            left -= solver.response_proto.deterministic_time
            if status not in (self._cp.OPTIMAL, self._cp.FEASIBLE):
                break
            bound = Decimal(int(solver.best_objective_bound)) / _MONEY
            chosen = tuple(c for c in self._fleet.candidates if solver.value(self._leaves[c.key]))
            reached = self._fleet.worth(chosen).objective
            if reached is not None and reached > best_worth:
                best, best_worth = chosen, reached
            cuts = self._cuts(solver, {c.key for c in chosen})
            if not cuts or left <= 0 or best_worth >= bound:
                break
        return None if bound is None else Proof(best, max(bound, best_worth), solver_name() or "CP-SAT")

    def _cluster_goes(self, number: int, avoidable: Avoidable) -> Any:
        """Whether all that hold the cluster leave, and with them the whole of it; None where they cannot."""
        must = [c for c in self._fleet.candidates if c.cluster == number and c.id in avoidable.holds]
        if not avoidable.can_go or len(must) < len(avoidable.holds) or avoidable.all_month is None:
            return None
        goes = self._model.new_bool_var(f"cluster {number} goes")
        for candidate in must:
            self._model.add_implication(goes, self._leaves[candidate.key])
        work = self._fleet.work[number]
        self._gain.append(ceil((avoidable.all_month + work.shared * work.rate) * _MONEY) * goes)
        return goes

    def _nodes(self, number: int, avoidable: Avoidable) -> None:
        """What leaves the bill while the cluster stays: pods by themselves, or nodes, up to what is paid on demand."""
        here, goes = [c for c in self._fleet.candidates if c.cluster == number], self._goes[number]
        stays = 1 if goes is None else goes.negated()
        for candidate in here:
            if month := avoidable.own_month(candidate.id):
                alone = self._model.new_bool_var(f"{candidate.key} alone")
                self._model.add(alone <= self._leaves[candidate.key])
                self._model.add(alone <= stays)
                self._gain.append(ceil(month * _MONEY) * alone)
        if avoidable.by_pod:
            return
        saved = []
        for pool in avoidable.pools:
            inside = [c for c in here if c.id in pool.groups]
            problem = PoolProblem.of(pool, [c.id for c in inside], self._fleet.work[number].node_month)
            counts = [self._model.new_bool_var(f"{pool.name} loses {n}") for n in problem.counts]
            self._model.add(sum(counts) <= stays)
            for column in range(problem.freed.shape[1]):
                freed = [ceil(v * _NODES) for v in problem.freed[:, column]]
                needed = [max(floor((v - SLACK) * _NODES), 0) for v in problem.needed[:, column]]
                left = sum(f * self._leaves[c.key] for f, c in zip(freed, inside, strict=True))
                self._model.add(left >= sum(n * going for n, going in zip(needed, counts, strict=True)))
            saved += [
                ceil(problem.node_month * n * _MONEY) * going for n, going in zip(problem.counts, counts, strict=True)
            ]
            ids = frozenset(c.id for c in inside)
            self._freed.append((pool, ids, list(zip(problem.counts, counts, strict=True))))
        spared = self._fleet.work[number].node_month * sum(len(p.node_names) for p in avoidable.pools)
        most = ceil((avoidable.on_demand_month + spared) * _MONEY)
        paid = self._model.new_int_var(0, most, f"nodes of cluster {number}")
        self._model.add(paid <= sum(saved))
        self._gain.append(paid)

    def _hops(self) -> None:
        """A workload that stays and is called by one that leaves costs its hop, unless its cluster goes."""
        callers: dict[Key, list[Key]] = {}
        for key in self._leaves:
            for target in self._fleet.paths.calls.get(key, ()):
                callers.setdefault(target, []).append(key)
        for target, keys in sorted(callers.items()):
            month, goes = self._fleet.paths.price([target]), self._goes[target[0]]
            if not month:
                continue
            hop = self._model.new_bool_var(f"hop to {target}")
            spared = self._leaves.get(target, 0) + (0 if goes is None or target[1] == INSIDE else goes)
            for key in keys:
                self._model.add(hop >= self._leaves[key] - spared)
            self._gain.append(-floor(month * _MONEY) * hop)

    def _free_tier(self) -> None:
        """For compute, and for each other unit by itself: no more than there is for all, nor than its lines."""
        costs = [(c.key, c.assessed.cost) for c in self._fleet.candidates if c.assessed.cost is not None]
        units = sorted({item.unit for _, cost in costs for item in cost.cloud_run_items} - set(COMPUTE_UNITS))
        for kinds in (COMPUTE_UNITS, *((unit,) for unit in units)):
            lines = {key: [i for i in cost.cloud_run_items if i.unit in kinds] for key, cost in costs}
            prices = self._fleet.assessments[0].prices
            most = free_tier((item for items in lines.values() for item in items), prices).month
            free = self._model.new_int_var(0, ceil(most * _MONEY), f"free {kinds[0]}")
            self._model.add(
                free <= sum(ceil(total(items) * _MONEY) * self._leaves[key] for key, items in lines.items())
            )
            self._gain.append(free)

    def _cuts(self, solver: Any, gone: set[Key]) -> int:
        """Forbid what the packer needs more nodes for; how many cuts there are."""
        made = 0
        for number, pool, able, counts in self._pools_of_clusters():
            chosen = next((n for n, going in counts if solver.value(going)), 0)
            left = frozenset(i for n, i in gone if n == number) & pool.groups.keys()
            if chosen and pool.going_count(left) < chosen:
                staying = _few_that_keep(pool, left, able, chosen)
                more = sum(self._leaves[number, i] for i in sorted(staying & able))
                self._model.add(more >= sum(going for n, going in counts if n >= chosen))
                made += 1
        return made

    def _pools_of_clusters(self) -> Iterable[tuple[int, PackedPool, frozenset[str], Sequence[tuple[int, Any]]]]:
        by_pool = {id(pool): (ids, counts) for pool, ids, counts in self._freed}
        for number, avoidable in enumerate(self._fleet.avoidables):
            for pool in avoidable.pools:
                yield (number, pool, *by_pool[id(pool)])


def _few_that_keep(pool: PackedPool, gone: frozenset[str], able: frozenset[str], count: int) -> frozenset[str]:
    """Workloads whose staying alone keeps the pool from losing ``count`` nodes; small ones are left out first."""
    sizes: Mapping[str, int] = {w: sum(g.cpu_millicores * g.pods for g in pool.groups[w]) for w in pool.groups}
    for identity in sorted(able - gone, key=lambda w: (sizes[w], w)):
        if pool.going_count(gone | {identity}) < count:
            gone |= {identity}
    return frozenset(pool.groups) - gone
