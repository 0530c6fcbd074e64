"""The price of the nodes, split over the workloads by max(request, use), with idle and system overhead apart.

In each pool a core-hour and a GiB-hour cost what the machines cost at list price, so that a line item shows a rate of
the price book. What pods neither request nor use is idle; what the node keeps from pods (kubelet, kernel, eviction
threshold) is system overhead. Where pods use more than there is to allocate, their shares shrink in proportion.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from k2cr_analysis.model.cluster import Cluster, Node
from k2cr_analysis.model.money import LineItem, total
from k2cr_analysis.model.prices import Tariff
from k2cr_analysis.model.workload import Workload
from k2cr_analysis.platforms.billing import GIB, HOURS_PER_MONTH
from k2cr_analysis.pricing.gke.machine_types import MachineType, machine_type
from k2cr_analysis.pricing.gke.node_price import NodePrice, node_price
from k2cr_analysis.pricing.gke.pod_demand import PodDemand
from k2cr_analysis.pricing.packing.node_pools import NodePool

_MILLIONTH = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class PoolRate:
    """One resource of one pool: what it costs a month, what there is of it in machines, and for pods."""

    sku: str
    unit: str
    currency: str
    month: Decimal
    billed: Decimal  # cores, GiB or GPUs of the machines
    allocatable: Decimal

    @property
    def rate(self) -> Decimal:
        return self.month / (self.billed * HOURS_PER_MONTH)

    @property
    def overhead_month(self) -> Decimal:
        return max(self.billed - self.allocatable, Decimal(0)) * HOURS_PER_MONTH * self.rate


@dataclass(frozen=True)
class NodeShare:
    """Each workload's items; what is left over; what each node costs. ``unpriced``: node name -> reason."""

    by_workload: Mapping[str, tuple[LineItem, ...]]
    unplaced: Mapping[str, str]
    idle_month: Decimal
    overhead_month: Decimal
    node_month: Mapping[str, Decimal]
    unpriced: Mapping[str, str]


def share_nodes(
    cluster: Cluster, pools: Sequence[NodePool], demands: Mapping[str, PodDemand], tariff: Tariff
) -> NodeShare:
    """Split the month of all nodes; the workloads' items, idle and overhead add up to it exactly."""
    priced = {n.name: node_price(n, tariff) for pool in pools for n in pool.nodes}
    node_month = {name: total(p.items) for name, p in priced.items() if isinstance(p, NodePrice)}
    unpriced = {name: p for name, p in priced.items() if isinstance(p, str)}
    placed = {w.id: pods_by_pool(w, demands[w.id], pools) for w in cluster.workloads}
    told = (w for w in cluster.workloads if placed[w.id] and not _holds_nothing(demands[w.id]))
    items: dict[str, list[LineItem]] = {w.id: [] for w in told}
    overhead = Decimal(0)
    for number, pool in enumerate(pools):
        known = [(n, p) for n in pool.nodes if isinstance(p := priced[n.name], NodePrice)]
        if len(known) < len(pool.nodes):
            for workload_id, pods in placed.items():
                if number in pods:
                    items.pop(workload_id, None)
            continue
        for resource, rate in _rates(pool, known).items():
            overhead += rate.overhead_month
            wanted = {w: pods[number] * _held(demands[w], resource) for w, pods in placed.items() if number in pods}
            for workload_id, item in _split(rate, wanted).items():
                if workload_id in items:
                    items[workload_id].append(item)
    shared = sum((total(lines) for lines in items.values()), Decimal(0))
    return NodeShare(
        by_workload={w: tuple(lines) for w, lines in items.items()},
        unplaced={w.id: _why_not(w, demands[w.id], placed[w.id]) for w in cluster.workloads if w.id not in items},
        idle_month=sum(node_month.values(), Decimal(0)) - shared - overhead,
        overhead_month=overhead,
        node_month=node_month,
        unpriced=unpriced,
    )


def pods_by_pool(workload: Workload, demand: PodDemand, pools: Sequence[NodePool]) -> dict[int, Decimal]:
    """Pool number -> mean pods there: as the live pods are spread, else over the pools that take the workload.

    Empty where the number of pods is not known, or no pool takes them.
    """
    if demand.pods is None:
        return {}
    pool_of = {node.name: number for number, pool in enumerate(pools) for node in pool.nodes}
    seen = [pool_of[p.node] for p in demand.live if p.node in pool_of]
    if seen:
        return {number: demand.pods * seen.count(number) / len(seen) for number in sorted(set(seen))}
    weights = {number: pool.allocatable_cores for number, pool in enumerate(pools) if pool.takes(workload)}
    whole = sum(weights.values(), Decimal(0))
    return {number: demand.pods * weight / whole for number, weight in weights.items() if weight}


def _rates(pool: NodePool, priced: Sequence[tuple[Node, NodePrice]]) -> dict[str, PoolRate]:
    currency, spot = priced[0][1].cpu[0].currency, " Spot" if pool.nodes[0].spot else ""
    machine = pool.nodes[0].machine_type
    shapes = [_machine(n) for n, _ in priced]
    rates = {
        "cpu": PoolRate(
            sku=f"{priced[0][1].cpu[0].sku}, node pool {pool.name} ({machine}{spot})",
            unit="vcpu_h",
            currency=currency,
            month=sum((total(p.cpu) for _, p in priced), Decimal(0)),
            billed=sum((n.capacity.cpu_cores or _machine(n).vcpu for n, _ in priced), Decimal(0)),
            allocatable=pool.allocatable_cores,
        ),
        "memory": PoolRate(
            sku=f"{priced[0][1].memory[0].sku}, node pool {pool.name} ({machine}{spot})",
            unit="gib_h",
            currency=currency,
            month=sum((total(p.memory) for _, p in priced), Decimal(0)),
            # The machine's own memory, not the kernel's view of it: so the rate is the price book's.
            billed=sum((m.gib for m in shapes), Decimal(0)),
            allocatable=pool.allocatable_bytes / GIB,
        ),
    }
    gpus = sum((Decimal(m.gpus) for m in shapes), Decimal(0))
    if gpus:
        rates["gpu"] = PoolRate(
            sku=f"{priced[0][1].gpu[0].sku}, node pool {pool.name} ({machine}{spot})",
            unit="gpu_h",
            currency=currency,
            month=sum((total(p.gpu) for _, p in priced), Decimal(0)),
            billed=gpus,
            allocatable=gpus,
        )
    return rates


def _machine(node: Node) -> MachineType:
    shape = machine_type(node.machine_type)
    assert shape is not None, "a priced node has a known machine type"
    return shape


def _held(demand: PodDemand, resource: str) -> Decimal:
    if resource == "gpu":
        return demand.gpus
    return demand.held_cpu_cores if resource == "cpu" else demand.held_memory_bytes / GIB


def _split(rate: PoolRate, wanted: Mapping[str, Decimal]) -> dict[str, LineItem]:
    """Each workload's part of one resource of a pool; the quantities never add up to more than is allocatable."""
    asked = sum(wanted.values(), Decimal(0))
    shrink = min(Decimal(1), rate.allocatable / asked) if asked else Decimal(1)
    return {
        workload_id: LineItem(
            sku=rate.sku,
            quantity=(amount * shrink * HOURS_PER_MONTH).quantize(_MILLIONTH, ROUND_DOWN),
            unit=rate.unit,
            rate=rate.rate,
            currency=rate.currency,
        )
        for workload_id, amount in wanted.items()
    }


def _holds_nothing(demand: PodDemand) -> bool:
    """Pods that run, and neither ask for anything nor were measured: what they take is not 0, it is not known."""
    return bool(demand.pods) and not (demand.held_cpu_cores or demand.held_memory_bytes)


def _why_not(workload: Workload, demand: PodDemand, placed: Mapping[int, Decimal]) -> str:
    if demand.pods is None:
        return demand.how
    if not placed:
        return "no node pool of the snapshot takes its pods"
    if _holds_nothing(demand):
        return "its pods request nothing and no use of them was measured: their part of the nodes is not known"
    return "it runs in a node pool whose machines could not be priced"
