"""`plan` of 2,000 workloads: seconds, and the printed gap to the bound, on ordinary and on awkward clusters.

All workloads are priced by [traffic.assumed]; their requests and replicas are drawn at random, seeded. The whole verb is
timed, assess included; for the first case `assess` alone stands beside it, which makes the same plan for its portfolio.

    python benchmarks/plan.py [workloads] [case ...]

Measured on two cores that others were using too, with the extra `planner`: five pools 25 s, gap 0.11 %; one huge pool 32 s,
0.02 %; forty pools 27 s, 0.61 %, and 0.71 % without it; machines of four sizes 31 s, 0.63 %; four clusters 20 s, 0.49 %. Where
every second workload calls another one: 24 s, 0.21 %, with it and without it.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

K2CR = Path(sys.executable).parent / "k2cr"
UTILISATION = 0.75
CONFIG = """[traffic.assumed]
requests_per_s = 0.2
latency_ms = 120

[rates]
engineer_hour = 60
"""
# vCPU -> allocatable millicores and MiB of an e2-standard machine, as GKE's documentation shows the one of 4.
MACHINES = {2: (1930, 6100), 4: (3920, 13182), 8: (7910, 28200), 16: (15890, 57500)}


@dataclass(frozen=True)
class Case:
    """``machines``: vCPU of the pools' machines, in turn. ``calls``: share of workloads that call another one."""

    pools: int = 5
    cpu_millicores: tuple[int, ...] = (50, 100, 200, 250, 500, 1000, 2000)
    memory_mib: tuple[int, ...] = (64, 128, 256, 512, 1024, 2048, 4096)
    machines: tuple[int, ...] = (4,)
    clusters: int = 1
    nodes: bool = True
    calls: float = 0.0


CASES = {
    "five pools": Case(),
    "one huge pool": Case(pools=1),
    "forty pools": Case(pools=40),
    "machines of four sizes": Case(pools=8, machines=(2, 4, 8, 16), cpu_millicores=(50, 100, 200, 500, 1000, 1500)),
    "tiny workloads": Case(cpu_millicores=(5, 10, 20), memory_mib=(16, 32, 64)),
    "without nodes, as Autopilot": Case(nodes=False),
    "a fleet of four clusters": Case(clusters=4),
    "every second one calls another": Case(calls=0.5),
}


def workload(index: int, cpu: int, memory: int, replicas: int, pool: str, calls: int | None) -> list[dict[str, object]]:
    """A Deployment and the Service in front of it."""
    name = f"web-{index:04}"
    labels = {"app": name}
    container: dict[str, object] = {
        "name": "app",
        "image": "example.com/app:1",
        "ports": [{"containerPort": 8080}],
        "resources": {"requests": {"cpu": f"{cpu}m", "memory": f"{memory}Mi"}},
    }
    if calls is not None:
        container["env"] = [{"name": "BACKEND_URL", "value": f"http://web-{calls:04}:80"}]
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


def node(pool: str, index: int, vcpu: int) -> dict[str, object]:
    millicores, mib = MACHINES[vcpu]
    labels = {
        "node.kubernetes.io/instance-type": f"e2-standard-{vcpu}",
        "cloud.google.com/gke-nodepool": pool,
        "topology.kubernetes.io/region": "us-central1",
        "topology.kubernetes.io/zone": f"us-central1-{'abc'[index % 3]}",
    }
    status = {
        "capacity": {"cpu": str(vcpu), "memory": f"{vcpu * 4000}Mi", "pods": "110"},
        "allocatable": {"cpu": f"{millicores}m", "memory": f"{mib}Mi", "pods": "110"},
    }
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": f"gke-{pool}-{index}", "labels": labels},
        "status": status,
    }


def write(folder: Path, case: Case, workloads: int, seed: int) -> int:
    """Manifests of one cluster; the number of nodes."""
    rng = random.Random(seed)
    machines = {f"pool-{n}": case.machines[n % len(case.machines)] for n in range(case.pools)}
    load = {pool: [0, 0] for pool in machines}
    items: list[dict[str, object]] = []
    for index in range(workloads):
        cpu, memory, pool = rng.choice(case.cpu_millicores), rng.choice(case.memory_mib), rng.choice(list(machines))
        replicas = rng.choice([1, 1, 2, 2, 3, 5])
        load[pool][0] += cpu * replicas
        load[pool][1] += memory * replicas
        calls = rng.randrange(workloads) if rng.random() < case.calls else None
        items += workload(index, cpu, memory, replicas, pool, calls)
    nodes = 0
    for pool, (cpu, memory) in load.items():
        millicores, mib = MACHINES[machines[pool]]
        count = int(max(cpu / millicores, memory / mib) / UTILISATION) + 1 if case.nodes else 0
        items += [node(pool, number, machines[pool]) for number in range(count)]
        nodes += count
    folder.mkdir()
    (folder / "all.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    return nodes


def timed(*arguments: str | Path) -> float:
    start = time.perf_counter()
    subprocess.run([str(K2CR), *map(str, arguments)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def measure(name: str, case: Case, workloads: int) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder, snapshots, nodes = Path(temporary), [], 0
        (folder / "k2cr.toml").write_text(CONFIG)
        for number in range(case.clusters):
            nodes += write(folder / f"in{number}", case, workloads // case.clusters, 20260101 + number)
            snapshots.append(folder / f"snap{number}")
            timed("collect", "--manifests", folder / f"in{number}" / "all.json", "--out", snapshots[-1])
        options = ("--config", folder / "k2cr.toml", "--format", "json", "--quiet", "--out")
        beside = ""
        if name == next(iter(CASES)):
            beside = f" (assess alone {timed('assess', *snapshots, *options, folder / 'assess.json'):.1f} s)"
        seconds = timed("plan", *snapshots, *options, folder / "plan.json")
        plan = json.loads((folder / "plan.json").read_text())
    moved = sum(len(wave["workloads"]) for wave in plan["waves"])
    gap = "no bound" if plan["gap"] is None else f"gap {plan['gap']:.2%}"
    print(
        f"{name}: {workloads} workloads, {nodes} nodes: plan {seconds:.1f} s{beside}; {moved} move in"
        f" {len(plan['waves'])} waves, objective {float(plan['objective'] or 0):.2f}, {gap}",
        flush=True,
    )


def main(arguments: list[str]) -> None:
    workloads = int(arguments[0]) if arguments else 2000
    for name, case in CASES.items():
        if len(arguments) < 2 or name in arguments[1:]:
            measure(name, case, workloads)


if __name__ == "__main__":
    main(sys.argv[1:])
