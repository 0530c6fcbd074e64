"""The billing table, in the detailed export's schema with GKE cost allocation: a row a day, SKU, pool and workload.

Compute rows are nodes x list price x hours, split by what pods requested; what nobody requested is kube:unallocated,
what GKE keeps on each node is kube:system-overhead. So the sum of a day's rows is the price of the nodes, to the cent.
"""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from demo.behaviour import Series
from demo.live import DemoPod
from demo.nodes import DemoNode, hash_text
from demo.rhythm import Clock
from k2cr_analysis.model.prices import PriceBook
from k2cr_analysis.snapshot.tables import BILLING

COMPUTE = ("6F81-5844-456A", "Compute Engine")
KUBERNETES = ("CCD8-9BF1-090E", "Kubernetes Engine")
SYSTEM_OVERHEAD, UNALLOCATED = "kube:system-overhead", "kube:unallocated"
# N2 earns a sustained use discount of 20 % over a full month, E2 none (Compute Engine, "Sustained use discounts").
SUSTAINED_USE = {"n2": 0.20}
GIB = 2**30
_API = {"Deployment": "apps/v1", "StatefulSet": "apps/v1", "DaemonSet": "apps/v1", "CronJob": "batch/v1"}


@dataclass(frozen=True)
class _Unit:
    """A pricing unit, and how many of the base unit it holds."""

    name: str
    base_name: str
    base: float


@dataclass(frozen=True)
class _Charge:
    service: tuple[str, ...]
    sku: str
    rate: Decimal
    unit: _Unit


_CORE_HOUR = _Unit("hour", "seconds", 3600.0)
_GIB_HOUR = _Unit("gibibyte hour", "byte-seconds", 3600.0 * GIB)


@dataclass(frozen=True)
class Requested:
    """What one pod of a workload reserves, and how its pods spread over the node pools."""

    cores: float
    gib: float
    share_by_pool: dict[str, float]


def requested_of(pods: Iterable[DemoPod], jobs: dict[str, tuple[float, float, str]]) -> dict[str, Requested]:
    """``jobs``: workload -> cores, GiB and pool of a CronJob, which has no pod at the end of the window."""
    placed: dict[str, list[DemoPod]] = defaultdict(list)
    for pod in pods:
        placed[pod.workload].append(pod)
    found = {name: Requested(cores, gib, {pool: 1.0}) for name, (cores, gib, pool) in jobs.items()}
    for name, mine in placed.items():
        pools = [pod.node.pool for pod in mine]
        found[name] = Requested(
            mine[0].cores, mine[0].gib, {pool: pools.count(pool) / len(pools) for pool in sorted(set(pools))}
        )
    return found


@dataclass(frozen=True)
class Placed:
    """What stands and runs in the cluster: nodes, disks, and what each workload's pods reserve."""

    nodes: list[DemoNode]
    disks: list[dict[str, Any]]
    requested: dict[str, Requested]


def billing_table(company: dict[str, Any], clock: Clock, workloads: list[Series], placed: Placed) -> pa.Table:
    rows: list[dict[str, Any]] = []
    writer = _Rows(company, PriceBook.embedded())
    pod_hours = {s.id: np.bincount(s.clock.day, weights=s.pod_hours) for s in workloads}
    for index in range(int(clock.day[-1]) + 1):
        day = clock.start + timedelta(days=index)
        hours = {name: float(per_day[index]) for name, per_day in pod_hours.items()}
        for pool in company["node_pools"]:
            rows += writer.pool(day, pool, placed, hours)
        rows += writer.storage(day, placed.nodes, placed.disks)
        rows += writer.other(day)
    return pa.Table.from_pylist(rows, schema=BILLING.schema)


class _Rows:
    """Writes rows of one company: the columns that never change are said once."""

    def __init__(self, company: dict[str, Any], book: PriceBook) -> None:
        self._company, self._book = company, book
        self._region = company["cluster"]["region"]

    def pool(
        self, day: datetime, pool: dict[str, Any], placed: Placed, pod_hours: dict[str, float]
    ) -> Iterator[dict[str, Any]]:
        family = pool["machine_type"].split("-")[0]
        model = f"{family}.spot" if pool["spot"] else family
        nodes = [node for node in placed.nodes if node.pool == pool["name"]]
        mine: dict[str, tuple[float, float]] = {}
        for name, asked in sorted(placed.requested.items()):
            hours = pod_hours.get(name, 0.0) * asked.share_by_pool.get(pool["name"], 0.0)
            mine[name] = (hours * asked.cores, hours * asked.gib)
        for index, meter in enumerate((f"compute.{model}.cpu", f"compute.{model}.memory")):
            whole = 24.0 * sum(n.vcpu if index == 0 else n.gib for n in nodes)
            free = 24.0 * sum(n.allocatable_cores if index == 0 else n.allocatable_gib for n in nodes)
            taken = {name: amounts[index] for name, amounts in mine.items() if amounts[index] > 0}
            idle = free - sum(taken.values())
            if idle < 0:
                raise SystemExit(
                    f"{day:%F}: pods of pool {pool['name']} request more than it has: enlarge it in company.yaml"
                )
            for name, amount in taken.items():
                namespace, kind, workload = name.split("/")
                labels = {
                    "k8s-namespace": namespace,
                    "k8s-workload-name": workload,
                    "k8s-workload-type": f"{_API[kind]}-{kind}",
                }
                yield self._compute(day, pool, meter, amount, labels)
            yield self._compute(day, pool, meter, whole - free, {"k8s-namespace": SYSTEM_OVERHEAD})
            yield self._compute(day, pool, meter, idle, {"k8s-namespace": UNALLOCATED})

    def _compute(
        self, day: datetime, pool: dict[str, Any], meter: str, amount: float, extra: dict[str, str]
    ) -> dict[str, Any]:
        price = self._book.require(meter, self._region)
        unit = _CORE_HOUR if meter.endswith(".cpu") else _GIB_HOUR
        labels = self._cluster_labels() | {
            "goog-gke-node": "",
            "goog-gke-node-pool-provisioning-model": "spot" if pool["spot"] else "on-demand",
            "goog-k8s-node-pool-name": pool["name"],
        }
        row = self._row(day, _Charge(COMPUTE, price.sku, price.rate, unit), amount, labels | extra)
        row["system_labels"] = _pairs({"compute.googleapis.com/machine_spec": pool["machine_type"]})
        share = SUSTAINED_USE.get(pool["machine_type"].split("-")[0], 0.0)
        if share and not pool["spot"]:
            row["credits"] = [_sustained_use(row["cost"] * share)]
        return row

    def storage(self, day: datetime, nodes: list[DemoNode], disks: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Boot disks of the nodes in one row, and a row for each volume."""
        boot = float(self._company["boot_disk_gib"]) * len(nodes)
        yield self._disk(day, "compute.pd.balanced", boot, {"goog-gke-node": ""}, None)
        for disk in disks:
            kind = disk["spec"]["csi"]["volumeAttributes"]["type"].removeprefix("pd-")
            gib = float(str(disk["spec"]["capacity"]["storage"]).removesuffix("Gi"))
            yield self._disk(day, f"compute.pd.{kind}", gib, {"goog-gke-volume": ""}, disk["metadata"]["name"])

    def _disk(self, day: datetime, meter: str, gib: float, labels: dict[str, str], name: str | None) -> dict[str, Any]:
        price = self._book.require(meter, self._region)
        days = monthrange(day.year, day.month)[1]  # a GiB-month is a month of the calendar
        charge = _Charge(COMPUTE, price.sku, price.rate, _Unit("gibibyte month", "byte-seconds", GIB * 86400.0 * days))
        row = self._row(day, charge, gib / days, self._cluster_labels() | labels)
        row["resource"] = {"name": name, "global_name": None} if name else None
        return row

    def other(self, day: datetime) -> Iterator[dict[str, Any]]:
        """The cluster's fee, and what is not split by workload: load balancing, traffic to the internet, logs."""
        fee = self._book.require("gke.cluster.fee.regional", "global")
        row = self._row(day, _Charge(KUBERNETES, fee.sku, fee.rate, _CORE_HOUR), 24.0, self._cluster_labels())
        row["resource"] = {"name": self._company["cluster"]["name"], "global_name": None}
        yield row
        for cost in self._company["other_costs"]:
            unit = _Unit(cost["unit"], cost["base_unit"], 3600.0 if cost["unit"] == "hour" else float(GIB))
            charge = _Charge(tuple(cost["service"]), cost["sku"], Decimal(cost["rate"]), unit)
            yield self._row(day, charge, float(cost["per_day"]), {})

    def _cluster_labels(self) -> dict[str, str]:
        cluster = self._company["cluster"]
        return {"goog-k8s-cluster-location": cluster["region"], "goog-k8s-cluster-name": cluster["name"]}

    def _row(self, day: datetime, charge: _Charge, amount: float, labels: dict[str, str]) -> dict[str, Any]:
        project = self._company["project"]
        amount = round(amount, 6)
        cost = round(amount * float(charge.rate), 6)
        unit = charge.unit
        return {
            "billing_account_id": self._company["billing_account"],
            "service": {"id": charge.service[0], "description": charge.service[1]},
            "sku": {"id": _made_up_sku_id(charge.sku), "description": charge.sku},
            "usage_start_time": day.astimezone(UTC),
            "usage_end_time": day.astimezone(UTC) + timedelta(days=1),
            "project": {"id": project["id"], "number": project["number"], "name": project["name"]},
            "labels": _pairs(labels),
            "system_labels": [],
            "location": {"location": self._region, "country": "JP", "region": self._region, "zone": None},
            "resource": None,
            "cost": cost,
            "currency": self._book.currency,
            "currency_conversion_rate": 1.0,
            "usage": {
                "amount": round(amount * unit.base, 0),
                "unit": unit.base_name,
                "amount_in_pricing_units": amount,
                "pricing_unit": unit.name,
            },
            "credits": [],
            "invoice": {"month": f"{day - timedelta(hours=7):%Y%m}"},  # billing months are Pacific time
            "cost_type": "regular",
            "export_time": day.astimezone(UTC) + timedelta(days=1, hours=9),
            "price": {
                "effective_price": charge.rate,
                "tier_start_amount": Decimal(0),
                "unit": unit.name,
                "pricing_unit_quantity": Decimal(1),
            },
            "cost_at_list": cost,
            "cost_at_effective_price_default": cost,
            "consumption_model": {"id": "default", "description": "Default"},
        }


def _sustained_use(amount: float) -> dict[str, Any]:
    name = "Sustained Usage Discount"
    return {
        "name": name,
        "full_name": name,
        "type": "SUSTAINED_USAGE_DISCOUNT",
        "id": name,
        "amount": -round(amount, 6),
    }


def _pairs(labels: dict[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in sorted(labels.items())]


def _made_up_sku_id(sku: str) -> str:
    """A SKU id of the right form that no catalogue has: the demo's bill cannot be taken for a real one."""
    digest = hash_text(sku).upper()
    return f"DE00-{digest[:4]}-{digest[4:8]}"
