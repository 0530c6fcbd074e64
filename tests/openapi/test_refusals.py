"""The table of refusals: a sound spec passes every row, and each row finds its mistake."""

from __future__ import annotations

import copy
import importlib.util
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from k2cr_analysis.openapi.cloud_run import problems
from k2cr_analysis.openapi.refusals import NOT_KNOWN, REFUSALS, Spec, refused

RUN = "run.googleapis.com/"
DEPENDENCIES = f"{RUN}container-dependencies"
INTERFACES = f"{RUN}network-interfaces"
L4 = {"cpu": "4", "memory": "16Gi", "nvidia.com/gpu": "1"}


def container(name: str = "app", **given: Any) -> dict[str, Any]:
    return {"name": name, "image": "us-docker.pkg.dev/p/r/app:1", "resources": {"limits": {"cpu": "1", "memory": "512Mi"}}, **given}  # fmt: skip


def service(
    *containers: dict[str, Any],
    annotations: dict[str, str] | None = None,
    own: dict[str, str] | None = None,
    labels: dict[str, str] | None = None,
    name: str = "web",
    **spec: Any,
) -> dict[str, Any]:
    held = list(containers) or [container(ports=[{"containerPort": 8080}])]
    return {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {"name": name, "annotations": own or {}, "labels": labels or {}},
        "spec": {"template": {"metadata": {"annotations": annotations or {}}, "spec": {"containers": held, **spec}}},
    }  # fmt: skip


def job(*containers: dict[str, Any], execution: dict[str, Any] | None = None, **task: Any) -> dict[str, Any]:
    spec = {"containers": list(containers) or [container()], **task}
    return {
        "apiVersion": "run.googleapis.com/v1",
        "kind": "Job",
        "metadata": {"name": "report"},
        "spec": {"template": {"spec": {**(execution or {}), "template": {"spec": spec}}}},
    }


def pool(*containers: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "run.googleapis.com/v1",
        "kind": "WorkerPool",
        "metadata": {"name": "puller"},
        "spec": {"template": {"spec": {"containers": list(containers)}}},
    }


def served(**given: Any) -> dict[str, Any]:
    return service(container(**{"ports": [{"containerPort": 8080}], **given}))


def sized(cpu: str, memory: str, **more: Any) -> dict[str, Any]:
    annotations = more.pop("annotations", {})
    limits = {"cpu": cpu, "memory": memory}
    return service(container(ports=[{"containerPort": 8080}], resources={"limits": limits}), annotations=annotations, **more)  # fmt: skip


def mounted(*mounts: dict[str, Any], volume: dict[str, Any]) -> dict[str, Any]:
    return service(container(ports=[{}], volumeMounts=list(mounts)), volumes=[{"name": "v", **volume}])


MEMORY = {"emptyDir": {"medium": "Memory", "sizeLimit": "64Mi"}}
SECRET = {"secret": {"secretName": "s", "items": [{"key": "latest", "path": "f"}]}}
GPU_BILLING = {f"{RUN}cpu-throttling": "false", f"{RUN}execution-environment": "gen2"}

SOUND: dict[str, dict[str, Any]] = {
    "a service": service(),
    "two containers, one waits": service(
        container("web", ports=[{"containerPort": 80, "name": "h2c"}]), container("app", startupProbe={"tcpSocket": {"port": 1}, "periodSeconds": 1, "failureThreshold": 240}),
        annotations={DEPENDENCIES: '{"web":["app"]}', INTERFACES: '[{"network":"n","tags":["web"]}]', f"{RUN}vpc-access-egress": "all-traffic"},
    ),
    "a fraction beside a whole": service(container("web", ports=[{}], resources={"limits": {"cpu": "500m", "memory": "256Mi"}}), container("app")),
    "below one CPU": sized("0.25", "256Mi", containerConcurrency=1, annotations={f"{RUN}execution-environment": "gen1"}),
    "the largest": sized("8", "32Gi", timeoutSeconds=3600, containerConcurrency=1000),
    "probes": served(startupProbe={"httpGet": {"path": "/", "port": 80}}, livenessProbe={"grpc": {"port": 80}, "periodSeconds": 3600, "initialDelaySeconds": 3600}, readinessProbe={"httpGet": {"path": "/r"}, "successThreshold": 2, "periodSeconds": 300}),
    "an L4": service(container(ports=[{}], resources={"limits": L4}), annotations=GPU_BILLING, nodeSelector={f"{RUN}accelerator": "nvidia-l4"}),
    "an RTX PRO 6000": service(container(ports=[{}], resources={"limits": {**L4, "cpu": "20", "memory": "80Gi"}}), annotations=GPU_BILLING, nodeSelector={f"{RUN}accelerator": "nvidia-rtx-pro-6000"}),
    "a scratch disk": mounted({"name": "v", "mountPath": "/s"}, volume={"emptyDir": {"medium": "Disk", "sizeLimit": "10Gi"}}),
    "secret files": mounted({"name": "v", "mountPath": "/s"}, volume=SECRET),
    "a sub path of memory": mounted({"name": "v", "mountPath": "/s", "subPath": "x"}, volume=MEMORY),
    "scaling": service(annotations={"autoscaling.knative.dev/maxScale": "3", f"{RUN}scaling-cpu-target": "0.90", f"{RUN}scaling-concurrency-target": "disabled"}, own={f"{RUN}minScale": "3", f"{RUN}ingress": "internal"}),
    "a job": job(execution={"taskCount": 10_000, "parallelism": 0}, maxRetries=0, timeoutSeconds=604_800),
    "a worker pool": pool(container(env=[{"name": "PORT", "value": "1"}])),
}  # fmt: skip

# Row -> objects that it finds something in.
MISTAKES: dict[str, list[dict[str, Any]]] = {
    "container-count": [service(*(container(f"c{i}") for i in range(11)))],
    "container-name": [served(name="Web_1"), service(container(ports=[{}]), container()), service(container(ports=[{}]), container(""))],
    "image-reference": [served(image="ko://github.com/a/b"), served(image=""), served(image="us-docker.pkg.dev/P/app"), served(image="app:${TAG}")],
    "variable-name": [served(env=[{"name": "A=B", "value": "x"}]), served(env=[{"name": "", "value": "x"}])],
    "reserved-variable": [served(env=[{"name": "PORT", "value": "1"}]), job(container(env=[{"name": "CLOUD_RUN_TASK_INDEX", "value": "1"}])), served(env=[{"name": "X_GOOGLE_A", "value": "1"}])],
    "variable-twice": [served(env=[{"name": "A", "value": "1"}, {"name": "A", "value": "2"}])],
    "secret-reference": [served(env=[{"name": "A", "value": "x", "valueFrom": {"secretKeyRef": {"name": "a", "key": "1"}}}]), served(env=[{"name": "A", "valueFrom": {"secretKeyRef": {"name": "a.b", "key": "1"}}}]), served(env=[{"name": "A", "valueFrom": {"secretKeyRef": {"name": "a"}}}])],
    "environment-size": [served(env=[{"name": "A", "value": "x" * 32_769}]), served(args=["x"] * 1001), served(env=[{"name": f"A{i}", "value": ""} for i in range(1001)])],
    "ports": [served(ports=[{}, {}]), service(container("a", ports=[{}]), container("b", ports=[{}])), service(container("a"), container("b")), served(ports=[{"containerPort": 0}]), served(ports=[{"name": "grpc"}]), served(ports=[{"protocol": "UDP"}]), pool(container(ports=[{}]))],
    "mount-path": [mounted({"name": "v", "mountPath": p}, volume=MEMORY) for p in ("./data", "/a:b", "/dev/shm", "/proc", "")],
    "mount-beside-mount": [mounted({"name": "v", "mountPath": "/a"}, {"name": "v", "mountPath": p}, volume=MEMORY) for p in ("/a/b", "/a", "/a/")],
    "mount-of-volume": [mounted({"name": "w", "mountPath": "/a"}, volume=MEMORY)],
    "secret-by-sub-path": [mounted({"name": "v", "mountPath": "/a/f", "subPath": "f"}, volume=SECRET)],
    "probe-action": [served(livenessProbe={"tcpSocket": {"port": 1}}), served(startupProbe={"httpGet": {}, "grpc": {}}), served(startupProbe={}), served(readinessProbe={"tcpSocket": {"port": 1}}), served(startupProbe={"tcpSocket": {"port": 70_000}}), served(startupProbe={"httpGet": {"path": "healthz"}})],
    "probe-timing": [served(**{kind: {"httpGet": {"path": "/"}, **wrong}}) for kind, wrong in (("startupProbe", {"periodSeconds": 241}), ("startupProbe", {"periodSeconds": 1, "timeoutSeconds": 2}), ("livenessProbe", {"failureThreshold": 0}), ("livenessProbe", {"initialDelaySeconds": -1}), ("readinessProbe", {"initialDelaySeconds": 1}), ("readinessProbe", {"periodSeconds": 301}), ("livenessProbe", {"successThreshold": 2}), ("startupProbe", {"timeoutSeconds": 0}))],
    "probe-of-job": [job(container(livenessProbe={"httpGet": {}})), pool(container(readinessProbe={"httpGet": {}}))],
    "quantity": [sized("1", "2048M"), sized("1", "0.5Gi"), served(resources={"limits": {"nvidia.com/gpu": "2"}}), served(resources={"limits": {"ephemeral-storage": "1Gi"}}), mounted(volume={"emptyDir": {"sizeLimit": "1G"}})],
    "cpu": [sized("3", "4Gi"), sized("1.5", "1Gi"), sized("0.05", "128Mi"), sized("16", "32Gi"), service(container("a", ports=[{}], resources={"limits": {"cpu": "8", "memory": "4Gi"}}), container("b"))],
    "memory-by-cpu": [sized("1", "8Gi"), sized("4", "1Gi"), sized("1", "64Mi"), sized("1", "256Mi", annotations={f"{RUN}execution-environment": "gen2"}), pool(container(resources={"limits": {"cpu": "1", "memory": "256Mi"}}))],
    "below-one-cpu": [sized("0.5", "512Mi", containerConcurrency=80), sized("0.5", "512Mi", annotations={f"{RUN}execution-environment": "gen2"}), sized("0.5", "512Mi", annotations={f"{RUN}cpu-throttling": "false"})],
    "concurrency": [sized("1", "1Gi", containerConcurrency=1001)],
    "generation": [service(annotations={f"{RUN}execution-environment": "gen1"}, volumes=[{"name": "v", **v}]) for v in ({"nfs": {"server": "s", "path": "/p"}}, {"emptyDir": {"medium": "Disk", "sizeLimit": "10Gi"}}, {"csi": {"driver": "gcsfuse.run.googleapis.com", "volumeAttributes": {"bucketName": "b"}}})],
    "gpu": [service(container(ports=[{}], resources={"limits": limits}), annotations={**GPU_BILLING, **billing}, nodeSelector=selector) for limits, billing, selector in ((L4, {f"{RUN}cpu-throttling": "true"}, {f"{RUN}accelerator": "nvidia-l4"}), (L4, {}, {f"{RUN}accelerator": "nvidia-tesla-t4"}), (L4, {}, {}), ({**L4, "cpu": "2"}, {}, {f"{RUN}accelerator": "nvidia-l4"}), (L4, {}, {f"{RUN}accelerator": "nvidia-rtx-pro-6000"}), ({"cpu": "4", "memory": "16Gi"}, {}, {f"{RUN}accelerator": "nvidia-l4"}))],
    "name": [service(name="x" * 50), service(name="Web"), service(name="1web")],
    "label": [service(labels={"app.kubernetes.io/name": "x"}), service(labels={"app": "A b"})],
    "request-timeout": [service(timeoutSeconds=3601), service(timeoutSeconds=0)],
    "tasks": [job(execution={"taskCount": 0}), job(execution={"taskCount": 10_001}), job(maxRetries=11), job(timeoutSeconds=604_801), job(execution={"parallelism": -1})],
    "gpu-task-timeout": [job(container(resources={"limits": L4}), nodeSelector={f"{RUN}accelerator": "nvidia-l4"}, timeoutSeconds=3601)],
    "scale-bounds": [service(annotations={"autoscaling.knative.dev/minScale": "2", "autoscaling.knative.dev/maxScale": "1"}), service(annotations={"autoscaling.knative.dev/maxScale": "0"}), service(own={f"{RUN}minScale": "-1"})],
    "scaling-target": [service(annotations={f"{RUN}scaling-cpu-target": v}) for v in ("0.91", "0.05", "x")] + [service(annotations={f"{RUN}scaling-concurrency-target": "disabled", f"{RUN}scaling-cpu-target": "disabled"})],
    "annotation-word": [service(own={f"{RUN}ingress": "public"}), service(annotations={f"{RUN}vpc-access-egress": "some"})],
    "description": [service(own={f"{RUN}description": "x" * 513})],
    "start-order": [service(annotations={DEPENDENCIES: text}) for text in ('{"app":["x"]}', "[]", "{", '{"app":["app"]}')],
    "start-up-budget": [service(container("web", ports=[{}], startupProbe={"tcpSocket": {"port": 1}, "periodSeconds": 1, "failureThreshold": 100}), container("app", startupProbe={"tcpSocket": {"port": 1}, "periodSeconds": 1, "failureThreshold": 200}), annotations={DEPENDENCIES: '{"web":["app"]}'})],
    "network-interface": [service(annotations={INTERFACES: text}) for text in ("[]", "{}", '[{"network":"a"},{"network":"b"}]', '[{"tags":["a"]}]', '[{"network":"n","tags":["A_b"]}]')],
    "volume": [mounted(volume={}), mounted(volume={"hostPath": {}}), service(volumes=[{"name": "cloudsql", **MEMORY}]), service(volumes=[{"name": "a", **MEMORY}, {"name": "a", **MEMORY}])],
    "volume-source": [mounted(volume=v) for v in ({"secret": {"secretName": "a.b"}}, {"secret": {"secretName": "s", "items": [{"key": "1", "path": "/f"}]}}, {"secret": {"secretName": "s", "items": [{"key": "1", "path": "a/../b"}]}}, {"secret": {"secretName": "s", "defaultMode": 512}}, {"secret": {"secretName": "s", "items": [{"key": "1", "path": "f", "mode": 512}]}}, {"emptyDir": {"medium": "HugePages"}}, {"csi": {"driver": "other", "volumeAttributes": {"bucketName": "b"}}}, {"csi": {"driver": "gcsfuse.run.googleapis.com"}}, {"nfs": {"server": "s", "path": "p"}})],
    "scratch-disk": [mounted(volume={"emptyDir": {"medium": "Disk", "sizeLimit": "1Gi"}}), mounted(volume={"emptyDir": {"medium": "Disk"}}), service(volumes=[{"name": f"v{i}", "emptyDir": {"medium": "Disk", "sizeLimit": "10Gi"}} for i in range(11)])],
}  # fmt: skip


@pytest.mark.parametrize("case", SOUND, ids=str)
def test_what_is_sound_passes(case: str) -> None:
    assert [str(r) for r in refused(Spec.of(SOUND[case]))] == []


@pytest.mark.parametrize(
    ("row", "tree"), [(row, tree) for row, trees in MISTAKES.items() for tree in trees], ids=lambda v: v if isinstance(v, str) else ""
)  # fmt: skip
def test_a_row_finds_its_mistake(row: str, tree: dict[str, Any]) -> None:
    assert row in {r.row.id for r in refused(Spec.of(tree))}


def test_every_row_has_its_mistakes_and_a_source() -> None:
    assert set(MISTAKES) == set(REFUSALS)
    for row in REFUSALS.values():
        assert row.source.url.startswith("https://")
        assert date.fromisoformat(row.source.read)
    assert len(NOT_KNOWN) >= 5


def test_a_literal_that_is_filled_in_later_is_no_mistake() -> None:
    tree = served(image="us-docker.pkg.dev/PROJECT_ID/r/app:1")
    assert problems(tree)
    assert problems(tree, ["PROJECT_ID", "PROJECT"]) == []


def test_what_the_schema_calls_unsupported_is_named() -> None:
    tree = copy.deepcopy(service())
    tree["spec"]["template"]["spec"]["containers"][0]["envFrom"] = []
    assert problems(tree) == ["Service.spec.template.spec.containers[0].envFrom: not supported by Cloud Run"]


def test_the_page_is_the_table() -> None:
    place = Path(__file__).parents[2]
    loaded = importlib.util.spec_from_file_location("write_refusals", place / "scripts" / "write_refusals.py")
    assert loaded is not None and loaded.loader is not None
    module = importlib.util.module_from_spec(loaded)
    loaded.loader.exec_module(module)
    assert module.page() == (place / "docs" / "refusals.md").read_text(encoding="utf-8")
