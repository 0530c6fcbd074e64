"""What rendering knows beside the workload itself: where it goes, house rules, names, and all other assessments."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from k2cr_analysis.assessment.result import Assessment, WorkloadAssessment
from k2cr_analysis.config import Config
from k2cr_analysis.model.parse.access import mapping, objects, strings
from k2cr_analysis.model.parse.index import name_of, namespace_of
from k2cr_analysis.model.workload import Workload
from k2cr_analysis.platforms.cloud_run.gcloud_flags import NEWEST
from k2cr_analysis.platforms.gke.labels import GLOBAL_STATIC_IP, MULTI_CLUSTER_STATIC_IP, REGIONAL_STATIC_IP
from k2cr_analysis.rendering.network.hosts import Hosts
from k2cr_analysis.rendering.text.names import service_names

PROJECT_ID = "PROJECT_ID"  # stands for the project wherever it is not known at render time
PROJECT_NUMBER = "PROJECT_NUMBER"
SUBNET = "SUBNET"
STATIC_ADDRESSES = (
    GLOBAL_STATIC_IP,
    REGIONAL_STATIC_IP,
    MULTI_CLUSTER_STATIC_IP,
)
NETWORK = "NETWORK"  # of the cluster; a snapshot does not hold it


@dataclass(frozen=True)
class RenderContext:
    """``project`` and ``region`` None: unknown, so the literal is written and listed.

    ``names``: workload id -> Cloud Run name. ``assessed``: all workloads of the snapshot by id, to see which
    dependencies stay. ``gcloud``: the version whose flags the scripts keep to.
    """

    project: str | None
    region: str | None
    config: Config = field(default_factory=Config)
    project_number: str | None = None
    cluster: str | None = None
    cluster_project: str | None = None
    cluster_location: str | None = None
    gcloud: int = NEWEST
    names: Mapping[str, str] = field(default_factory=dict)
    assessed: Mapping[str, WorkloadAssessment] = field(default_factory=dict)

    @cached_property
    def hosts(self) -> Hosts:
        """By which hosts all workloads of the snapshot are reached."""
        return Hosts(a.workload for a in self.assessed.values())

    @cached_property
    def services(self) -> frozenset[tuple[str, str]]:
        """(namespace, name) of the Services that workloads of the snapshot stand behind."""
        return frozenset(
            (a.workload.namespace, e.service) for a in self.assessed.values() for e in a.workload.exposures
        )

    @cached_property
    def callers(self) -> Mapping[str, tuple[str, ...]]:
        """Workload id -> ids of the workloads that call it."""
        found: dict[str, dict[str, None]] = {}
        for caller in sorted(self.assessed):
            for call in self.assessed[caller].fit.dependencies:
                if call.target != caller:
                    found.setdefault(call.target, {})[caller] = None
        return {target: tuple(callers) for target, callers in found.items()}

    @cached_property
    def joined_to(self) -> Mapping[tuple[str, str, str], tuple[Workload, ...]]:
        """(kind, namespace, name) of an object -> the workloads that it is joined to."""
        found: dict[tuple[str, str, str], list[Workload]] = {}
        for assessed in self.assessed.values():
            for kind, raws in assessed.workload.related.items():
                for raw in raws:
                    found.setdefault((kind, namespace_of(raw), name_of(raw)), []).append(assessed.workload)
        return {key: tuple(joined) for key, joined in found.items()}

    @cached_property
    def static_addresses(self) -> frozenset[str]:
        """Names of the reserved addresses that entrances of the snapshot use today."""
        found: set[str] = set()
        for assessed in self.assessed.values():
            for raw in assessed.workload.related.get("Ingress", ()):
                annotations = strings(mapping(raw, "metadata").get("annotations"))
                found |= {annotations[key] for key in STATIC_ADDRESSES if annotations.get(key)}
            for raw in assessed.workload.related.get("Gateway", ()):
                named = [a for _, a in objects(mapping(raw, "spec"), "addresses") if a.get("type") == "NamedAddress"]
                found |= {str(a.get("value")) for a in named}
        return frozenset(found)

    def with_group(self, group: Sequence[Workload]) -> RenderContext:
        """The same context, in which these alone share hosts: for a trial of what an entrance would be otherwise."""
        made = copy.copy(self)  # with what is known of all others
        made.__dict__["hosts"] = Hosts(group)
        return made

    def name_of(self, workload: Workload) -> str:
        """Its Cloud Run name; a workload that stands alone has no clash."""
        return self.names.get(workload.id) or service_names([workload], self.config.policy.naming)[workload.id]

    def parts_of(self, workload: Workload) -> tuple[Workload, ...]:
        """The neighbours whose containers run in its service, as they are on GKE (``merge`` in k2cr.toml)."""
        merged = self.config.workload(workload.id).merge
        return tuple(self.assessed[one].workload for one in merged if one in self.assessed)

    @property
    def project_literal(self) -> str:
        return self.project or PROJECT_ID

    @property
    def project_number_literal(self) -> str:
        return self.project_number or PROJECT_NUMBER

    @property
    def region_literal(self) -> str:
        return self.region or "REGION"

    @property
    def network(self) -> str:
        return self.config.project.network or NETWORK

    @property
    def subnet(self) -> str:
        """Cloud Run's own default: the subnet that has the network's name."""
        return self.config.project.subnet or self.config.project.network or SUBNET


def context_of(
    assessment: Assessment, *, project: str | None = None, region: str | None = None, gcloud: int = NEWEST
) -> RenderContext:
    """The context of a whole assessment. The call's words win over ``k2cr.toml``, which wins over the snapshot."""
    config, cluster = assessment.config, assessment.cluster
    target = project or config.project.id or cluster.project
    return RenderContext(
        project=target,
        region=region or config.project.region or assessment.region,
        config=config,
        project_number=config.project.number if target == config.project.id else None,
        cluster=cluster.name,
        cluster_project=cluster.project,
        cluster_location=cluster.location,
        gcloud=gcloud,
        # Only what moves takes a name in the region.
        names=service_names((w.workload for w in assessment.workloads if w.fit.moves), config.policy.naming),
        assessed={w.id: w for w in assessment.workloads},
    )
