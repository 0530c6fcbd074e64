"""What any set of workloads would do to the bill, in exact money: one that a person ticks, in the plan's place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from k2cr_analysis.assessment.find import find_workload
from k2cr_analysis.assessment.result import Assessment
from k2cr_analysis.errors import UsageError
from k2cr_analysis.planning.futures.baseline import Baseline
from k2cr_analysis.planning.worth import Candidate, Fleet


@dataclass(frozen=True, slots=True)
class SetWorth:
    """Money a month. ``realised_month``: what leaves the bill less Cloud Run and the paths to what stays; None where
    the snapshot cannot tell which nodes would go. ``hops``: what stays and would be called from Cloud Run.
    ``hours_month``: of work that leave, less those that come. ``saving_over_stay_month``: None where it was not asked
    for, or cannot be told."""

    currency: str
    workloads: tuple[str, ...]
    avoided_month: Decimal | None
    cloud_run_month: Decimal
    hops_month: Decimal
    realised_month: Decimal | None
    nodes_removed: int
    effort_days: float
    hops: tuple[str, ...]
    hours_month: float = 0.0
    saving_over_stay_month: Decimal | None = None


def any_set(
    assessments: Assessment | Sequence[Assessment], workloads: Sequence[str], *, over_stay: bool = False
) -> SetWorth:
    """The worth of moving exactly these; ids or short names. Today's bill is what it is compared with.

    ``over_stay``: compare it with the best way to stay as well, which packs the cluster in every way that there is.
    UsageError for a workload that is not there, or does not move at a known price.
    """
    several = (assessments,) if isinstance(assessments, Assessment) else tuple(assessments)
    fleet = Fleet(several)
    by_id = {c.id: c for c in fleet.candidates}
    chosen = [_candidate(find_workload(several, name).id, by_id) for name in dict.fromkeys(workloads)]
    return worth_of(fleet, chosen, over_stay=over_stay)


def worth_of(fleet: Fleet, chosen: Sequence[Candidate], *, over_stay: bool = False) -> SetWorth:
    """The same of candidates of a fleet that is there already."""
    worth = fleet.worth(chosen)
    return SetWorth(
        currency=fleet.assessments[0].bill.currency,
        workloads=tuple(c.id for c in chosen),
        avoided_month=worth.avoided,
        cloud_run_month=worth.cloud_run,
        hops_month=worth.hops_month,
        realised_month=worth.realised,
        nodes_removed=sum(removal.node_count for removal in worth.removals),
        effort_days=sum(c.assessed.effort_days or 0.0 for c in chosen),
        hops=tuple(sorted(name for _, name in worth.hops)),
        hours_month=worth.hours,
        saving_over_stay_month=_over_stay(fleet, chosen) if over_stay else None,
    )


def _over_stay(fleet: Fleet, chosen: Sequence[Candidate]) -> Decimal | None:
    return Baseline(fleet, fleet.assessments[0].config.plan.headroom).over_stay(chosen).saving


def _candidate(name: str, by_id: dict[str, Candidate]) -> Candidate:
    if name not in by_id:
        raise UsageError(
            ref="not-a-candidate",
            found=f"{name}, which does not move, or not at a known price",
            expected=f"some of the {len(by_id)} workloads that can move at a known price",
            do="`k2cr assess SNAP WORKLOAD` says what is in its way",
        )
    return by_id[name]
