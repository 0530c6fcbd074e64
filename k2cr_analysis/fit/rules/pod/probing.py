"""Probes and start-up: kinds that Cloud Run lacks, timings that change, order and cycles."""

from __future__ import annotations

from collections.abc import Iterator

from k2cr_analysis.fit.candidate import Candidate
from k2cr_analysis.fit.evidence.starting.budget import ENOUGH_S, HELPER_S
from k2cr_analysis.fit.evidence.starting.exec_probes import asked_over_network
from k2cr_analysis.fit.evidence.starting.probes import allowed_s, probed_port
from k2cr_analysis.fit.registry import Found, rule
from k2cr_analysis.model.cloud_run import CloudRunProbe
from k2cr_analysis.model.workload import Container, Probe
from k2cr_analysis.platforms.cloud_run.probes import (
    DEFAULT_FAILURES,
    DEFAULT_PERIOD_S,
    DEFAULT_TIMEOUT_S,
    MAX_STARTUP_S,
)
from k2cr_analysis.platforms.gke.labels import NEG_READINESS

_HEALTH = "https://docs.cloud.google.com/run/docs/configuring/healthchecks"
_ORDER = "https://docs.cloud.google.com/run/docs/configuring/services/containers"
_TIMES = tuple(
    f"Container.{probe}.{field}"
    for probe in ("startupProbe", "readinessProbe", "livenessProbe")
    for field in ("initialDelaySeconds", "periodSeconds", "timeoutSeconds", "failureThreshold")
)


_NEWER_FIELDS = tuple(
    f"Container.{probe}.{field}"
    for probe in ("startupProbe", "readinessProbe", "livenessProbe")
    for field in ("httpGet.protocol", "grpc.mode", "tcpSocket.host")
)


def _probes(candidate: Candidate) -> Iterator[tuple[Container, str, Probe]]:
    for container in candidate.moving:
        for name, probe in container.probes():
            yield container, name, probe


def _in_words(probe: CloudRunProbe | None) -> str:
    if probe is None:
        return "none"
    where = {
        "http": f"HTTP {probe.http_path} on port {probe.port}",
        "tcp": f"TCP on port {probe.port}",
        "grpc": f"gRPC on port {probe.port}",
    }[probe.kind]
    return f"{where}, every {probe.period_s} s, {probe.failure_threshold} times"


@rule(
    id="exec-probe",
    severity="change",
    reads=("Container.livenessProbe.exec", "Container.readinessProbe.exec", "Container.startupProbe.exec"),
    docs=_HEALTH,
)
def exec_probe(candidate: Candidate) -> Iterator[Found]:
    """A probe runs a command in the container.

    Why: Cloud Run probes by HTTP, gRPC and, at start-up, TCP. It runs no commands.
    Remedy: Give the application an HTTP path (or gRPC's health service) that does what the command does, and name it
    under `httpGet` (or `grpc`).
    Example: livenessProbe: {exec: {command: [cat, /tmp/healthy]}}
    """
    for container, name, probe in _probes(candidate):
        if probe.kind == "exec":
            if name == "readinessProbe" and candidate.target != "service":
                continue  # it gates requests, and there are none
            same = asked_over_network(probe.command)
            if same and same.kind == "tcp" and name != "startupProbe":
                same = None  # TCP is for start-up alone
            found = candidate.probes.probes.get(container.name)
            now = _in_words(found.startup if found and name != "livenessProbe" else None)
            yield Found(
                f"{probe.path}.exec",
                f"{name} of container {container.name} runs {' '.join(probe.command)[:80]!r}; Cloud Run runs no "
                f"commands (closest replacement: {same or now})",
                f"Write `{same}` under `{name}` instead of `exec`: it asks the same." if same else None,
            )


@rule(id="tcp-liveness-probe", severity="change", reads=("Container.livenessProbe.tcpSocket",), docs=_HEALTH)
def tcp_liveness_probe(candidate: Candidate) -> Iterator[Found]:
    """A liveness probe opens a TCP connection.

    Why: On Cloud Run a liveness probe is HTTP or gRPC; TCP is for start-up alone.
    Remedy: Give the application an HTTP path and name it under `livenessProbe.httpGet`, or take the probe out: an
    instance that fails its requests shows in the metrics.
    Example: livenessProbe: {tcpSocket: {port: 8080}}
    """
    for container, name, probe in _probes(candidate):
        if name == "livenessProbe" and probe.kind == "tcp":
            yield Found(
                f"{probe.path}.tcpSocket",
                f"livenessProbe of container {container.name} is TCP on port {probe.port}; on Cloud Run it is "
                "HTTP or gRPC (now: none)",
            )


@rule(id="tcp-readiness-probe", severity="note", reads=("Container.readinessProbe.tcpSocket",), docs=_HEALTH)
def tcp_readiness_probe(candidate: Candidate) -> Iterator[Found]:
    """A readiness probe of a service opens a TCP connection.

    Why: On Cloud Run a readiness probe is HTTP or gRPC; TCP is for start-up alone. The port is asked when an instance
    starts; after that nothing takes a busy instance out of the round, and one whose process ends is replaced.
    Remedy: Nothing has to be decided. Where an instance must be able to refuse requests for a while, give the
    application an HTTP path (or gRPC's health service), and name it under `readinessProbe.httpGet` (or `grpc`): it is
    carried.
    Example: readinessProbe: {tcpSocket: {port: 8080}}
    """
    for container, name, probe in _probes(candidate):
        if name == "readinessProbe" and probe.kind == "tcp" and candidate.target == "service":
            yield Found(
                f"{probe.path}.tcpSocket",
                f"readinessProbe of container {container.name} is TCP on port {probe.port}; on Cloud Run it is HTTP or "
                "gRPC, so the port is asked at start-up alone",
            )


@rule(
    id="probe-over-tls",
    severity="change",
    reads=(
        "Container.livenessProbe.httpGet.scheme",
        "Container.readinessProbe.httpGet.scheme",
        "Container.startupProbe.httpGet.scheme",
        "Container.livenessProbe.httpGet.host",
        "Container.readinessProbe.httpGet.host",
        "Container.startupProbe.httpGet.host",
        *_NEWER_FIELDS,
    ),
    docs=_HEALTH,
)
def probe_over_tls(candidate: Candidate) -> Iterator[Found]:
    """A probe speaks TLS, or asks another host.

    Why: Cloud Run's probes speak plain HTTP to the container itself.
    Remedy: Take out `httpGet.scheme` and `httpGet.host`, and serve the path over plain HTTP.
    Example: livenessProbe: {httpGet: {scheme: HTTPS, path: /healthz, port: 8443}}
    """
    for container, name, probe in _probes(candidate):
        if probe.kind == "http" and probe.scheme == "HTTPS":
            yield Found(
                f"{probe.path}.httpGet.scheme",
                f"{name} of container {container.name} speaks HTTPS; Cloud Run probes by plain HTTP",
            )
        elif probe.kind == "http" and probe.host not in (None, "localhost", "127.0.0.1"):
            yield Found(
                f"{probe.path}.httpGet.host",
                f"{name} of container {container.name} asks the host {probe.host}; Cloud Run probes the "
                "container itself",
            )
        for kind, action, field, value, plain in (
            ("http", "httpGet", "protocol", probe.protocol, ("HTTP", "HTTP1")),
            ("grpc", "grpc", "mode", probe.protocol, ("Plaintext",)),
            ("tcp", "tcpSocket", "host", probe.host, ("localhost", "127.0.0.1")),
        ):
            if probe.kind == kind and value is not None and value not in plain:
                yield Found(
                    f"{probe.path}.{action}.{field}",
                    f"{name} of container {container.name} has {action}.{field} {value}; Cloud Run probes the "
                    "container itself, in plain text",
                )


@rule(
    id="probe-port-unknown",
    severity="change",
    reads=(
        "Container.livenessProbe.httpGet.port",
        "Container.readinessProbe.httpGet.port",
        "Container.startupProbe.httpGet.port",
        "Container.livenessProbe.tcpSocket.port",
        "Container.readinessProbe.tcpSocket.port",
        "Container.startupProbe.tcpSocket.port",
    ),
    docs=_HEALTH,
)
def probe_port_unknown(candidate: Candidate) -> Iterator[Found]:
    """A probe names a port that the container does not declare.

    Why: Cloud Run's probes take numbers, and the name leads to none.
    Remedy: Write the number under the probe's `port`, or declare the name in `containers[].ports`.
    Example: readinessProbe: {httpGet: {path: /, port: web}}   # and no port is called web
    """
    for container, name, probe in _probes(candidate):
        if probe.kind != "exec" and probed_port(container, probe) is None:
            yield Found(
                probe.path,
                f"{name} of container {container.name} asks port {probe.port}, which the container does not "
                "declare; Cloud Run needs a number",
            )


@rule(id="startup-probe-changed", severity="note", reads=_TIMES, docs=_HEALTH)
def startup_probe_changed(candidate: Candidate) -> Iterator[Found]:
    """The start-up probe is made from another probe or asks at other times.

    Why: Cloud Run sends requests when the start-up probe has passed. It asks every second without a delay, so that a
    start is seen when it happens. It allows what Kubernetes allows before it kills: the start-up probe's time; without
    one, the liveness probe's delay + period x failures; without either, 240 s. A readiness probe kills nothing there.
    A try has 1 s, since Cloud Run gives none longer than its period.
    Remedy: Nothing to decide. If a start takes longer than is allowed here, say so in `startupProbe` (at most 240 s in
    all). Where a healthy answer itself takes more than a second, let the start ask a lighter path, or raise
    `periodSeconds` and `timeoutSeconds` together in the written file.
    Example: readinessProbe: {httpGet: {path: /healthcheck, port: 8080}, initialDelaySeconds: 10, periodSeconds: 30,
    failureThreshold: 3}
    """
    for container in candidate.moving:
        found = candidate.probes.probes.get(container.name)
        source = dict(container.probes())
        probe = source.get(found.startup_made_from or "") if found else None
        if found and found.startup and probe:
            was = (
                f"{found.startup_made_from}: delay {probe.initial_delay_s or 0} s, "
                f"every {probe.period_s or DEFAULT_PERIOD_S} s, timeout {probe.timeout_s or DEFAULT_TIMEOUT_S} s, "
                f"{probe.failure_threshold or DEFAULT_FAILURES} times"
            )
            allows = {
                "startupProbe": f"{allowed_s(container.startup_probe)} s, its own" if container.startup_probe else "",
                "livenessProbe": "as long as the livenessProbe lets a start take",
                "k2cr": "nothing on Kubernetes ends a start here",
            }[found.startup_allowed_by or "k2cr"]
            asked_s, given_s = probe.timeout_s or DEFAULT_TIMEOUT_S, found.startup.timeout_s
            shorter = f"; a try has {given_s} s in place of {asked_s} s" if asked_s > given_s else ""
            yield Found(
                probe.path,
                f"container {container.name}, from {was} to startupProbe: {_in_words(found.startup)} ({allows}"
                f"{shorter})",
            )


@rule(id="liveness-timing-clipped", severity="note", reads=_TIMES[8:], docs=_HEALTH)
def liveness_timing_clipped(candidate: Candidate) -> Iterator[Found]:
    """A time of a liveness probe is outside Cloud Run's range.

    Why: Periods are at most 3600 s, and a timeout is not longer than its period.
    Remedy: Nothing to decide: the value is clipped. Set it within the range to be rid of this note.
    Example: livenessProbe: {httpGet: {path: /, port: 80}, timeoutSeconds: 30, periodSeconds: 10}
    """
    yield from _clipped(candidate, "livenessProbe")


@rule(id="readiness-timing-clipped", severity="note", reads=_TIMES[4:8], docs=_HEALTH)
def readiness_timing_clipped(candidate: Candidate) -> Iterator[Found]:
    """A time of a readiness probe is outside Cloud Run's range.

    Why: Periods are at most 300 s, and a timeout is not longer than its period.
    Remedy: Nothing to decide: the value is clipped. Set it within the range to be rid of this note.
    Example: readinessProbe: {httpGet: {path: /, port: 80}, timeoutSeconds: 30, periodSeconds: 10}
    """
    yield from _clipped(candidate, "readinessProbe")


def _clipped(candidate: Candidate, kind: str) -> Iterator[Found]:
    for clip in candidate.probes.clips:
        field = clip.at.rpartition(".")[2]
        if f".{kind}." in clip.at:
            yield Found(
                clip.at,
                f"container {clip.container}: {field} goes from {clip.was} to {clip.now}, Cloud Run's range",
            )


@rule(
    id="startup-over-limit",
    severity="change",
    reads=(
        "Container.startupProbe.failureThreshold",
        "Container.startupProbe.periodSeconds",
        "Container.readinessProbe.initialDelaySeconds",
        "Container.livenessProbe.initialDelaySeconds",
    ),
    docs=_HEALTH,
)
def startup_over_limit(candidate: Candidate) -> Iterator[Found]:
    """A container may take longer to start than Cloud Run gives.

    Why: All containers together have 240 s to pass their start-up probes; then the instance is given up.
    Remedy: Make the start faster (load data lazily, warm caches later, move migrations to a job), then set
    `startupProbe` to at most 240 s in all.
    Example: startupProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 10, failureThreshold: 60}
    """
    for container in candidate.moving:
        startup = container.startup_probe
        if startup:
            if allowed_s(startup) > MAX_STARTUP_S:
                yield Found(
                    startup.path,
                    f"container {container.name} may take {allowed_s(startup)} s to start; Cloud Run gives "
                    f"{MAX_STARTUP_S} s",
                )
            continue
        for _, probe in container.probes():
            if (probe.initial_delay_s or 0) > MAX_STARTUP_S:
                yield Found(
                    f"{probe.path}.initialDelaySeconds",
                    f"container {container.name} is asked only after {probe.initial_delay_s} s; Cloud Run gives "
                    f"{MAX_STARTUP_S} s to start",
                )
                break


@rule(id="startup-time-shortened", severity="note", reads=_TIMES[8:], docs=_HEALTH)
def startup_time_shortened(candidate: Candidate) -> Iterator[Found]:
    """A liveness probe lets a start take longer than Cloud Run does.

    Why: Without a start-up probe Kubernetes ends a start by the liveness probe, after its delay + period x failures.
    Cloud Run gives 240 s, and that over a whole chain of containers that wait for each other: times that nobody
    declared give way first, then those of liveness probes.
    Remedy: Nothing to decide, unless the start really takes so long: say in `startupProbe` what it needs.
    Example: two containers, one waiting for the other, with liveness probes of 150 s each
    """
    for cut in candidate.probes.cuts:
        if cut.asked.origin == "livenessProbe":
            waits = any(
                cut.container.name in (name, *others) for name, others in candidate.startup.order.depends_on.items()
            )
            limit = f"so that its chain stays within {MAX_STARTUP_S} s" if waits else "the most that Cloud Run gives"
            yield Found(
                f"{cut.container.path}.livenessProbe",
                f"container {cut.container.name}: the time allowed to start goes from {cut.asked.seconds} s to "
                f"{cut.granted} s, {limit}",
            )


@rule(id="startup-budget-exceeded", severity="change", reads=_TIMES[:4], docs=_HEALTH)
def startup_budget_exceeded(candidate: Candidate) -> Iterator[Found]:
    """The start-up times declared along a chain of containers leave too little for one of them.

    Why: The allowances of containers that wait for each other add up, and Cloud Run gives 240 s for all. A container
    that does not pass its start-up probe in its time is killed.
    Remedy: Say in each `startupProbe` of the chain what the container really needs, 240 s in all, or take out a
    dependency (`depends_on` in k2cr.toml).
    Example: two containers, one waiting for the other, with start-up probes of 200 s each
    """
    for cut in candidate.probes.cuts:
        name, asked, granted = cut.container.name, cut.asked, cut.granted
        if asked.origin == "startupProbe" and granted < min(asked.seconds, MAX_STARTUP_S):
            yield Found(
                f"{cut.container.path}.startupProbe",
                f"container {name} declares {asked.seconds} s to start and gets {granted} s: its chain has "
                f"{MAX_STARTUP_S} s in all",
            )
        elif asked.origin == "k2cr" and granted < (HELPER_S if asked.is_helper else ENOUGH_S):
            yield Found(
                cut.container.path,
                f"container {name} says nothing of its start and gets {granted} s: the others of its chain declare "
                f"the rest of the {MAX_STARTUP_S} s",
            )


@rule(id="awaited-without-port", severity="change", reads=("Container.ports",), docs=_ORDER)
def awaited_without_port(candidate: Candidate) -> Iterator[Found]:
    """Another container waits for this one, and nothing shows when it is ready.

    Why: Without a start-up probe the order is not kept. A probe needs a port, and the manifest names none for this
    container.
    Remedy: Give it a `startupProbe`, or declare the port it listens on in `containers[].ports`.
    Example: a native sidecar without ports and probes
    """
    for container in candidate.probes.blind:
        yield Found(
            container.path,
            f"container {container.name} is waited for, and has neither a port nor a probe; Cloud Run keeps the "
            "order by start-up probes alone",
        )


@rule(
    id="startup-cycle", severity="blocker", reads=("Container.env", "Container.args", "Container.command"), docs=_ORDER
)
def startup_cycle(candidate: Candidate) -> Iterator[Found]:
    """The containers wait for each other in a circle.

    Why: Cloud Run starts a container when those it depends on are ready; in a circle none ever is.
    Remedy: Say which one can start first: `depends_on` under `[workload."namespace/Kind/name"]` in k2cr.toml, for
    example `depends_on = {proxy = ["app"], app = []}`.
    Example: container a calls localhost:9000 of b, and b calls localhost:8000 of a
    """
    if candidate.startup.cycle:
        chain = " -> ".join(candidate.startup.cycle)
        edges = zip(candidate.startup.cycle, candidate.startup.cycle[1:], strict=False)
        evidence = "; ".join(candidate.startup.order.evidence.get(edge, "") for edge in edges)
        yield Found(
            candidate.startup.cycle_at or candidate.pod.path,
            f"containers wait for each other in a circle: {chain} ({evidence})",
        )


@rule(id="startup-order-overruled", severity="note", reads=("Container.env", "Container.args"), docs=_ORDER)
def startup_order_overruled(candidate: Candidate) -> Iterator[Found]:
    """The config's depends_on goes against a call over localhost.

    Why: A person's word is the last one: the container that calls the other does not wait for it. Until the other has
    started its calls fail, and a health check of its own that asks the other never passes, so that neither starts.
    Remedy: Nothing to decide, if the container's start-up and health checks do not ask the other one. Else turn the
    order round in `depends_on` under `[workload."namespace/Kind/name"]` in k2cr.toml.
    Example: depends_on = {frontend = ["proxy"]}, and env UPSTREAM=localhost:9000 of proxy
    """
    for given in candidate.startup.overruled:
        asks = candidate.workload.container(given.name)
        checks = [name for name, _ in asks.probes()] if asks else []
        probes = f" ({', '.join(checks)})" if checks else ""
        yield Found(
            given.at,
            f"depends_on in k2cr.toml overrules that {given.name} waits for {given.other} ({given.evidence}): if the "
            f"health check of {given.name}{probes} asks {given.other}, it never passes, and nothing starts",
        )


@rule(id="dependency-of-nobody", severity="change", reads=(), docs=_ORDER)
def dependency_of_nobody(candidate: Candidate) -> Iterator[Found]:
    """The config's depends_on names a container that does not go along.

    Why: A container can wait only for one that runs beside it.
    Remedy: Correct the name in `depends_on` under `[workload."namespace/Kind/name"]` in k2cr.toml.
    Example: depends_on = {proxy = ["fronted"]}
    """
    for name in candidate.startup.unknown:
        yield Found(
            f"{candidate.pod.path}.containers",
            f"depends_on in k2cr.toml names {name}, and the containers that go along are "
            f"{', '.join(c.name for c in candidate.moving)}",
        )


@rule(
    id="native-sidecar",
    severity="change",
    reads=("Container.restartPolicy", "Container.restartPolicyRules"),
    docs=_ORDER,
)
def native_sidecar(candidate: Candidate) -> Iterator[Found]:
    """A container is a native sidecar: an init container that keeps running.

    Why: On Cloud Run it becomes an ordinary sidecar, and the order is kept by `container-dependencies` and start-up
    probes. It is not stopped last.
    Remedy: Check that the order is right (`depends_on` in k2cr.toml can change it) and that the sidecar need not
    outlive the application at shutdown.
    Example: initContainers: [{name: proxy, restartPolicy: Always}]
    """
    for container in candidate.pod.sidecars:
        if container in candidate.moving:
            waiting = [n for n, others in candidate.startup.order.depends_on.items() if container.name in others]
            order = f"{', '.join(waiting)} will wait for it" if waiting else "nothing waits for it"
            yield Found(
                container.path,
                f"container {container.name} is a native sidecar; on Cloud Run it is an ordinary one, and {order}",
            )


@rule(id="readiness-gate", severity="change", reads=("PodSpec.readinessGates",), docs=_HEALTH)
def readiness_gate(candidate: Candidate) -> Iterator[Found]:
    """The pod is ready only when a controller says so.

    Why: On Cloud Run an instance is ready when its start-up and readiness probes pass; nothing outside has a say.
    Remedy: Take out `readinessGates`. Those that load balancer controllers set are not needed.
    Example: readinessGates: [{conditionType: example.com/feature}]
    """
    names = candidate.pod.readiness_gates
    if any(not n.startswith(NEG_READINESS) for n in names):
        yield Found(
            f"{candidate.pod.path}.readinessGates",
            f"the pod waits for {', '.join(names)}; on Cloud Run only its probes count",
        )
