"""Workloads and measurements for the sizing tests."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from k2cr_analysis.config import Config
from k2cr_analysis.errors import Location
from k2cr_analysis.model.observed import ContainerUsage, TrafficProfile, WorkloadUsage
from k2cr_analysis.model.parse.cluster import parse_cluster
from k2cr_analysis.sizing import Sizing, size
from k2cr_analysis.snapshot import SnapshotObject

MIB = 2**20


def container(name, cpu=None, memory=None, limits=None, **more):
    requests = {key: value for key, value in (("cpu", cpu), ("memory", memory)) if value}
    return {"name": name, "image": f"{name}:1", "resources": {"requests": requests, "limits": limits or {}}, **more}


def deployment(*containers, replicas=1, pod=None, spec=None, autoscaler=None, kind="Deployment"):
    """A Deployment of namespace shop, parsed as from a snapshot."""
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": list(containers), **(pod or {})}}
    objects = [
        {
            "apiVersion": "apps/v1",
            "kind": kind,
            "metadata": {"name": "web", "namespace": "shop"},
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": {"app": "web"}},
                "template": template,
                **(spec or {}),
            },
        }
    ]
    if autoscaler:
        target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
        objects.append(
            {
                "apiVersion": "autoscaling/v2",
                "kind": "HorizontalPodAutoscaler",
                "metadata": {"name": "web", "namespace": "shop"},
                "spec": {"scaleTargetRef": target, **autoscaler},
            }
        )
    cluster = parse_cluster(SnapshotObject(o, Location("test.yaml", i)) for i, o in enumerate(objects))
    return cluster.by_id[f"shop/{kind}/web"]


def measured(cpu_cores, memory_mib, restarts=0):
    """One container whose every CPU quantile and every memory quantile is the same."""
    shares = (0.5, 0.95, 0.99, 1.0)
    return ContainerUsage(
        dict.fromkeys(shares, cpu_cores), dict.fromkeys(shares, memory_mib * MIB), cpu_cores, restarts, 1000
    )


def usage(mean_pods=1.0, max_pods=1, days=30.0, **containers):
    return WorkloadUsage(containers, mean_pods, max_pods, days)


def traffic(requests_per_period, latency_ms=100.0, period_s=60, source="istio.io/service/server/request_count"):
    requests = np.asarray(requests_per_period, dtype=np.int64)
    known = np.ones(len(requests), dtype=bool)
    start = datetime(2026, 3, 2, tzinfo=UTC)
    return TrafficProfile(start, period_s, requests, known, None, None, latency_ms, None, None, source)


def sized(workload, *, target="service", containers=None, ingress=None, use=None, requests=None, config=None) -> Sizing:
    names = containers or tuple(c.name for c in workload.pod.running)
    main = ingress or (names[0] if target == "service" else None)
    return size(
        workload, target=target, containers=names, ingress=main, usage=use, traffic=requests, config=config or Config()
    )


def as_text(sizing):
    """container -> "cpu memory", as the report prints it."""
    from k2cr_analysis.model.cloud_run import cpu_text, memory_text

    shapes = sizing.shape.containers.items()
    return {name: f"{cpu_text(c.cpu_cores)} {memory_text(c.memory_bytes)}" for name, c in shapes}
