"""From an assessment to the neutral value: the one place where a workload becomes a service, a job or a worker pool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from k2cr_analysis.assessment.result import WorkloadAssessment
from k2cr_analysis.model.cloud_run import ExecutionEnvironment, ServiceShape
from k2cr_analysis.model.workload import Workload
from k2cr_analysis.rendering.context import RenderContext
from k2cr_analysis.rendering.network.access.ingress_setting import Reached, build_exposure
from k2cr_analysis.rendering.network.egress.vpc_access import Callee, build_egress, callees, calls_of
from k2cr_analysis.rendering.spec import service_job_pool as kinds
from k2cr_analysis.rendering.spec.account import Account
from k2cr_analysis.rendering.spec.audience import new_audience
from k2cr_analysis.rendering.spec.labels import account_for_name, build_labels
from k2cr_analysis.rendering.spec.pod.containers import Containers
from k2cr_analysis.rendering.spec.pod.port_words import PortWords
from k2cr_analysis.rendering.spec.service import Run, RunTemplate
from k2cr_analysis.rendering.spec.service_account import Identity, build_identity
from k2cr_analysis.rendering.spec.settings_of_workload import Asked, asked, build_settings


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
    container_names: Mapping[str, str] = field(default_factory=dict)  # of the source -> as written
    volume_names: Mapping[str, str] = field(default_factory=dict)
    mount_places: Mapping[str, str] = field(default_factory=dict)  # path of a mount of the source -> where it is

    @property
    def workload(self) -> Workload:
        return self.assessed.workload

    @cached_property
    def port_words(self) -> PortWords:
        """What its ports decide: what stands today is worked out once for all of them."""
        return PortWords(self.workload, self.assessed.fit, self.context.config.workload(self.workload.id))


def build(assessed: WorkloadAssessment, context: RenderContext) -> Build:
    """The neutral value of a workload that moves (``shape`` is there, ``fit.target`` is not none)."""
    workload, fit, shape = assessed.workload, assessed.fit, assessed.shape
    if shape is None:
        raise ValueError(f"{workload.id} has no shape: it does not move")
    account = Account()
    if context.config.policy.pin_secrets:
        account.version = "1"
        account.house_rule("pin_secrets", "a secret with one value is read by the number of its version")
    name = context.name_of(workload)
    account_for_name(workload, fit.target, name, context, account)
    reached = build_exposure(workload, context, account) if fit.target == "service" else None
    said = asked(workload, account)
    calls = calls_of(fit)
    called = callees(workload, calls, context)
    identity = build_identity(workload, name, context, account)
    audience = new_audience(reached, context, name, account)
    parts = Containers(assessed, shape, audience, context, account)
    template = RunTemplate(
        containers=parts.containers(),
        volumes=parts.volumes.volumes,
        service_account=identity.email,
        egress=build_egress(workload, name, called, calls, parts.volumes, context, account),
        execution_environment=_environment(parts, shape, said),
        accelerator=shape.gpu,
        why={"service_account": identity.why},
    )
    _account_for_gpu(assessed, shape, account)
    _account_for_absent(assessed, account)
    _account_for_registries(assessed, context, account)
    labels, settings = (
        build_labels(workload, context, account),
        build_settings(
            workload,
            reached,
            context,
            account,
            has_egress=template.egress is not None,
            has_gpu=bool(shape.gpu) and fit.target != "job",
        ),
    )
    frame = kinds.Frame(name, labels, template, assessed, shape, settings, context, account)
    run: Run = (
        kinds.service(frame, reached, said)
        if reached
        else kinds.job(frame)
        if fit.target == "job"
        else kinds.worker_pool(frame)
    )
    account.keep_secrets(run.template.secrets)
    names = {name: parts.names[name] for name in parts.environments}
    return Build(
        assessed, context, run, identity, reached, called, account, names, parts.volumes.names, parts.volumes.places
    )


def _environment(parts: Containers, shape: ServiceShape, said: Asked) -> ExecutionEnvironment:
    """Gen2 where a volume needs it; the source's own word, where it has one; else as sized."""
    if parts.volumes.need_gen2 or (said.execution_environment == "gen2" and shape.cpu_cores >= 1):
        return "gen2"
    return "gen1" if said.execution_environment == "gen1" else shape.execution_environment


def _account_for_registries(assessed: WorkloadAssessment, context: RenderContext, account: Account) -> None:
    """What fit found of the house's list of registries."""
    if context.config.policy.registries:
        outside = [f.message for f in assessed.findings if f.rule == "registry-outside-policy"]
        account.house_rule("registries", "; ".join(outside) or "kept: every image comes from one of them")


def _account_for_gpu(assessed: WorkloadAssessment, shape: ServiceShape, account: Account) -> None:
    """What named the kind, in any of the words for it, stands as Cloud Run's own selector."""
    for gpu in assessed.workload.pod.accelerators if shape.gpu else ():
        for at in gpu.kinds_at if gpu.is_gpu else ():
            place = at.partition("['")[0]  # a selector is accounted for as a whole
            named = " or ".join(sorted(gpu.kinds or gpu.liked)) or f"not {' or '.join(sorted(gpu.refused))}"
            source = dict(assessed.workload.pod.placement.node_selector) if place.endswith(".nodeSelector") else named
            why = "the kind of GPU; Cloud Run places instances itself"
            account.changed(place, "template.nodeSelector", source, shape.gpu, why)


def _account_for_absent(assessed: WorkloadAssessment, account: Account) -> None:
    for name, why in sorted(assessed.fit.dropped.items()):
        container = assessed.workload.container(name)
        if container is not None:
            account.dropped(container.path, f"container {name}", why)
