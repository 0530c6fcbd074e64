"""`plan` of 2,000 workloads on about 900 nodes of five pools: seconds, and the printed gap to the bound.

All workloads are priced by [traffic.assumed]; their requests and replicas are drawn at random, seeded. The whole verb is
timed, assess included; beside it stands `assess` alone, which makes the same plan for its portfolio.

    python benchmarks/plan.py [workloads]

Measured on two shared cores: 2,000 workloads on 935 nodes, assess 17.6 s, plan 25.6 s, gap 1.51 %.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

K2CR = Path(sys.executable).parent / "k2cr"
POOLS = [f"pool-{number}" for number in range(5)]
CPU_MILLICORES = [50, 100, 200, 250, 500, 1000, 2000]
MEMORY_MIB = [64, 128, 256, 512, 1024, 2048, 4096]
ALLOCATABLE_MILLICORES, ALLOCATABLE_MIB = 3920, 13182  # e2-standard-4, as GKE's documentation shows it
UTILISATION = 0.75
CONFIG = """[traffic.assumed]
requests_per_s = 0.2
latency_ms = 120

[rates]
engineer_hour = 60
"""


def workload(index: int, cpu_millicores: int, memory_mib: int, replicas: int, pool: str) -> list[dict[str, object]]:
    """A Deployment and the Service in front of it."""
    name = f"web-{index:04}"
    labels = {"app": name}
    resources = {"requests": {"cpu": f"{cpu_millicores}m", "memory": f"{memory_mib}Mi"}}
    container = {
        "name": "app",
        "image": "example.com/app:1",
        "ports": [{"containerPort": 8080}],
        "resources": resources,
    }
    pod = {"containers": [container], "nodeSelector": {"cloud.google.com/gke-nodepool": pool}}
    spec = {
        "replicas": replicas,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": pod},
    }
    return [
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec},
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": {"selector": labels, "ports": [{"port": 80, "targetPort": 8080, "name": "http"}]}},
    ]  # fmt: skip


def node(pool: str, index: int) -> dict[str, object]:
    labels = {
        "node.kubernetes.io/instance-type": "e2-standard-4",
        "cloud.google.com/gke-nodepool": pool,
        "topology.kubernetes.io/region": "us-central1",
        "topology.kubernetes.io/zone": f"us-central1-{'abc'[index % 3]}",
    }
    status = {
        "capacity": {"cpu": "4", "memory": "16393244Ki", "pods": "110"},
        "allocatable": {"cpu": f"{ALLOCATABLE_MILLICORES}m", "memory": f"{ALLOCATABLE_MIB}Mi", "pods": "110"},
    }
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": f"gke-{pool}-{index}", "labels": labels},
        "status": status,
    }


def write(folder: Path, workloads: int) -> int:
    """Manifests and a config into the folder; the number of nodes."""
    rng = random.Random(20260101)
    load = {pool: [0, 0] for pool in POOLS}
    items: list[dict[str, object]] = []
    for index in range(workloads):
        cpu, memory, pool = rng.choice(CPU_MILLICORES), rng.choice(MEMORY_MIB), rng.choice(POOLS)
        replicas = rng.choice([1, 1, 2, 2, 3, 5])
        load[pool][0] += cpu * replicas
        load[pool][1] += memory * replicas
        items += workload(index, cpu, memory, replicas, pool)
    nodes = 0
    for pool, (cpu, memory) in load.items():
        count = int(max(cpu / ALLOCATABLE_MILLICORES, memory / ALLOCATABLE_MIB) / UTILISATION) + 1
        items += [node(pool, number) for number in range(count)]
        nodes += count
    (folder / "all.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    (folder / "k2cr.toml").write_text(CONFIG)
    return nodes


def timed(*arguments: str | Path) -> float:
    start = time.perf_counter()
    subprocess.run([str(K2CR), *map(str, arguments)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def main(workloads: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        nodes = write(folder, workloads)
        timed("collect", "--manifests", folder / "all.json", "--out", folder / "snap")
        config = ("--config", folder / "k2cr.toml", "--format", "json", "--quiet", "--out")
        assess_s = timed("assess", folder / "snap", *config, folder / "assess.json")
        plan_s = timed("plan", folder / "snap", *config, folder / "plan.json")
        plan = json.loads((folder / "plan.json").read_text())
    moved = sum(len(wave["workloads"]) for wave in plan["waves"])
    print(
        f"{workloads} workloads, {nodes} nodes: assess {assess_s:.1f} s, plan {plan_s:.1f} s ({plan_s / assess_s:.2f}x)"
    )
    print(
        f"{moved} move in {len(plan['waves'])} waves; objective {plan['objective']}, bound {plan['bound']}, gap {plan['gap']:.2%}"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
