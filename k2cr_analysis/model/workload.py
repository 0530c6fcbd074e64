"""The workload model: frozen, typed views of Kubernetes objects, each part with its JSON path.

Values that the API server fills in by itself are gone before these are made (see ``model.objects.defaults``), so
``None`` and an empty tuple always mean "nobody asked for it". ``raw`` is the object itself: ``model.parse``
reads it, and fit's account of fields.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from k2cr_analysis.errors import Location
from k2cr_analysis.model.pod.accelerator import Accelerator
from k2cr_analysis.model.pod.lifecycle import Lifecycle
from k2cr_analysis.model.pod.placement import Placement
from k2cr_analysis.platforms.gke.labels import TRAEFIK_STICKY
from k2cr_analysis.platforms.images import is_placeholder, is_reference

Raw = Mapping[str, Any]
ProbeKind = Literal["http", "tcp", "grpc", "exec"]
EnvSource = Literal["value", "secret", "config-map", "field", "resource", "file", "redacted"]
# external: from the internet. internal: from the VPC network, or the cluster alone. mesh: calls inside the mesh.
Reach = Literal["external", "internal", "mesh", "unknown"]
REDACTED = "<redacted>"


@dataclass(frozen=True, slots=True)
class Port:
    number: int
    name: str | None
    protocol: str  # TCP, UDP, SCTP
    host_port: int | None
    path: str


@dataclass(frozen=True, slots=True)
class EnvVar:
    """One entry of ``env``, or of an expanded ``envFrom``.

    ``source`` "value": ``value`` is literal. "secret": ``ref_name``/``ref_key`` name a Secret's key. "config-map":
    likewise, and ``value`` is filled where the ConfigMap is in the snapshot. "field"/"resource": ``ref_key`` is the
    downward API field. "redacted": the value looked like a secret and was not stored.
    """

    name: str
    source: EnvSource
    value: str | None
    ref_name: str | None
    ref_key: str | None
    optional: bool
    path: str


@dataclass(frozen=True, slots=True)
class EnvFrom:
    """A whole ConfigMap or Secret as environment. ``keys`` is None where the object is not in the snapshot."""

    kind: Literal["config-map", "secret"]
    name: str
    prefix: str
    optional: bool
    keys: tuple[str, ...] | None
    path: str


@dataclass(frozen=True, slots=True)
class Resources:
    """Requests or limits of a container or a pod. Extended resources (GPUs, ...) are in ``extended``, as counts."""

    cpu_cores: Decimal | None = None
    memory_bytes: int | None = None
    ephemeral_storage_bytes: int | None = None
    extended: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Probe:
    """A probe as the manifest wrote it; None: the API server's default (delay 0, period 10, timeout 1, 3 failures)."""

    kind: ProbeKind
    port: int | str | None  # a name until resolved by Container.port_number
    http_path: str | None
    scheme: str | None
    host: str | None
    headers: tuple[tuple[str, str], ...]
    grpc_service: str | None
    command: tuple[str, ...]
    initial_delay_s: int | None
    period_s: int | None
    timeout_s: int | None
    failure_threshold: int | None
    success_threshold: int | None
    path: str
    raw: Raw
    protocol: str | None = None  # how it speaks, where that is said: httpGet.protocol, grpc.mode


@dataclass(frozen=True, slots=True)
class VolumeMount:
    volume: str
    mount_path: str
    sub_path: str | None
    read_only: bool
    path: str
    raw: Raw
    sub_path_expr: str | None = None  # with $(VAR) in it; ``sub_path`` is the same text then
    written_path: str | None = None  # mountPath as it was written, where the kubelet reads another

    @property
    def written_sub_path(self) -> tuple[str, str] | None:
        """(field, text) of what is mounted of the volume, where it is a part of it."""
        if self.sub_path is None:
            return None
        return ("subPath" if self.sub_path_expr is None else "subPathExpr"), self.sub_path


@dataclass(frozen=True, slots=True)
class Container:
    """A container of a pod. ``is_sidecar`` marks a native sidecar (an init container with restartPolicy Always)."""

    name: str
    image: str | None
    command: tuple[str, ...]
    args: tuple[str, ...]
    env: tuple[EnvVar, ...]
    env_from: tuple[EnvFrom, ...]
    ports: tuple[Port, ...]
    requests: Resources
    limits: Resources
    startup_probe: Probe | None
    liveness_probe: Probe | None
    readiness_probe: Probe | None
    volume_mounts: tuple[VolumeMount, ...]
    is_sidecar: bool
    image_digest: str | None  # sha256:..., from status.containerStatuses[].imageID, where the snapshot knows it
    path: str
    raw: Raw
    working_dir: str | None = None
    image_pull_policy: str | None = None
    lifecycle: Lifecycle = field(default_factory=Lifecycle)
    block_devices: tuple[str, ...] = ()  # devicePath of each of volumeDevices
    added_capabilities: tuple[str, ...] = ()  # securityContext.capabilities.add
    run_as_user: int | None = None  # of its own securityContext

    @property
    def image_is_placeholder(self) -> bool:
        """What stands for the image is filled in by a build. What runs by a digest is an image, whatever its tag."""
        if self.image is None:
            return False
        return not is_reference(self.image) if self.image_digest else is_placeholder(self.image)

    def port_number(self, port: int | str | None) -> int | None:
        """A port given by number or by name, as a number; None where the name is not declared."""
        if isinstance(port, str) and not port.isdigit():
            return next((p.number for p in self.ports if p.name == port), None)
        return None if port is None else int(port)

    def probes(self) -> Iterator[tuple[str, Probe]]:
        """(``startupProbe`` | ``livenessProbe`` | ``readinessProbe``, probe), those that are there."""
        named = (
            ("startupProbe", self.startup_probe),
            ("livenessProbe", self.liveness_probe),
            ("readinessProbe", self.readiness_probe),
        )
        return ((name, probe) for name, probe in named if probe is not None)


@dataclass(frozen=True, slots=True)
class Volume:
    """``kind`` is the field that the manifest used: emptyDir, secret, configMap, persistentVolumeClaim, hostPath, ...

    ``source`` is that field's value. ``claim`` is the PersistentVolumeClaim's object, where the snapshot has it.
    """

    name: str
    kind: str
    source: Raw
    claim: Raw | None
    path: str


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod template. ``containers`` are the ordinary ones; init containers and native sidecars stand apart."""

    containers: tuple[Container, ...]
    init_containers: tuple[Container, ...]  # that end before the containers start
    sidecars: tuple[Container, ...]  # native sidecars, in their order
    volumes: tuple[Volume, ...]
    service_account_name: str | None
    restart_policy: str | None
    termination_grace_period_s: int | None
    host_network: bool
    requests: Resources  # effective, by the Kubernetes formula: what the scheduler reserves
    pod_requests: Resources  # spec.resources, what the pod states for all its containers together
    pod_limits: Resources
    placement: Placement
    accelerators: tuple[Accelerator, ...]  # of all containers, in their order
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    path: str  # of the PodSpec in the object: $.spec.template.spec
    raw: Raw  # the PodSpec
    subdomain: str | None = None
    host_aliases: tuple[str, ...] = ()  # their addresses
    dns_fields: tuple[str, ...] = ()  # of dnsConfig, those that are set: nameservers, searches, options
    image_pull_secrets: tuple[str, ...] = ()
    automounts_token: bool | None = None  # None: as its ServiceAccount says
    active_deadline_s: int | None = None
    has_windows_options: bool = False
    resource_claims: tuple[str, ...] = ()  # names of devices claimed by dynamic resource allocation
    readiness_gates: tuple[str, ...] = ()  # their condition types
    run_as_user: int | None = None  # of the pod's securityContext: of containers that say nothing
    request_timeout_s: int | None = None  # of a Knative revision
    container_concurrency: int | None = None  # of a Knative revision

    @property
    def running(self) -> tuple[Container, ...]:
        """The containers that run beside each other: native sidecars first, as they start first."""
        return self.sidecars + self.containers

    @property
    def usable_cores(self) -> float | None:
        """vCPUs that one pod may use: limits, else requests; None where a container has neither, nor the pod."""
        own = self.pod_limits.cpu_cores or self.pod_requests.cpu_cores
        if own is not None:
            return float(own)
        cores = [c.limits.cpu_cores or c.requests.cpu_cores for c in self.running]
        known = [float(c) for c in cores if c is not None]
        return sum(known) if known and len(known) == len(cores) else None

    @property
    def gpu(self) -> Accelerator | None:
        """The first NVIDIA GPUs that a container asks for."""
        return next((a for a in self.accelerators if a.is_gpu), None)

    def volume(self, name: str) -> Volume | None:
        return next((v for v in self.volumes if v.name == name), None)


@dataclass(frozen=True, slots=True)
class ServicePort:
    """One port of a Service, joined to the pod: ``target`` is the container port's number where it can be known."""

    port: int
    name: str | None
    protocol: str
    app_protocol: str | None
    target_port: int | str
    target: int | None
    container: str | None  # that declares the target port; None where none does
    path: str


@dataclass(frozen=True, slots=True)
class ControllerSetting:
    """What a controller is told for all entrances of a class. ``owner``: the object that says it, ``Kind/name``.

    ``family``: the controller's; ``path``: where in the object; ``key`` None: the object is named and not seen.
    """

    family: str
    owner: str
    path: str
    key: str | None
    value: str


@dataclass(frozen=True, slots=True)
class Entrance:
    """Who may come in by an Ingress or a route, and why that is so. ``key``: its name in ``[entrances]``, or empty.

    ``answered``: no object shows it, and a person's word on the workload says it; ``why`` is what was asked.
    ``settings``: what its controller is told for all that it serves.
    """

    reach: Reach
    key: str
    why: str
    answered: bool = False
    settings: tuple[ControllerSetting, ...] = ()


@dataclass(frozen=True, slots=True)
class Route:
    """A host and path rule that leads to a Service port: of an Ingress, Gateway route, VirtualService or Knative."""

    kind: str
    name: str
    host: str | None
    http_path: str | None
    service: str
    service_port: int | str | None
    entrance: Entrance
    path: str
    raw: Raw
    namespace: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)
    tls_termination: str | None = None  # of OpenShift's Route: edge, passthrough, reencrypt

    @property
    def reach(self) -> Reach:
        return self.entrance.reach

    @property
    def external(self) -> bool:
        """From the internet, and known to be so."""
        return self.entrance.reach == "external"


@dataclass(frozen=True, slots=True)
class Exposure:
    """A Service that selects the workload's pods, with the routes that lead to it."""

    service: str
    type: str  # ClusterIP, NodePort, LoadBalancer, ExternalName, Headless, Knative, MultiClusterService
    ports: tuple[ServicePort, ...]
    routes: tuple[Route, ...]
    load_balancer: tuple[Reach, str] | None  # of a Service of that type: whom it lets in, and why
    annotations: Mapping[str, str]
    raw: Raw
    selector: Mapping[str, str] = field(default_factory=dict)
    publishes_not_ready: bool = False
    answered: bool = False  # a person's word on the workload says whom the load balancer lets in
    session_affinity: str | None = None  # ClientIP, where it was asked for
    source_ranges: tuple[str, ...] = ()  # loadBalancerSourceRanges
    load_balancer_ip: str | None = None  # asked for by the manifest

    @property
    def kind(self) -> str:
        """The kind of the object that selects the pods."""
        return self.type if self.type == "MultiClusterService" else "Service"

    @property
    def internal_load_balancer(self) -> bool:
        """It has a load balancer, and nothing shows that the internet reaches it."""
        return self.load_balancer is not None and self.load_balancer[0] != "external"

    @property
    def keeps_clients(self) -> bool:
        """Whether a client's requests are to go to one pod: by its address, or by Traefik's cookie."""
        return self.session_affinity == "ClientIP" or self.annotations.get(TRAEFIK_STICKY) == "true"

    @property
    def is_open_on_nodes(self) -> bool:
        """Whether a port of the nodes is all that leads here from outside the cluster."""
        return self.type == "NodePort" and not self.routes and self.load_balancer is None

    @property
    def external_load_balancer(self) -> bool:
        return self.load_balancer is not None and self.load_balancer[0] == "external"

    @property
    def headless(self) -> bool:
        return self.type == "Headless"


@dataclass(frozen=True, slots=True)
class Autoscaler:
    """A HorizontalPodAutoscaler, or KEDA's ScaledObject, whose least may be 0 (``kind`` says which).

    ``metrics`` holds (type, name): ("Resource", "cpu"), ("External", "pubsub..."), ...
    """

    name: str
    min_replicas: int | None
    max_replicas: int
    cpu_target_percent: int | None
    metrics: tuple[tuple[str, str], ...]
    raw: Raw
    kind: str = "HorizontalPodAutoscaler"

    @property
    def least_at(self) -> str:
        """Where the least number of pods is written, as a finding's path."""
        return f"{self.kind}/{self.name} $.spec.{'minReplicaCount' if self.kind == 'ScaledObject' else 'minReplicas'}"

    @property
    def most_at(self) -> str:
        return f"{self.kind}/{self.name} $.spec.{'maxReplicaCount' if self.kind == 'ScaledObject' else 'maxReplicas'}"


@dataclass(frozen=True, slots=True)
class Batch:
    """What a Job or CronJob adds. Times in seconds; ``schedule`` and ``time_zone`` only for a CronJob.

    ``path``: where the JobSpec stands.
    """

    parallelism: int | None
    completions: int | None
    backoff_limit: int | None
    active_deadline_s: int | None
    completion_mode: str | None
    schedule: str | None
    time_zone: str | None
    concurrency_policy: str | None
    starting_deadline_s: int | None
    suspend: bool
    path: str = "$.spec"
    has_failure_policy: bool = False
    copies: int = 1  # of a JobSet's replicated job


@dataclass(frozen=True, slots=True)
class RefusedValue:
    """A value that Kubernetes would refuse; the object is read without it. ``path`` as in a Finding."""

    path: str
    found: str
    expected: str
    do: str


@dataclass(frozen=True, slots=True)
class Unseen:
    """An object that another one names and the snapshot does not hold: what it says is unknown, not absent.

    ``path``: where it is named, as in a Finding. ``by``: what names it. ``lacks``: what is not known for want of it.
    """

    kind: str
    namespace: str
    name: str
    by: str
    path: str
    lacks: str = ""


@dataclass(frozen=True, slots=True)
class Workload:
    """One thing that could move: what a controller of pods asks for, with all that is joined to it.

    ``id`` is ``namespace/Kind/name``. ``replicas`` is what the manifest asks for (1 where it says nothing and no
    autoscaler speaks); None where the kind has none. ``related`` are the raw objects joined to it, by kind:
    Service, Ingress, HTTPRoute, HorizontalPodAutoscaler, PodDisruptionBudget, ServiceAccount, ConfigMap,
    PersistentVolumeClaim, RoleBinding, ClusterRoleBinding, BackendConfig, ...
    """

    id: str
    namespace: str
    kind: str
    name: str
    api_version: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    pod: Pod
    replicas: int | None
    exposures: tuple[Exposure, ...]
    autoscaler: Autoscaler | None
    batch: Batch | None
    related: Mapping[str, tuple[Raw, ...]]
    complete: bool  # False for a patch: no containers, or containers without image
    source: Location
    raw: Raw
    service_name: str | None = None  # a StatefulSet's: under which its pods have names
    strategy: str | None = None  # how it is rolled out, where that was asked for: Recreate, OnDelete, ...
    release_style: str | None = None  # of a Rollout: canary, blueGreen
    triggers: tuple[str, ...] = ()  # types of what starts a ScaledJob
    unseen: tuple[Unseen, ...] = ()  # policies of its entrances that are named and not in the snapshot
    missing: tuple[Unseen, ...] = ()  # what else is named and not in the snapshot
    refused: tuple[RefusedValue, ...] = ()  # of the object, and of those joined to it
    moved_to: tuple[str, ...] = ()  # what it is on Cloud Run already: "service web in europe-west1"

    def container(self, name: str) -> Container | None:
        return next((c for c in (*self.pod.running, *self.pod.init_containers) if c.name == name), None)
