"""What the Cloud Run v1 API takes: types of fields from its messages, and documented rules that types cannot say.

The schema is derived from the messages that gcloud ships (``scripts/derive_cloud_run_schema.py``). Rules: Cloud Run,
"Container runtime contract", "Container health checks", and the v1 reference.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from k2cr_analysis.platforms.annotations import DEPENDENCIES, INTERFACES
from k2cr_analysis.platforms.cloud_run import MAX_CONCURRENCY, MAX_CONTAINERS, MAX_TIMEOUT_S
from k2cr_analysis.platforms.probes import (
    LIVENESS_ACTIONS,
    MAX_LIVENESS_PERIOD_S,
    MAX_READINESS_PERIOD_S,
    MAX_STARTUP_PERIOD_S,
    READINESS_ACTIONS,
    STARTUP_ACTIONS,
)
from k2cr_analysis.resources import bundled

_SERVICE_NAME = re.compile(r"[a-z]([a-z0-9-]{0,47}[a-z0-9])?")
_CONTAINER_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?")
_SECRET_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
_QUANTITY = re.compile(r"\d+(m|Ki|Mi|Gi)?")
_SCALARS: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "boolean": (bool,),
    "number": (int, float),
}

# Of each probe: its actions, and the longest delay and period.
_PROBES: Mapping[str, tuple[tuple[str, ...], int]] = {
    "startupProbe": (STARTUP_ACTIONS, MAX_STARTUP_PERIOD_S),
    "livenessProbe": (LIVENESS_ACTIONS, MAX_LIVENESS_PERIOD_S),
    "readinessProbe": (READINESS_ACTIONS, MAX_READINESS_PERIOD_S),
}


@cache
def _messages() -> Mapping[str, Mapping[str, str]]:
    found: Mapping[str, Mapping[str, str]] = json.loads(bundled("data", "schemas", "cloud_run_v1.json").read_text())[
        "messages"
    ]
    return found


def problems(tree: Mapping[str, Any]) -> list[str]:
    """What the API would refuse in a Service, Job or WorkerPool, each as ``path: what``; empty: nothing."""
    kind = str(tree.get("kind"))
    if kind not in ("Service", "Job", "WorkerPool"):
        return [f"kind: {kind!r} is none of Service, Job, WorkerPool"]
    found = list(_typed(tree, kind, kind))
    return found or list(_ruled(tree, kind))


def _typed(value: Any, kind: str, path: str) -> Iterator[str]:
    if kind.endswith("[]"):
        if not isinstance(value, list):
            yield f"{path}: a list is wanted"
            return
        for index, item in enumerate(value):
            yield from _typed(item, kind[:-2], f"{path}[{index}]")
    elif kind in _SCALARS:
        if not isinstance(value, _SCALARS[kind]) or (isinstance(value, bool) and kind != "boolean"):
            yield f"{path}: {kind} is wanted, not {type(value).__name__}"
    elif not isinstance(value, Mapping):
        yield f"{path}: an object is wanted"
    elif kind == "map":
        yield from (f"{path}[{key}]: text is wanted" for key, item in value.items() if not isinstance(item, str))
    else:
        yield from _fields(value, kind, path)


def _fields(value: Mapping[str, Any], kind: str, path: str) -> Iterator[str]:
    fields = _messages()[kind]
    for key, item in value.items():
        if key in fields:
            yield from _typed(item, fields[key], f"{path}.{key}")
        else:
            yield f"{path}.{key}: no such field in {kind}"


def _ruled(tree: Mapping[str, Any], kind: str) -> Iterator[str]:
    if not _SERVICE_NAME.fullmatch(str(tree["metadata"].get("name"))):
        yield "metadata.name: lower case letters, digits and hyphens, at most 49, beginning with a letter"
    template = tree["spec"]["template"]
    spec = template["spec"]["template"]["spec"] if kind == "Job" else template["spec"]
    containers = spec.get("containers") or []
    if not 1 <= len(containers) <= MAX_CONTAINERS:
        yield f"containers: 1 to {MAX_CONTAINERS}, not {len(containers)}"
    names = [str(c.get("name")) for c in containers]
    if len(set(names)) != len(names):
        yield "containers: a name stands twice"
    serving = [c for c in containers if c.get("ports")]
    if kind == "Service" and (len(serving) != 1 or len(serving[0]["ports"]) != 1):
        yield "containers: exactly one has exactly one port"
    volumes = {v.get("name") for v in spec.get("volumes") or ()}
    for index, container in enumerate(containers):
        yield from _container(container, volumes, f"containers[{index}]")
        if kind != "Service" and "readinessProbe" in container:
            yield f"containers[{index}].readinessProbe: services alone have one"
    for index, volume in enumerate(spec.get("volumes") or ()):
        yield from _volume(volume, f"volumes[{index}]")
    yield from _annotations(template.get("metadata", {}).get("annotations") or {}, set(names))
    if kind == "Service" and not 1 <= spec.get("timeoutSeconds", 1) <= MAX_TIMEOUT_S:
        yield f"timeoutSeconds: 1 to {MAX_TIMEOUT_S}"
    if kind == "Service" and not 1 <= spec.get("containerConcurrency", 1) <= MAX_CONCURRENCY:
        yield f"containerConcurrency: 1 to {MAX_CONCURRENCY}"


def _container(container: Mapping[str, Any], volumes: set[Any], path: str) -> Iterator[str]:
    if not _CONTAINER_NAME.fullmatch(str(container.get("name"))):
        yield f"{path}.name: not an RFC 1123 name"
    if not container.get("image"):
        yield f"{path}.image: missing"
    yield from (f"{path}.{field}: not supported" for field in ("envFrom", "securityContext") if field in container)
    yield from _environment(container.get("env") or (), f"{path}.env")
    for what, quantity in (container.get("resources", {}).get("limits") or {}).items():
        if not _QUANTITY.fullmatch(quantity):
            yield f"{path}.resources.limits.{what}: {quantity!r} is not in Ki, Mi, Gi, or a CPU number"
    for mount in container.get("volumeMounts") or ():
        if mount.get("name") not in volumes:
            yield f"{path}.volumeMounts: no volume {mount.get('name')!r}"
        if ":" in str(mount.get("mountPath")) or not str(mount.get("mountPath")).startswith("/"):
            yield f"{path}.volumeMounts: mount path {mount.get('mountPath')!r}"
    for kind in _PROBES:
        if kind in container:
            yield from _probe(container[kind], kind, f"{path}.{kind}")


def _environment(variables: Sequence[Mapping[str, Any]], path: str) -> Iterator[str]:
    names = [v.get("name") for v in variables]
    if len(set(names)) != len(names):
        yield f"{path}: a name stands twice"
    for variable in variables:
        ref = variable.get("valueFrom", {}).get("secretKeyRef") or {}
        if "valueFrom" in variable and (not _SECRET_NAME.fullmatch(str(ref.get("name"))) or not ref.get("key")):
            yield f"{path}[{variable.get('name')}]: not a Secret Manager name and version"


def _probe(probe: Mapping[str, Any], kind: str, path: str) -> Iterator[str]:
    kinds = [k for k in ("httpGet", "grpc", "tcpSocket", "exec") if k in probe]
    allowed, limit = _PROBES[kind]
    if len(kinds) != 1 or kinds[0] not in allowed:
        yield f"{path}: exactly one of {', '.join(allowed)}"
        return
    if not 1 <= int(probe[kinds[0]].get("port") or 0) <= 65535:
        yield f"{path}.{kinds[0]}.port: 1 to 65535"
    period, timeout = int(probe.get("periodSeconds", 10)), int(probe.get("timeoutSeconds", 1))
    if (
        not 1 <= period <= limit
        or not 0 <= int(probe.get("initialDelaySeconds", 0)) <= limit
        or int(probe.get("failureThreshold", 3)) < 1
    ):
        yield f"{path}: delay 0 to {limit}, period 1 to {limit}, failureThreshold 1 or more"
    if not 1 <= timeout <= period:
        yield f"{path}.timeoutSeconds: 1 to the period"
    if kind == "readinessProbe" and "initialDelaySeconds" in probe:
        yield f"{path}.initialDelaySeconds: a readiness probe has none"
    if kind != "readinessProbe" and int(probe.get("successThreshold", 1)) != 1:
        yield f"{path}.successThreshold: 1"


def _volume(volume: Mapping[str, Any], path: str) -> Iterator[str]:
    sources = [k for k in volume if k != "name"]
    if len(sources) != 1 or sources[0] not in ("emptyDir", "secret", "nfs", "csi"):
        yield f"{path}: exactly one of emptyDir, secret, nfs, csi"
    elif sources[0] == "secret" and not _SECRET_NAME.fullmatch(str(volume["secret"].get("secretName"))):
        yield f"{path}.secret.secretName: letters, digits, hyphens and underscores"
    elif sources[0] == "emptyDir" and not _QUANTITY.fullmatch(str(volume["emptyDir"].get("sizeLimit", "1Mi"))):
        yield f"{path}.emptyDir.sizeLimit: not in Ki, Mi or Gi"


def _annotations(annotations: Mapping[str, str], names: set[str]) -> Iterator[str]:
    waits, interfaces = (_json(annotations.get(key)) for key in (DEPENDENCIES, INTERFACES))
    if DEPENDENCIES in annotations and not isinstance(waits, dict):
        yield f"annotations[{DEPENDENCIES}]: not a JSON object"
    elif isinstance(waits, dict) and {c for name, others in waits.items() for c in (name, *others)} - names:
        yield f"annotations[{DEPENDENCIES}]: names a container that is not there"
    if INTERFACES in annotations and not (isinstance(interfaces, list) and len(interfaces) == 1):
        yield f"annotations[{INTERFACES}]: not a JSON list of exactly one interface"


def _json(text: str | None) -> Any:
    try:
        return None if text is None else json.loads(text)
    except json.JSONDecodeError:
        return None
