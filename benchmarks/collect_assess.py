"""`collect` and `assess` of 1,000 workloads, beside the time that PyYAML's C loader alone takes for the same files.

Each workload has a Deployment of two containers, a Service, an Ingress, an autoscaler, a ConfigMap and a service account.

    python benchmarks/collect_assess.py [workloads]
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

K2CR = Path(sys.executable).parent / "k2cr"
PROBE = {
    "httpGet": {"path": "/healthcheck", "port": 8080},
    "initialDelaySeconds": 10,
    "periodSeconds": 30,
    "timeoutSeconds": 10,
}


def manifest(i: int) -> str:
    """One workload and what belongs to it, as YAML documents."""
    name, labels = f"web-{i:04}", {"app": f"web-{i:04}"}
    namespace = f"team-{i % 20:02}"
    meta = {"name": name, "namespace": namespace}
    proxy = {
        "name": "proxy", "image": f"example.com/proxy:{i}", "ports": [{"name": "http", "containerPort": 8080}],
        "env": [{"name": "UPSTREAM", "value": "localhost:9000"}], "readinessProbe": PROBE, "livenessProbe": PROBE,
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"cpu": "500m", "memory": "256Mi"}},
    }  # fmt: skip
    app = {
        "name": "app", "image": f"example.com/app:{i}", "ports": [{"containerPort": 9000}], "envFrom": [{"configMapRef": {"name": name}}],
        "env": [{"name": "BACKEND", "value": f"web-{(i + 1) % 1000:04}.team-{(i + 1) % 20:02}.svc:80"}],
        "resources": {"requests": {"cpu": "250m", "memory": "512Mi"}},
    }  # fmt: skip
    pod = {
        "serviceAccountName": name,
        "containers": [proxy, app],
        "volumes": [{"name": "tmp", "emptyDir": {"medium": "Memory"}}],
    }
    backend = {"service": {"name": name, "port": {"name": "http"}}}
    documents = [
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta,
         "spec": {"replicas": 2, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}}},
        {"apiVersion": "v1", "kind": "Service", "metadata": meta,
         "spec": {"selector": labels, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]}},
        {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": meta,
         "spec": {"rules": [{"host": f"{name}.example.com", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}]}},
        {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": meta,
         "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}, "minReplicas": 2, "maxReplicas": 8}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {f"SETTING_{k}": f"value {k}" for k in range(10)}},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta},
    ]  # fmt: skip
    return yaml.safe_dump_all(documents)


def seconds(call: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(call, check=True, capture_output=True)
    return time.perf_counter() - began


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory() as folder:
        files, snapshot = Path(folder, "manifests"), Path(folder, "snapshot")
        files.mkdir()
        for i in range(count):
            (files / f"{i:05}.yaml").write_text(manifest(i))
        began = time.perf_counter()
        for file in sorted(files.iterdir()):
            list(yaml.load_all(file.read_text(), Loader=yaml.CSafeLoader))
        peer = time.perf_counter() - began
        collect = seconds([str(K2CR), "collect", "--manifests", str(files), "--out", str(snapshot)])
        assess = seconds([str(K2CR), "assess", str(snapshot), "--format", "json", "--out", str(Path(folder, "a.json"))])
    print(f"{count} workloads, {6 * count} documents")
    print(f"PyYAML CSafeLoader alone   {peer:6.2f} s   1.0x")
    print(f"k2cr collect               {collect:6.2f} s   {collect / peer:.1f}x   (whole process)")
    print(f"k2cr assess                {assess:6.2f} s   {assess / peer:.1f}x   (whole process)")
    print(f"both                       {collect + assess:6.2f} s")


if __name__ == "__main__":
    main()
