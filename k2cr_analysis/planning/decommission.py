"""The last pod of a cluster: when it can be deleted, what goes with it, and who keeps it until then."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from k2cr_analysis.planning.result import Ending, Wave
from k2cr_analysis.planning.worth import Candidate, Fleet


def endings(fleet: Fleet, chosen: Sequence[Candidate], waves: Sequence[Wave]) -> tuple[Ending, ...]:
    """One for each cluster of the fleet, in their order."""
    moved = {c.key for c in chosen}
    found = []
    for number, avoidable in enumerate(fleet.avoidables):
        kept_by = tuple(sorted(w for w in avoidable.holds if (number, w) not in moved))
        found.append(
            Ending(
                cluster=fleet.names[number],
                wave=None if kept_by or not avoidable.can_go else _last_wave(number, fleet, waves),
                last_pod_month=_last_pod_month(fleet, number),
                kept_by=kept_by,
                currency=fleet.assessments[number].bill.currency,
            )
        )
    return tuple(found)


def _last_wave(number: int, fleet: Fleet, waves: Sequence[Wave]) -> int | None:
    """The last wave with a workload that holds the cluster."""
    holds, name = fleet.avoidables[number].holds, fleet.names[number]
    with_one = [
        wave.wave
        for wave in waves
        if any(w in holds and c == name for w, c in zip(wave.workloads, wave.clusters, strict=True))
    ]
    return max(with_one, default=None)


def _last_pod_month(fleet: Fleet, number: int) -> Decimal | None:
    """The cheapest of those that hold the cluster is taken for the last."""
    avoidable, bill = fleet.avoidables[number], fleet.assessments[number].bill
    if not avoidable.can_go or avoidable.all_month is None:
        return None
    last = min(avoidable.holds, key=lambda w: (bill.attributed_month(w) or Decimal(0), w))
    before = avoidable.together(avoidable.holds - {last}).month
    return None if before is None else avoidable.all_month - before
