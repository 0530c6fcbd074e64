"""What fit answers for one workload."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from k2cr_analysis.fit.evidence.background import Background
from k2cr_analysis.model.cloud_run import BetweenRequests, ContainerProbes, StartupOrder
from k2cr_analysis.model.dependency import Dependency
from k2cr_analysis.model.findings.finding import Finding, Target, Verdict


@dataclass(frozen=True, slots=True)
class FieldUse:
    """One field of the object: ``how`` is consumed | carried | no-effect | unaccounted; ``by`` the rule or the
    reason.
    """

    path: str  # JSON path in the object
    schema_path: str  # PodSpec.containers[].image
    how: str
    by: str


@dataclass(frozen=True, slots=True)
class Fit:
    """Can it move? ``ingress_port`` is the container port that gets Cloud Run's traffic; ``h2c``: end-to-end HTTP/2.

    ``containers`` are the names that go along, ingress container first; ``dropped`` those that stay behind, with why
    (an istio-proxy, a plain init container). ``probes`` has an entry for each container that goes along.
    """

    verdict: Verdict
    target: Target
    ingress_container: str | None
    ingress_port: int | None
    h2c: bool
    containers: tuple[str, ...]
    dropped: Mapping[str, str]
    startup: StartupOrder
    probes: Mapping[str, ContainerProbes]
    dependencies: tuple[Dependency, ...]
    findings: tuple[Finding, ...]
    fields: tuple[FieldUse, ...]
    between_requests: BetweenRequests = "nothing"  # what a service must have while no request runs
    background: tuple[Background, ...] = ()  # containers that work when nobody calls

    @property
    def moves(self) -> bool:
        return self.verdict in ("ready", "changes")
