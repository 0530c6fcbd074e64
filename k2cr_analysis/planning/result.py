"""What a plan is: waves, what is left and why; and the portfolio, which is the plan's money beside the whole bill."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from k2cr_analysis.listing import in_fleet
from k2cr_analysis.model.findings.finding import Verdict
from k2cr_analysis.model.money import Interval, LineItem, amount_of
from k2cr_analysis.model.toil import Operability
from k2cr_analysis.planning.committing import Floor
from k2cr_analysis.planning.futures.answer import Answer
from k2cr_analysis.planning.futures.futures import Future
from k2cr_analysis.planning.gone import NodeGone
from k2cr_analysis.planning.neighbours import Neighbour
from k2cr_analysis.planning.sets.sensitivity import Swing
from k2cr_analysis.pricing.gke.as_billed import AsBilled
from k2cr_analysis.pricing.gke.commitments import Commitment


@dataclass(frozen=True, slots=True)
class Wave:
    """What moves together. Money a month, of this wave alone but for the cumulative.

    ``attributed_month``: saving on paper, the workloads' shares of the bill less Cloud Run. ``realised_month``: what
    the bill really loses less what Cloud Run really charges; None where the snapshot cannot tell which nodes go.
    """

    wave: int
    workloads: tuple[str, ...]
    clusters: tuple[str, ...]  # of each of them, since ids of two clusters may be the same
    currency: str
    attributed_month: Decimal
    realised_month: Decimal | None
    cumulative_realised_month: Decimal | None
    effort_days: float
    nodes: tuple[NodeGone, ...]  # that go with this wave
    cluster_goes: bool
    hops: tuple[str, ...] = ()  # what stays after this wave and is called from Cloud Run, each through a balancer
    hops_month: Decimal = Decimal(0)  # in the realised figures already
    saving_over_stay_month: Decimal | None = None  # of this wave; what its bill is below the best way to stay
    cumulative_saving_over_stay_month: Decimal | None = None
    interval: Interval | None = None  # 95 % of realised_month, and of the three below
    cumulative_interval: Interval | None = None
    over_stay_interval: Interval | None = None
    cumulative_over_stay_interval: Interval | None = None
    starts: date | None = None  # days, both included, where the config says when the first wave begins
    ends: date | None = None

    @property
    def nodes_removed(self) -> int:
        return len(self.nodes)

    def ids(self, *, several: bool) -> list[str]:
        """Its workloads; where the plan is of several clusters, each with its own, as ``k2cr.toml`` writes it."""
        pairs = zip(self.clusters, self.workloads, strict=True)
        return [in_fleet(cluster, workload, several=several) for cluster, workload in pairs]


@dataclass(frozen=True, slots=True)
class Left:
    """What stays. ``holds_back_month``: its part of what stays on the bill (``leftovers``); None where unknown."""

    id: str
    why: str
    holds_back_month: Decimal | None
    cluster: str = ""
    currency: str = ""

    def named(self, *, several: bool) -> str:
        return in_fleet(self.cluster, self.id, several=several)


@dataclass(frozen=True, slots=True)
class Ending:
    """One cluster's end.

    ``wave``: the one after which it can be deleted; None where it stays. ``last_pod_month``: what goes with the last
    workload that holds it, beyond what goes with all the others: the management fee, the last nodes and disks, and what
    is idle; None where the snapshot cannot tell. ``kept_by``: ids that hold it and do not move.
    """

    cluster: str
    wave: int | None
    last_pod_month: Decimal | None
    kept_by: tuple[str, ...]
    currency: str = ""


@dataclass(frozen=True, slots=True)
class CashMonth:
    """One month from the first wave on: what is saved over staying, what is paid on both platforms, effort, the hours
    that go less those that come, and the sum of all months so far."""

    month: int
    saving: Decimal
    paid_twice: Decimal
    effort: Decimal
    labour: Decimal
    so_far: Decimal


@dataclass(frozen=True, slots=True)
class WithoutWishes:
    """What the plan would be if the config kept nothing. ``kept``: ids that it keeps and that could move."""

    kept: tuple[str, ...]
    workloads: tuple[str, ...]
    objective: Decimal | None
    saving_over_stay_month: Decimal | None
    sentence: str


@dataclass(frozen=True, slots=True, repr=False)
class Plan:
    """``objective``: saving over the best way to stay, with the work in it, a month; no set is above ``bound``;
    ``gap``: a fraction of it.

    ``method``: how the set was found, and what proves the bound. ``objective`` is ``saving_over_stay_month`` plus
    ``labour_month`` (``hours_month`` that leave less those that come, at the rate; 0 without one) less
    ``effort_month``. ``avoided``: what leaves today's bill, line by line; less ``cloud_run_month`` and ``hops_month``
    it is the realised saving. ``margins``: of each candidate, what the set's saving over staying would lose without
    it, or gain with it (below 0: it would lose). ``held_month``: what the
    nodes that go save more once the committed use ends. ``endings``: when each cluster can be deleted. ``swings``: the
    objective when one assumption is off. ``break_even_requests``: requests a month at which a workload costs on Cloud
    Run what its share of the bill is today; the key is its id, behind its cluster and a colon where two have it.

    ``work``: hours a month that leave and come with the whole set; what is shared counts once.

    In a fleet with several currencies ``currency`` is empty, each wave is in its cluster's own, and what would add up
    over them is None.
    """

    currency: str
    waves: tuple[Wave, ...]
    left: tuple[Left, ...]
    objective: Decimal | None
    bound: Decimal | None
    gap: float | None
    assumptions: tuple[str, ...]
    method: str = ""
    avoided: tuple[LineItem, ...] = ()
    cloud_run_month: Decimal | None = None
    hops_month: Decimal | None = None
    effort_month: Decimal | None = None
    held_month: Decimal | None = None
    endings: tuple[Ending, ...] = ()
    swings: tuple[Swing, ...] = ()
    break_even_requests: Mapping[str, Decimal] = field(default_factory=dict)
    work: Operability = field(default_factory=lambda: Operability((), ()))
    requests_month: Mapping[str, Decimal] = field(default_factory=dict)  # today's, of the same workloads
    saving_over_stay_month: Decimal | None = None
    hours_month: float | None = None
    labour_month: Decimal | None = None
    margins: Mapping[str, Decimal | None] = field(default_factory=dict)
    answer: Answer | None = None
    cash: tuple[CashMonth, ...] = ()
    without_wishes: WithoutWishes | None = None  # None: the config keeps nothing that could move

    @property
    def workloads(self) -> tuple[str, ...]:
        return tuple(w for wave in self.waves for w in wave.workloads)

    @property
    def saving_month(self) -> Decimal | None:
        """Realised by the last wave; 0 where nothing moves, None over several currencies."""
        if not self.currency:
            return None
        return self.waves[-1].cumulative_realised_month if self.waves else Decimal(0)

    def __repr__(self) -> str:
        saving = "not known" if self.saving_month is None else f"{amount_of(self.saving_month, self.currency)} a month"
        return f"<Plan: {len(self.workloads)} workloads in {len(self.waves)} waves; realised saving {saving}>"


@dataclass(frozen=True, slots=True)
class Fields:
    """How many fields of the objects were seen, and how many of them are accounted for."""

    seen: int
    accounted: int


@dataclass(frozen=True, slots=True, repr=False)
class Portfolio:
    """The whole bill beside what the plan makes of it. ``gke_lines`` add up to ``gke_month``; None: cannot be told."""

    currency: str  # empty: bills in several, and no figure in money
    gke_month: Decimal | None
    gke_lines: tuple[tuple[str, Decimal], ...]
    cloud_run_month: Decimal | None
    free_tier_month: Decimal | None
    saving_month: Decimal | None
    interval: Interval | None
    stay_and_rightsize_month: Decimal | None
    counts: Mapping[Verdict, int]
    fields: Fields
    reasons: tuple[str, ...]
    futures: tuple[Future, ...] = ()
    saving_over_stay_month: Decimal | None = None
    over_stay_interval: Interval | None = None
    answer: Answer | None = None
    as_billed: tuple[tuple[str, AsBilled], ...] = ()  # with the name of the cluster
    commitments: tuple[tuple[str, Commitment], ...] = ()
    floor: Floor = field(default_factory=Floor)
    neighbours: tuple[Neighbour, ...] = ()
    commitment_ends: date | None = None  # as the config says; the export does not

    @property
    def as_billed_month(self) -> Decimal | None:
        """Paid in the latest invoice month that the rows cover whole, over all clusters; None where there is none.

        What no label gives to a cluster is in each bill of an account: a fleet's months are not added up.
        """
        whole = [one for _, one in self.as_billed if one.whole]
        clusters = {cluster for cluster, _ in self.as_billed}
        return max(whole, key=lambda one: one.month).paid if whole and len(clusters) == 1 else None

    def __repr__(self) -> str:
        bill = "not known" if self.gke_month is None else f"{amount_of(self.gke_month, self.currency)} a month"
        return f"<Portfolio: bill {bill}, {sum(self.counts.values())} workloads>"
