"""Writes the bundled demo snapshot `data/demo/`: made-up data of an invented company, the same bytes every time.

    python scripts/make_demo.py [--out data/demo]

`scripts/demo/manifests/` says what is deployed, `scripts/demo/company.yaml` how busy it is; the rest of `scripts/demo/`
turns these into what the Kubernetes API, Cloud Monitoring and the billing export would have given.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from demo.behaviour import Scaling, Series, workload_series
from demo.billing import Placed, billing_table, requested_of
from demo.live import CONTROLLERS, live_objects, requested, workload_id
from demo.nodes import make_nodes
from demo.rhythm import Clock
from demo.traffic import traffic_table
from demo.usage import usage_table

from k2cr_analysis.errors import Location
from k2cr_analysis.model.prices import embedded_prices
from k2cr_analysis.openapi.quantity import cores
from k2cr_analysis.snapshot.objects import SnapshotObject
from k2cr_analysis.snapshot.provenance import Provenance
from k2cr_analysis.snapshot.redaction.redact import redact
from k2cr_analysis.snapshot.writer import write_snapshot

HERE = Path(__file__).resolve().parent
Raw = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=HERE.parent / "data" / "demo")
    out = parser.parse_args().out
    written = make_demo(out)
    size = sum(record.bytes for record in written.files.values())
    print(
        f"{out}: {size / 1e6:.2f} MB, " + ", ".join(f"{count} {name}" for name, count in sorted(written.rows.items()))
    )


def make_demo(out: Path) -> Provenance:
    """Write the snapshot and give its provenance."""
    company = yaml.safe_load((HERE / "demo" / "company.yaml").read_text(encoding="utf-8"))
    manifests = list(read_manifests())
    clock = Clock.of(company["window"])
    nodes = make_nodes(company)
    workloads = list(busy(manifests, company, len(nodes)))
    replicas = {s.id: int(s.pods[-1]) for s in workloads} | {
        workload_id(m): 0 for m in manifests if m.get("spec", {}).get("replicas") == 0
    }
    objects, pods = live_objects(manifests, replicas, nodes)
    disks = [item for item in objects if item["kind"] == "PersistentVolume"]
    placed = Placed(nodes, disks, requested_of(pods, job_requests(manifests)))
    tables = {
        "usage": usage_table(workloads),
        "traffic": traffic_table(workloads, company, clock),
        "billing": billing_table(company, clock, workloads, placed),
        "prices": embedded_prices(),
    }
    redacted = [redact(item) for item in sorted(objects, key=_sort_key)]
    stored = [SnapshotObject(item, Location("demo")) for item, _ in redacted]
    provenance = Provenance(
        source="made up by scripts/make_demo.py",
        window_start=clock.start,
        window_end=clock.end,
        project=company["project"]["id"],
        cluster=company["cluster"]["name"],
        location=company["cluster"]["region"],
        made_up=True,
        redacted_values=sum(count for _, count in redacted),
    )
    return write_snapshot(out, stored, tables, provenance)


def read_manifests() -> Iterator[Raw]:
    for path in sorted((HERE / "demo" / "manifests").glob("*.yaml")):
        yield from yaml.safe_load_all(path.read_text(encoding="utf-8"))


def busy(manifests: list[Raw], company: Raw, node_count: int) -> Iterator[Series]:
    """The series of each workload that runs, in the order of their ids."""
    deployed = {workload_id(item): item for item in manifests if item["kind"] in CONTROLLERS}
    scalers = {
        (i["metadata"]["namespace"], i["spec"]["scaleTargetRef"]["name"]): i
        for i in manifests
        if i["kind"] == "HorizontalPodAutoscaler"
    }
    unknown = set(company["workloads"]) - set(deployed)
    if unknown:
        raise SystemExit(f"company.yaml names workloads without a manifest: {sorted(unknown)}")
    for name in sorted(company["workloads"]):
        item = deployed[name]
        scaling = _scaling(item, scalers.get((item["metadata"]["namespace"], item["metadata"]["name"])), node_count)
        spec = company["workloads"][name]
        yield workload_series(name, spec, scaling, company, Clock.of(company["window"], spec.get("period_s")))


def _scaling(item: Raw, scaler: Raw | None, node_count: int) -> Scaling:
    if item["kind"] == "DaemonSet":
        return Scaling(node_count, node_count, None)
    if scaler is None:
        count = int(item["spec"].get("replicas", 1))
        return Scaling(count, count, None)
    spec = scaler["spec"]
    metric = spec["metrics"][0]
    if metric["type"] != "Resource":  # a queue's length; here the queue is as long as the work is hard
        return Scaling(spec["minReplicas"], spec["maxReplicas"], 0.35)
    asked = sum(float(cores(c["resources"]["requests"]["cpu"])) for c in item["spec"]["template"]["spec"]["containers"])
    return Scaling(
        spec["minReplicas"], spec["maxReplicas"], asked * metric["resource"]["target"]["averageUtilization"] / 100
    )


def job_requests(manifests: list[Raw]) -> dict[str, tuple[float, float, str]]:
    """Cores, GiB and node pool of the CronJobs; they run on the pool that they select, else on the default one."""
    found = {}
    for item in manifests:
        if item["kind"] == "CronJob":
            pod = item["spec"]["jobTemplate"]["spec"]["template"]["spec"]
            pool = "spot" if "cloud.google.com/gke-spot" in pod.get("nodeSelector", {}) else "default"
            found[workload_id(item)] = (*requested(pod), pool)
    return found


def _sort_key(item: Raw) -> tuple[str, str, str]:
    meta = item["metadata"]
    return item["kind"], meta.get("namespace", ""), meta["name"]


if __name__ == "__main__":
    main()
