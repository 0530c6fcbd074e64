"""The account once the rules have spoken: a field that a rule read counts by what came of it.

Either the rule found something at that place (which), or the field decided what the workload becomes, or the reviewed
list below says why it asks nothing where the rule is silent. A read that ends in none of these is unaccounted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from k2cr_analysis.fit.fields.account import WORKLOAD_ROOTS, prefixes
from k2cr_analysis.fit.result import FieldUse
from k2cr_analysis.model.findings.finding import Finding, Verdict

STAYS = "it stays on GKE: nothing is written of it"
DECIDES = "decides "
WHICH_GPU = f"{DECIDES}the GPU: its kind, and with it the least size and the price"
_PLACED = "Cloud Run places instances itself; it names no accelerator, processor or system that Cloud Run lacks"
_PROTOCOL = f"{DECIDES}the ingress container: what the port speaks"
_TARGET = f"{DECIDES}the target: what leads requests to the pods"
_NOT_MOUNTED = "no container that goes along mounts it"
_CLAIM = f"{DECIDES}whether the claim is a disk, a bucket or a file share"
_OFF = "it is off: what Cloud Run does by itself"
_PROBE = "the probe asks the container itself, over HTTP or gRPC without TLS, as Cloud Run's do"
_RESTARTS = "Cloud Run starts again what ends; only an init container that is to run on becomes a sidecar"
_ADMITS = "it closes no way in that the move would open, and none out"
_RIGHTS = "the pods have no rights on the Kubernetes API beyond the defaults, or no token"
_ROUTE = "network.sh and the URL map have what it says of requests"
_SCALING = f"{DECIDES}the size: how many instances there are at least and at most"

# A field, or what it is a part of -> what it means where the rules that read it say nothing.
UNLESS_FOUND: Mapping[str, str] = {
    "Workload.kind": f"{DECIDES}the target: a service, a job or a worker pool",
    "Service.spec.loadBalancerSourceRanges": "say it in a Cloud Armor policy; network.sh has the place",
    "Job.metadata.labels": "no queue says when it starts",
    "Service.metadata.namespace": _TARGET,
    "Service.spec.ports": _TARGET,
    "Service.spec.ports[].name": _PROTOCOL,
    "Service.spec.ports[].appProtocol": _PROTOCOL,
    "Service.spec.ports[].protocol": _PROTOCOL,
    "Service.metadata.annotations": "none of them is one that a rule knows; others mean nothing to Cloud Run",
    "Job.metadata.annotations": "none of them makes it a hook of Helm or Argo CD; others mean nothing to Cloud Run",
    "Service.spec.clusterIP": "there is no node network and no cluster address",
    "Service.spec.externalTrafficPolicy": "the client's address is in X-Forwarded-For",
    "Workload.metadata.annotations": "none of them is one that a rule knows; others mean nothing to Cloud Run",
    "Service.spec.loadBalancerClass": f"{DECIDES}who comes in: by which load balancer",
    "Service.spec.publishNotReadyAddresses": "instances get requests when their start-up and readiness probes pass",
    "Service.spec.sessionAffinityConfig": "Cloud Run's session affinity has no time of its own",
    "Ingress": _ROUTE, "Ingress.metadata.annotations": "none of them asks more than the URL map has",
    "HTTPRoute": _ROUTE, "TCPRoute": _TARGET, "TLSRoute": _TARGET, "UDPRoute": _TARGET, "VirtualService": _ROUTE,
    "MultiClusterIngress": _ROUTE, "DestinationRule.spec": "it changes nothing for callers outside the mesh",
    "KongClusterPlugin": _ROUTE, "GCPBackendPolicy": _ROUTE, "HTTPScaledObject": _SCALING,
    "AuthorizationPolicy": _ADMITS, "RequestAuthentication": _ADMITS, "PeerAuthentication": _ADMITS,
    "NetworkPolicy": _ADMITS, "Sidecar": _ADMITS, "EnvoyFilter": _ADMITS,
    "CiliumNetworkPolicy": _ADMITS, "HTTPProxy": _ROUTE, "Middleware": _ADMITS,
    "Role": _RIGHTS, "ClusterRole": _RIGHTS, "RoleBinding": _RIGHTS, "ClusterRoleBinding": _RIGHTS,
    "PodMonitor": "it scrapes what no instance has", "PodMonitoring": "it scrapes what no instance has",
    "ServiceMonitor": "it scrapes what no instance has", "ClusterPodMonitoring": "it scrapes what no instance has",
    "VerticalPodAutoscaler": "it only recommends: requests are sized from usage",
    "HorizontalPodAutoscaler.spec.metrics": _SCALING, "HorizontalPodAutoscaler.spec.scaleTargetRef": _SCALING,
    "ScaledObject": _SCALING, "ScaledJob.spec": _SCALING,
    "PersistentVolumeClaim": _CLAIM, "PersistentVolumeClaimSpec": _CLAIM,
    "Namespace.metadata.labels": "no mesh injects its proxy by them", "ConfigMap.data": "written as variables",
    "DaemonSet.spec": f"{DECIDES}that it stays: one pod a node",
    "Deployment.spec.strategy": "Cloud Run rolls out by revisions and traffic shares",
    "DeploymentConfig.spec.strategy": "Cloud Run rolls out by revisions and traffic shares",
    "Rollout.spec.strategy": "Cloud Run rolls out by revisions and traffic shares",
    "StatefulSet.spec": "the pods keep nothing that is theirs alone",
    "CronJob.spec": "runs are started by Cloud Scheduler, one after the other or side by side, as here",
    "JobSet.spec.replicatedJobs[].replicas": "it is one copy",
    "JobSpec": f"{DECIDES}the tasks, their retries and their time-out",
    "ComputeClass": _PLACED, "PodSpec.nodeSelector": _PLACED, "PodSpec.affinity.nodeAffinity": _PLACED,
    "PodSpec.terminationGracePeriodSeconds": "Cloud Run gives ten seconds after SIGTERM, and it asks no more",
    "PodSpec.hostNetwork": _OFF, "PodSpec.hostPID": _OFF, "PodSpec.hostIPC": _OFF,
    "PodSpec.shareProcessNamespace": _OFF, "PodSpec.readinessGates": "it is empty",
    "PodSpec.resourceClaims": "no container that goes along claims a device", "Container.restartPolicyRules": _OFF,
    "PodSpec.automountServiceAccountToken": "no Kubernetes token is mounted",
    "PodSpec.activeDeadlineSeconds": "it is 0",
    "PodSpec.dnsPolicy": "names resolve by the VPC network's DNS",
    "PodSpec.dnsConfig": "it names no server of its own",
    "PodSpec.enableServiceLinks": "no container uses variables that Kubernetes sets for Services",
    "PodSpec.hostname": "instances have no host names that others could use", "PodSpec.subdomain": "nobody calls it so",
    "PodSpec.hostAliases": "it is empty", "PodSpec.imagePullSecrets": "its images need no login of their own",
    "PodSpec.os": "linux is what Cloud Run runs", "PodSpec.resources": f"{DECIDES}the size: CPU and memory",
    "PodSpec.runtimeClassName": "gVisor is gen1", "PodSpec.containers": f"{DECIDES}the containers of the instance",
    "PodSpec.initContainers": f"{DECIDES}what must be done before the start",
    "PodSpec.securityContext": "the image's USER and Cloud Run's sandbox decide",
    "PodSpec.volumes": _NOT_MOUNTED, "PodSpec.volumes[].emptyDir": "as memory, or a disk of the size that is stated",
    "PodSpec.volumes[].configMap": "its files are written", "PodSpec.volumes[].secret": "its files are written",
    "PodSpec.volumes[].projected": "its files are written", "PodSpec.volumes[].persistentVolumeClaim": _CLAIM,
    "PodSpec.volumes[].csi": "a driver that Cloud Run has a volume for", "PodSpec.volumes[].ephemeral": _NOT_MOUNTED,
    "PodTemplateSpec.metadata.annotations": "none of them is one that a rule knows",
    "Container.env": "its containers name each other in no circle", "Container.envFrom": "written as variables",
    "Container.env[].valueFrom": "the container does not go along, or its value is the same there",
    "Container.lifecycle": "it asks for nothing at the start or the stop",
    "Container.livenessProbe": _PROBE, "Container.readinessProbe": _PROBE, "Container.startupProbe": _PROBE,
    "Container.readinessProbe.exec": "it holds requests back, and none come to a worker pool or a job",
    "Container.readinessProbe.initialDelaySeconds": "it begins when the start-up probe has passed",
    "Container.livenessProbe.tcpSocket.port": f"{DECIDES}the start-up probe: which port is asked",
    "Container.readinessProbe.tcpSocket.port": f"{DECIDES}the start-up probe: which port is asked",
    "Container.ports": f"{DECIDES}the ingress container: the ports that it declares",
    "Container.ports[].hostPort": "it is empty", "Container.ports[].hostIP": "there is no node to bind to",
    "Container.resources": f"{DECIDES}the size: CPU and memory", "Container.restartPolicy": _RESTARTS,
    "Container.securityContext.privileged": _OFF, "Container.securityContext.procMount": _OFF,
    "Container.securityContext.capabilities": "it adds none", "Container.stdin": _OFF, "Container.tty": _OFF,
    "Container.securityContext.runAsUser": "the image's USER and Cloud Run's sandbox decide",
    "Container.volumeMounts": "mounted where it is", "Container.volumeDevices": _NOT_MOUNTED,
}  # fmt: skip


def settled(
    fields: Iterable[FieldUse], findings: Iterable[Finding], verdict: Verdict, gpu_at: Iterable[str] = ()
) -> tuple[FieldUse, ...]:
    """The account of one workload, with what came of each read: at its own place, not anywhere in the workload.

    ``gpu_at``: where the kind of its GPU is decided.
    """
    places: dict[str, list[str]] = defaultdict(list)
    for finding in findings:
        places[finding.rule].append(finding.path or "$")
    stays = verdict in ("keep", "blocked")
    deciding = () if stays else tuple(gpu_at)
    return tuple(
        replace(use, how="consumed", by=WHICH_GPU)
        if any(is_at(use.path, at) for at in deciding)
        else _settled(use, places, stays=stays)
        for use in fields
    )


def _settled(use: FieldUse, places: Mapping[str, list[str]], *, stays: bool) -> FieldUse:
    if use.how == "carried":
        return replace(use, how="no-effect", by=STAYS) if stays else use
    if use.how != "consumed":
        return use
    rules = [r for r in use.by.split(", ") if any(is_at(use.path, place) for place in places.get(r, ()))]
    if rules:
        return replace(use, by=", ".join(rules))
    if stays:
        return replace(use, how="no-effect", by=STAYS)
    why = silent_why(use.schema_path)
    if why is None:
        return replace(use, how="unaccounted", by=f"read by {use.by}, and nothing came of it")
    return replace(use, how="consumed" if why.startswith(DECIDES) else "no-effect", by=why)


def is_at(field: str, place: str) -> bool:
    """Whether a finding stands at a field, at something of it, or at what the field is a part of: in one object."""
    if field == place or _is_part(field, place) or _is_part(place, field):
        return True
    # Annotations speak of the whole object: what they decide is told at the port or the rule that it is about.
    joined, _, below = field.rpartition(" ")
    return bool(joined) and below.startswith("$.metadata.annotations") and place.startswith(f"{joined} ")


def _is_part(path: str, of: str) -> bool:
    return path.startswith(of) and path[len(of)] in ".["


def silent_why(schema_path: str) -> str | None:
    """What a field means where the rules that read it say nothing; None where nobody has reviewed it."""
    root, _, below = schema_path.partition(".")
    roots = (root, "Workload") if root in WORKLOAD_ROOTS else (root,)
    for part in prefixes(below):
        for r in roots:
            if why := UNLESS_FOUND.get(f"{r}.{part}".rstrip(".")):
                return why
    return None
