"""What a set of workloads is worth a month: what the bill really loses, less what comes on it, less the work.

What comes is Cloud Run, whose free tier counts once over the set, and the paths to what stays (``hops``). Work counts
at the config's engineer rate: hours that leave each month less those that come (``labour``), and the effort of the
move, spread over ``[plan] payback_months``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from k2cr_analysis.assessment.result import Assessment, WorkloadAssessment
from k2cr_analysis.model.money import LineItem
from k2cr_analysis.planning.crossing_calls import INSIDE, Hops, Key
from k2cr_analysis.planning.effort.labour import HOURS_PER_DAY, ClusterWork, engineer_rate, hours_spared, own_hours
from k2cr_analysis.planning.gone import NodeGone
from k2cr_analysis.pricing.cloud_run.free_tier import FreeTier, free_tier
from k2cr_analysis.pricing.packing.avoidable import Avoidable, Removal

EFFORT_ASSUMPTION = "the effort of the move is spread over {months} months, at {hours} hours a day"

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A workload that can move at a known price. ``cluster``: which of the fleet's snapshots it is in."""

    cluster: int
    assessed: WorkloadAssessment
    cloud_run_month: Decimal
    effort_month: Decimal
    work_month: Decimal = _ZERO  # of its own hours: those that come less those that leave

    @property
    def cost_month(self) -> Decimal:
        """All that moving it costs by itself; below 0 where it spares more work than it costs."""
        return self.cloud_run_month + self.effort_month + self.work_month

    @property
    def key(self) -> Key:
        return (self.cluster, self.assessed.id)

    @property
    def id(self) -> str:
        return self.assessed.id

    @property
    def attributed_month(self) -> Decimal:
        cost = self.assessed.cost
        return _ZERO if cost is None or cost.gke_attributed_month is None else cost.gke_attributed_month

    @property
    def paper_saving_month(self) -> Decimal:
        return self.attributed_month - self.cloud_run_month

    @property
    def effort_days(self) -> float:
        return self.assessed.effort_days or 0.0


@dataclass(frozen=True, slots=True)
class Worth:
    """A set's money a month; ``avoided`` and what hangs on it are None where it cannot be told which nodes go."""

    avoided: Decimal | None
    cloud_run: Decimal  # after the free tier
    free: Decimal
    effort: Decimal
    removals: tuple[Removal, ...]
    hops: tuple[Key, ...]  # what stays and is called by what moves
    hops_month: Decimal
    hours: float = 0.0  # that leave each month, less those that come
    labour: Decimal = _ZERO  # these hours in money; 0 without a rate

    @property
    def realised(self) -> Decimal | None:
        return None if self.avoided is None else self.avoided - self.cloud_run - self.hops_month

    @property
    def objective(self) -> Decimal | None:
        return None if self.realised is None else self.realised + self.labour - self.effort


class Fleet:
    """The clusters of one billing account, with the candidates of all.

    ``avoidables``: what leaves each cluster's bill, where not today's bill but another one is to be compared with.
    """

    def __init__(
        self,
        assessments: Sequence[Assessment],
        avoidables: Sequence[Avoidable] | None = None,
        hops: Hops | None = None,
    ) -> None:
        self.assessments = tuple(assessments)
        found_on = avoidables or [a.avoidable for a in assessments]
        self.avoidables: tuple[Avoidable, ...] = tuple(
            avoidable.with_holds(holding(a)) for a, avoidable in zip(assessments, found_on, strict=True)
        )
        found = tuple(c for number, a in enumerate(assessments) for c in _candidates(number, a))
        # Of what leaves the bill at an unknown price nothing can be promised; where that is all, no figure is made.
        self.candidates = tuple(c for c in found if self.avoidables[c.cluster].is_told(c.id)) or found
        self.hops = Hops.of(assessments) if hops is None else hops
        self.work = tuple(
            ClusterWork.of(a, avoidable) for a, avoidable in zip(assessments, self.avoidables, strict=True)
        )
        self.paths = self.hops.dearer_by([work.path * work.rate for work in self.work])
        self.names = cluster_names(assessments)
        self._prices = assessments[0].prices

    def on(self, avoidables: Sequence[Avoidable]) -> Fleet:
        """The same clusters on other bills; what calls what does not hang on them."""
        return Fleet(self.assessments, avoidables, self.hops)

    def worth(self, chosen: Iterable[Candidate]) -> Worth:
        """Exact money of a set."""
        found = tuple(chosen)
        removals = tuple(
            avoidable.together(c.id for c in found if c.cluster == number)
            for number, avoidable in enumerate(self.avoidables)
        )
        known = [r.month for r in removals if r.month is not None]
        gross = sum((c.cloud_run_month for c in found), _ZERO)
        free = self.free_tier_of(found).month
        gone = {number for number, removal in enumerate(removals) if removal.cluster_goes}
        hops = tuple(key for key in self.hops.reached(c.key for c in found) if key[0] not in gone or key[1] == INSIDE)
        hours, labour = hours_spared(self.work, found, removals, hops)
        return Worth(
            avoided=sum(known, _ZERO) if len(known) == len(removals) else None,
            cloud_run=gross - free,
            free=free,
            effort=sum((c.effort_month for c in found), _ZERO),
            removals=removals,
            hops=hops,
            hops_month=self.hops.price(hops),
            hours=hours,
            labour=labour,
        )

    def nodes_going(self, chosen: Iterable[Candidate]) -> tuple[NodeGone, ...]:
        """Each node that goes with a set, cluster by cluster."""
        found = tuple(chosen)
        return tuple(
            NodeGone(self.names[number], pool, node, self.assessments[number].bill.node_month.get(node, _ZERO))
            for number, avoidable in enumerate(self.avoidables)
            for pool, node in avoidable.nodes_going(c.id for c in found if c.cluster == number)
        )

    def avoided_items(self, chosen: Iterable[Candidate]) -> tuple[LineItem, ...]:
        """What leaves the bills with a set, line by line; each names its cluster where there are several."""
        found = tuple(chosen)
        items = [
            (number, item)
            for number, avoidable in enumerate(self.avoidables)
            for item in avoidable.items(c.id for c in found if c.cluster == number)
        ]
        if len(self.names) == 1:
            return tuple(item for _, item in items)
        return tuple(replace(item, sku=f"{self.names[number]}: {item.sku}") for number, item in items)

    def held_month(self, chosen: Iterable[Candidate]) -> Decimal:
        """What the nodes that go would save more, if no committed use were paid for them."""
        found = tuple(chosen)
        return sum(
            (
                avoidable.held_by_commitment(c.id for c in found if c.cluster == number)
                for number, avoidable in enumerate(self.avoidables)
            ),
            _ZERO,
        )

    def free_tier_of(self, chosen: Iterable[Candidate]) -> FreeTier:
        items = (item for c in chosen if c.assessed.cost for item in c.assessed.cost.cloud_run_items)
        return free_tier(items, self._prices)


def cluster_names(assessments: Sequence[Assessment]) -> tuple[str, ...]:
    """A name for each cluster of a fleet: its own, with a number where another has it too or it has none."""
    own = [str(a.snapshot.get("cluster") or "cluster") for a in assessments]
    return tuple(name if own.count(name) == 1 else f"{name}#{number}" for number, name in enumerate(own, start=1))


def holding(assessment: Assessment) -> frozenset[str]:
    """The workloads that keep the cluster alive: all but those that belong to it by nature.

    A workload that the config keeps is somebody's wish, and so it holds the cluster.
    """
    return frozenset(
        w.id for w in assessment.workloads if w.fit.verdict != "keep" or assessment.config.workload(w.id).keep
    )


def _candidates(number: int, assessment: Assessment) -> Iterable[Candidate]:
    rate = engineer_rate(assessment) or _ZERO
    for assessed in assessment.workloads:
        cost = assessed.cost
        is_there = bool(assessed.workload.moved_to)  # what moved already is not proposed again
        if assessed.fit.moves and not is_there and cost is not None and cost.cloud_run_month is not None:
            days = Decimal(repr(assessed.effort_days or 0.0)) * HOURS_PER_DAY
            yield Candidate(
                number,
                assessed,
                cost.cloud_run_month,
                days * rate / assessment.config.plan.payback_months,
                -own_hours(assessed) * rate,
            )
