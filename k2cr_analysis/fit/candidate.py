"""A workload with all that fit has worked out about it before the rules look at it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from k2cr_analysis.config.settings import Config, WorkloadSettings
from k2cr_analysis.fit.cluster_index import ClusterIndex
from k2cr_analysis.fit.evidence.background import Background
from k2cr_analysis.fit.evidence.containers import Cast
from k2cr_analysis.fit.evidence.ingress import IngressChoice
from k2cr_analysis.fit.evidence.monitoring import Monitored
from k2cr_analysis.fit.evidence.protocols import CalledPort
from k2cr_analysis.fit.evidence.starting.order import StartupPlan
from k2cr_analysis.fit.evidence.starting.probes import ProbePlan
from k2cr_analysis.fit.result import FieldUse
from k2cr_analysis.model.dependency import Dependency
from k2cr_analysis.model.findings.finding import Target
from k2cr_analysis.model.workload import Container, EnvVar, Pod, Workload


@dataclass(frozen=True, slots=True)
class Candidate:
    """``target`` is what the workload would become if nothing held it back. ``callers``: ids of workloads that call
    it.
    """

    workload: Workload
    config: Config
    settings: WorkloadSettings
    index: ClusterIndex
    target: Target
    cast: Cast
    called: tuple[CalledPort, ...]
    ingress: IngressChoice
    startup: StartupPlan
    probes: ProbePlan
    dependencies: tuple[Dependency, ...]
    callers: tuple[str, ...]
    leading: tuple[Dependency, ...]  # the calls of those callers, where an object shows them
    own_addresses: tuple[Dependency, ...]  # where it names a Service of its own
    fields: tuple[FieldUse, ...]
    monitored: Monitored | None  # nobody but monitoring calls it
    background: tuple[Background, ...]  # containers that work when nobody calls
    staying: frozenset[str] = frozenset()  # workloads that it calls and that do not move; known once all are judged

    @property
    def pod(self) -> Pod:
        return self.workload.pod

    @property
    def moving(self) -> tuple[Container, ...]:
        return self.cast.moving

    @property
    def would_be(self) -> str:
        """ "a service", for messages."""
        return f"a {self.target.replace('-', ' ')}"

    def environment(self) -> Iterator[tuple[Container, EnvVar]]:
        for container in self.moving:
            for variable in container.env:
                yield container, variable

    def mounting(self, volume: str) -> list[Container]:
        """The containers that go along and mount a volume."""
        return [c for c in self.moving if any(m.volume == volume for m in c.volume_mounts)]

    def metadata_path(self) -> str:
        """JSON path of the pod template's metadata."""
        return self.pod.path.removesuffix("spec") + "metadata"


def bracketed(path: str, key: str) -> str:
    """A JSON path to a key that is no plain word: ``$.metadata.annotations['a.b/c']``."""
    return f"{path}['{key}']"
