"""The hours of work that a set of workloads spares each month, and what they are worth.

Each workload's own hours leave and come with it. What is shared leaves a cluster with the last workload that holds it;
until then the nodes that go take their part of the on-call along. Two platforms are work for as long as a cluster stays
beside Cloud Run, once, however many move; each workload that stays and is called from Cloud Run has a path to be kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Protocol

from k2cr_analysis.assessment.result import Assessment, WorkloadAssessment
from k2cr_analysis.model.toil import ToilItem
from k2cr_analysis.operability.toil import own_leaves, shared_leaves
from k2cr_analysis.pricing.packing.avoidable import Avoidable, Removal

HOURS_PER_DAY = 8
UPGRADES, POOLS, NODES = "cluster upgrades", "node pools", "on-call for nodes"
PATHS, PLATFORMS = "path between the two platforms", "two platforms beside each other"

_ZERO = Decimal(0)


class Moving(Protocol):
    @property
    def cluster(self) -> int: ...
    @property
    def assessed(self) -> WorkloadAssessment: ...


@dataclass(frozen=True, slots=True)
class ClusterWork:
    """Hours a month: of one ``node``; ``shared``, that end with the cluster; of a ``path`` to what stays; and of
    ``two_platforms``. ``rate``: money an hour, 0 where none was given."""

    node: Decimal
    shared: Decimal
    path: Decimal
    two_platforms: Decimal
    rate: Decimal

    @classmethod
    def of(cls, assessment: Assessment, avoidable: Avoidable) -> ClusterWork:
        """``avoidable``: on which nodes the cluster is; fewer of them are less work than today's."""
        toil = assessment.config.rates.toil
        shared = sum((hours(i.hours_month) for i in shared_of(assessment, avoidable)), _ZERO)
        return cls(
            hours(toil.node),
            shared,
            hours(toil.path_between_platforms),
            hours(toil.two_platforms),
            engineer_rate(assessment) or _ZERO,
        )

    @property
    def node_month(self) -> Decimal:
        return self.node * self.rate


def hours_spared(
    work: Sequence[ClusterWork], chosen: Sequence[Moving], removals: Sequence[Removal], hops: Iterable[tuple[int, str]]
) -> tuple[float, Decimal]:
    """(hours a month that leave less those that come, the same in money). ``hops``: what stays and is called."""
    if not chosen:
        return 0.0, _ZERO
    spared = [_ZERO for _ in work]
    for one in chosen:
        spared[one.cluster] += own_hours(one.assessed)
    for number, removal in enumerate(removals):
        spared[number] += work[number].shared if removal.cluster_goes else work[number].node * removal.node_count
    for number, _ in hops:
        spared[number] -= work[number].path
    if not all(r.cluster_goes for r in removals):
        # One team: the second platform is one more, however many clusters stay.
        most = max(range(len(work)), key=lambda n: work[n].two_platforms)
        spared[most] -= work[most].two_platforms
    money = sum((hours * one.rate for hours, one in zip(spared, work, strict=True)), _ZERO)
    return float(sum(spared, _ZERO)), money


def shared_of(assessment: Assessment, avoidable: Avoidable) -> Iterator[ToilItem]:
    """The work on the cluster itself, on the nodes that ``avoidable`` has, or on none where pods are billed."""
    toil = assessment.config.rates.toil
    for item in shared_leaves(assessment.cluster, toil):
        if assessment.cluster.is_autopilot or item.item not in (UPGRADES, NODES, POOLS):
            yield item
        elif avoidable.by_pod:
            if item.item == UPGRADES:
                yield replace(item, hours_month=toil.cluster_upgrade_autopilot, evidence="on Autopilot")
        elif item.item == NODES:
            nodes = sum(len(p.node_names) for p in avoidable.pools)
            yield replace(item, hours_month=round(toil.node * nodes, 2), evidence=f"{nodes} nodes")
        else:
            yield item


def own_hours(assessed: WorkloadAssessment) -> Decimal:
    """The workload's own hours a month that leave, less those that come; paths are counted over the set."""
    leaves = sum((hours(i.hours_month) for i in assessed.operability.leaves if not i.shared), _ZERO)
    comes = (i for i in assessed.operability.comes if not i.shared and i.item != PATHS)
    return leaves - sum((hours(i.hours_month) for i in comes), _ZERO)


def own_hours_today(assessment: Assessment) -> Decimal:
    """Hours a month that the workloads of a cluster make today, each by itself, those that cannot move among them."""
    toil = assessment.config.rates.toil
    return sum((hours(i.hours_month) for w in assessment.cluster.workloads for i in own_leaves(w, toil)), _ZERO)


def hours(value: float) -> Decimal:
    return Decimal(repr(round(value, 6)))


def engineer_rate(assessment: Assessment) -> Decimal | None:
    """What an engineer's hour costs, in the bill's currency; None where the config has no rate, or one in another."""
    rates = assessment.config.rates
    return rates.engineer_hour if rates.currency in (None, assessment.bill.currency) else None
