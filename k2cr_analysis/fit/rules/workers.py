"""Who works when nobody calls: consumers, schedulers, and Services that bring no requests."""

from __future__ import annotations

import re
from collections.abc import Iterator

from k2cr_analysis.fit.candidate import Candidate
from k2cr_analysis.fit.registry import Found, rule
from k2cr_analysis.model.addresses.names import words_of_name
from k2cr_analysis.model.dependency import Dependency
from k2cr_analysis.model.workload import Container
from k2cr_analysis.platforms.images import parse_image

_BILLING = "https://docs.cloud.google.com/run/docs/configuring/billing-settings"
_POOLS = "https://docs.cloud.google.com/run/docs/deploy-worker-pools"


@rule(
    id="works-without-requests",
    severity="change",
    reads=(
        "Container.command",
        "Container.args",
        "Container.env[].name",
        "Container.env[].value",
        "Container.ports",
        "ScaledObject.spec.triggers",
        "HorizontalPodAutoscaler.spec.metrics",
    ),
    docs=_BILLING,
)
def works_without_requests(candidate: Candidate) -> Iterator[Found]:
    """A container of a service works when nobody calls it: it takes tasks off a queue, follows a clock, or has no port.

    Why: Under request-based billing an instance has CPU only while a request runs, and without requests there is no
    instance at all. What works by itself would stand still.
    Remedy: Choose: leave it in the service, which is then billed by instance and keeps one (as recommended here); or
    give the container a worker pool of its own (a Deployment without a Service), and the service scales to zero again;
    or, where its messages can be pushed (Pub/Sub push, Cloud Tasks), let them come as requests.
    Example: containers: [{name: web, ports: [{containerPort: 8080}]}, {name: worker, command: [celery, -A, app,
    worker]}]
    """
    if candidate.target != "service":
        return
    for one in candidate.background:
        if one.kind != "shipping":
            yield Found(
                one.at,
                f"container {one.container} works without requests ({one.why}); a service has CPU without requests "
                "only if it is billed by instance, and an instance only if one is kept",
            )


@rule(
    id="work-by-interval",
    severity="note",
    reads=("Container.env[].name", "Container.env[].value", "Container.args", "Container.command"),
    docs=_BILLING,
)
def work_by_interval(candidate: Candidate) -> Iterator[Found]:
    """A container of a service is given an interval at which it does something of its own: it polls, syncs, refreshes.

    Why: Between requests a request-billed instance has next to no CPU, so that what runs by the clock is late or stands
    still; at zero instances it does not run at all; and each of several instances does it.
    Remedy: Nothing to decide where it only keeps a cache fresh. Else let Cloud Scheduler call it, or give that part a
    worker pool or a job, or keep an instance with CPU (`[policy] min_instances`, instance-based billing).
    Example: env: [{name: SCRAPE_INTERVAL, value: "600"}]
    """
    known = {b.container for b in candidate.background}
    if candidate.target != "service":
        return
    for container, name, at in _named_settings(candidate):
        words = set(words_of_name(name))
        if words & {"interval", "period"} and words & _BY_THE_CLOCK and container.name not in known:
            yield Found(
                at,
                f"container {container.name} does something by the clock ({name}); between requests it has next to no "
                "CPU",
            )


def _named_settings(candidate: Candidate) -> Iterator[tuple[Container, str, str]]:
    """(container, name, JSON path) of variables and flags."""
    for container, variable in candidate.environment():
        yield container, variable.name, variable.path
    for container in candidate.moving:
        for field, words in (("command", container.command), ("args", container.args)):
            for i, word in enumerate(words):
                if word.startswith("--"):
                    yield container, word.partition("=")[0], f"{container.path}.{field}[{i}]"


_BY_THE_CLOCK = frozenset({
    "poll", "polling", "scrape", "scraping", "sync", "synchronization", "refresh", "crawl", "fetch", "cleanup", "purge",
    "reconcile", "import", "job", "jobs", "task", "tasks", "scheduler", "schedule", "update", "reindex", "backup",
    "scan",
})  # fmt: skip


@rule(
    id="several-programs",
    severity="note",
    reads=("Container.command", "Container.args"),
    docs=_BILLING,
)
def several_programs(candidate: Candidate) -> Iterator[Found]:
    """A container of a service runs a supervisor, which starts several programs.

    Why: Which they are stands in the image. One that takes tasks off a queue or follows a clock works without requests,
    and then has no CPU under request-based billing; one that dies is started again, and no probe notices.
    Remedy: Look into the supervisor's configuration. Nothing to decide where all of them serve requests (nginx and
    php-fpm); give a worker or a cron a worker pool or a job of its own.
    Example: command: [supervisord, -n, -c, /etc/supervisord.conf]
    """
    known = {b.container for b in candidate.background}
    for container in candidate.moving if candidate.target == "service" else ():
        found = _SUPERVISOR.search(" ".join((*container.command, *container.args)))
        if found and container.name not in known:
            yield Found(
                f"{container.path}.{'command' if container.command else 'args'}",
                f"container {container.name} runs {found.group().strip()}, which starts several programs; what of them "
                "works without requests is not seen",
            )


_SUPERVISOR = re.compile(
    r"(?:^|[\s/])(?:supervisord|s6-svscan|runsvdir|foreman start|honcho start|overmind start|pm2-runtime)\b"
)


@rule(
    id="queue-beside-requests",
    severity="change",
    reads=("Container.env[].value", "Container.args", "Container.command", "ConfigMap.data"),
    docs=_BILLING,
)
def queue_beside_requests(candidate: Candidate) -> Iterator[Found]:
    """A container of a service is given the address of a queue, and nothing shows whether it takes messages from it.

    Why: What only sends does so while a request runs. What takes messages works without requests: under request-based
    billing it has no CPU between them, and at zero instances nobody takes anything.
    Remedy: If it only sends, say so: `queue-beside-requests = "only sends"` under
    `[workload."namespace/Kind/name".decided]` in k2cr.toml. If it takes messages, give that part a worker pool of its
    own (a Deployment without a Service), or keep an instance with CPU (`[policy] min_instances`, instance-based
    billing).
    Not asked where the variable says that it sends (a producer, a publisher), or where another workload without a
    Service runs the same image: that one takes the messages.
    Example: env: [{name: RABBITMQ_URL, value: "amqp://rabbitmq.shop:5672"}] of a web container
    """
    known = {b.container for b in candidate.background}
    moving = {c.name: c for c in candidate.moving}
    if candidate.target != "service":
        return
    for edge in candidate.dependencies:
        taken = {a.place.container for a in edge.addresses if not _SENDS & set(words_of_name(a.place.name))}
        names = sorted(n for n in taken & set(moving) - known if not _has_a_worker(candidate, moving[n]))
        sidecars = [n for n in names if n in candidate.cast.kinds]
        if edge.kind != "queue" or not names or names == sidecars or _coordinates(edge):
            continue
        yield Found(
            edge.path,
            f"container {', '.join(names)} is given the queue {edge.target} ({edge.evidence}): does it only send, or "
            "take messages too? What takes them works without requests",
        )


_SENDS = frozenset({"producer", "producers", "publisher", "publishers", "publish", "outbox", "emitter", "sender"})


def _has_a_worker(candidate: Candidate, container: Container) -> bool:
    """Whether the same image runs beside it in a workload that nobody calls: web and worker of one application."""
    own = parse_image(container.image).path if container.image else None
    return own is not None and any(
        other.id != candidate.workload.id
        and other.namespace == candidate.workload.namespace
        and not other.exposures
        and other.batch is None
        and any(c.image and parse_image(c.image).path == own for c in other.pod.containers)
        for other in candidate.index.workloads.values()
    )


def _coordinates(edge: Dependency) -> bool:
    """ZooKeeper keeps order among servers; no messages are taken from it."""
    return edge.port == _ZOOKEEPER_PORT or "zookeeper" in edge.target


_ZOOKEEPER_PORT = 2181


@rule(
    id="target-against-evidence",
    severity="change",
    reads=("Service.spec.ports", "Workload.kind"),
    docs="https://docs.cloud.google.com/run/docs/overview/what-is-cloud-run",
)
def target_against_evidence(candidate: Candidate) -> Iterator[Found]:
    """The config's target is one that the objects speak against.

    Why: A worker pool and a job take no requests: whoever calls the workload today finds nobody. A service is billed,
    and has CPU, while it is called, and a program that ends by itself counts there as a crash.
    Remedy: Take `target` out of `[workload."namespace/Kind/name"]` in k2cr.toml; or, where it is meant (nobody calls it
    any more), say why: `target-against-evidence = "..."` under `[workload."namespace/Kind/name".decided]`.
    Example: target = "worker-pool", for a Deployment with an Ingress
    """
    asked, workload, at = candidate.settings.target, candidate.workload, f"{candidate.pod.path}.containers"
    if asked is None:
        return
    watched = candidate.monitored is not None and candidate.monitored.certain
    ends = workload.batch is not None or (workload.kind == "Pod" and candidate.pod.restart_policy in _ENDS)
    said = f"k2cr.toml makes it a {asked.replace('-', ' ')}"
    if asked != "service" and workload.exposures and not watched:
        yield Found(_called_at(candidate), f"{said}, which takes no requests: {_who(candidate)}")
    elif asked == "job" and not ends:
        yield Found(at, f"{said}, and its pods are kept running: a task that never ends is stopped by its time-out")
    elif asked != "job" and ends:
        yield Found(at, f"{said}, and its {workload.kind} ends by itself: it would be started again and again")
    elif asked == "service" and not workload.exposures and not any(c.ports for c in candidate.moving):
        yield Found(at, f"{said}, and nothing leads to it: there is no Service, and no container declares a port")


_ENDS = ("Never", "OnFailure")


def _called_at(candidate: Candidate) -> str:
    exposure = candidate.workload.exposures[0]
    routes = [r for e in candidate.workload.exposures for r in e.routes]
    return f"{routes[0].kind}/{routes[0].name} $.spec" if routes else f"{exposure.kind}/{exposure.service} $.spec.ports"


def _who(candidate: Candidate) -> str:
    """Who calls it, or may."""
    exposures = candidate.workload.exposures
    routes = dict.fromkeys(f"{r.kind} {r.name}" for e in exposures for r in e.routes)
    said = [f"{e.kind} {e.service}" for e in exposures] if not routes else list(routes)
    callers = f"; {', '.join(candidate.callers[:3])} calls it" if candidate.callers else ""
    return f"{', '.join(dict.fromkeys(said))} leads to it{callers}"


@rule(
    id="only-monitoring-calls",
    severity="note",
    reads=("Service.metadata.name", "Service.spec.ports[].name", "Container.ports[].name"),
    docs=_POOLS,
)
def only_monitoring_calls(candidate: Candidate) -> Iterator[Found]:
    """The Services of the workload are for metrics or health checks alone: they bring no requests.

    Why: A service at zero instances would never run what the pods are there for. A worker pool runs all the time, and
    takes no requests: metrics are pushed (a collector beside the application), and its health is Cloud Run's own
    matter.
    Remedy: Nothing to decide for a worker. If callers do use the port, set `target = "service"` under
    `[workload."namespace/Kind/name"]` in k2cr.toml.
    Example: kind: Service, spec: {ports: [{name: metrics, port: 9090}]}
    """
    found = candidate.monitored
    if found and found.certain and candidate.target == "worker-pool":
        yield Found(
            found.at, f"only {found.what} leads to the pods: nobody sends them requests, so it is a worker pool"
        )


@rule(
    id="monitoring-port-alone",
    severity="change",
    reads=("Service.spec.ports[].port", "Service.spec.ports[].targetPort"),
    docs=_POOLS,
)
def monitoring_port_alone(candidate: Candidate) -> Iterator[Found]:
    """The only port of its Services is one for metrics, health checks or administration, by habit or for an operator.

    Why: If nobody else calls it, it does its work without requests, and a service at zero instances would never do it.
    A number, or an operator's console, does not show which.
    Remedy: Say what it is: `target = "worker-pool"` (or "service") under `[workload."namespace/Kind/name"]` in
    k2cr.toml; or name the port for what callers use it for.
    Example: kind: Service, spec: {ports: [{port: 9464}]}
    """
    found = candidate.monitored
    if found and not found.certain and candidate.target == "service" and candidate.settings.target is None:
        yield Found(found.at, f"only {found.what} leads to the pods: does anybody send it requests?")
