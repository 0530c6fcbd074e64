"""What the assessment of one workload, and of a whole snapshot, is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from k2cr_analysis.assessment.find import find_workload
from k2cr_analysis.assessment.measured import NOTHING, Measured
from k2cr_analysis.config import Config
from k2cr_analysis.fit.result import Fit
from k2cr_analysis.latency.learning.calibration import Calibration
from k2cr_analysis.model.cloud_run import InstanceTimeline, Quantiles, ServiceShape
from k2cr_analysis.model.cluster import Cluster, OtherObject
from k2cr_analysis.model.findings.finding import Finding
from k2cr_analysis.model.money import LineItem
from k2cr_analysis.model.observed import TrafficProfile, WorkloadUsage
from k2cr_analysis.model.prices import PriceBook
from k2cr_analysis.model.toil import Operability
from k2cr_analysis.model.workload import Workload
from k2cr_analysis.pricing.gke.bill import GkeBill
from k2cr_analysis.pricing.packing.avoidable import Avoidable

if TYPE_CHECKING:
    from k2cr_analysis.latency.search.search import Recommendation


@dataclass(frozen=True, slots=True)
class Cost:
    """Money a month of one workload. None where the snapshot cannot support a figure; a finding says what is missing.

    ``cloud_run_items`` are before the account's free tier.
    """

    currency: str
    gke_items: tuple[LineItem, ...]
    cloud_run_items: tuple[LineItem, ...]
    gke_attributed_month: Decimal | None
    gke_avoidable_month: Decimal | None
    cloud_run_month: Decimal | None
    interval: tuple[Decimal, Decimal] | None  # 95 % of saving_month

    @property
    def saving_month(self) -> Decimal | None:
        """Attributed less Cloud Run: on paper, since on Standard nothing leaves the bill before a node does."""
        if self.gke_attributed_month is None or self.cloud_run_month is None:
            return None
        return self.gke_attributed_month - self.cloud_run_month


@dataclass(frozen=True, slots=True)
class Ranges:
    """Within what a service's figures lie, as far as they hang on its start (95 %); and p99 where requests burst.

    ``cost_month``: of Cloud Run. ``bursts_p99_ms``: from the p99 of even requests up to this; ``bursts`` says why.
    """

    startup_ms: tuple[float, float]
    p95_ms: tuple[float, float]
    p99_ms: tuple[float, float]
    cold_start_ratio: tuple[float, float]
    cost_month: tuple[Decimal, Decimal]
    bursts_p99_ms: float
    bursts: str


@dataclass(frozen=True, slots=True)
class Latency:
    gke: Quantiles | None
    cloud_run: Quantiles | None
    cold_start_ratio: float | None
    startup_ms: float | None
    method: str  # names the model: "closed forms", "simulation"
    ranges: Ranges | None = None  # None where nothing was simulated


@dataclass(frozen=True, slots=True, repr=False)
class WorkloadAssessment:
    """The five answers for one workload. ``findings`` are fit's and those of the other analyses, in a stable order."""

    workload: Workload
    fit: Fit
    shape: ServiceShape | None
    timeline: InstanceTimeline | None
    cost: Cost | None
    latency: Latency | None
    operability: Operability
    effort_days: float | None
    findings: tuple[Finding, ...]
    choice: Recommendation | None = None  # what was searched; None where the size stands, or nothing is known
    measured: Measured = NOTHING
    assumed_traffic: str = ""  # in words, where cost and latency on Cloud Run rest on it; empty: on what was measured

    @property
    def id(self) -> str:
        return self.workload.id

    def __repr__(self) -> str:
        return f"<WorkloadAssessment {self.id}: {self.fit.verdict}, {len(self.findings)} findings>"


@dataclass(frozen=True, repr=False)
class Assessment:
    """All workloads of one snapshot, in the order of their ids, and what was assumed.

    ``a["portal/Deployment/frontend"]`` and, where no other is called so, ``a["frontend"]`` give one of them.
    """

    snapshot: Mapping[str, object]  # name, window, sha256: what `assess --format json` prints as `snapshot`
    cluster: Cluster
    config: Config
    region: str
    prices: PriceBook
    bill: GkeBill
    avoidable: Avoidable
    workloads: tuple[WorkloadAssessment, ...]
    assumptions: tuple[str, ...]
    usage: Mapping[str, WorkloadUsage] = field(default_factory=dict)  # of the pods as they are on GKE
    traffic: Mapping[str, TrafficProfile] = field(default_factory=dict)
    calibration: Calibration = field(default_factory=Calibration)
    others: tuple[OtherObject, ...] = ()  # what holds or makes workloads and is not assessed
    without_wishes: Assessment | None = None  # the same, if the config kept nothing; None where it keeps nothing

    def __getitem__(self, name: str) -> WorkloadAssessment:
        return find_workload([self], name)

    def __iter__(self) -> Iterator[WorkloadAssessment]:
        return iter(self.workloads)

    def __len__(self) -> int:
        return len(self.workloads)

    def __bool__(self) -> bool:
        return True  # also where the snapshot holds no workload

    def __repr__(self) -> str:
        verdicts = Counter(w.fit.verdict for w in self.workloads)
        counts = ", ".join(f"{n} {verdict}" for verdict, n in verdicts.most_common())
        cluster = self.snapshot.get("cluster") or "no cluster's name"
        return f"<Assessment of {cluster}: {len(self.workloads)} workloads; {counts or 'none'}>"
