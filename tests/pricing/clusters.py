"""Small clusters made of Kubernetes objects, for tests of cost and plan."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from k2cr_analysis.errors import Location
from k2cr_analysis.model.cluster import Cluster
from k2cr_analysis.model.parse.cluster import parse_cluster
from k2cr_analysis.queries.bill import Billing
from k2cr_analysis.queries.bill import billing as rolled_up
from k2cr_analysis.snapshot import SnapshotObject
from k2cr_analysis.snapshot.tables import BILLING

REGION = "asia-northeast1"
START = datetime(2026, 10, 1, tzinfo=UTC)


def node(
    name: str, *, pool: str = "main", machine: str = "e2-standard-4", zone: str = "a", taint: str | None = None
) -> dict[str, Any]:
    """A node of 4 vCPU and 16 GiB as GKE's documentation shows it: allocatable 3920m and 13498416Ki."""
    labels = {
        "node.kubernetes.io/instance-type": machine,
        "cloud.google.com/gke-nodepool": pool,
        "topology.kubernetes.io/zone": f"{REGION}-{zone}",
        "topology.kubernetes.io/region": REGION,
    }
    taints = [{"key": taint, "value": "true", "effect": "NoSchedule"}] if taint else []
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": f"gke-{name}", "labels": labels},
        "spec": {"taints": taints},
        "status": {
            "capacity": {"cpu": "4", "memory": "16393244Ki", "pods": "110"},
            "allocatable": {"cpu": "3920m", "memory": "13498416Ki", "pods": "110"},
        },
    }


def pod_spec(cpu: str | None, memory: str | None, **more: Any) -> dict[str, Any]:
    requests = {k: v for k, v in (("cpu", cpu), ("memory", memory)) if v}
    return {"containers": [{"name": "app", "image": "app:1", "resources": {"requests": requests}}], **more}


def workload(
    name: str,
    cpu: str | None = "500m",
    memory: str | None = "1Gi",
    *,
    kind: str = "Deployment",
    replicas: int | None = 1,
    **more: Any,
) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "selector": {"matchLabels": {"app": name}},
        "template": {"metadata": {"labels": {"app": name}}, "spec": pod_spec(cpu, memory, **more)},
    }
    if replicas is not None:
        spec["replicas"] = replicas
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "namespace": "shop"}, "spec": spec}


def live(owner: Mapping[str, Any], on: Iterable[str]) -> list[dict[str, Any]]:
    """A running pod of the workload on each of the named nodes."""
    template = owner["spec"]["template"]
    return [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": f"{owner['metadata']['name']}-{number}",
                "namespace": owner["metadata"]["namespace"],
                "ownerReferences": [
                    {
                        "apiVersion": "apps/v1",
                        "kind": owner["kind"],
                        "name": owner["metadata"]["name"],
                        "controller": True,
                    }
                ],
            },
            "spec": {**template["spec"], "nodeName": f"gke-{place}"},
            "status": {"phase": "Running"},
        }
        for number, place in enumerate(on)
    ]


def cluster(
    objects: Iterable[Mapping[str, Any]], *, location: str | None = REGION, name: str | None = "prod"
) -> Cluster:
    found = (SnapshotObject(dict(o), Location("test.yaml", line)) for line, o in enumerate(objects, start=1))
    return parse_cluster(found, name=name, location=location)


def billing_row(
    cost: float,
    labels: Mapping[str, str] | None = None,
    *,
    sku: str = "E2 Instance Core running in Japan",
    service: tuple[str, str] = ("6F81-5844-456A", "Compute Engine"),
    day: int = 0,
    quantity: float = 24.0,
    unit: str = "hour",
    taken_off: Iterable[float] = (),
    cost_type: str = "regular",
) -> dict[str, Any]:
    start = START + timedelta(days=day)
    return {
        "billing_account_id": "000000-000000-000000",
        "service": {"id": service[0], "description": service[1]},
        "sku": {"id": "0000-0000-0000", "description": sku},
        "usage_start_time": start,
        "usage_end_time": start + timedelta(days=1),
        "labels": [{"key": k, "value": v} for k, v in (labels or {}).items()],
        "system_labels": [],
        "cost": cost,
        "currency": "USD",
        "usage": {"amount": quantity, "unit": "seconds", "amount_in_pricing_units": quantity, "pricing_unit": unit},
        "credits": [
            {"name": "c", "full_name": "c", "type": "SUSTAINED_USAGE_DISCOUNT", "id": "c", "amount": a}
            for a in taken_off
        ],
        "invoice": {"month": "202610"},
        "cost_type": cost_type,
    }


def billing(rows: Iterable[Mapping[str, Any]]) -> Billing:
    """The rows of a billing table, rolled up as those of a snapshot are."""
    table = pa.Table.from_pylist([dict(r) for r in rows], schema=BILLING.schema)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "part-0.parquet"
        pq.write_table(table, file)
        found = rolled_up(OneTable(file))
    assert found is not None
    return found


@dataclass(frozen=True)
class OneTable:
    file: Path

    def table_files(self, name: str) -> list[Path]:
        return [self.file] if name == "billing" else []


def allocated(workload_name: str, namespace: str = "shop", kind: str = "apps/v1-Deployment") -> dict[str, str]:
    """The labels of GKE's cost allocation."""
    return {
        "goog-k8s-cluster-name": "prod",
        "k8s-namespace": namespace,
        "k8s-workload-name": workload_name,
        "k8s-workload-type": kind,
    }
