"""What an API server makes of an object that is applied: its defaults, bookkeeping and status.

Written from Kubernetes' defaulting functions (pkg/apis/{core,apps,batch,autoscaling}/*/defaults.go), the Gateway API's
and Knative's webhooks and GKE's controllers, and not from the table that takes them out again.
"""

from __future__ import annotations

import copy
from typing import Any

Raw = dict[str, Any]


def as_stored(obj: Raw) -> Raw:
    """A copy of an object as ``kubectl get -o yaml`` prints it."""
    live: Raw = copy.deepcopy(obj)
    metadata = live.setdefault("metadata", {})
    metadata.setdefault("namespace", "default")
    metadata |= {"uid": "5f0c", "resourceVersion": "77", "generation": 2, "creationTimestamp": "2026-01-01T00:00:00Z"}
    metadata["managedFields"] = [{"manager": "kubectl", "operation": "Update", "apiVersion": "v1"}]
    applied = {"kubectl.kubernetes.io/last-applied-configuration": "{}\n"}
    metadata["annotations"] = {**(metadata.get("annotations") or {}), **applied}
    live["status"] = {"conditions": [{"type": "Available", "status": "True"}]}
    spec = live.get("spec")
    fill = _KINDS.get((str(obj.get("apiVersion")).partition("/")[0], str(obj.get("kind"))))
    if fill and isinstance(spec, dict):
        fill(live, spec)
    return live


def _default(owner: Raw, **values: Any) -> None:
    for key, value in values.items():
        if owner.get(key) is None:
            owner[key] = value


def _pod(spec: Raw) -> None:
    _default(
        spec, restartPolicy="Always", dnsPolicy="ClusterFirst", schedulerName="default-scheduler",
        terminationGracePeriodSeconds=30, securityContext={},
    )  # fmt: skip
    if spec.get("serviceAccountName"):
        spec["serviceAccount"] = spec["serviceAccountName"]
    for container in [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]:
        _container(container)
    for volume in spec.get("volumes") or []:
        for kind in ("secret", "configMap", "downwardAPI", "projected"):
            if isinstance(volume.get(kind), dict):
                _default(volume[kind], defaultMode=420)
        if isinstance(volume.get("hostPath"), dict):
            _default(volume["hostPath"], type="")


def _container(container: Raw) -> None:
    image = str(container.get("image") or "")
    last = image.rpartition("/")[2]
    latest = ":" not in last or last.endswith(":latest")
    _default(
        container, imagePullPolicy="Always" if latest and "@" not in last else "IfNotPresent", resources={},
        terminationMessagePath="/dev/termination-log", terminationMessagePolicy="File",
    )  # fmt: skip
    for port in container.get("ports") or []:
        _default(port, protocol="TCP")
    limits, requests = (container["resources"].get(k) or {} for k in ("limits", "requests"))
    if limits and isinstance(limits, dict):
        container["resources"]["requests"] = {**limits, **requests}
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        if isinstance(container.get(name), dict):
            probe = container[name]
            _default(probe, timeoutSeconds=1, periodSeconds=10, successThreshold=1, failureThreshold=3)
            if isinstance(probe.get("httpGet"), dict):
                _default(probe["httpGet"], scheme="HTTP", path="/")
            if isinstance(probe.get("grpc"), dict):
                _default(probe["grpc"], service="")
    for variable in container.get("env") or []:
        source = variable.get("valueFrom") or {}
        if isinstance(source.get("fieldRef"), dict):
            _default(source["fieldRef"], apiVersion="v1")
        if isinstance(source.get("resourceFieldRef"), dict):
            _default(source["resourceFieldRef"], divisor="0")


def _template(owner: Raw) -> None:
    template = owner.get("template")
    if isinstance(template, dict):
        template.setdefault("metadata", {})["creationTimestamp"] = None
        if isinstance(template.get("spec"), dict):
            _pod(template["spec"])


def _deployment(live: Raw, spec: Raw) -> None:
    _template(spec)
    _default(spec, replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600, strategy={})
    _default(spec["strategy"], type="RollingUpdate")
    if spec["strategy"]["type"] == "RollingUpdate":
        _default(spec["strategy"], rollingUpdate={})
        _default(spec["strategy"]["rollingUpdate"], maxSurge="25%", maxUnavailable="25%")
    live["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "1"


def _stateful_set(_live: Raw, spec: Raw) -> None:
    _template(spec)
    _default(
        spec, replicas=1, revisionHistoryLimit=10, podManagementPolicy="OrderedReady",
        updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
        persistentVolumeClaimRetentionPolicy={"whenDeleted": "Retain", "whenScaled": "Retain"},
    )  # fmt: skip
    for claim in spec.get("volumeClaimTemplates") or []:
        claim |= {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "status": {"phase": "Pending"}}
        claim.setdefault("metadata", {})["creationTimestamp"] = None
        _default(claim.setdefault("spec", {}), volumeMode="Filesystem")


def _daemon_set(live: Raw, spec: Raw) -> None:
    _template(spec)
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}
    _default(spec, revisionHistoryLimit=10, updateStrategy=rolling)
    live["metadata"]["annotations"]["deprecated.daemonset.template.generation"] = "1"


def _replicated(_live: Raw, spec: Raw) -> None:
    _template(spec)
    _default(spec, replicas=1)
    if isinstance(spec.get("template"), dict):
        _default(spec, selector=dict((spec["template"].get("metadata") or {}).get("labels") or {}))


def _job_spec(spec: Raw) -> None:
    _template(spec)
    if spec.get("completions") is None and spec.get("parallelism") is None:
        spec |= {"completions": 1, "parallelism": 1}
    _default(
        spec, parallelism=1, backoffLimit=6, completionMode="NonIndexed", suspend=False, manualSelector=False,
        podReplacementPolicy="TerminatingOrFailed",
    )  # fmt: skip


def _job(live: Raw, spec: Raw) -> None:
    _job_spec(spec)
    mark = {"batch.kubernetes.io/controller-uid": "5f0c", "controller-uid": "5f0c"}
    names = {"batch.kubernetes.io/job-name": "j", "job-name": "j"}
    spec["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": "5f0c"}}
    metadata = spec.setdefault("template", {}).setdefault("metadata", {})
    metadata["labels"] = {**(metadata.get("labels") or {}), **mark, **names}
    live["metadata"]["annotations"]["batch.kubernetes.io/job-tracking"] = ""


def _cron_job(_live: Raw, spec: Raw) -> None:
    _default(
        spec, concurrencyPolicy="Allow", suspend=False, successfulJobsHistoryLimit=3, failedJobsHistoryLimit=1
    )  # fmt: skip
    inner = spec.setdefault("jobTemplate", {})
    inner.setdefault("metadata", {})["creationTimestamp"] = None
    if isinstance(inner.get("spec"), dict):
        # A CronJob's template is stored without the defaults of a Job itself.
        _template(inner["spec"])


def _bare_pod(live: Raw, spec: Raw) -> None:
    _pod(spec)
    token = "kube-api-access-x1"
    _default(spec, serviceAccountName="default", enableServiceLinks=True, preemptionPolicy="PreemptLowerPriority")
    spec |= {"serviceAccount": spec["serviceAccountName"], "priority": 0, "nodeName": "gke-pool-1"}
    keys = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
    admitted = [{"key": k, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300} for k in keys]
    spec["tolerations"] = [*(spec.get("tolerations") or []), *admitted]
    sources = [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"fieldPath": "metadata.namespace"}}]}},
    ]
    projected = {"name": token, "projected": {"defaultMode": 420, "sources": sources}}
    spec["volumes"] = [*(spec.get("volumes") or []), projected]
    for container in [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]:
        mount = {"name": token, "readOnly": True, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}
        container["volumeMounts"] = [*(container.get("volumeMounts") or []), mount]
    live["status"] = {"phase": "Running", "podIP": "10.4.0.9", "hostIP": "10.128.0.3"}


def _service(live: Raw, spec: Raw) -> None:
    _default(spec, type="ClusterIP", sessionAffinity="None", internalTrafficPolicy="Cluster")
    if spec["type"] != "ExternalName":
        _default(spec, clusterIP="10.8.3.4", ipFamilies=["IPv4"], ipFamilyPolicy="SingleStack")
        spec["clusterIPs"] = [spec["clusterIP"]]
    if spec["type"] in ("LoadBalancer", "NodePort"):
        _default(spec, externalTrafficPolicy="Cluster")
        for i, port in enumerate(spec.get("ports") or []):
            _default(port, nodePort=31000 + i)
    if spec["type"] == "LoadBalancer":
        _default(spec, allocateLoadBalancerNodePorts=True)
        live["status"] = {"loadBalancer": {"ingress": [{"ip": "34.1.2.3"}]}}
        live["metadata"]["finalizers"] = ["service.kubernetes.io/load-balancer-cleanup"]
    for port in spec.get("ports") or []:
        _default(port, protocol="TCP", targetPort=port.get("port"))
    live["metadata"]["annotations"].setdefault("cloud.google.com/neg", '{"ingress":true}')


def _ingress(live: Raw, spec: Raw) -> None:
    for rule in spec.get("rules") or []:
        for path in (rule.get("http") or {}).get("paths") or []:
            _default(path, pathType="ImplementationSpecific")
    live["metadata"]["annotations"] |= {
        "ingress.kubernetes.io/backends": '{"k8s1-web":"HEALTHY"}', "ingress.kubernetes.io/url-map": "k8s2-um-web",
    }  # fmt: skip
    live["metadata"]["finalizers"] = ["networking.gke.io/ingress-finalizer-V2"]
    live["status"] = {"loadBalancer": {"ingress": [{"hostname": "lb.example.com"}]}}


def _scaler(live: Raw, spec: Raw) -> None:
    _default(spec, minReplicas=1)
    if live["apiVersion"] == "autoscaling/v2":
        target = {"type": "Utilization", "averageUtilization": 80}
        _default(spec, metrics=[{"type": "Resource", "resource": {"name": "cpu", "target": target}}])
    live["status"] = {"currentReplicas": 3, "desiredReplicas": 3}


def _route(_live: Raw, spec: Raw) -> None:
    for parent in spec.get("parentRefs") or []:
        _default(parent, group="gateway.networking.k8s.io", kind="Gateway")
    for rule in spec.get("rules") or []:
        _default(rule, matches=[{"path": {"type": "PathPrefix", "value": "/"}}])
        for backend in rule.get("backendRefs") or []:
            _default(backend, group="", kind="Service", weight=1)


def _gateway(_live: Raw, spec: Raw) -> None:
    for listener in spec.get("listeners") or []:
        _default(listener, allowedRoutes={"namespaces": {"from": "Same"}})


def _knative(live: Raw, spec: Raw) -> None:
    revision = spec.setdefault("template", {}).setdefault("spec", {})
    spec["template"].setdefault("metadata", {})["creationTimestamp"] = None
    _default(revision, containerConcurrency=0, timeoutSeconds=300, enableServiceLinks=False)
    containers = revision.get("containers") or []
    for i, container in enumerate(containers):
        _default(container, name="user-container" if len(containers) == 1 else f"user-container-{i}", resources={})
    serving = [c for c in containers if c.get("ports")] or containers[:1]
    for container in serving:
        _default(container, readinessProbe={"successThreshold": 1, "tcpSocket": {"port": 0}})
    _default(spec, traffic=[{"latestRevision": True, "percent": 100}])
    people = {"serving.knative.dev/creator": "a@example.com", "serving.knative.dev/lastModifier": "a@example.com"}
    live["metadata"]["annotations"] |= people


_KINDS = {
    ("apps", "Deployment"): _deployment, ("apps", "StatefulSet"): _stateful_set, ("apps", "DaemonSet"): _daemon_set,
    ("apps", "ReplicaSet"): _replicated, ("v1", "ReplicationController"): _replicated, ("batch", "Job"): _job,
    ("batch", "CronJob"): _cron_job, ("v1", "Pod"): _bare_pod, ("v1", "Service"): _service,
    ("networking.k8s.io", "Ingress"): _ingress, ("autoscaling", "HorizontalPodAutoscaler"): _scaler,
    ("gateway.networking.k8s.io", "HTTPRoute"): _route, ("gateway.networking.k8s.io", "GRPCRoute"): _route,
    ("gateway.networking.k8s.io", "Gateway"): _gateway, ("serving.knative.dev", "Service"): _knative,
}  # fmt: skip
