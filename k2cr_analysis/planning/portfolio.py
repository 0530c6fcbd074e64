"""The whole bill of one or more clusters, and what the plan makes of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

from k2cr_analysis.model.findings.finding import VERDICTS, Verdict
from k2cr_analysis.planning.committing import floor_of
from k2cr_analysis.planning.futures.answer import Answer
from k2cr_analysis.planning.futures.baseline import Baseline
from k2cr_analysis.planning.futures.futures import futures_of
from k2cr_analysis.planning.intervals import saving_interval
from k2cr_analysis.planning.neighbours import neighbours_of
from k2cr_analysis.planning.result import Fields, Portfolio
from k2cr_analysis.planning.worth import Candidate, Fleet
from k2cr_analysis.pricing.gke.today import joint_lines

_ZERO = Decimal(0)


def portfolio_of(
    fleet: Fleet,
    chosen: Sequence[Candidate],
    currency: str,
    baselines: tuple[Baseline, Baseline],
    answer: Answer,
) -> Portfolio:
    """The money of the chosen set beside the bills. Lines of several clusters are added up by their names.

    ``baselines``: packed, and with today's headroom.
    """
    packed, as_today = baselines
    over = packed.over_stay(chosen).saving if answer.promises else None
    bills = [a.bill for a in fleet.assessments]
    months = [b.month for b in bills if b.month is not None]
    whole = len(months) == len(bills)
    lines, said = joint_lines(bills, fleet.assessments[0].prices)
    worth = fleet.worth(chosen)
    # Manifests alone have no bill, and yet each pod its price; where a bill is not known, nor is what it loses.
    saving = worth.realised if whole or not any(b.is_of_a_cluster for b in bills) else None
    workloads = [w for a in fleet.assessments for w in a.workloads]
    fields = Counter(use.how == "unaccounted" for w in workloads for use in w.fit.fields)
    verdicts = Counter(w.fit.verdict for w in workloads)
    return Portfolio(
        currency=currency,
        gke_month=sum(lines.values(), _ZERO) if whole else None,
        gke_lines=tuple(lines.items()) if whole else (),
        cloud_run_month=worth.cloud_run,
        free_tier_month=worth.free,
        saving_month=saving,
        interval=saving_interval(saving, chosen),
        stay_and_rightsize_month=packed.month,
        counts={verdict: verdicts[verdict] for verdict in VERDICTS},
        fields=Fields(seen=fields.total(), accounted=fields[False]),
        reasons=tuple(sorted({*said, *_counted_again(fleet), *(reason for bill in bills for reason in bill.reasons)})),
        futures=futures_of(packed, as_today, chosen),
        saving_over_stay_month=over,
        over_stay_interval=saving_interval(over, chosen),
        answer=answer,
        as_billed=tuple((n, one) for n, b in zip(fleet.names, bills, strict=True) for one in b.as_billed),
        commitments=tuple((n, one) for n, b in zip(fleet.names, bills, strict=True) for one in b.commitments),
        floor=floor_of(fleet, chosen),
        neighbours=neighbours_of(fleet, chosen, worth),
        commitment_ends=fleet.assessments[0].config.plan.commitment_ends,
    )


def portfolio_over_currencies(portfolios: Sequence[Portfolio], reason: str) -> Portfolio:
    """What can be said of bills in several currencies together: counts, and that no money is added up."""
    counts = Counter[Verdict]()
    for portfolio in portfolios:
        counts.update(portfolio.counts)
    return Portfolio(
        currency="",
        gke_month=None,
        gke_lines=(),
        cloud_run_month=None,
        free_tier_month=None,
        saving_month=None,
        interval=None,
        stay_and_rightsize_month=None,
        counts={verdict: counts[verdict] for verdict in VERDICTS},
        fields=Fields(sum(p.fields.seen for p in portfolios), sum(p.fields.accounted for p in portfolios)),
        reasons=(reason, *sorted({text for p in portfolios for text in p.reasons})),
        as_billed=tuple(one for p in portfolios for one in p.as_billed),
        commitments=tuple(one for p in portfolios for one in p.commitments),
    )


def _counted_again(fleet: Fleet) -> list[str]:
    """What is said where no row of a project names a cluster: then each of its clusters has all of them in its bill."""
    clusters = Counter(a.cluster.project for a in fleet.assessments if a.bill.names_no_cluster)
    return [
        f"rows of project {project}'s bill that name no cluster (network, logs, other services) are in the bill of"
        f" each of its {count} clusters, and so {count} times in their sum"
        for project, count in sorted(clusters.items(), key=str)
        if project and count > 1
    ]
