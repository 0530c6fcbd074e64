"""Calls that cross over: what services on Cloud Run need to reach a workload that stays on the cluster.

Each workload that stays and is called by one that moves needs a way in from the network: an internal load balancer, one
forwarding rule, whoever and however many call it. One that has such a balancer already needs no other. What moves and
is called by the name of its Service keeps that name behind one internal load balancer for all of a cluster
(``INSIDE``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from k2cr_analysis.assessment.called_names import called_names, calls_by_target
from k2cr_analysis.assessment.result import Assessment, WorkloadAssessment
from k2cr_analysis.model.dependency import Dependency
from k2cr_analysis.platforms.billing import HOURS_PER_MONTH

# cloud.google.com/load-balancing/pricing: one table of forwarding rules for internal passthrough Network Load Balancers
# and external Application Load Balancers. Here the rate of a global rule, one of the first five; further ones cost
# less, and a rule of a region may cost otherwise: [plan] hop_month says so.
RULE_METER = "network.alb.rule"
HOP_UNPRICED = (
    "no price of a forwarding rule in this region, and no [plan] hop_month: the internal load balancer in front of what"
    " stays and is called from Cloud Run is not in the saving"
)
INSIDE_PRICED = (
    "what moves and is called by the name of its Service goes on answering to it behind one internal Application Load"
    " Balancer for all: {month} a month for a forwarding rule; further ports, its proxies and the traffic through"
    " it are not priced"
)
HOP_PRICED = (
    "each workload that stays and is called from Cloud Run costs {month} a month: the forwarding rule of an"
    " internal load balancer; what it forwards is not priced"
)

Key = tuple[int, str]  # number of the cluster, workload id
INSIDE = "the internal load balancer of what moved"  # stands in the place of an id: one for each cluster
_ZERO = Decimal(0)


@dataclass(frozen=True)
class Hops:
    """``calls``: workload -> those that it calls and that have no balancer yet. ``month``: of one hop, by cluster."""

    calls: Mapping[Key, frozenset[Key]] = field(default_factory=dict)
    month: tuple[Decimal | None, ...] = ()

    @classmethod
    def of(cls, assessments: Iterable[Assessment]) -> Hops:
        found = tuple(assessments)
        calls: dict[Key, frozenset[Key]] = {}
        for number, assessment in enumerate(found):
            calls.update(crossing(number, assessment.workloads))
        return cls(calls, tuple(_month(a) for a in found))

    def reached(self, moved: Iterable[Key]) -> tuple[Key, ...]:
        """The workloads that stay and are called by those that move, in order."""
        gone = frozenset(moved)
        return tuple(sorted({target for key in gone for target in self.calls.get(key, ())} - gone))

    def dearer_by(self, more: Sequence[Decimal]) -> Hops:
        """The same with the work on each path beside its price, by cluster."""
        return Hops(self.calls, tuple((month or _ZERO) + m for month, m in zip(self.month, more, strict=True)))

    def price(self, targets: Iterable[Key]) -> Decimal:
        return sum((self.month[number] or _ZERO for number, _ in targets), _ZERO)


def crossing(number: int, workloads: Sequence[WorkloadAssessment]) -> dict[Key, frozenset[Key]]:
    """Of each workload that moves what it would need a way to; workloads that need none are not in it."""
    others = {w.id: w for w in workloads}
    made = calls_by_target(workloads)
    found = {(number, w.id): _called(number, w, others) | _called_by_name(number, w, made) for w in workloads}
    return {key: reached for key, reached in found.items() if reached}


def _called(number: int, assessed: WorkloadAssessment, others: Mapping[str, WorkloadAssessment]) -> frozenset[Key]:
    return frozenset(
        (number, edge.target)
        for edge in assessed.fit.dependencies
        if edge.in_cluster
        and edge.target != assessed.id
        and edge.target in others
        and not _has_balancer(others[edge.target], edge.service)
    )


def _called_by_name(
    number: int, assessed: WorkloadAssessment, made: Mapping[str, Sequence[Dependency]]
) -> frozenset[Key]:
    """The shared load balancer, where it is called by a name that it keeps."""
    names = called_names(assessed, made.get(assessed.id, ()))
    return frozenset({(number, INSIDE)}) if names else frozenset()


def _has_balancer(target: WorkloadAssessment, service: str | None) -> bool:
    """Whether the Service that is called can be reached from outside the cluster as it is."""
    return any(
        exposure.type == "LoadBalancer" and service in (None, exposure.service)
        for exposure in target.workload.exposures
    )


def _month(assessment: Assessment) -> Decimal | None:
    said = assessment.config.plan.hop_month
    if said is not None:
        return said
    if assessment.prices.currency != assessment.bill.currency:
        return None
    rule = assessment.prices.price(RULE_METER, assessment.region)
    return None if rule is None else rule.rate * HOURS_PER_MONTH
