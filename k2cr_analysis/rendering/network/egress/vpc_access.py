"""Direct VPC egress: needed where the workload calls something that only the VPC network reaches."""

from __future__ import annotations

from dataclasses import dataclass

from k2cr_analysis.assessment.result import WorkloadAssessment
from k2cr_analysis.fit.result import Fit
from k2cr_analysis.model.dependency import Dependency
from k2cr_analysis.model.objects.egress_policies import egress_policies, lets_out
from k2cr_analysis.model.parse.index import name_of
from k2cr_analysis.model.workload import Workload
from k2cr_analysis.rendering.context import NETWORK, SUBNET, RenderContext
from k2cr_analysis.rendering.network.addresses import ClusterService
from k2cr_analysis.rendering.spec.account import Account
from k2cr_analysis.rendering.spec.pod.volumes import Volumes
from k2cr_analysis.rendering.spec.service import Egress, EgressRanges

# Direct VPC egress, "IP address allocation": blocks of 16, two an instance; a rollout runs both revisions for a while.
SMALLEST_PREFIX = 26
ADDRESSES_PER_INSTANCE = 2
ROLLOUT_OVERLAP = 2
RESERVED_ADDRESSES = 4


@dataclass(frozen=True, slots=True)
class Callee:
    """A Service of the cluster that the workload calls. ``workload`` is its id; ``stays``: it does not move.
    ``pods``: those that its client goes on to, by their names; each is reached by an address of its own.
    """

    service: ClusterService
    workload: str | None
    stays: bool
    grpc: bool
    ports: tuple[int, ...]
    evidence: str
    pods: tuple[str, ...] = ()


def private_calls(dependencies: tuple[Dependency, ...]) -> tuple[Dependency, ...]:
    """Calls to addresses that only the VPC network knows, outside the cluster: databases, caches, other systems."""
    return tuple(d for d in dependencies if d.is_private)


def calls_of(fit: Fit) -> tuple[Dependency, ...]:
    """The dependencies without those that only a container names which does not go along."""
    return tuple(
        d for d in fit.dependencies if not d.addresses or any(a.place.container not in fit.dropped for a in d.addresses)
    )


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
        pods=_pods(dependencies, assessed),
    )


def _pods(dependencies: list[Dependency], target: WorkloadAssessment | None) -> tuple[str, ...]:
    """All pods of a StatefulSet, since its members tell of each other; else those that are named."""
    named = dict.fromkeys(p for d in dependencies for p in d.pods)
    if any(d.members for d in dependencies) and target is not None and target.workload.kind == "StatefulSet":
        all_of_them = (f"{target.workload.name}-{i}" for i in range(target.workload.replicas or 1))
        return tuple(dict.fromkeys([*all_of_them, *named]))
    return tuple(named)


def build_egress(
    workload: Workload,
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
    private = sorted({d.target for d in private_calls(dependencies)})
    if private:
        reasons.append(f"it calls {', '.join(private)} on private addresses")
    if volumes.need_vpc:
        reasons.append("it mounts NFS")
    project = context.config.project
    if project.network or project.subnet:
        reasons.append("[project] network asks for it")
    addresses = context.config.workload(workload.id).egress_addresses
    if addresses:
        reasons.append(f"its calls to the internet leave by {', '.join(addresses)}")
    if policies := egress_policies(workload):
        names = ", ".join(name_of(raw) for raw in policies)
        reasons.append(
            f"firewall rules hold back what NetworkPolicy {names} does, of traffic through the network alone"
        )
        if not addresses and any(lets_out(raw) for raw in policies):
            account.decide(
                f"NetworkPolicy {names} lets it call addresses on the internet. All it sends goes through the VPC "
                "network, where the firewall holds back the rest: those calls need Cloud NAT for the subnet, if it has "
                "none yet; or name static addresses (egress_addresses under [workload] in k2cr.toml), and network.sh "
                "makes one."
            )
    ranges: EgressRanges = "all-traffic" if addresses or policies else "private-ranges-only"
    if not reasons:
        return None
    network_is_unknown(context, account)
    return Egress(context.network, context.subnet, (service,), ranges, addresses, why="; ".join(reasons))


def name_of_network_is_unknown(context: RenderContext, account: Account) -> None:
    """List NETWORK where ``k2cr.toml`` does not name it."""
    if context.network == NETWORK:
        account.placeholder(NETWORK, "the VPC network of the cluster: [project] network in k2cr.toml")


def network_is_unknown(context: RenderContext, account: Account) -> None:
    """List NETWORK and SUBNET where ``k2cr.toml`` names neither."""
    name_of_network_is_unknown(context, account)
    if context.subnet == SUBNET:
        account.placeholder(
            SUBNET, "the subnet that instances take their addresses from: [project] subnet in k2cr.toml"
        )


def subnet_prefix(max_instances: int) -> int:
    """The prefix length of a subnet that holds ``max_instances`` through a rollout: /26, or larger as needed."""
    addresses = max_instances * ADDRESSES_PER_INSTANCE * ROLLOUT_OVERLAP
    prefix = SMALLEST_PREFIX
    while 2 ** (32 - prefix) - RESERVED_ADDRESSES < addresses and prefix > 16:
        prefix -= 1
    return prefix
