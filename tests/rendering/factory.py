"""Assessments made by hand, for tests of rendering: a workload in few words, with what fit and sizing would have said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from k2cr_analysis.assessment.result import WorkloadAssessment
from k2cr_analysis.errors import Location
from k2cr_analysis.fit.result import Fit
from k2cr_analysis.model.addresses.address import Address, Place
from k2cr_analysis.model.addresses.grammar import mentions
from k2cr_analysis.model.cloud_run import CloudRunProbe, ContainerProbes, ContainerShape, ServiceShape, StartupOrder
from k2cr_analysis.model.dependency import Dependency
from k2cr_analysis.model.parse.pod.accelerators import accelerators_of
from k2cr_analysis.model.pod.placement import Placement
from k2cr_analysis.model.toil import Operability
from k2cr_analysis.model.workload import (
    Batch,
    Container,
    Entrance,
    EnvFrom,
    EnvVar,
    Exposure,
    Pod,
    Probe,
    Reach,
    Resources,
    Route,
    ServicePort,
    Volume,
    VolumeMount,
    Workload,
)

SPEC = "$.spec.template.spec"


def env(
    name: str,
    value: str | None = "",
    *,
    source: str = "value",
    ref: str | None = None,
    key: str | None = None,
    path: str = "",
) -> EnvVar:
    return EnvVar(name, source, value, ref, key, False, path)  # type: ignore[arg-type]


def container(name: str, *, at: int = 0, **given: Any) -> Container:
    path = f"{SPEC}.containers[{at}]"
    variables = tuple(replace(e, path=f"{path}.env[{i}]") for i, e in enumerate(given.pop("env", ())))
    mounts = tuple(
        VolumeMount(
            m["volume"], m["mount_path"], m.get("sub_path"), m.get("read_only", False), f"{path}.volumeMounts[{i}]", {}
        )
        for i, m in enumerate(given.pop("mounts", ()))
    )
    words: dict[str, Any] = {
        "image": f"us-docker.pkg.dev/shop/apps/{name}:1", "command": (), "args": (), "env": variables, "env_from": (), "ports": (),
        "requests": Resources(Decimal("0.5"), 256 * 2**20), "limits": Resources(), "startup_probe": None, "liveness_probe": None, "readiness_probe": None,
        "volume_mounts": mounts, "is_sidecar": False, "image_digest": None, "path": path, "raw": {},
    }  # fmt: skip
    return Container(name=name, **{**words, **given})


def volume(
    name: str, kind: str, source: Mapping[str, Any], *, at: int = 0, claim: Mapping[str, Any] | None = None
) -> Volume:
    return Volume(name, kind, source, claim, f"{SPEC}.volumes[{at}]")


def exposure(
    name: str, port: int, *, routes: Sequence[Route] = (), kind: str = "ClusterIP", container_name: str | None = None
) -> Exposure:
    ports = (ServicePort(80, "http", "TCP", None, port, port, container_name, "$.spec.ports[0]"),)
    load_balancer: tuple[Reach, str] | None = ("external", "") if kind == "LoadBalancer" else None
    return Exposure(name, kind, ports, tuple(routes), load_balancer, {}, {"spec": {}})


def route(host: str | None, path: str | None, service: str, *, external: bool = True) -> Route:
    entrance = Entrance("external" if external else "internal", "", "")
    backend = {"service": {"name": service, "port": {"number": 80}}}
    paths = {"paths": [{"path": path or "/", "pathType": "Prefix", "backend": backend}]}
    raw = {
        "kind": "Ingress",
        "metadata": {"name": service, "namespace": "shop"},
        "spec": {"rules": [{**({"host": host} if host else {}), "http": paths}]},
    }
    return Route("Ingress", service, host, path, service, 80, entrance, "$.spec.rules[0]", raw, "shop")


def workload(
    *containers: Container,
    namespace: str = "shop",
    kind: str = "Deployment",
    name: str = "frontend",
    volumes: Sequence[Volume] = (),
    **given: Any,
) -> Workload:
    raw = given.pop("pod_raw", {})
    placement = Placement(node_selector=raw.get("nodeSelector", {}))
    pod = Pod(
        containers=containers, init_containers=(), sidecars=(), volumes=tuple(volumes), service_account_name=given.pop("service_account", None),
        restart_policy=None, termination_grace_period_s=None, host_network=False, requests=Resources(Decimal(1), 2**29), labels={}, annotations={},
        pod_requests=Resources(), pod_limits=Resources(), placement=placement, accelerators=accelerators_of(containers, placement),
        path=SPEC, raw=raw, request_timeout_s=raw.get("timeoutSeconds"), container_concurrency=raw.get("containerConcurrency"),
    )  # fmt: skip
    words: dict[str, Any] = {
        "labels": {},
        "annotations": {},
        "replicas": 2,
        "exposures": (),
        "autoscaler": None,
        "batch": None,
        "related": {},
        "complete": True,
        "refused": (),
        "raw": {},
    }
    return Workload(
        id=f"{namespace}/{kind}/{name}",
        namespace=namespace,
        kind=kind,
        name=name,
        api_version="apps/v1",
        pod=pod,
        source=Location("a.yaml"),
        **{**words, **given},
    )


def probe(
    kind: str = "http",
    port: int = 8080,
    *,
    period: int = 1,
    failures: int = 30,
    path: str | None = "/healthcheck",
    headers: Sequence[tuple[str, str]] = (),
) -> CloudRunProbe:
    return CloudRunProbe(kind, port, path if kind == "http" else None, tuple(headers), None, 0, period, 1, failures)  # type: ignore[arg-type]


def assessed(
    subject: Workload, *, target: str = "service", port: int | None = 8080, h2c: bool = False, probes: Mapping[str, ContainerProbes] | None = None,
    depends_on: Mapping[str, tuple[str, ...]] | None = None, dependencies: Sequence[Dependency] = (), verdict: str = "ready", **shape: Any,
) -> WorkloadAssessment:  # fmt: skip
    names = tuple(c.name for c in subject.pod.containers)
    fit = Fit(
        verdict=verdict, target=target, ingress_container=names[0] if target == "service" else None, ingress_port=port if target == "service" else None, h2c=h2c,  # type: ignore[arg-type]
        containers=names, dropped={}, startup=StartupOrder(depends_on or {}, {}, names),
        probes=probes or {}, dependencies=tuple(dependencies), findings=(), fields=(),
    )  # fmt: skip
    words: dict[str, Any] = {
        "target": target, "containers": {n: ContainerShape(Decimal(1), 512 * 2**20) for n in names}, "concurrency": 80, "min_instances": 0, "max_instances": 10,
        "billing": "request", "execution_environment": "gen2",
    }  # fmt: skip
    return WorkloadAssessment(
        subject, fit, ServiceShape(**{**words, **shape}), None, None, None, Operability((), ()), None, ()
    )


def source_probe(port: int) -> Probe:
    """The health check of the reference case, as its manifest has it."""
    path = f"{SPEC}.containers[{0 if port == 8080 else 1}].readinessProbe"
    return Probe("http", port, "/healthcheck", None, None, (), None, (), 10, 30, 10, 3, None, path, {})


def reference() -> WorkloadAssessment:
    """The reference case: ``proxy`` (8080) checks IAP and calls ``frontend`` (9000), which calls a gRPC backend in the cluster."""
    asked = source_probe(8080), source_probe(9000)
    proxy = container("proxy", at=0, env=[env("UPSTREAM", "http://localhost:9000")], readiness_probe=asked[0])
    variables = [env("BACKEND_ADDR", "backend:50051"), env("API_KEY", "<redacted>", source="redacted")]
    frontend = container("frontend", at=1, env=variables, readiness_probe=asked[1])
    calls = Dependency(
        "shop/Deployment/frontend",
        "shop/Deployment/backend",
        "grpc",
        True,
        "backend",
        "shop",
        50051,
        "env BACKEND_ADDR of container frontend",
        f"{SPEC}.containers[1].env[0]",
        written_at("backend:50051", f"{SPEC}.containers[1].env[0]", "backend"),
    )
    health = ContainerProbes(
        probe(failures=100),
        probe(period=30, failures=3),
        "readinessProbe",
        replace(probe(period=30, failures=3), success_threshold=1),
        "livenessProbe",
    )
    upstream = ContainerProbes(
        probe(port=9000, failures=100),
        probe(port=9000, period=30, failures=3),
        "readinessProbe",
        replace(probe(port=9000, period=30, failures=3), success_threshold=1),
        "livenessProbe",
    )
    subject = workload(
        proxy, frontend, labels={"app": "frontend", "app.kubernetes.io/part-of": "shop"}, exposures=(exposure("frontend", 8080, routes=[route("shop.example.com", "/", "frontend")]),),
        related={"BackendConfig": ({"metadata": {"name": "frontend"}, "spec": {"iap": {"enabled": True}}},)},
    )  # fmt: skip
    return assessed(
        subject,
        probes={"proxy": health, "frontend": upstream},
        depends_on={"proxy": ("frontend",)},
        dependencies=[calls],
    )


def backend_on_gke() -> WorkloadAssessment:
    """The gRPC backend that the reference case calls; it stays."""
    ports = (ServicePort(50051, "grpc", "TCP", None, 50051, 50051, None, "$.spec.ports[0]"),)
    service = replace(exposure("backend", 50051), ports=ports, selector={"app": "backend"})
    subject = workload(container("backend"), name="backend", exposures=(service,))
    return assessed(subject, verdict="blocked", target="none")


def job_of(*containers: Container, schedule: str | None = "*/5 * * * *", name: str = "report") -> WorkloadAssessment:
    batch = Batch(2, 3, 1, 900, None, schedule, "Asia/Tokyo" if schedule else None, None, None, False)
    kind = "CronJob" if schedule else "Job"
    return assessed(
        workload(*containers, kind=kind, name=name, batch=batch, replicas=None),
        target="job",
        concurrency=None,
        billing=None,
    )


def env_from(kind: str, name: str, keys: Sequence[str] | None, *, prefix: str = "", at: int = 0) -> EnvFrom:
    return EnvFrom(
        kind, name, prefix, False, None if keys is None else tuple(keys), f"{SPEC}.containers[0].envFrom[{at}]"
    )  # type: ignore[arg-type]


def written_at(text: str, path: str, *hosts: str) -> tuple[Address, ...]:
    """The addresses of a value, as fit finds them: those of ``hosts``."""
    place = Place("env", "app", "", path)
    found = (m for m in mentions(text) if m.host in hosts)
    return tuple(Address(m.host, m.port, m.scheme, place, text, m.span) for m in found)
