"""Direct VPC egress: needed where the workload calls something that only the VPC network reaches."""

from __future__ import annotations

from dataclasses import dataclass

from k2cr_analysis.model.dependency import Dependency
from k2cr_analysis.model.workload import Workload
from k2cr_analysis.render.account import Account
from k2cr_analysis.render.addresses import ClusterService, is_private
from k2cr_analysis.render.context import RenderContext
from k2cr_analysis.render.service import Egress
from k2cr_analysis.render.volumes import Volumes

# Direct VPC egress, "IP address allocation": blocks of 16, two an instance; a rollout runs both revisions for a while.
SMALLEST_PREFIX = 26
ADDRESSES_PER_INSTANCE = 2
ROLLOUT_OVERLAP = 2
RESERVED_ADDRESSES = 4


@dataclass(frozen=True, slots=True)
class Callee:
    """A Service of the cluster that the workload calls. ``workload`` is its id; ``stays``: it does not move."""

    service: ClusterService
    workload: str | None
    stays: bool
    grpc: bool
    ports: tuple[int, ...]
    evidence: str


def callees(workload: Workload, dependencies: tuple[Dependency, ...], context: RenderContext) -> tuple[Callee, ...]:
    """The cluster's Services among the dependencies, each once, by namespace and name."""
    found: dict[tuple[str, str], list[Dependency]] = {}
    for dependency in dependencies:
        if dependency.in_cluster and dependency.service:
            found.setdefault((dependency.namespace or workload.namespace, dependency.service), []).append(dependency)
    return tuple(_callee(ClusterService(*key), each, context) for key, each in sorted(found.items()))


def _callee(service: ClusterService, dependencies: list[Dependency], context: RenderContext) -> Callee:
    target = next((d.target for d in dependencies if d.target in context.assessed), None)
    assessed = context.assessed.get(target) if target else None
    return Callee(
        service=service,
        workload=target,
        stays=assessed is None or not assessed.fit.moves,
        grpc=any(d.kind == "grpc" for d in dependencies),
        ports=tuple(sorted({d.port for d in dependencies if d.port})),
        evidence="; ".join(dict.fromkeys(d.evidence for d in dependencies)),
    )


def build_egress(
    service: str,
    called: tuple[Callee, ...],
    dependencies: tuple[Dependency, ...],
    volumes: Volumes,
    context: RenderContext,
    account: Account,
) -> Egress | None:
    """The network interface, or None where everything that is called is reached over the internet."""
    reasons = []
    if called:
        names = ", ".join(f"{c.service.name}.{c.service.namespace}" for c in called)
        reasons.append(f"it calls {names} in the cluster")
    private = sorted({d.target for d in dependencies if not d.in_cluster and is_private(d.target)})
    if private:
        reasons.append(f"it calls {', '.join(private)} on private addresses")
    if volumes.need_vpc:
        reasons.append("it mounts NFS")
    project = context.config.project
    if project.network or project.subnet:
        reasons.append("[project] network asks for it")
    if not reasons:
        return None
    if project.network is None and project.subnet is None:
        account.placeholder(
            "default",
            "network and subnet of Direct VPC egress: the snapshot does not name the cluster's; set "
            "[project] network and subnet",
        )
    return Egress(context.network, context.subnet, (service,), why="; ".join(reasons))


def subnet_prefix(max_instances: int) -> int:
    """The prefix length of a subnet that holds ``max_instances`` through a rollout: /26, or larger as needed."""
    addresses = max_instances * ADDRESSES_PER_INSTANCE * ROLLOUT_OVERLAP
    prefix = SMALLEST_PREFIX
    while 2 ** (32 - prefix) - RESERVED_ADDRESSES < addresses and prefix > 16:
        prefix -= 1
    return prefix
