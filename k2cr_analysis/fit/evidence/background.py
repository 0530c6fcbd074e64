"""Containers that work when nobody calls: consumers of a queue, schedulers, log shippers, and whoever has no port.

Outside of requests a request-billed instance has next to no CPU, and at zero instances there is none at all (Cloud Run,
"Billing settings"). So each container of a service is asked: does it wait for requests, and if not, how is that known?
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from k2cr_analysis.fit.evidence.known_images import RAW_SERVERS, SidecarKind, works_by_itself
from k2cr_analysis.fit.evidence.protocols import CalledPort, known_ports, purpose_of
from k2cr_analysis.fit.evidence.starting.order import STARTS_FIRST
from k2cr_analysis.model.cloud_run import StartupOrder
from k2cr_analysis.model.parse.access import mapping, objects, text
from k2cr_analysis.model.workload import Container, Workload
from k2cr_analysis.platforms.images import parse_image

Kind = Literal["pull", "schedule", "shipping", "uncalled"]

# Commands of well-known frameworks: what takes tasks off a queue, and what starts them by the clock.
_PULLS = re.compile(
    r"\bcelery\b.*\bworker\b|\bsidekiq\b|\bresque(?:-pool)?\b|\bQUEUES?=\S+ .*\brake\b|\bjobs:work\b|\bdelayed_job\b"
    r"|\bgood_job\b|\bsolid_queue\b|\bqueue:(?:work|listen)\b|\bhorizon\b|\bmessenger:consume\b|\brq ?worker\b"
    r"|\bdramatiq\b|\bhuey_consumer\b|\brun_huey\b|\bqcluster\b|\bfaktory-worker\b|\barq \S+\.|\btaskiq worker\b"
    r"|\bfaust\b.*\bworker\b|\bairflow\b.*\b(?:worker|triggerer)\b|\bprefect\b.*\b(?:worker|agent) start\b"
    r"|\bn8n worker\b|\bgraphile-worker\b|\bpg-boss\b|\bbullmq?\b|\boban\b|\bshoryuken\b|\bsneakers\b|\bhutch\b"
    r"|\bkarafka\b|\bracecar\b|\btemporal\b.*\bworker\b",
    re.IGNORECASE,
)
_SCHEDULES = re.compile(
    r"\bcelery\b.*\bbeat\b|\bschedule:(?:work|run)\b|\bsupercronic\b|\bcrond\b|\bcron -f\b|\bclockwork\b|\bwhenever\b"
    r"|(?:^|[;&|]\s*|-c\s+)(?:service )?cron(?: start)?(?: -\w+)*\s*(?:[;&]|$)"
    r"|\brqscheduler\b|\bairflow\b.*\bscheduler\b|\bdagster-daemon\b|\bofelia\b|\bsidekiq-cron\b",
    re.IGNORECASE,
)
# "worker.js", "bin/consumer", "-m app.scheduler": what the program is called says what it does. As weak as any name.
_WORKER_WORD = re.compile(
    r"(?:^|[\s/._:-])(?:workers?|consumers?|subscribers?|schedulers?|poller|cron(?:jobs?)?|daemon|listener)"
    r"(?:\.\w{1,4})?(?:$|[\s:])",
    re.IGNORECASE,
)
_SUBSCRIPTION_VALUE = re.compile(r"^projects/[^/\s]+/subscriptions/[\w.~+%-]+$")
_SUBSCRIPTION = re.compile(r"(?:PUBSUB\w*_?SUB|(?:^|_|PUBSUB)SUBSCRIPTION)(?:_ID|_NAME|_PATH)?$")
# Subscriptions that are accounts or contracts.
_NO_SUBSCRIPTION = re.compile(r"AZURE|^ARM_|STRIPE|BILLING|PAYMENT|PAYPAL|CUSTOMER|PLAN|WEBHOOK|PUSH")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_CONSUMER = re.compile(
    r"(?:^|_)CONSUMER(?:_GROUP)?(?:_ID|_NAME)?$|KAFKA\w*_GROUP(?:_?ID)?$|(?:^|_)DURABLE(?:_NAME)?$|(?:^|_)TASK_?QUEUE(?:_NAME)?$"
)
# A schedule that the program itself follows: CLEANUP_CRON=0 3 * * *, SYNC_SCHEDULE=@hourly.
_CRON_NAME = re.compile(r"(?:^|_)(?:CRON|SCHEDULE|CRONTAB)(?:_|$)|CRON(?:_?EXPRESSION|_?EXPR)?$", re.IGNORECASE)
_CRON_FIELD = r"(?:\*|\?|[\dA-Za-z]+(?:[-/,#][\dA-Za-z]+)*|\*/\d+)"
_CRON = re.compile(rf"(?:{_CRON_FIELD}\s+){{4,6}}{_CRON_FIELD}|@(?:hourly|daily|weekly|monthly|midnight|every \w+)")
# Triggers of KEDA and metrics of an autoscaler that follow work which waits somewhere.
_QUEUE_TRIGGERS = re.compile(
    r"pubsub|rabbitmq|kafka|sqs|service-?bus|storage-queue|redis|nats|stan|pulsar|kinesis|activemq|artemis|ibmmq|solace"
    r"|beanstalkd|gearman|temporal|event-?hub|cloud-?tasks|undelivered|queue|backlog|\blag\b|subscription",
    re.IGNORECASE,
)
# Programs that serve by another way than a port that the manifest shows: a socket in a shared folder, FastCGI.
_SERVES_BY_SOCKET = re.compile(r"\bfpm\b|fastcgi|uwsgi|gunicorn|unicorn|\bpuma\b|passenger", re.IGNORECASE)
# Sidecars of known kinds wait for the application or are told by a rule of their own, but for those that ship logs.
_SHIPS: frozenset[SidecarKind] = frozenset({"log-shipper"})


@dataclass(frozen=True, slots=True)
class Background:
    """A container that works between requests: how that shows (``why``) and where (``at``)."""

    container: str
    kind: Kind
    why: str
    at: str
    of_pubsub: bool = False  # what it takes is a Pub/Sub subscription's, which could push too


def background_of(
    workload: Workload,
    moving: Sequence[Container],
    kinds: Mapping[str, SidecarKind],
    called: Sequence[CalledPort],
    order: StartupOrder,
    ingress: str | None,
) -> tuple[Background, ...]:
    """Those among the containers that go along that work when nobody calls.

    For a worker pool each is, and this says how it is known; ``uncalled`` needs a container that is called beside it.
    """
    found = []
    for container in moving:
        kind = kinds.get(container.name)
        if kind in _SHIPS:
            found.append(
                Background(container.name, "shipping", f"{container.image} ships logs", f"{container.path}.image")
            )
        elif kind is None:
            one = next(_evidence(workload, container, moving), None)
            if (
                one is None
                and ingress is not None
                and container.name != ingress
                and not _is_called(container, called, order)
            ):
                one = Background(container.name, "uncalled", _how_uncalled(container), container.path)
            if one is not None:
                found.append(one)
    return tuple(found)


def _evidence(workload: Workload, container: Container, moving: Sequence[Container]) -> Iterator[Background]:
    words = " ".join((*container.command, *container.args))
    at = f"{container.path}.{'args' if container.args else 'command'}"
    for pattern, kind in ((_PULLS, "pull"), (_SCHEDULES, "schedule")):
        if found := pattern.search(words):
            yield Background(container.name, kind, f"it runs `{' '.join(found.group().split())[:60]}`", at)  # type: ignore[arg-type]
    if does := works_by_itself(container.image):
        yield Background(container.name, "schedule", f"{container.image} has {does}", f"{container.path}.image")
    for variable in container.env:
        if _SUBSCRIPTION_VALUE.match(variable.value or "") or (
            _SUBSCRIPTION.search(variable.name)
            and not _NO_SUBSCRIPTION.search(variable.name)
            and not _UUID.fullmatch((variable.value or "").strip())
        ):
            why = f"env {variable.name} names a subscription"
            yield Background(container.name, "pull", why, variable.path, of_pubsub=True)
        elif _CONSUMER.search(variable.name):
            yield Background(container.name, "pull", f"env {variable.name} names a consumer of a queue", variable.path)
        elif _CRON_NAME.search(variable.name) and is_cron(variable.value or ""):
            why = f"env {variable.name} is a schedule of its own, {variable.value}"
            yield Background(container.name, "schedule", why, variable.path)
    # An autoscaler that follows a queue speaks of the pod: of its main container.
    if moving and container is moving[0]:
        yield from _by_autoscaler(workload, container)


def _by_autoscaler(workload: Workload, container: Container) -> Iterator[Background]:
    for scaler in workload.related.get("ScaledObject", ()):
        for i, trigger in objects(mapping(scaler, "spec"), "triggers"):
            kind = text(trigger, "type") or ""
            said = (
                f"{kind} {' '.join(str(v) for v in mapping(trigger, 'metadata').values())}"
                if kind == "prometheus"
                else kind
            )
            if _QUEUE_TRIGGERS.search(said):
                name = mapping(scaler, "metadata").get("name")
                at = f"ScaledObject/{name} $.spec.triggers[{i}]"
                yield Background(container.name, "pull", f"KEDA scales it on {kind}", at, "pubsub" in kind)
    for scaler in workload.related.get("HorizontalPodAutoscaler", ()):
        for i, metric in objects(mapping(scaler, "spec"), "metrics"):
            kind = text(metric, "type") or ""
            body = mapping(metric, kind[:1].lower() + kind[1:])
            name = text(mapping(body, "metric"), "name") or text(body, "metricName") or ""
            # What the pods measure of themselves is how long their requests queue.
            if kind == "External" and _QUEUE_TRIGGERS.search(name):
                at = f"HorizontalPodAutoscaler/{mapping(scaler, 'metadata').get('name')} $.spec.metrics[{i}]"
                yield Background(container.name, "pull", f"the autoscaler follows {name}", at, "pubsub" in name)


def is_cron(text: str) -> bool:
    """Whether a value is a cron expression, of five to seven fields or by a name."""
    return bool(_CRON.fullmatch(text.strip())) and not text.strip().replace(" ", "").isalpha()


def _is_called(container: Container, called: Sequence[CalledPort], order: StartupOrder) -> bool:
    """Whether a Service, another container or a socket leads to it, as far as the manifest can show."""
    by_service = any(c.container == container.name or c.target in known_ports(container) for c in called)
    by_neighbour = any(
        waits_for == container.name and not why.endswith(STARTS_FIRST) for (_, waits_for), why in order.evidence.items()
    )
    listens = any(p.protocol != "TCP" or not purpose_of(p.name) for p in container.ports) or bool(
        set(known_ports(container)) - {p.number for p in container.ports} - _probed(container)
    )
    words = " ".join((container.image or "", container.name, *container.command, *container.args))
    is_server = bool(container.image) and parse_image(str(container.image)).name in RAW_SERVERS
    return by_service or by_neighbour or listens or is_server or bool(_SERVES_BY_SOCKET.search(words))


def _probed(container: Container) -> set[int]:
    """Ports that are named by probes alone: kubelet calls them, nobody else."""
    return {n for _, probe in container.probes() if (n := container.port_number(probe.port)) is not None}


def _how_uncalled(container: Container) -> str:
    words = " ".join((container.name, *container.command, *container.args))
    named = _WORKER_WORD.search(words)
    said = f", and {named.group().strip(' /._:-')} is in its name or command" if named else ""
    return f"it declares no port that somebody could call{said}"
