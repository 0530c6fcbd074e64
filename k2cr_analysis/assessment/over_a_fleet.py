"""What is a billing account's and no cluster's counts once over a fleet: with the first cluster that has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from k2cr_analysis.assessment.result import Assessment
from k2cr_analysis.model.prices import GLOBAL
from k2cr_analysis.pricing.gke.bill import FEE_CREDIT_LINE, GkeBill

_EXPORT = "billing-export"


def counted_once(assessments: Sequence[Assessment]) -> list[Assessment]:
    """The same clusters, where each row of a project's bill and the credit for management fees are in one bill alone.

    Where rows name no cluster at all nothing tells them apart, and the bills stay as they are. Twice is as once.
    """
    projects: set[str] = set()
    used: dict[str, Decimal] = {}
    found = []
    for one in assessments:
        bill, project = one.bill, one.cluster.project
        if bill.basis == _EXPORT and project in projects:
            bill = bill.without_unlabelled()
        credit = one.prices.price("gke.cluster.fee.credit", GLOBAL)
        if bill.basis != _EXPORT and credit is not None:
            bill = bill.with_credit(max(credit.rate - used.get(bill.currency, Decimal(0)), Decimal(0)))
            had = -dict(bill.lines).get(FEE_CREDIT_LINE, Decimal(0))
            used[bill.currency] = used.get(bill.currency, Decimal(0)) + had
        if bill.unlabelled and project is not None:
            projects.add(project)
        found.append(one if bill is one.bill else _with(one, bill))
    return found


def _with(one: Assessment, bill: GkeBill) -> Assessment:
    free = one.without_wishes
    return replace(
        one,
        bill=bill,
        avoidable=one.avoidable.with_nodes(bill, one.avoidable.pools),
        without_wishes=None
        if free is None
        else replace(free, bill=bill, avoidable=free.avoidable.with_nodes(bill, free.avoidable.pools)),
    )
