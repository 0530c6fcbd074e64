"""Manifests into what `kubectl get -o yaml` shows: server defaults, status, and the pods that run on the nodes."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from demo.nodes import DemoNode, hash_text

Raw = dict[str, Any]
CONTROLLERS = ("Deployment", "StatefulSet", "DaemonSet", "CronJob")
_NAMESPACE = uuid.UUID("6d9e1f52-6c06-5a0f-9a55-2f3d2b1f8c11")
_DISK_BY_CLASS = {"standard-rwo": "pd-balanced", "premium-rwo": "pd-ssd"}
_MESH = "sidecar.istio.io/inject"
_MESH_SIDECAR: Raw = {
    "name": "istio-proxy", "image": "docker.io/istio/proxyv2:1.27.1", "args": ["proxy", "sidecar"],
    "ports": [{"name": "http-envoy-prom", "containerPort": 15090, "protocol": "TCP"}],
    "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"cpu": "2", "memory": "1Gi"}},
}  # fmt: skip


@dataclass(frozen=True)
class DemoPod:
    workload: str
    node: DemoNode
    cores: float
    gib: float
    object: Raw


def workload_id(item: Raw) -> str:
    return f"{item['metadata']['namespace']}/{item['kind']}/{item['metadata']['name']}"


def live_objects(
    manifests: Iterable[Raw], replicas: dict[str, int], nodes: list[DemoNode]
) -> tuple[list[Raw], list[DemoPod]]:
    """All objects of the cluster, and the pods with the node that each is on.

    ``replicas`` are the pods of each Deployment and StatefulSet at the end of the window, as its autoscaler left them.
    """
    declared = [_stamped(copy.deepcopy(item)) for item in manifests]
    for item in declared:
        _fill_defaults(item, replicas)
    placer = _Placer(nodes)
    objects: list[Raw] = [*declared, *(_stamped(node.object) for node in nodes)]
    pods: list[DemoPod] = []
    # The scheduler takes what is hardest to place first, so that a small cluster holds everything.
    for item in sorted((i for i in declared if i["kind"] in CONTROLLERS), key=_placing_order):
        made, running = _run(item, replicas, placer)
        objects += made
        pods += running
    objects += _claims(declared, pods)
    objects += [pod.object for pod in pods]
    return objects, pods


def _placing_order(item: Raw) -> tuple[int, str]:
    order = {"DaemonSet": 0, "StatefulSet": 1, "Deployment": 2, "CronJob": 3}
    return order[item["kind"]], workload_id(item)


def _stamped(item: Raw) -> Raw:
    """uid, resourceVersion and creation time as the API server gives them; the same every time."""
    meta = item["metadata"]
    name = f"{item['kind']} {meta.get('namespace', '')} {meta['name']}"
    digest = int(hash_text(name)[:6], 16)
    meta["uid"] = str(uuid.uuid5(_NAMESPACE, name))
    meta["resourceVersion"] = str(400_000_000 + digest)
    meta["creationTimestamp"] = f"2025-{1 + digest % 12:02d}-{1 + digest // 12 % 28:02d}T0{digest % 10}:15:00Z"
    return item


def _fill_defaults(item: Raw, replicas: dict[str, int]) -> None:
    kind = item["kind"]
    if kind == "Service":
        item["spec"] = {
            "type": "ClusterIP",
            "sessionAffinity": "None",
            "internalTrafficPolicy": "Cluster",
            "ipFamilyPolicy": "SingleStack",
        } | item["spec"]
        for port in item["spec"]["ports"]:
            port.setdefault("protocol", "TCP")
            port.setdefault("targetPort", port["port"])
    if kind not in CONTROLLERS:
        return
    template = _template(item)
    _fill_pod_defaults(template["spec"])
    spec = item["spec"]
    item["metadata"]["generation"] = 3
    if kind == "Deployment":
        spec.setdefault(
            "strategy", {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}
        )
        spec |= {"progressDeadlineSeconds": 600, "revisionHistoryLimit": 10}
    if kind in ("Deployment", "StatefulSet"):
        count = replicas[workload_id(item)]
        spec["replicas"] = count
        item["status"] = {
            "observedGeneration": 3,
            "replicas": count,
            "readyReplicas": count,
            "availableReplicas": count,
        }
    if kind == "CronJob":
        for key, value in {
            "concurrencyPolicy": "Allow",
            "failedJobsHistoryLimit": 1,
            "successfulJobsHistoryLimit": 3,
            "suspend": False,
        }.items():
            spec.setdefault(key, value)


def _template(item: Raw) -> Raw:
    spec = item["spec"]["jobTemplate"]["spec"] if item["kind"] == "CronJob" else item["spec"]
    return spec["template"]


def _fill_pod_defaults(pod: Raw) -> None:
    for key, value in {
        "restartPolicy": "Always",
        "dnsPolicy": "ClusterFirst",
        "schedulerName": "default-scheduler",
        "terminationGracePeriodSeconds": 30,
        "securityContext": {},
    }.items():
        pod.setdefault(key, value)
    if "serviceAccountName" in pod:
        pod["serviceAccount"] = pod["serviceAccountName"]
    for container in (*pod["containers"], *pod.get("initContainers", ())):
        container |= {
            "terminationMessagePath": "/dev/termination-log",
            "terminationMessagePolicy": "File",
            "imagePullPolicy": "IfNotPresent",
        }
        container.setdefault("resources", {})
        for port in container.get("ports", ()):
            port.setdefault("protocol", "TCP")
            if pod.get("hostNetwork"):
                port.setdefault("hostPort", port["containerPort"])
        for name in ("startupProbe", "readinessProbe", "livenessProbe"):
            if name in container:
                _fill_probe_defaults(container[name])


def _fill_probe_defaults(probe: Raw) -> None:
    for key, value in {"periodSeconds": 10, "timeoutSeconds": 1, "successThreshold": 1, "failureThreshold": 3}.items():
        probe.setdefault(key, value)
    if "httpGet" in probe:
        probe["httpGet"].setdefault("scheme", "HTTP")


def _run(item: Raw, replicas: dict[str, int], placer: _Placer) -> tuple[list[Raw], list[DemoPod]]:
    """What the controller made: its ReplicaSet and its pods; for a CronJob, its last Job, which is over."""
    identity, kind, meta = workload_id(item), item["kind"], item["metadata"]
    template = _template(item)
    if kind == "CronJob":
        return ([] if item["spec"]["suspend"] else [_last_job(item)]), []
    if kind == "DaemonSet":
        pods = [
            _pod(item, item, f"{meta['name']}-{_suffix(node.name + identity)}", template, node) for node in placer.nodes
        ]
        return [], [placer.put(identity, pod, node) for pod, node in zip(pods, placer.nodes, strict=True)]
    owner, made = item, []
    if kind == "Deployment":
        owner = _replica_set(item, replicas[identity])
        made = [owner]
    pods = []
    for index in range(replicas[identity]):
        name = (
            f"{meta['name']}-{index}"
            if kind == "StatefulSet"
            else f"{owner['metadata']['name']}-{_suffix(f'{identity} {index}')}"
        )
        node = placer.choose(identity, _meshed(template))
        pods.append(placer.put(identity, _pod(item, owner, name, template, node), node))
    return made, pods


def _suffix(text: str) -> str:
    """Five characters of the alphabet that Kubernetes uses for generated names."""
    alphabet, number = "bcdfghjklmnpqrstvwxz2456789", int(hash_text(text)[:12], 16)
    return "".join(alphabet[number // len(alphabet) ** i % len(alphabet)] for i in range(5))


def _meshed(template: Raw) -> Raw:
    """The pod's spec after admission: the mesh's webhook has put its sidecar in."""
    spec = copy.deepcopy(template["spec"])
    if template["metadata"]["labels"].get(_MESH) == "true":
        spec["containers"].append(copy.deepcopy(_MESH_SIDECAR))
        _fill_pod_defaults(spec)
    return spec


def _replica_set(item: Raw, count: int) -> Raw:
    meta, template = item["metadata"], copy.deepcopy(item["spec"]["template"])
    digest = _suffix(str(template)) + _suffix(meta["name"])[:4]
    template["metadata"]["labels"]["pod-template-hash"] = digest
    return _stamped(
        {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {
                "name": f"{meta['name']}-{digest}",
                "namespace": meta["namespace"],
                "labels": template["metadata"]["labels"],
                "ownerReferences": [_owner(item)],
            },
            "spec": {
                "replicas": count,
                "selector": {"matchLabels": item["spec"]["selector"]["matchLabels"] | {"pod-template-hash": digest}},
                "template": template,
            },
            "status": {"replicas": count, "readyReplicas": count},
        }
    )


def _last_job(item: Raw) -> Raw:
    meta, spec = item["metadata"], item["spec"]["jobTemplate"]["spec"]
    return _stamped(
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {
                "name": f"{meta['name']}-29906400",
                "namespace": meta["namespace"],
                "labels": _template(item)["metadata"]["labels"],
                "ownerReferences": [_owner(item)],
            },
            "spec": copy.deepcopy(spec) | {"parallelism": 1, "completions": 1},
            "status": {"succeeded": 1, "conditions": [{"type": "Complete", "status": "True"}]},
        }
    )


def _owner(item: Raw) -> Raw:
    return {
        "apiVersion": item["apiVersion"],
        "kind": item["kind"],
        "name": item["metadata"]["name"],
        "uid": item["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def _pod(item: Raw, owner: Raw, name: str, template: Raw, node: DemoNode) -> Raw:
    meta, spec = item["metadata"], _meshed(template)
    spec["nodeName"] = node.name
    for claim in item["spec"].get("volumeClaimTemplates", ()):
        volume = claim["metadata"]["name"]
        spec.setdefault("volumes", []).append(
            {"name": volume, "persistentVolumeClaim": {"claimName": f"{volume}-{name}"}}
        )
    statuses = [
        {
            "name": c["name"],
            "image": c["image"],
            "imageID": f"{c['image'].rsplit(':', 1)[0]}@sha256:{hash_text(c['image'])}",
            "ready": True,
        }
        for c in spec["containers"]
    ]
    labels = owner["metadata"]["labels"] if owner["kind"] == "ReplicaSet" else template["metadata"]["labels"]
    return _stamped(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": name,
                "namespace": meta["namespace"],
                "labels": labels,
                "ownerReferences": [_owner(owner)],
            },
            "spec": spec,
            "status": {"phase": "Running", "qosClass": "Burstable", "containerStatuses": statuses},
        }
    )


def _claims(declared: list[Raw], pods: list[DemoPod]) -> list[Raw]:
    """Claims of StatefulSets, and the disk behind each claim, in the zone of the pod that mounts it."""
    found: list[Raw] = []
    by_name = {
        (item["metadata"]["namespace"], item["metadata"]["name"]): item
        for item in declared
        if item["kind"] == "PersistentVolumeClaim"
    }
    templates = {
        workload_id(item): item["spec"].get("volumeClaimTemplates", ())
        for item in declared
        if item["kind"] == "StatefulSet"
    }
    for pod in pods:
        namespace = pod.object["metadata"]["namespace"]
        for volume in pod.object["spec"].get("volumes", ()):
            claim_name = volume.get("persistentVolumeClaim", {}).get("claimName")
            if claim_name is None:
                continue
            claim = by_name.get((namespace, claim_name))
            if claim is None:
                spec = next(t["spec"] for t in templates[pod.workload] if t["metadata"]["name"] == volume["name"])
                claim = _stamped(
                    {
                        "apiVersion": "v1",
                        "kind": "PersistentVolumeClaim",
                        "metadata": {"name": claim_name, "namespace": namespace},
                        "spec": copy.deepcopy(spec),
                    }
                )
                found.append(claim)
            found.append(_disk(claim, pod.node.zone))
    return found


def _disk(claim: Raw, zone: str) -> Raw:
    spec = claim["spec"]
    name = f"pvc-{claim['metadata']['uid']}"
    spec["volumeName"], spec["volumeMode"] = name, "Filesystem"
    claim["status"] = {"phase": "Bound", "capacity": spec["resources"]["requests"]}
    in_zone = [{"matchExpressions": [{"key": "topology.gke.io/zone", "operator": "In", "values": [zone]}]}]
    return _stamped(
        {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": name},
            "spec": {
                "capacity": spec["resources"]["requests"],
                "accessModes": spec["accessModes"],
                "storageClassName": spec["storageClassName"],
                "persistentVolumeReclaimPolicy": "Delete",
                "nodeAffinity": {"required": {"nodeSelectorTerms": in_zone}},
                "csi": {
                    "driver": "pd.csi.storage.gke.io",
                    "volumeHandle": f"disks/{name}",
                    "volumeAttributes": {"type": _DISK_BY_CLASS[spec["storageClassName"]]},
                },
            },
        }
    )


class _Placer:
    """A scheduler in small: selectors, taints, one kafka a node, then the node with the most CPU left."""

    def __init__(self, nodes: list[DemoNode]) -> None:
        self.nodes = nodes
        self._free = {node.name: [node.allocatable_cores, node.allocatable_gib] for node in nodes}
        self._held: dict[str, list[str]] = {node.name: [] for node in nodes}

    def choose(self, identity: str, spec: Raw) -> DemoNode:
        cores, gib = requested(spec)
        alone = "podAntiAffinity" in spec.get("affinity", {})
        fits = [
            node for node in self.nodes
            if self._allowed(node, spec) and self._free[node.name][0] >= cores and self._free[node.name][1] >= gib
            and not (alone and identity in self._held[node.name])
        ]  # fmt: skip
        if not fits:
            raise SystemExit(f"{identity} fits on no node: enlarge a pool in company.yaml")
        return max(
            fits,
            key=lambda node: (-self._held[node.name].count(identity), self._free[node.name][0] / node.vcpu, node.name),
        )

    def put(self, identity: str, pod: Raw, node: DemoNode) -> DemoPod:
        cores, gib = requested(pod["spec"])
        free = self._free[node.name]
        free[0], free[1] = free[0] - cores, free[1] - gib
        self._held[node.name].append(identity)
        return DemoPod(identity, node, cores, gib, pod)

    @staticmethod
    def _allowed(node: DemoNode, spec: Raw) -> bool:
        labels = node.object["metadata"]["labels"]
        wanted = spec.get("nodeSelector", {})
        tolerated = {t.get("key") for t in spec.get("tolerations", ())}
        return all(labels.get(k) == v for k, v in wanted.items()) and all(
            t["key"] in tolerated for t in node.object["spec"].get("taints", ())
        )


def requested(spec: Raw) -> tuple[float, float]:
    """CPU [cores] and memory [GiB] that a pod reserves; no init container here asks for more than the containers."""
    from k2cr_analysis.openapi.quantity import parse_quantity

    asked = [c.get("resources", {}).get("requests", {}) for c in spec["containers"]]
    cores = sum(float(parse_quantity(str(r.get("cpu", "0")))) for r in asked)
    gib = sum(float(parse_quantity(str(r.get("memory", "0")))) for r in asked) / 2**30
    return cores, gib
