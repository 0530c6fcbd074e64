"""The settings, typed and with their defaults. The names are those of ``k2cr.toml``, table by table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Literal, TypeVar

from k2cr_analysis.config.planning import PlanSettings, PoolSettings
from k2cr_analysis.config.work_rates import EffortRates, RuleRates, ToilRates
from k2cr_analysis.errors import Location

_Settings = TypeVar("_Settings")

Iap = Literal["load-balancer", "direct", "none"]
Cud = Literal["none", "run-1y", "run-3y", "flex-1y", "flex-3y"]
Entrance = Literal["internal", "external"]


@dataclass(frozen=True, slots=True)
class Project:
    """``[project]``: where it goes. ``network`` and ``subnet`` turn on Direct VPC egress for every service."""

    id: str | None = None
    number: str | None = None
    region: str | None = None
    network: str | None = None
    subnet: str | None = None
    domain: str | None = None
    iap: Iap | None = None  # None: as the manifests have it


@dataclass(frozen=True, slots=True)
class Objectives:
    """``[objectives]``: what a recommended configuration must meet. None: not asked for.

    Without ``p95_ms`` and ``p99_ms`` both are at most ``slower_than_today`` (0.1 where it is not given) above today's;
    without ``cold_start_ratio`` at most 0.01 of the requests wait for a start.
    """

    p95_ms: float | None = None
    p99_ms: float | None = None
    cold_start_ratio: float | None = None
    slower_than_today: float | None = None
    headroom: float = 0.2  # share of CPU and memory left free above the observed quantile: observed / (1 - headroom)


@dataclass(frozen=True, slots=True)
class AssumedTraffic:
    """``[traffic.assumed]``: used, and said, where a workload has no traffic data.

    With ``hours`` (``"09:00-18:00"``) or ``days`` (``"Mon-Fri"``), in ``timezone`` (UTC where it is not given), the
    rate is that of these hours, and outside of them nobody comes: the lulls decide the cold starts.
    """

    requests_per_s: float
    latency_ms: float
    hours: str | None = None
    days: str | None = None
    timezone: str | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """``[workload."ns/Kind/name".decided]``: answers to what findings of one workload ask.

    ``reasons``: rule id -> why it is so; a mark at its end names the evidence that the answer was given on. The other
    three are choices that rendering obeys: whether callers show an identity token, who comes in by an entrance that no
    object shows, and where IAP stands.
    """

    reasons: Mapping[str, str] = field(default_factory=dict)
    invoker: Literal["none", "token"] | None = None
    entrance: Literal["internal", "public"] | None = None
    iap: Literal["load-balancer", "direct"] | None = None


@dataclass(frozen=True, slots=True)
class WorkloadSettings:
    """``[workload."ns/Kind/name"]``: a person's word on one workload. None: nothing said."""

    ingress_container: str | None = None
    target: Literal["service", "worker-pool", "job"] | None = None
    keep: bool | None = None
    effort_days: float | None = None
    depends_on: Mapping[str, tuple[str, ...]] | None = None  # container -> the containers it waits for
    objectives: Objectives | None = None
    merge: tuple[str, ...] = ()  # ids of neighbours whose containers run in this one's service
    egress_addresses: tuple[str, ...] = ()  # names of static addresses that its calls to the internet leave by
    decided: Decided = field(default_factory=lambda: Decided())


@dataclass(frozen=True, slots=True)
class RuleOverride:
    """``[rules.<id>]``: silence or re-grade a rule; the report shows it, with the reason."""

    severity: Literal["off", "blocker", "change", "note"]
    reason: str


@dataclass(frozen=True, slots=True)
class Rates:
    """``[rates]`` and ``[discounts]``: money and work that no bill shows."""

    engineer_hour: Decimal | None = None
    currency: str | None = None
    toil: ToilRates = field(default_factory=ToilRates)
    effort: EffortRates = field(default_factory=EffortRates)
    rules: Mapping[str, RuleRates] = field(default_factory=dict)
    per_usd: Decimal | None = None  # units of ``currency`` for one US$, where no bill has a rate
    cud: Cud = "none"
    cloud_run: Decimal | None = None  # share that a contract takes off Cloud Run's list price
    gke: Decimal | None = None  # the same of machines and Autopilot pods, where there is no bill


@dataclass(frozen=True, slots=True)
class Policy:
    """``[policy]``: house rules for what is rendered."""

    naming: str | None = None  # template: "{namespace}-{name}"
    required_labels: Mapping[str, str] = field(default_factory=dict)
    min_instances: int | None = None
    max_instances: int | None = None
    registries: tuple[str, ...] = ()
    default_service_account: Literal["allowed", "forbidden"] = "allowed"  # Compute Engine's, which many things share
    binary_authorization: bool = False  # by the project's own policy
    encryption_key: str | None = None  # projects/P/locations/L/keyRings/R/cryptoKeys/K
    pin_secrets: bool = False  # a secret with one value is read by its version's number, not as the latest


@dataclass(frozen=True, slots=True)
class EngineTables:
    """``[engine.tables]``: tables of BigQuery, ``project.dataset.table``, that are asked where they stand."""

    usage: str | None = None
    traffic: str | None = None
    billing: str | None = None

    @property
    def named(self) -> dict[str, str]:
        given = {"usage": self.usage, "traffic": self.traffic, "billing": self.billing}
        return {name: table for name, table in given.items() if table is not None}


@dataclass(frozen=True, slots=True)
class Engine:
    """``[engine]``: where the roll-ups run. ``dataset`` (``project.dataset``) has the snapshot's tables in BigQuery.

    ``memory_aligner``: how memory is aligned in an export of Cloud Monitoring's points that ``tables`` names.
    """

    name: Literal["duckdb", "bigquery"] = "duckdb"
    dataset: str | None = None
    tables: EngineTables = field(default_factory=EngineTables)
    memory_aligner: Literal["ALIGN_MAX", "ALIGN_MEAN"] | None = None


Entrances = Mapping[str, Entrance]
Lines = Mapping[tuple[str, ...], int]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a config was read: its file, and the line of each table and key. Empty for one made in Python."""

    file: str | None = None
    lines: Lines = field(default_factory=dict)

    def where(self, *path: str) -> Location:
        """The place of a table or key, or of the nearest table above it."""
        above = (path[:depth] for depth in range(len(path), 0, -1))
        line = next((self.lines[prefix] for prefix in above if prefix in self.lines), None)
        return Location(self.file, line, None, dotted(path))


def dotted(path: tuple[str, ...]) -> str:
    """A path as TOML writes it: ``workload."shop/Deployment/web".target``."""
    return ".".join(key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else f'"{key}"' for key in path)


def _of(settings: Mapping[str, _Settings], cluster: str | None) -> dict[str, _Settings]:
    named = {
        name.partition(":")[2]: one for name, one in settings.items() if cluster and name.startswith(f"{cluster}:")
    }
    return {name: one for name, one in settings.items() if ":" not in name} | named


@dataclass(frozen=True, slots=True)
class Config:
    """The whole of ``k2cr.toml``. ``Config()`` is a config that says nothing."""

    project: Project = Project()
    objectives: Objectives = Objectives()
    assumed_traffic: AssumedTraffic | None = None
    workloads: Mapping[str, WorkloadSettings] = field(default_factory=dict)
    rules: Mapping[str, RuleOverride] = field(default_factory=dict)
    rates: Rates = Rates()
    policy: Policy = Policy()
    engine: Engine = Engine()
    plan: PlanSettings = field(default_factory=PlanSettings)
    pools: Mapping[str, PoolSettings] = field(default_factory=dict)
    # ``[entrances]``: who comes in by a class of Ingress, a Gateway or a Service, where the objects do not show it.
    entrances: Entrances = field(default_factory=dict)
    origin: Origin = field(default_factory=Origin, compare=False, repr=False)

    def of_cluster(self, cluster: str | None) -> Config:
        """What holds in one cluster of a fleet: keys with its name before a colon go before those without one."""
        return replace(self, workloads=_of(self.workloads, cluster), pools=_of(self.pools, cluster))

    def workload(self, workload_id: str) -> WorkloadSettings:
        return self.workloads.get(workload_id, WorkloadSettings())

    def iap_of(self, workload_id: str) -> Iap | None:
        """Where IAP stands for a workload: its own answer, else ``[project]``; None: as the manifests have it."""
        return self.workload(workload_id).decided.iap or self.project.iap

    def objectives_of(self, workload_id: str) -> Objectives:
        return self.workload(workload_id).objectives or self.objectives
