"""Which devices a pod's containers ask for, and which kinds of them will do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from k2cr_analysis.model.pod.accelerator import NVIDIA_GPU, TPU, Accelerator
from k2cr_analysis.model.pod.placement import AllowedValues, Placement
from k2cr_analysis.model.workload import Container
from k2cr_analysis.platforms.gke.cluster import ACCELERATOR, GPU_MAX_CLIENTS, GPU_PARTITION, GPU_SHARING, TPU_LABELS

_KIND_LABEL = {NVIDIA_GPU: ACCELERATOR, TPU: TPU_LABELS[0]}
_NO_DEVICE = "hugepages-"


def accelerators_of(containers: Iterable[Container], placement: Placement) -> tuple[Accelerator, ...]:
    """The devices that containers ask for, with the kinds that the placement allows."""
    return tuple(a for container in containers for a in _of_container(container, placement))


def _of_container(container: Container, placement: Placement) -> Iterator[Accelerator]:
    for name, count in {**container.requests.extended, **container.limits.extended}.items():
        if name.startswith(_NO_DEVICE) or count <= 0:
            continue
        # For an extended resource, request and limit are equal; a manifest may write either.
        field = "limits" if name in container.limits.extended else "requests"
        kinds = _kinds(name, placement)
        sharing, partition = placement.allowed(GPU_SHARING), placement.allowed(GPU_PARTITION)
        clients = placement.allowed(GPU_MAX_CLIENTS)
        label = _KIND_LABEL.get(name)
        liked, refused = (placement.preferred(label), placement.excluded(label)) if label else (None, None)
        yield Accelerator(
            container=container.name,
            resource=name,
            count=count,
            path=f"{container.path}.resources.{field}['{name}']",
            kinds=kinds.values if kinds else frozenset(),
            liked=liked.values if liked else frozenset(),
            refused=refused.values if refused else frozenset(),
            kinds_at=tuple(at for said in (kinds, refused, liked) if said for at in said.places),
            sharing=_one(sharing) or _clients(clients) if name == NVIDIA_GPU else None,
            sharing_at=shared.at if (shared := sharing or clients) and name == NVIDIA_GPU else None,
            partition=_one(partition) if name == NVIDIA_GPU else None,
        )


def _kinds(resource: str, placement: Placement) -> AllowedValues | None:
    label = _KIND_LABEL.get(resource)
    if label is None:
        return None
    return placement.allowed(label) or _of_class(resource, placement)


def _of_class(resource: str, placement: Placement) -> AllowedValues | None:
    """The kinds that the rules of the compute class name; a rule without one gives the pod no such node."""
    of_class = placement.compute_class
    rules = of_class.rules or () if of_class else ()
    named = {rule.gpu if resource == NVIDIA_GPU else rule.tpu: rule.path for rule in rules}
    kinds = {kind: at for kind, at in named.items() if kind}
    return AllowedValues(frozenset(kinds), (*kinds.values(), of_class.at)) if kinds and of_class else None


def _clients(allowed: AllowedValues | None) -> str | None:
    return f"up to {_one(allowed)} pods" if allowed else None


def _one(allowed: AllowedValues | None) -> str | None:
    return " or ".join(sorted(allowed.values)) if allowed else None
