"""Manifests that a cluster may hold, each with something that Cloud Run's API is known to refuse, or nearly.

Covers every row of the table of refusals that a source can reach, for services, worker pools and jobs. ``documents``
puts any of them together.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Tree = dict[str, Any]
Change = Callable[[Tree], None]

RUN = "run.googleapis.com/"
SCALE = "autoscaling.knative.dev/"
L4 = {"cloud.google.com/gke-accelerator": "nvidia-l4"}
KINDS = ("service", "worker-pool", "job")


def _container(**fields: Any) -> Change:
    return lambda parts: parts["pod"]["containers"][0].update(copy.deepcopy(fields))


def _pod(**fields: Any) -> Change:
    return lambda parts: parts["pod"].update(copy.deepcopy(fields))


def _annotated(part: str, annotations: Mapping[str, str]) -> Change:
    return lambda parts: parts[part].setdefault("annotations", {}).update(annotations)


def _limits(**limits: str) -> Change:
    return _container(resources={"limits": limits})


def _env(*variables: tuple[str, Any]) -> Change:
    made = [{"name": n, **(v if isinstance(v, dict) else {"value": v})} for n, v in variables]
    return lambda parts: parts["pod"]["containers"][0].setdefault("env", []).extend(copy.deepcopy(made))


def _volume(source: Tree, *mounts: Tree, name: str | None = None) -> Change:
    def change(parts: Tree) -> None:
        held = parts["pod"].setdefault("volumes", [])
        called = name or f"v{len(held)}"
        held.append({"name": called, **copy.deepcopy(source)})
        mounted = parts["pod"]["containers"][0].setdefault("volumeMounts", [])
        mounted.extend({"name": called, **one} for one in mounts)

    return change


def _probe(kind: str, **fields: Any) -> Change:
    return _container(**{kind: fields})


def _all(*changes: Change) -> Change:
    def change(parts: Tree) -> None:
        for one in changes:
            one(parts)

    return change


def _beside(count: int, **fields: Any) -> Change:
    made = [{"name": f"side{i}", "image": "us-docker.pkg.dev/p/r/side:1", **fields} for i in range(count)]
    return lambda parts: parts["pod"]["containers"].extend(copy.deepcopy(made))


HTTP = {"httpGet": {"path": "/", "port": 8080}}
SECRET = {"secretKeyRef": {"name": "my.secret.x", "key": "k.v"}}
NATIVE = [{"name": f"i{n}", "image": "us-docker.pkg.dev/p/r/i:1", "restartPolicy": "Always", "startupProbe": {"tcpSocket": {"port": 9000 + n}, "failureThreshold": 20}} for n in range(3)]  # fmt: skip

CHANGES: Mapping[str, Change] = {
    "eleven containers": _beside(10),
    "sidecars with fractions": _beside(2, resources={"limits": {"cpu": "100m", "memory": "64Mi"}}),
    "a dotted name": lambda parts: parts["meta"].update(name="1web.example.com"),
    "a long name": lambda parts: parts["meta"].update(name="w" * 48 + "-" + "x" * 60),
    "an image of a template": _container(image="${IMAGE}"),
    "an image in upper case": _container(image="Foo/Bar:1"),
    "a variable with an equals sign": _env(("A=B", "1")),
    "a variable twice": _env(("A", "1"), ("A", {"valueFrom": SECRET})),
    "a reserved variable": _env(("PORT", "9"), ("K_SERVICE", "x"), ("X_GOOGLE_A", "x")),
    "a large variable": _env(("BIG", "x" * 40_000)),
    "1001 variables": _env(*((f"V{i}", "x") for i in range(1001))),
    "1200 arguments": _container(args=["x"] * 1200),
    "two ports": _container(ports=[{"containerPort": 8080}, {"containerPort": 9090, "name": "metrics"}]),
    "a mount in /dev": _volume({"emptyDir": {"medium": "Memory"}}, {"mountPath": "/dev/shm"}),
    "a mount with a colon": _volume({"emptyDir": {}}, {"mountPath": "/a:b"}),
    "a mount in a mount": _volume({"emptyDir": {}}, {"mountPath": "/a"}, {"mountPath": "/a/b", "subPath": "x"}),
    "two volumes at one path": _all(_volume({"emptyDir": {"medium": "Memory"}}, {"mountPath": "/twice"}), _volume({"emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}}, {"mountPath": "/twice"})),
    "a mount of nothing": _container(volumeMounts=[{"name": "nope", "mountPath": "/x"}]),
    "a secret by sub path": _volume({"secret": {"secretName": "a.b"}}, {"mountPath": "/etc/a/f", "subPath": "f"}),
    "a relative NFS path": _volume({"nfs": {"server": "10.0.0.2", "path": "share"}}, {"mountPath": "/n"}),
    "a bucket without its name": _volume({"csi": {"driver": "gcsfuse.csi.storage.gke.io"}}, {"mountPath": "/g"}),
    "a small disk": _volume({"emptyDir": {"sizeLimit": "1Gi"}}, {"mountPath": "/d"}),
    "memory in tenths": _volume({"emptyDir": {"medium": "Memory", "sizeLimit": "1.5Gi"}}, {"mountPath": "/m"}),
    "eleven disks": _all(*(_volume({"emptyDir": {"sizeLimit": "10Gi"}}, {"mountPath": f"/d{i}"}) for i in range(11))),
    "a volume called cloudsql": _volume({"emptyDir": {"medium": "Memory"}}, {"mountPath": "/c"}, name="cloudsql"),
    "a TCP liveness probe": _probe("livenessProbe", tcpSocket={"port": 8080}),
    "a slow liveness probe": _probe("livenessProbe", **HTTP, periodSeconds=7200, timeoutSeconds=7000, initialDelaySeconds=5000),
    "a time-out above the period": _probe("livenessProbe", **HTTP, periodSeconds=1, timeoutSeconds=30),
    "a slow readiness probe": _probe("readinessProbe", **HTTP, periodSeconds=600, initialDelaySeconds=100, successThreshold=5),
    "a probe without a slash": _probe("livenessProbe", httpGet={"path": "health", "port": 8080}),
    "a start of ten minutes": _probe("startupProbe", **HTTP, periodSeconds=30, failureThreshold=20),
    "a chain of starts": _pod(initContainers=NATIVE),
    "three CPU": _limits(cpu="3", memory="4Gi"),
    "hardly any CPU": _limits(cpu="10m", memory="10Mi"),
    "decimal memory": _limits(cpu="1", memory="2048M"),
    "a small pod with a GPU": _all(_container(resources={"limits": {"cpu": "1", "memory": "1Gi", "nvidia.com/gpu": "1"}}), _pod(nodeSelector=L4)),
    "a scaling target above one": _annotated("template", {f"{RUN}scaling-cpu-target": "1.5"}),
    "no scaling target": _annotated("template", {f"{RUN}scaling-cpu-target": "disabled", f"{RUN}scaling-concurrency-target": "disabled"}),
    "bounds of scaling crossed": _annotated("template", {f"{SCALE}minScale": "5", f"{SCALE}maxScale": "2"}),
    "words that are none": _annotated("template", {f"{RUN}execution-environment": "gen3", f"{RUN}vpc-access-egress": "none", f"{RUN}network-interfaces": "{"}),
    "a long description": _annotated("meta", {f"{RUN}description": "x" * 600, f"{RUN}ingress": "public"}),
    "labels of Kubernetes": lambda parts: parts["meta"]["labels"].update({"app.kubernetes.io/name": "X", "Team": "A"}),
    "20000 tasks": lambda parts: parts["job"].update(completions=20_000, backoffLimit=100, activeDeadlineSeconds=9_999_999),
}  # fmt: skip


def documents(kind: str, changes: Iterable[str]) -> list[Tree]:
    """The objects of a workload that becomes ``kind`` and has all of ``changes``."""
    limits = {"cpu": "1", "memory": "512Mi"}
    app = {"name": "app", "image": "us-docker.pkg.dev/p/r/app:1", "resources": {"limits": limits}}
    if kind == "service":
        app["ports"] = [{"containerPort": 8080}]
    labels = {"app": "web"}
    parts: Tree = {
        "meta": {"name": "web", "namespace": "shop", "labels": dict(labels)},
        "template": {"labels": labels},
        "job": {},
        "pod": {"containers": [app]},
    }
    for one in changes:
        CHANGES[one](parts)
    template = {"metadata": parts["template"], "spec": parts["pod"]}
    if kind == "job":
        template["spec"]["restartPolicy"] = "Never"
        return [{"apiVersion": "batch/v1", "kind": "Job", "metadata": parts["meta"], "spec": {**parts["job"], "template": template}}]  # fmt: skip
    spec = {"replicas": 2, "selector": {"matchLabels": labels}, "template": template}
    made = [{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": parts["meta"], "spec": spec}]
    ports = [{"port": 80, "targetPort": 8080, "appProtocol": "http"}]
    front = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop"}, "spec": {"selector": labels, "ports": ports}}  # fmt: skip
    return [*made, front] if kind == "service" else made
