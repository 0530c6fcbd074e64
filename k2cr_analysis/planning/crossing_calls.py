"""Calls that cross over: what services on Cloud Run need to reach a workload that stays on the cluster.

Each workload that stays and is called by one that moves needs a way in from the network: an internal load balancer, one
forwarding rule, whoever and however many call it. One that has such a balancer already needs no other. The way back
(the cluster calls Cloud Run) goes by the service's URL and costs no balancer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from k2cr_analysis.assessment.result import Assessment, WorkloadAssessment
from k2cr_analysis.platforms.billing import HOURS_PER_MONTH

# cloud.google.com/load-balancing/pricing: one table of forwarding rules for internal passthrough Network Load Balancers
# and external Application Load Balancers. Here the rate of a global rule, one of the first five; further ones cost
# less, and a rule of a region may cost otherwise: [plan] hop_month says so.
RULE_METER = "network.alb.rule"
HOP_UNPRICED = (
    "no price of a forwarding rule in this region, and no [plan] hop_month: the internal load balancer in front of what"
    " stays and is called from Cloud Run is not in the saving"
)
HOP_PRICED = (
    "each workload that stays and is called from Cloud Run costs {month:.2f} a month: the forwarding rule of an"
    " internal load balancer; what it forwards is not priced"
)

Key = tuple[int, str]  # number of the cluster, workload id
_ZERO = Decimal(0)


@dataclass(frozen=True)
class Hops:
    """``calls``: workload -> those that it calls and that have no balancer yet. ``month``: of one hop, by cluster."""

    calls: Mapping[Key, frozenset[Key]] = field(default_factory=dict)
    month: tuple[Decimal | None, ...] = ()

    @classmethod
    def of(cls, assessments: Iterable[Assessment]) -> Hops:
        found = tuple(assessments)
        calls = {
            (number, assessed.id): reached
            for number, assessment in enumerate(found)
            for assessed in assessment.workloads
            if (reached := _called(number, assessed, {w.id: w for w in assessment.workloads}))
        }
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


def _called(number: int, assessed: WorkloadAssessment, others: Mapping[str, WorkloadAssessment]) -> frozenset[Key]:
    return frozenset(
        (number, edge.target)
        for edge in assessed.fit.dependencies
        if edge.in_cluster
        and edge.target != assessed.id
        and edge.target in others
        and not _has_balancer(others[edge.target], edge.service)
    )


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
