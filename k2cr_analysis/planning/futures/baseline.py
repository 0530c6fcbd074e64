"""What a plan has to beat: the cheapest way to stay, cluster by cluster, and what a set saves over it.

A set is compared with staying by one rule: what stays may take the same variants as the whole cluster may (right-sized,
packed, other machines, Autopilot, commitments), so that with an empty set to move is to stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from k2cr_analysis.model.prices import Tariff
from k2cr_analysis.planning.crossing_calls import Key
from k2cr_analysis.planning.worth import Candidate, Fleet
from k2cr_analysis.pricing.packing.avoidable import Avoidable
from k2cr_analysis.pricing.stay.variant import Variant
from k2cr_analysis.pricing.stay.variants import Ways
from k2cr_analysis.telling import steps

MARGINS_UP_TO = 500  # candidates
_ZERO = Decimal(0)
_UNDER_COMMITMENT = ", 1-year commitment", ", 3-year commitment"


class Baseline:
    """The variants of each cluster of a fleet, at one headroom.

    ``share``: of nodes' CPU and memory that stays free; None: as much as today.
    """

    def __init__(self, fleet: Fleet, share: Decimal | None) -> None:
        self.fleet, self.share = fleet, share
        self.variants = tuple(_variants(fleet, number, share) for number, _ in enumerate(fleet.assessments))
        self._fleets: dict[tuple[int, ...], Fleet] = {}

    @cached_property
    def best(self) -> tuple[Variant, ...]:
        """The cheapest way to stay of each cluster; the first of equals, and so as it is where none is cheaper."""
        return tuple(max((v for v in found if v.counts), key=lambda v: v.spared_month) for found in self.variants)

    @property
    def month(self) -> Decimal | None:
        months = [v.month for v in self.best]
        known = [m for m in months if m is not None]
        return sum(known, _ZERO) if len(known) == len(months) else None

    def fleet_on(self, variants: Sequence[Variant]) -> Fleet:
        """The fleet on one variant for each cluster; made once, since all sets are priced on the same few."""
        key = tuple(id(v) for v in variants)
        if key not in self._fleets:
            self._fleets[key] = self.fleet.on([v.avoidable for v in variants])
        return self._fleets[key]

    def over_stay(self, chosen: Sequence[Candidate]) -> OverStay:
        """What a set saves over staying, each cluster's rest on the variant that is best for it."""
        worth = self.fleet.worth(chosen)
        kept = tuple(self._best_for(number, [c.id for c in chosen if c.cluster == number]) for number in self._clusters)
        avoided = [gain for _, gain in kept]
        known = [gain for gain in avoided if gain is not None]
        gke = sum(known, _ZERO) if len(known) == len(avoided) else None
        saving = None if gke is None else gke - worth.cloud_run - worth.hops_month
        return OverStay(tuple(v for v, _ in kept), gke, worth.cloud_run, worth.hops_month, saving)

    def margins(self, chosen: Sequence[Candidate]) -> dict[Key, Decimal | None]:
        """What the set's saving loses without each candidate; for one that is not in it, what it gains with it."""
        whole = self.over_stay(chosen).saving
        inside = {c.key for c in chosen}
        found: dict[Key, Decimal | None] = {}
        for candidate in steps("pricing the plan with one more and one less", self.fleet.candidates[:MARGINS_UP_TO]):
            is_in = candidate.key in inside
            other = [c for c in chosen if c.key != candidate.key] if is_in else [*chosen, candidate]
            saving = self.over_stay(other).saving
            more = None if whole is None or saving is None else whole - saving
            found[candidate.key] = more if more is None or is_in else -more
        return found

    def fleets(self) -> Iterator[tuple[Fleet, Decimal]]:
        """(the fleet on one variant for each cluster, what that costs less than the best way to stay: 0 or below).

        Without variants that another one beats for every set: the same packing under a commitment that counts.
        """
        for picked in self._combinations():
            offset = sum((v.spared_month - b.spared_month for v, b in zip(picked, self.best, strict=True)), _ZERO)
            yield self.fleet.on([v.avoidable for v in picked]), offset

    def _combinations(self) -> Iterator[tuple[Variant, ...]]:
        """Each cluster on its best; then the others, one name at a time, where the cluster has it."""
        left = [_undominated(found) for found in self.variants]
        names = dict.fromkeys(v.name for found in left for v in found)
        seen: set[tuple[str, ...]] = set()
        for picked in (self.best, *(self._named(left, name) for name in names)):
            key = tuple(v.name for v in picked)
            if key not in seen:
                seen.add(key)
                yield picked

    def _named(self, left: Sequence[Sequence[Variant]], name: str) -> tuple[Variant, ...]:
        return tuple(
            next((v for v in found if v.name == name), best) for found, best in zip(left, self.best, strict=True)
        )

    @property
    def _clusters(self) -> range:
        return range(len(self.fleet.assessments))

    def _best_for(self, number: int, gone: Sequence[str]) -> tuple[Variant, Decimal | None]:
        """The variant on which what stays costs least, and what the bill is then below the best way to stay."""
        found: list[tuple[Decimal, Variant]] = []
        for variant, avoidable in zip(self.variants[number], self._avoidables[number], strict=True):
            month = avoidable.together(gone).month
            if variant.counts and month is not None:
                found.append((variant.spared_month - self.best[number].spared_month + month, variant))
        if not found:
            return self.best[number], None
        gain, variant = max(found, key=lambda one: one[0])
        return variant, gain

    @cached_property
    def _avoidables(self) -> tuple[tuple[Avoidable, ...], ...]:
        holds = [avoidable.holds for avoidable in self.fleet.avoidables]
        return tuple(
            tuple(v.avoidable.with_holds(held) for v in found) for found, held in zip(self.variants, holds, strict=True)
        )


@dataclass(frozen=True, slots=True)
class OverStay:
    """``gke``: what the rest of the bill is below the best way to stay; ``saving``: that less what comes."""

    variants: tuple[Variant, ...]
    gke: Decimal | None
    cloud_run: Decimal
    hops: Decimal
    saving: Decimal | None


def _variants(fleet: Fleet, number: int, share: Decimal | None) -> tuple[Variant, ...]:
    assessment = fleet.assessments[number]
    return Ways(
        cluster=assessment.cluster,
        bill=assessment.bill,
        avoidable=fleet.avoidables[number],
        usage=assessment.usage,
        tariff=Tariff(assessment.prices, assessment.region, assessment.config.rates.cud),
        sized_headroom=assessment.config.objectives.headroom,
        share=share,
        able=frozenset(c.id for c in fleet.candidates if c.cluster == number),
        horizon_months=assessment.config.plan.payback_months,
    ).all()


def _undominated(found: Iterable[Variant]) -> tuple[Variant, ...]:
    """Of each packing the variant under the longest commitment that counts."""
    by_packing: dict[str, Variant] = {}
    for variant in found:
        if not variant.counts:
            continue
        packing = variant.name
        for suffix in _UNDER_COMMITMENT:
            packing = packing.removesuffix(suffix)
        known = by_packing.get(packing)
        if known is None or variant.spared_month > known.spared_month:
            by_packing[packing] = variant
    return tuple(by_packing.values())
