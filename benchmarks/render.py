"""`render` of 2,000 workloads: seconds of the whole verb, and beside it a peer on the same manifests in the same run.

Seconds of the processor stand beside those of the clock: half of them is what two free cores take at the least.

The peer is PyYAML, which reads the same objects and writes them again (`kubectl kustomize`, with a label more, takes
minutes for so many: its time grows with their square). So the ratio holds on a busy machine too, where seconds do not.
A profile of one process, by function: `--profile`.

    python benchmarks/render.py [workloads] [--profile]
"""

from __future__ import annotations

import cProfile
import pstats
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

K2CR = Path(sys.executable).parent / "k2cr"


def objects(count: int) -> Iterator[dict[str, Any]]:
    """Deployments of one to three containers with probes, variables and files; services, entrances, CronJobs."""
    draw = random.Random(7)
    for number in range(count):
        name, namespace = f"app-{number}", f"team-{number % 40}"
        place = {"name": name, "namespace": namespace}
        containers = [_container(f"c{i}", 8080 + i, draw) for i in range(draw.choice((1, 1, 1, 2, 3)))]
        volumes = [{"name": "conf", "configMap": {"name": name}}]
        pod = {"metadata": {"labels": {"app": name}}, "spec": {"containers": containers, "volumes": volumes}}
        yield {"apiVersion": "v1", "kind": "ConfigMap", "metadata": place, "data": {"a.ini": "x = 1\n", "b.ini": "y"}}
        if number % 10 == 9:
            job = {"spec": {"template": {"spec": {**pod["spec"], "restartPolicy": "Never"}}}}
            spec = {"schedule": "5 3 * * *", "jobTemplate": job}
            yield {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": place, "spec": spec}
            continue
        selector = {"matchLabels": {"app": name}}
        spec = {"replicas": draw.randint(1, 6), "selector": selector, "template": pod}
        yield {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": place, "spec": spec}
        if number % 10 < 8:
            ports = [{"name": "http", "port": 80, "targetPort": 8080}]
            spec = {"selector": {"app": name}, "ports": ports}
            yield {"apiVersion": "v1", "kind": "Service", "metadata": place, "spec": spec}
        if number % 10 < 3:
            backend = {"service": {"name": name, "port": {"number": 80}}}
            paths = [{"path": "/", "pathType": "Prefix", "backend": backend}]
            rules = [{"host": f"{name}.example.com", "http": {"paths": paths}}]
            yield {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": place, "spec": {"rules": rules}}


def _container(name: str, port: int, draw: random.Random) -> dict[str, Any]:
    probe = {"httpGet": {"path": "/ready", "port": port}, "periodSeconds": draw.randint(5, 30)}
    secret = {"valueFrom": {"secretKeyRef": {"name": "db", "key": f"k{draw.randint(0, 9)}"}}}
    return {
        "name": name,
        "image": f"us-docker.pkg.dev/p/apps/{name}:1",
        "ports": [{"containerPort": port}],
        "env": [*({"name": f"V{i}", "value": "x" * i} for i in range(12)), {"name": "PASSWORD", **secret}],
        "readinessProbe": probe,
        "resources": {"requests": {"cpu": f"{draw.choice((100, 250, 500))}m", "memory": "256Mi"}},
        "volumeMounts": [{"name": "conf", "mountPath": "/conf"}],
    }


@dataclass(frozen=True)
class Seconds:
    clock: float
    processor: float  # of the command and of what it starts

    def __str__(self) -> str:
        return f"{self.clock:.1f} s, {self.processor:.1f} s of the processor"


def seconds(*words: str | Path) -> Seconds:
    start, before = time.perf_counter(), _of_children()
    subprocess.run([str(w) for w in words], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return Seconds(time.perf_counter() - start, _of_children() - before)


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def peer_seconds(folder: Path) -> Seconds:
    start, before = time.perf_counter(), time.process_time()
    yaml.safe_dump_all(yaml.safe_load_all((folder / "all.yaml").read_text()))
    return Seconds(time.perf_counter() - start, time.process_time() - before)


def profile(snapshot: Path, out: Path) -> None:
    """Where one process spends its time."""
    from k2cr_analysis import assess, open_snapshot, render

    assessed = assess(open_snapshot(snapshot))
    profiler = cProfile.Profile()
    profiler.runcall(render, assessed, out=out)
    pstats.Stats(profiler).sort_stats("cumulative").print_stats(45)


def main() -> None:
    numbers = [int(w) for w in sys.argv[1:] if w.isdigit()]
    count = numbers[0] if numbers else 2000
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "all.yaml").write_text(
            yaml.dump_all(objects(count), Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper))
        )
        snapshot = folder / "snapshot"
        subprocess.run([K2CR, "collect", "--manifests", folder / "all.yaml", "--out", snapshot, "--quiet"], check=True)
        if "--profile" in sys.argv:
            profile(snapshot, folder / "out")
            return
        of_peer = peer_seconds(folder)
        whole = seconds(K2CR, "render", snapshot, "--out", folder / "out")
        written = sum(1 for _ in (folder / "out").glob("*/mapping.json"))
    print(f"{written} of {count} workloads: {whole}: {whole.processor / 2:.1f} s on two free cores")
    ratio = whole.processor / of_peer.processor
    print(f"PyYAML, read and write: {of_peer}; the verb takes {ratio:.1f} times the processor of that")


if __name__ == "__main__":
    main()
