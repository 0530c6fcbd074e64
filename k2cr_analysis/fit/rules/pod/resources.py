"""CPU, memory, accelerators and the number of containers, against what an instance can have."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from k2cr_analysis.fit.candidate import Candidate
from k2cr_analysis.fit.evidence.volumes import in_words
from k2cr_analysis.fit.registry import Found, rule
from k2cr_analysis.model.pod.accelerator import Accelerator
from k2cr_analysis.model.workload import Container
from k2cr_analysis.platforms.cloud_run.gpu import GPUS
from k2cr_analysis.platforms.cloud_run.limits import MAX_CONTAINERS, MAX_CPU_CORES, MAX_MEMORY_BYTES
from k2cr_analysis.platforms.gke.cluster import TPU_LABELS

_CPU = "https://docs.cloud.google.com/run/docs/configuring/services/cpu"
_GPU = "https://docs.cloud.google.com/run/docs/configuring/services/gpu"


def _effective_cores(container: Container) -> Decimal:
    """What Kubernetes reserves: the request, else the limit."""
    asked = container.requests.cpu_cores
    return asked if asked is not None else container.limits.cpu_cores or Decimal(0)


def _effective_bytes(container: Container) -> int:
    asked = container.requests.memory_bytes
    return asked if asked is not None else container.limits.memory_bytes or 0


def _ceiling(candidate: Candidate) -> tuple[int, int]:
    """Most vCPU and bytes of memory that an instance with the workload's accelerator can have."""
    gpu = next(_gpus(candidate), None)
    if gpu is None:
        return MAX_CPU_CORES, MAX_MEMORY_BYTES
    offered = [(GPUS[kind].max_cores, GPUS[kind].max_memory_bytes) for kind in gpu.offered]
    return max(offered, default=max((g.max_cores, g.max_memory_bytes) for g in GPUS.values()))


def _devices(candidate: Candidate) -> Iterator[Accelerator]:
    """What the containers that go along ask for."""
    moving = {c.name for c in candidate.moving}
    return (a for a in candidate.pod.accelerators if a.container in moving)


def _gpus(candidate: Candidate) -> Iterator[Accelerator]:
    return (a for a in _devices(candidate) if a.is_gpu)


@rule(id="requests-over-instance", severity="blocker", reads=("Container.resources", "PodSpec.resources"), docs=_CPU)
def requests_over_instance(candidate: Candidate) -> Iterator[Found]:
    """The containers together request more than a Cloud Run instance can have.

    Why: An instance has at most 8 vCPU and 32 GiB over all its containers (more only beside a large GPU). Where a
    request is missing, Kubernetes takes the limit.
    Remedy: Lower `resources.requests` to what is used, if usage allows; split the pod into services; or leave it on
    GKE.
    Example: resources: {requests: {cpu: "9"}}
    """
    cpu_limit, memory_limit = _ceiling(candidate)
    cores = sum((_effective_cores(c) for c in candidate.moving), Decimal(0))
    size = sum(_effective_bytes(c) for c in candidate.moving)
    if cores > cpu_limit and candidate.moving:
        largest = max(candidate.moving, key=_effective_cores)
        yield Found(
            f"{largest.path}.resources", f"the containers request {cores:f} vCPU; an instance has at most {cpu_limit}"
        )
    if size > memory_limit and candidate.moving:
        largest = max(candidate.moving, key=_effective_bytes)
        yield Found(
            f"{largest.path}.resources",
            f"the containers request {in_words(size)} of memory; an instance has at most {in_words(memory_limit)}",
        )


@rule(id="limits-over-instance", severity="change", reads=("Container.resources.limits",), docs=_CPU)
def limits_over_instance(candidate: Candidate) -> Iterator[Found]:
    """The limits together, though not the requests, are more than a Cloud Run instance can have.

    Why: On Cloud Run the limit is what an instance gets and what is paid; over all containers it is at most 8 vCPU and
    32 GiB.
    Remedy: Choose `resources.limits` from the measured use, within 8 vCPU and 32 GiB for all containers together.
    Example: resources: {requests: {cpu: "1"}, limits: {cpu: "16"}}
    """
    cpu_limit, memory_limit = _ceiling(candidate)
    cores = sum((c.limits.cpu_cores or _effective_cores(c) for c in candidate.moving), Decimal(0))
    size = sum(c.limits.memory_bytes or _effective_bytes(c) for c in candidate.moving)
    if cores > cpu_limit >= sum((_effective_cores(c) for c in candidate.moving), Decimal(0)):
        largest = max(candidate.moving, key=lambda c: c.limits.cpu_cores or Decimal(0))
        yield Found(
            f"{largest.path}.resources.limits.cpu",
            f"the limits add up to {cores:f} vCPU; an instance has at most {cpu_limit}",
        )
    if size > memory_limit >= sum(_effective_bytes(c) for c in candidate.moving):
        largest = max(candidate.moving, key=lambda c: c.limits.memory_bytes or 0)
        yield Found(
            f"{largest.path}.resources.limits.memory",
            f"the limits add up to {in_words(size)}; an instance has at most {in_words(memory_limit)}",
        )


@rule(
    id="accelerator-not-offered",
    severity="blocker",
    reads=("Container.resources", "PodSpec.nodeSelector", "PodSpec.affinity.nodeAffinity"),
    docs=_GPU,
)
def accelerator_not_offered(candidate: Candidate) -> Iterator[Found]:
    """The pod needs an accelerator or a device that Cloud Run does not have.

    Why: Cloud Run has one NVIDIA L4 or one NVIDIA RTX PRO 6000 an instance, and no TPUs, other GPUs, or devices of
    plugins.
    Remedy: Try the model on one L4 or RTX PRO 6000 (`nodeSelector["cloud.google.com/gke-accelerator"]`), a smaller or
    quantised one if need be; otherwise it stays on GKE.
    Example: resources: {limits: {google.com/tpu: "4"}}
    """
    gpus = sum((g.count for g in _gpus(candidate)), Decimal(0))
    for device in _devices(candidate):
        if device.is_gpu:
            yield from _gpu(device, gpus)
        else:
            yield Found(
                device.path,
                f"container {device.container} needs {device.count:f} of {device.resource}; Cloud Run does not have it",
            )
    for label in TPU_LABELS:
        allowed = candidate.pod.placement.allowed(label)
        if allowed:
            yield Found(
                allowed.at,
                f"the pod runs on nodes with a TPU ({', '.join(sorted(allowed.values))}); Cloud Run has none",
            )
            break


def _gpu(gpu: Accelerator, all_of_them: Decimal) -> Iterator[Found]:
    if all_of_them > 1 and gpu.sharing is None:
        whose = f"container {gpu.container} needs" if gpu.count == all_of_them else "the containers together need"
        yield Found(gpu.path, f"{whose} {all_of_them:f} GPUs; a Cloud Run instance has one, and one container owns it")
    if not gpu.offered:
        wanted = " or ".join(sorted(gpu.kinds - gpu.refused)) or f"other than {' and '.join(sorted(gpu.refused))}"
        yield Found(
            next(iter(gpu.kinds_at), gpu.path),
            f"container {gpu.container} needs a GPU of the kind {wanted}; Cloud Run has {' and '.join(GPUS)}",
        )


@rule(
    id="accelerator-of-unknown-kind",
    severity="change",
    reads=("Container.resources", "PodSpec.nodeSelector", "PodSpec.affinity.nodeAffinity"),
    docs=_GPU,
)
def accelerator_of_unknown_kind(candidate: Candidate) -> Iterator[Found]:
    """The pod needs a GPU, and the manifest does not say of which kind.

    Why: Cloud Run has the NVIDIA L4 and the RTX PRO 6000. Whether one of them will do, the manifest cannot show.
    Until it is said, the workload is sized, priced and written with the one that preferred affinity names, else with
    the smallest that affinity does not refuse (an L4, as a rule): its price is that assumption's.
    Remedy: Say the kind under `nodeSelector["cloud.google.com/gke-accelerator"]`: nvidia-l4 or nvidia-rtx-pro-6000.
    Example: resources: {limits: {nvidia.com/gpu: "1"}}
    """
    for gpu in _gpus(candidate):
        if gpu.offered and not gpu.kinds:
            but = f" (any but {' and '.join(sorted(gpu.refused))})" if gpu.refused else ""
            why = "which it prefers" if gpu.on_cloud_run in gpu.liked else "the smallest of those that will do"
            yield Found(
                gpu.path,
                f"container {gpu.container} needs a GPU of a kind that the manifest does not say{but}; Cloud Run has "
                f"{' and '.join(GPUS)}. Size, price and files assume one {gpu.on_cloud_run}, {why}",
            )


@rule(
    id="accelerator-offered",
    severity="note",
    reads=("Container.resources", "PodSpec.nodeSelector", "PodSpec.affinity.nodeAffinity"),
    docs=_GPU,
)
def accelerator_offered(candidate: Candidate) -> Iterator[Found]:
    """The pod needs a GPU that Cloud Run has.

    Why: One NVIDIA L4 needs at least 4 vCPU and 16 GiB, one RTX PRO 6000 at least 20 vCPU and 80 GiB. One container of
    an instance owns it, and billing is by instance: the GPU is paid for as long as an instance is there.
    Remedy: Nothing to decide: the GPU and its kind are carried over, and CPU and memory are raised to the least that
    the GPU needs. Not every region
    has it, and k2cr knows no whole list: the GPU page named asia-southeast1, europe-west1, europe-west4, us-central1
    and us-east4 for the L4. Check that before the deploy, and the region's quotas of GPU, CPU and memory: a new
    project was seen with 20 vCPU and 40 GiB, less than one instance with an RTX PRO 6000.
    Example: nodeSelector: {cloud.google.com/gke-accelerator: nvidia-l4}
    """
    for gpu in _gpus(candidate):
        if gpu.count == 1 and gpu.kinds and gpu.offered and gpu.sharing is None and gpu.partition is None:
            yield Found(
                gpu.path, f"container {gpu.container} needs one GPU ({' or '.join(gpu.offered)}); Cloud Run has it"
            )


@rule(
    id="shared-accelerator",
    severity="change",
    reads=("Container.resources", "PodSpec.nodeSelector", "PodSpec.affinity.nodeAffinity"),
    docs=_GPU,
)
def shared_accelerator(candidate: Candidate) -> Iterator[Found]:
    """On GKE the pod shares a GPU with others, or has a part of one.

    Why: With time-sharing, MPS or a partition several pods run on one GPU. On Cloud Run every instance has a whole GPU
    of its own and pays for it: as many GPUs as instances, where one was enough.
    Remedy: Compare the price of a whole GPU for each instance with the share that the pods have today. Fewer instances
    with a higher `containerConcurrency` may share one GPU; otherwise it stays on GKE.
    Example: nodeSelector: {cloud.google.com/gke-gpu-sharing-strategy: time-sharing}
    """
    for gpu in _gpus(candidate):
        if not gpu.sharing and not gpu.partition:
            continue
        how = f"shares a GPU ({gpu.sharing})" if gpu.sharing else f"has a part of a GPU ({gpu.partition})"
        yield Found(
            gpu.sharing_at or gpu.path,
            f"container {gpu.container} {how} on its node; a Cloud Run instance has a whole GPU, and pays for it",
        )


@rule(id="huge-pages", severity="change", reads=("Container.resources",), docs=_CPU)
def huge_pages(candidate: Candidate) -> Iterator[Found]:
    """A container asks for huge pages.

    Why: Cloud Run has memory of ordinary pages alone.
    Remedy: Take `hugepages-*` out of `resources` and turn huge pages off in the application; measure what it costs.
    Example: resources: {limits: {hugepages-2Mi: 512Mi}}
    """
    for container in candidate.moving:
        for name in {**container.requests.extended, **container.limits.extended}:
            if name.startswith("hugepages-"):
                yield Found(
                    f"{container.path}.resources.limits['{name}']",
                    f"container {container.name} asks for {name}; Cloud Run has none",
                )


@rule(
    id="too-many-containers",
    severity="change",
    reads=("PodSpec.containers",),
    docs="https://docs.cloud.google.com/run/docs/deploying",
)
def too_many_containers(candidate: Candidate) -> Iterator[Found]:
    """The pod has more containers than a Cloud Run instance can have.

    Why: An instance has at most 10 containers, the ingress container among them.
    Remedy: Split `spec.containers` into several services, or take out sidecars that Cloud Run makes needless (log
    shippers, mesh proxies).
    Example: a pod of eleven containers
    """
    if len(candidate.moving) > MAX_CONTAINERS:
        yield Found(
            f"{candidate.pod.path}.containers",
            f"the pod has {len(candidate.moving)} containers; an instance has at most {MAX_CONTAINERS}",
        )
