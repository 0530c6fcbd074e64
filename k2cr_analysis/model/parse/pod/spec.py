"""PodSpec -> Pod, and the effective request of a pod."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from k2cr_analysis.model.parse.access import Raw, integer, mapping, objects, port, resources, strings, text, texts
from k2cr_analysis.model.parse.pod.accelerators import accelerators_of
from k2cr_analysis.model.parse.pod.environment import Environment
from k2cr_analysis.model.parse.pod.placement import ComputeClasses, parse_placement
from k2cr_analysis.model.pod.lifecycle import Hook, Lifecycle
from k2cr_analysis.model.workload import Container, Pod, Port, Probe, ProbeKind, Resources, Volume, VolumeMount
from k2cr_analysis.platforms.images import parse_image

# Fields of a volume that are not its source.
_NOT_A_SOURCE = {"name"}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a pod template is read with.

    ``claims``: PersistentVolumeClaims of the namespace by name. ``owner_spec``: the object's own ``spec``, for a
    StatefulSet's volumeClaimTemplates. ``digests``: container name -> image digest seen in live pods.
    """

    namespace: str
    kind: str
    environment: Environment
    claims: Mapping[str, Raw]
    owner_spec: Raw
    digests: Mapping[str, str]
    classes: ComputeClasses


def parse_pod(spec: Raw, metadata: Raw, path: str, around: Surroundings) -> Pod:
    """A pod template with its parts."""
    environment, digests = around.environment, around.digests
    placement = parse_placement(spec, path, around.namespace, around.kind, around.classes)
    raws = objects(spec, "containers")
    containers = [
        parse_container(c, f"{path}.containers[{i}]", environment, digests, name)
        for (i, c), name in zip(raws, _names([c for _, c in raws]), strict=True)
    ]
    inits = [
        parse_container(c, f"{path}.initContainers[{i}]", environment, digests, text(c, "name") or f"init-{i}")
        for i, c in objects(spec, "initContainers")
    ]
    return Pod(
        containers=tuple(containers),
        init_containers=tuple(c for c in inits if not c.is_sidecar),
        sidecars=tuple(c for c in inits if c.is_sidecar),
        volumes=(*_volumes(spec, path, around.claims), *_claim_templates(around.owner_spec)),
        service_account_name=text(spec, "serviceAccountName") or text(spec, "serviceAccount"),
        restart_policy=text(spec, "restartPolicy"),
        termination_grace_period_s=integer(spec, "terminationGracePeriodSeconds"),
        host_network=spec.get("hostNetwork") is True,
        requests=effective_requests(spec),
        pod_requests=resources(mapping(spec, "resources", "requests")),
        pod_limits=resources(mapping(spec, "resources", "limits")),
        placement=placement,
        accelerators=accelerators_of((*containers, *inits), placement),
        labels=strings(metadata.get("labels")),
        annotations=strings(metadata.get("annotations")),
        path=path,
        raw=spec,
        automounts_token=spec.get("automountServiceAccountToken"),
        subdomain=text(spec, "subdomain"),
        host_aliases=tuple(text(alias, "ip") or "" for _, alias in objects(spec, "hostAliases")),
        dns_fields=tuple(name for name, value in mapping(spec, "dnsConfig").items() if value),
        image_pull_secrets=tuple(str(s.get("name") or "") for _, s in objects(spec, "imagePullSecrets")),
        active_deadline_s=integer(spec, "activeDeadlineSeconds"),
        has_windows_options=bool(mapping(spec, "securityContext", "windowsOptions")),
        resource_claims=tuple(str(c.get("name") or "") for _, c in objects(spec, "resourceClaims")),
        readiness_gates=tuple(str(g.get("conditionType") or "") for _, g in objects(spec, "readinessGates")),
        run_as_user=integer(mapping(spec, "securityContext"), "runAsUser"),
        request_timeout_s=integer(spec, "timeoutSeconds"),
        container_concurrency=integer(spec, "containerConcurrency"),
    )


def _names(raws: list[Raw]) -> list[str]:
    """A name for each container. Only a Knative Service may leave them out, and Knative then writes these."""
    given = [text(raw, "name") for raw in raws]
    default = "user-container" if len(raws) == 1 else "user-container-{}"
    names = [name or default.format(i) for i, name in enumerate(given)]
    # Kubernetes refuses a name that stands twice; a snapshot may hold it all the same.
    return [name if names.index(name) == i else f"{name}-{i}" for i, name in enumerate(names)]


def parse_container(raw: Raw, path: str, environment: Environment, digests: Mapping[str, str], name: str) -> Container:
    image = text(raw, "image")
    pinned = parse_image(image).digest if image else None
    return Container(
        name=name,
        image=image,
        command=texts(raw, "command"),
        args=texts(raw, "args"),
        env=environment.variables(raw, path),
        env_from=environment.sources(raw, path),
        ports=tuple(
            _port(p, f"{path}.ports[{i}]") for i, p in objects(raw, "ports") if integer(p, "containerPort") is not None
        ),
        requests=resources(mapping(raw, "resources", "requests")),
        limits=resources(mapping(raw, "resources", "limits")),
        startup_probe=_probe(raw, "startupProbe", path),
        liveness_probe=_probe(raw, "livenessProbe", path),
        readiness_probe=_probe(raw, "readinessProbe", path),
        volume_mounts=tuple(_mount(m, f"{path}.volumeMounts[{i}]") for i, m in objects(raw, "volumeMounts")),
        is_sidecar=raw.get("restartPolicy") == "Always",
        image_digest=pinned or digests.get(name),
        path=path,
        raw=raw,
        working_dir=text(raw, "workingDir"),
        image_pull_policy=text(raw, "imagePullPolicy"),
        lifecycle=_lifecycle(mapping(raw, "lifecycle")),
        block_devices=tuple(str(d.get("devicePath") or "") for _, d in objects(raw, "volumeDevices")),
        added_capabilities=texts(mapping(raw, "securityContext", "capabilities"), "add"),
        run_as_user=integer(mapping(raw, "securityContext"), "runAsUser"),
    )


def _lifecycle(raw: Raw) -> Lifecycle:
    return Lifecycle(_hook(raw, "postStart"), _hook(raw, "preStop"), text(raw, "stopSignal"))


def _hook(raw: Raw, field: str) -> Hook | None:
    found = mapping(raw, field)
    if not found:
        return None
    return Hook(texts(mapping(found, "exec"), "command"), integer(mapping(found, "sleep"), "seconds"))


def _port(raw: Raw, path: str) -> Port:
    return Port(
        integer(raw, "containerPort") or 0,
        text(raw, "name"),
        text(raw, "protocol") or "TCP",
        integer(raw, "hostPort"),
        path,
    )


def _absolute(path: str) -> str:
    """As it is mounted: the kubelet reads a relative path from the root (MakeAbsolutePath in k8s.io/kubernetes,
    pkg/volume/util), and the container runtime follows ``..`` and ``//`` inside the root. A slash at its end stays.
    """
    whole = "/" + posixpath.normpath(f"/{path}").lstrip("/")
    return path if not path or path.rstrip("/") == whole else whole


def _mount(raw: Raw, path: str) -> VolumeMount:
    written = text(raw, "mountPath") or ""
    mount_path = _absolute(written)
    return VolumeMount(
        volume=text(raw, "name") or "",
        mount_path=mount_path,
        sub_path=text(raw, "subPath") or text(raw, "subPathExpr"),
        read_only=raw.get("readOnly") is True,
        path=path,
        raw=raw,
        sub_path_expr=None if text(raw, "subPath") else text(raw, "subPathExpr"),
        written_path=None if written == mount_path else written,
    )


def _rooted(path: str | None) -> str | None:
    """The kubelet asks a path without its slash as one with it: it joins host and path as a URL does."""
    return path if not path or path.startswith("/") else f"/{path}"


_PROBE_FIELDS: tuple[tuple[str, ProbeKind], ...] = (
    ("httpGet", "http"),
    ("tcpSocket", "tcp"),
    ("grpc", "grpc"),
    ("exec", "exec"),
)


def _probe(container: Raw, field: str, path: str) -> Probe | None:
    raw = mapping(container, field)
    action, kind = next(((f, k) for f, k in _PROBE_FIELDS if isinstance(raw.get(f), Mapping)), (None, None))
    if action is None or kind is None:
        return None
    target = mapping(raw, action)
    headers = tuple((str(h.get("name") or ""), str(h.get("value") or "")) for _, h in objects(target, "httpHeaders"))
    return Probe(
        kind=kind,
        port=port(target, "port"),
        http_path=_rooted(text(target, "path") if kind == "http" else None),
        scheme=text(target, "scheme"),
        host=text(target, "host"),
        headers=headers,
        grpc_service=text(target, "service") if kind == "grpc" else None,
        command=texts(target, "command"),
        initial_delay_s=integer(raw, "initialDelaySeconds"),
        period_s=integer(raw, "periodSeconds"),
        timeout_s=integer(raw, "timeoutSeconds"),
        failure_threshold=integer(raw, "failureThreshold"),
        success_threshold=integer(raw, "successThreshold"),
        path=f"{path}.{field}",
        raw=raw,
        protocol=text(target, "mode" if kind == "grpc" else "protocol"),
    )


def _volumes(spec: Raw, path: str, claims: Mapping[str, Raw]) -> tuple[Volume, ...]:
    return tuple(_volume(raw, f"{path}.volumes[{i}]", claims) for i, raw in objects(spec, "volumes"))


def _volume(raw: Raw, path: str, claims: Mapping[str, Raw]) -> Volume:
    # A volume that names no source is an emptyDir: so the API server reads it.
    kind = next((key for key in raw if key not in _NOT_A_SOURCE), "emptyDir")
    source = mapping(raw, kind)
    claim = claims.get(str(source.get("claimName"))) if kind == "persistentVolumeClaim" else None
    if kind == "ephemeral":
        claim = mapping(source, "volumeClaimTemplate") or None
    return Volume(text(raw, "name") or "", kind, source, claim, path)


def _claim_templates(owner_spec: Raw) -> tuple[Volume, ...]:
    """Each pod of a StatefulSet gets a claim of its own from these, mounted under the template's name."""
    return tuple(
        Volume(
            str(mapping(t, "metadata").get("name") or ""),
            "persistentVolumeClaim",
            {"claimName": mapping(t, "metadata").get("name")},
            t,
            f"$.spec.volumeClaimTemplates[{i}]",
        )
        for i, t in objects(owner_spec, "volumeClaimTemplates")
    )


def effective_requests(spec: Raw) -> Resources:
    """What the scheduler reserves for a pod: max(containers + sidecars, the largest init step) + overhead.

    Source: Kubernetes component-helpers ``PodRequests`` (>= 1.29, native sidecars). A missing request with a limit is
    the limit. ``spec.resources.requests`` (pod level) replaces the sum, per resource; a limit of the pod stands for a
    request where neither the pod nor a container makes one.
    """
    containers = [_request_of(c) for _, c in objects(spec, "containers")]
    sidecars: list[dict[str, Decimal]] = []
    steps: list[dict[str, Decimal]] = []
    for _, raw in objects(spec, "initContainers"):
        request = _request_of(raw)
        if raw.get("restartPolicy") == "Always":
            sidecars.append(request)
        else:
            steps.append(_sum([request, *sidecars]))  # the sidecars declared before it run beside it
    effective = _sum([*containers, *sidecars])
    for step in steps:
        effective = {
            name: max(effective.get(name, Decimal(0)), step.get(name, Decimal(0)))
            for name in effective.keys() | step.keys()
        }
    effective |= _flat(resources(mapping(spec, "resources", "requests")))
    effective = _flat(resources(mapping(spec, "resources", "limits"))) | effective
    return _resources(_sum([effective, _flat(resources(mapping(spec, "overhead")))]))


def _request_of(container: Raw) -> dict[str, Decimal]:
    limits = _flat(resources(mapping(container, "resources", "limits")))
    return limits | _flat(resources(mapping(container, "resources", "requests")))


def _flat(found: Resources) -> dict[str, Decimal]:
    named: dict[str, Any] = {
        "cpu": found.cpu_cores,
        "memory": found.memory_bytes,
        "ephemeral-storage": found.ephemeral_storage_bytes,
    }
    return {name: Decimal(value) for name, value in named.items() if value is not None} | dict(found.extended)


def _sum(parts: list[dict[str, Decimal]]) -> dict[str, Decimal]:
    summed: dict[str, Decimal] = {}
    for part in parts:
        for name, value in part.items():
            summed[name] = summed.get(name, Decimal(0)) + value
    return summed


def _resources(flat: dict[str, Decimal]) -> Resources:
    extended = {
        name: value for name, value in sorted(flat.items()) if name not in ("cpu", "memory", "ephemeral-storage")
    }
    memory, storage = flat.get("memory"), flat.get("ephemeral-storage")
    return Resources(
        flat.get("cpu"), None if memory is None else int(memory), None if storage is None else int(storage), extended
    )
