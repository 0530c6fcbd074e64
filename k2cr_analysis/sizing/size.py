"""The recommended configuration of one workload: needs, rounded to what Cloud Run has, and its scaling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from k2cr_analysis.config import Config
from k2cr_analysis.model.cloud_run import ContainerShape, ExecutionEnvironment, ServiceShape, cpu_text, memory_text
from k2cr_analysis.model.findings.finding import Finding, Target
from k2cr_analysis.model.observed import TrafficProfile, WorkloadUsage
from k2cr_analysis.model.pod.scratch import scratch_volumes
from k2cr_analysis.model.workload import Workload
from k2cr_analysis.platforms.cloud_run.limits import DEFAULT_CONCURRENCY
from k2cr_analysis.sizing import notices
from k2cr_analysis.sizing.allocation import Allocation, Need, allocate
from k2cr_analysis.sizing.concurrency import Concurrency, concurrency
from k2cr_analysis.sizing.instance_counts import pods_of, scaling
from k2cr_analysis.sizing.need import ASKED, CPU_QUANTILE, DEFAULT, MEASURED, Needs, needs_of

_WEEK_DAYS = 7


@dataclass(frozen=True, slots=True)
class Sizing:
    """``shape`` is None where no instance is large enough, or nothing moves. ``basis``: where the numbers come from."""

    shape: ServiceShape | None
    basis: str
    findings: tuple[Finding, ...]
    assumptions: tuple[str, ...]


def size(
    workload: Workload,
    *,
    target: Target,
    containers: tuple[str, ...],
    ingress: str | None,
    usage: WorkloadUsage | None,
    traffic: TrafficProfile | None,
    config: Config,
) -> Sizing:
    """CPU, memory, concurrency and scaling of a workload on Cloud Run.

    Parameters
    ----------
    target, containers, ingress : what fit says: where it goes, which containers go along, which one gets the requests
    usage, traffic : what was measured; None where the snapshot has nothing of this workload

    The rules stand in ``need.py`` (quantiles, headroom), ``limits.py`` (legal values), ``allocation.py`` (rounding),
    ``concurrency.py`` and ``instances.py``. Billing is left at request-based (with a GPU there is but instance-based):
    the assessment takes the cheaper mode.
    """
    objectives = config.objectives_of(workload.id)
    needs = needs_of(workload, containers, usage, objectives.headroom, ingress)
    if target == "none" or not needs.containers:
        return Sizing(None, "nothing to size", (), ())
    gpu_container, gpu = _accelerator(workload, tuple(needs.containers))
    main = gpu_container or _busiest(needs, ingress)
    allocation = allocate(needs.containers, main, gpu)
    given = allocation.containers if allocation else needs.containers
    findings = [*_basis_notes(workload, needs, given, usage), *needs.findings]
    basis = _basis(needs)
    if allocation is None:
        return Sizing(None, basis, (*findings, _too_large(workload, needs)), ())
    findings += _short(workload, needs, allocation)
    chosen = (
        concurrency(allocation.containers, traffic, usage, pods_of(workload, usage)) if target == "service" else None
    )
    scratch = scratch_volumes(workload.pod, {n: c for n in needs.containers if (c := workload.container(n))})
    disk_bytes = sum(s.disk_bytes for s in scratch.values())
    least, most, notes = scaling(workload, target, usage, traffic, config)
    shape = ServiceShape(
        target=target,
        containers=allocation.containers,
        concurrency=chosen.limit if chosen else None,
        min_instances=least,
        max_instances=most,
        billing=None if chosen is None else "instance" if gpu else "request",
        execution_environment=_environment(workload, target, gpu, disk_bytes),
        gpu=gpu,
        disk_bytes=disk_bytes,
    )
    return Sizing(shape, basis, (*findings, *notes), _assumptions(needs, objectives.headroom, chosen))


def _busiest(needs: Needs, ingress: str | None) -> str:
    """The container that gets the whole vCPU: of those whose need is known the one that needs most.

    Of equals the ingress container, then the first. A container that nobody measured and that asks for nothing comes
    after those: it is beside the application, more often than not.
    """

    def rank(name: str) -> tuple[bool, Decimal, bool]:
        return needs.basis[name][0] != DEFAULT, needs.containers[name].cpu_cores, name == ingress

    return max(needs.containers, key=rank)


def _environment(workload: Workload, target: Target, gpu: str | None, disk_bytes: int) -> ExecutionEnvironment:
    """gen2, a whole Linux as on GKE; gen1 (gVisor) for what runs in gVisor already. Jobs and worker pools are gen2."""
    is_sandboxed = workload.pod.placement.runtime_class == "gvisor"
    needs_gen2 = gpu is not None or disk_bytes > 0 or _mounts_files(workload)
    return "gen1" if is_sandboxed and target == "service" and not needs_gen2 else "gen2"


def _mounts_files(workload: Workload) -> bool:
    """Network file systems need gen2."""
    return any(volume.kind in ("nfs", "csi", "persistentVolumeClaim") for volume in workload.pod.volumes)


def _accelerator(workload: Workload, names: tuple[str, ...]) -> tuple[str | None, str | None]:
    """(container that asks for a GPU, its type as Cloud Run knows it)."""
    gpu = next((a for a in workload.pod.accelerators if a.is_gpu and a.container in names), None)
    if gpu is None:
        return None, None
    kind = gpu.on_cloud_run
    return (gpu.container, kind) if kind else (None, None)


def _basis(needs: Needs) -> str:
    used = {source for pair in needs.basis.values() for source in pair}
    return ", ".join(source for source in (MEASURED, ASKED, DEFAULT) if source in used)


def _basis_notes(
    workload: Workload, needs: Needs, given: Mapping[str, ContainerShape | Need], usage: WorkloadUsage | None
) -> list[Finding]:
    notes = []
    path = workload.pod.path
    guessed = [
        f"{name} ({cpu_text(given[name].cpu_cores)} CPU, {memory_text(given[name].memory_bytes)})"
        for name, pair in needs.basis.items()
        if DEFAULT in pair
    ]
    unmeasured = [name for name, pair in needs.basis.items() if set(pair) != {MEASURED}]
    if unmeasured:
        notes.append(notices.no_usage_data(path, workload.id if usage is None else ", ".join(unmeasured)))
    if guessed:
        notes.append(notices.no_resources_given(path, ", ".join(guessed)))
    if usage is not None and 0 < usage.days < _WEEK_DAYS and len(unmeasured) < len(needs.basis):
        notes.append(notices.short_usage_window(path, usage.days))
    return notes


def _short(workload: Workload, needs: Needs, allocation: Allocation) -> list[Finding]:
    if not allocation.short:
        return []
    parts = [
        f"{name} needs {needs.containers[name].cpu_cores:.2f}, gets {cpu_text(allocation.containers[name].cpu_cores)}"
        for name in allocation.short
    ]
    return [notices.cpu_above_one_instance(workload.pod.path, "; ".join(parts))]


def _too_large(workload: Workload, needs: Needs) -> Finding:
    needed_bytes = sum(need.memory_bytes for need in needs.containers.values())
    return notices.memory_above_one_instance(workload.pod.path, needed_bytes)


def _assumptions(needs: Needs, headroom: float, chosen: Concurrency | None) -> tuple[str, ...]:
    """Worded alike for all workloads, so that a report says each once."""
    said = []
    if any(MEASURED in pair for pair in needs.basis.values()):
        said.append(
            f"sizing from usage: CPU at the {CPU_QUANTILE:.0%} quantile of the busiest pod, memory at the most seen, "
            f"{headroom:.0%} of each left free"
        )
    if chosen is not None and chosen.limit == DEFAULT_CONCURRENCY:
        default = f"concurrency {DEFAULT_CONCURRENCY}, Cloud Run's default"
        said.append(f"{default}, where the snapshot does not tell the CPU of a request")
    return tuple(said)
