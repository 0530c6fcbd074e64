"""What the invoices say beside the month of 730 h, and commitments: those that are paid, and the plan's own floor."""

from __future__ import annotations

from typing import Any

from k2cr_analysis.planning import Portfolio
from k2cr_analysis.planning.committing import TERM_WORDS
from k2cr_analysis.report.json.amounts import money


def billed_document(portfolio: Portfolio) -> dict[str, Any]:
    return {
        "as_billed_month": money(portfolio.as_billed_month),
        "as_billed": [
            {
                "cluster": cluster,
                "invoice_month": one.month,
                "from": one.first.isoformat(),
                "to": one.last.isoformat(),
                "is_whole_month": one.whole,
                "cost": money(one.cost),
                "credits": money(one.credits),
                "paid": money(one.paid),
                "tax_and_adjustments": money(one.not_usage),
                "other_clusters": money(one.other_clusters),
                "currency": one.currency,
            }
            for cluster, one in portfolio.as_billed
        ],
        "commitments": [
            {
                "cluster": cluster,
                "name": one.name,
                "fee_month": money(one.fee_month),
                "unused_month": money(one.unused_month),
                "years": one.years,
                "ends": None if portfolio.commitment_ends is None else portfolio.commitment_ends.isoformat(),
                "why_unused_is_not_known": one.why or None,
                "currency": one.currency,
            }
            for cluster, one in portfolio.commitments
        ],
        "neighbours": [
            {
                "item": one.item,
                "change": one.change,
                "month": money(one.month),
                "low_month": money(one.low),
                "high_month": money(one.high),
                "counted": one.counted,
                "evidence": one.evidence,
                "why": one.why or None,
            }
            for one in portfolio.neighbours
        ],
        "commitment_floor": {
            "hour_at_list": money(portfolio.floor.hour),
            "workloads": list(portfolio.floor.of),
            "terms": [
                {
                    "commitment": term.cud,
                    "name": TERM_WORDS[term.cud],
                    "hour": money(term.hour),
                    "saving_month": money(term.saving_month),
                }
                for term in portfolio.floor.terms
            ],
        },
    }
