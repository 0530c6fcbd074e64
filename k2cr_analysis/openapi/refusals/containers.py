"""Rows about containers: names, images, variables, arguments, ports, mounts, probes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from k2cr_analysis.openapi.refusals.table import CONTRACT, V1, Place, Spec, Tree, refuses
from k2cr_analysis.platforms.cloud_run.limits import (
    DEFAULT_PORT,
    MAX_ARGUMENTS,
    MAX_CONTAINERS,
    MAX_VARIABLE_BYTES,
    MAX_VARIABLES,
)
from k2cr_analysis.platforms.cloud_run.probes import (
    DEFAULT_FAILURES,
    DEFAULT_PERIOD_S,
    DEFAULT_TIMEOUT_S,
    LIVENESS_ACTIONS,
    MAX_LIVENESS_PERIOD_S,
    MAX_READINESS_PERIOD_S,
    MAX_STARTUP_PERIOD_S,
    READINESS_ACTIONS,
    STARTUP_ACTIONS,
)
from k2cr_analysis.platforms.cloud_run.reserved import (
    PORT_VARIABLE,
    SERVICE_NAME_VARIABLE,
    VARIABLE_PREFIX,
    is_reserved_variable,
)
from k2cr_analysis.platforms.images import is_reference
from k2cr_analysis.platforms.source import Source

_RUN = "https://docs.cloud.google.com/run/"
_DEPLOYING = Source(f"{_RUN}docs/deploying", "2026-11-30")
_QUOTAS = Source(f"{_RUN}quotas", "2026-11-30")
_VARIABLES = Source(f"{_RUN}docs/configuring/services/environment-variables", "2026-11-30")
_PROBES = Source(f"{_RUN}docs/configuring/healthchecks", "2026-11-30")
_SECRETS = Source(f"{_RUN}docs/configuring/services/secrets", "2026-11-30")

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,255}|projects/[^/]+/secrets/[A-Za-z0-9_-]{1,255}")
_UNMOUNTABLE = re.compile(r"/(dev|proc|sys)(/.*)?")
_ACTIONS = ("httpGet", "grpc", "tcpSocket", "exec")
# Probe -> actions, longest period and delay, whether it has a delay, most successes.
_KINDS = {
    "startupProbe": (STARTUP_ACTIONS, MAX_STARTUP_PERIOD_S),
    "livenessProbe": (LIVENESS_ACTIONS, MAX_LIVENESS_PERIOD_S),
    "readinessProbe": (READINESS_ACTIONS, MAX_READINESS_PERIOD_S),
}


def each(spec: Spec) -> Iterator[tuple[str, Tree]]:
    """(path, container) of all containers."""
    return ((f"containers[{i}]", c) for i, c in enumerate(spec.containers))


@refuses("container-count", f"an instance has 1 to {MAX_CONTAINERS} containers", _DEPLOYING)
def _count(spec: Spec) -> Iterator[Place]:
    if not 1 <= len(spec.containers) <= MAX_CONTAINERS:
        yield "containers", f"{len(spec.containers)} containers"


@refuses("container-name", "a container's name is a DNS label of at most 63, and its own", V1)
def _names(spec: Spec) -> Iterator[Place]:
    names = [str(c.get("name", "")) for c in spec.containers]
    for path, container in each(spec):
        name = str(container.get("name", ""))
        if (name or len(names) > 1) and not _NAME.fullmatch(name):
            yield f"{path}.name", repr(name)
    yield from (("containers", f"the name {name!r} stands {n} times") for name, n in Counter(names).items() if n > 1)


@refuses("image-reference", "an image is a reference by the grammar of registries: lower case, no blanks", V1)
def _images(spec: Spec) -> Iterator[Place]:
    for path, container in each(spec):
        image = str(container.get("image") or "")
        if not is_reference(image):
            yield f"{path}.image", repr(image) if image else "no image"


@refuses(
    "variable-name",
    f"a variable has a name, without an equals sign, and not beginning with {VARIABLE_PREFIX}",
    _VARIABLES,
    carried=True,
)
def _variable_names(spec: Spec) -> Iterator[Place]:
    for path, container in each(spec):
        for i, variable in enumerate(container.get("env") or ()):
            name = str(variable.get("name") or "")
            if not name or "=" in name or "\0" in name:
                yield f"{path}.env[{i}].name", repr(name)


@refuses(
    "reserved-variable",
    f"{PORT_VARIABLE} (in the ingress container), {SERVICE_NAME_VARIABLE} and the like are set by Cloud Run",
    CONTRACT,
)
def _reserved(spec: Spec) -> Iterator[Place]:
    for path, container in each(spec):
        serves = spec.is_service and bool(container.get("ports"))
        for i, variable in enumerate(container.get("env") or ()):
            if is_reserved_variable(str(variable.get("name")), serves=serves):
                yield f"{path}.env[{i}].name", str(variable.get("name"))


@refuses("variable-twice", "a variable that is a secret has a name of its own", V1)
def _twice(spec: Spec) -> Iterator[Place]:
    for path, container in each(spec):
        variables = container.get("env") or ()
        counted = Counter(v.get("name") for v in variables)
        for name in sorted({str(v.get("name")) for v in variables if counted[v.get("name")] > 1}):
            yield f"{path}.env", f"{name} stands twice"


@refuses("secret-reference", "a secret is named as in Secret Manager, with a version, and no value beside it", _SECRETS)
def _secrets(spec: Spec) -> Iterator[Place]:
    for path, container in each(spec):
        for i, variable in enumerate(container.get("env") or ()):
            source = variable.get("valueFrom")
            if source is not None:
                ref = source.get("secretKeyRef") or {}
                if variable.get("value"):
                    yield f"{path}.env[{i}]", "a value beside valueFrom"
                if not _SECRET.fullmatch(str(ref.get("name"))) or not ref.get("key"):
                    yield f"{path}.env[{i}].valueFrom", f"secret {ref.get('name')!r}, version {ref.get('key')!r}"


@refuses(
    "environment-size",
    f"a container has at most {MAX_VARIABLES} variables of {MAX_VARIABLE_BYTES} bytes, and {MAX_ARGUMENTS} arguments",
    _QUOTAS,
)
def _sizes(spec: Spec) -> Iterator[Place]:
    for path, container in each(spec):
        variables, arguments = container.get("env") or (), container.get("args") or ()
        if len(variables) > MAX_VARIABLES:
            yield f"{path}.env", f"{len(variables)} variables"
        if len(arguments) > MAX_ARGUMENTS:
            yield f"{path}.args", f"{len(arguments)} arguments"
        for i, variable in enumerate(variables):
            size = len(str(variable.get("value") or "").encode())
            if size > MAX_VARIABLE_BYTES:
                yield f"{path}.env[{i}].value", f"{size} bytes"


@refuses("ports", "one container of a service has one port, TCP, http1 or h2c; no other has any", CONTRACT)
def _ports(spec: Spec) -> Iterator[Place]:
    with_ports = [(path, c["ports"]) for path, c in each(spec) if c.get("ports")]
    if not spec.is_service:
        yield from ((f"{path}.ports", f"a port in a {spec.kind}") for path, _ in with_ports)
        return
    if len(with_ports) > 1 or (not with_ports and len(spec.containers) > 1):
        yield "containers", f"{len(with_ports)} containers with ports"
    for path, ports in with_ports:
        if len(ports) != 1:
            yield f"{path}.ports", f"{len(ports)} ports"
        for i, port in enumerate(ports):
            at = f"{path}.ports[{i}]"
            if not 1 <= int(port.get("containerPort", DEFAULT_PORT)) <= 65535:
                yield f"{at}.containerPort", str(port["containerPort"])
            if port.get("name", "http1") not in ("http1", "h2c", ""):
                yield f"{at}.name", str(port["name"])
            if port.get("protocol", "TCP") != "TCP":
                yield f"{at}.protocol", str(port["protocol"])


@refuses(
    "mount-path",
    "a mount path is absolute, without a colon, and not the root or in /dev, /proc or /sys",
    CONTRACT,
)
def _mount_paths(spec: Spec) -> Iterator[Place]:
    for at, mount, _ in _mounts(spec):
        path = str(mount.get("mountPath") or "")
        if not path.strip("/") or not path.startswith("/") or ":" in path or _UNMOUNTABLE.fullmatch(path.rstrip("/")):
            yield f"{at}.mountPath", repr(path)


@refuses("mount-beside-mount", "each mount has a path of its own, and none lies inside another", CONTRACT)
def _mounts_apart(spec: Spec) -> Iterator[Place]:
    for path, container in each(spec):
        mounts = [str(m.get("mountPath") or "").rstrip("/") or "/" for m in container.get("volumeMounts") or ()]
        for i, one in enumerate(mounts):
            inside = [o for j, o in enumerate(mounts) if (o == one and j < i) or one.startswith(f"{o.rstrip('/')}/")]
            if inside and one != "/":
                yield f"{path}.volumeMounts[{i}].mountPath", f"{one} at or inside {inside[0]}"


@refuses("mount-of-volume", "a mount names a volume of the template", V1)
def _known_volumes(spec: Spec) -> Iterator[Place]:
    known = {v.get("name") for v in spec.volumes}
    for at, mount, _ in _mounts(spec):
        if mount.get("name") not in known:
            yield at, f"no volume {mount.get('name')!r}"


@refuses("secret-by-sub-path", "subPath is rejected in mounts of secrets", V1)
def _secret_sub_paths(spec: Spec) -> Iterator[Place]:
    secrets = {v.get("name") for v in spec.volumes if "secret" in v}
    for at, mount, _ in _mounts(spec):
        if mount.get("subPath") and mount.get("name") in secrets:
            yield f"{at}.subPath", f"{mount['subPath']} of the secret volume {mount['name']}"


@refuses("probe-action", "a probe has one action: HTTP, gRPC, or TCP for start-up alone", _PROBES)
def _actions(spec: Spec) -> Iterator[Place]:
    for at, kind, probe in _probes(spec):
        allowed = _KINDS[kind][0]
        found = [a for a in _ACTIONS if a in probe]
        if len(found) != 1 or found[0] not in allowed:
            yield at, f"{', '.join(found) or 'no action'}"
        elif "port" in probe[found[0]] and not 1 <= int(probe[found[0]]["port"]) <= 65535:
            yield f"{at}.{found[0]}.port", str(probe[found[0]]["port"])
        elif found[0] == "httpGet" and not str(probe["httpGet"].get("path", "/")).startswith("/"):
            yield f"{at}.httpGet.path", repr(probe["httpGet"]["path"])


@refuses(
    "probe-timing",
    f"start-up: delay 0 to {MAX_STARTUP_PERIOD_S}, period 1 to {MAX_STARTUP_PERIOD_S}; liveness: to "
    f"{MAX_LIVENESS_PERIOD_S}; readiness: no delay, to {MAX_READINESS_PERIOD_S}; time-out 1 to the period, failures 1 "
    "or more, successes 1 but for readiness",
    V1,
)
def _timings(spec: Spec) -> Iterator[Place]:
    for at, kind, probe in _probes(spec):
        most = _KINDS[kind][1]
        period, timeout = int(probe.get("periodSeconds", DEFAULT_PERIOD_S)), probe.get("timeoutSeconds")
        delay, is_readiness = int(probe.get("initialDelaySeconds", 0)), kind == "readinessProbe"
        if not 0 <= delay <= (0 if is_readiness else most):
            yield f"{at}.initialDelaySeconds", str(delay)
        if not 1 <= period <= most:
            yield f"{at}.periodSeconds", str(period)
        if not 1 <= int(timeout if timeout is not None else DEFAULT_TIMEOUT_S) <= period:
            yield f"{at}.timeoutSeconds", f"{timeout} with a period of {period}"
        if int(probe.get("failureThreshold", DEFAULT_FAILURES)) < 1:
            yield f"{at}.failureThreshold", str(probe["failureThreshold"])
        successes = int(probe.get("successThreshold", 1))
        if successes < 1 or (successes > 1 and not is_readiness):
            yield f"{at}.successThreshold", str(successes)


@refuses("probe-of-job", "a job has no liveness or readiness probes, a worker pool no readiness probes", _PROBES)
def _probes_of_kinds(spec: Spec) -> Iterator[Place]:
    for at, kind, _ in _probes(spec):
        if kind == "readinessProbe" and not spec.is_service:
            yield at, f"a {kind} in a {spec.kind}"
        elif kind == "livenessProbe" and spec.kind == "Job":
            yield at, "a livenessProbe in a Job"


def _mounts(spec: Spec) -> Iterator[tuple[str, Tree, Tree]]:
    for path, container in each(spec):
        for i, mount in enumerate(container.get("volumeMounts") or ()):
            yield f"{path}.volumeMounts[{i}]", mount, container


def _probes(spec: Spec) -> Iterator[tuple[str, str, Tree]]:
    for path, container in each(spec):
        for kind in _KINDS:
            if kind in container:
                yield f"{path}.{kind}", kind, container[kind]
