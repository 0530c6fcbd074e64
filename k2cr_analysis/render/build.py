"""From an assessment to the neutral value: the one place where a workload becomes a service, a job or a worker pool."""

from __future__ import annotations

from dataclasses import dataclass

from k2cr_analysis.assessment.result import WorkloadAssessment
from k2cr_analysis.model.workload import Workload
from k2cr_analysis.render import kinds
from k2cr_analysis.render.account import Account
from k2cr_analysis.render.containers import Containers
from k2cr_analysis.render.context import RenderContext
from k2cr_analysis.render.egress import Callee, build_egress, callees
from k2cr_analysis.render.exposure import Reached, build_exposure
from k2cr_analysis.render.identity import Identity, build_identity
from k2cr_analysis.render.labels import build_labels
from k2cr_analysis.render.service import Run, RunTemplate

GKE_ACCELERATOR = "cloud.google.com/gke-accelerator"


@dataclass(frozen=True)
class Build:
    """Everything that the files of one folder are made from. ``reached`` is None for jobs and worker pools."""

    assessed: WorkloadAssessment
    context: RenderContext
    run: Run
    identity: Identity
    reached: Reached | None
    callees: tuple[Callee, ...]
    account: Account

    @property
    def workload(self) -> Workload:
        return self.assessed.workload


def build(assessed: WorkloadAssessment, context: RenderContext) -> Build:
    """The neutral value of a workload that moves (``shape`` is there, ``fit.target`` is not none)."""
    workload, fit, shape = assessed.workload, assessed.fit, assessed.shape
    if shape is None:
        raise ValueError(f"{workload.id} has no shape: it does not move")
    account = Account()
    name = context.name_of(workload)
    called = callees(workload, fit.dependencies, context)
    identity = build_identity(workload, name, context, account)
    parts = Containers(assessed, shape, context, account)
    accelerator = shape.gpu or workload.pod.raw.get("nodeSelector", {}).get(GKE_ACCELERATOR)
    template = RunTemplate(
        containers=parts.containers(),
        volumes=parts.volumes.volumes,
        service_account=identity.email,
        egress=build_egress(workload, name, called, fit.dependencies, parts.volumes, context, account),
        execution_environment="gen2" if parts.volumes.need_gen2 else shape.execution_environment,
        accelerator=accelerator if parts.has_gpu else None,
        why={"service_account": identity.why},
    )
    _account_for_absent(assessed, account)
    frame = kinds.Frame(name, build_labels(workload, context, account), template, assessed, shape, context, account)
    reached = build_exposure(workload, context, account) if fit.target == "service" else None
    run: Run = (
        kinds.service(frame, reached)
        if reached
        else kinds.job(frame)
        if fit.target == "job"
        else kinds.worker_pool(frame)
    )
    return Build(assessed, context, run, identity, reached, called, account)


def _account_for_absent(assessed: WorkloadAssessment, account: Account) -> None:
    for name, why in sorted(assessed.fit.dropped.items()):
        container = assessed.workload.container(name)
        if container is not None:
            account.dropped(container.path, f"container {name}", why)
