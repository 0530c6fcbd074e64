"""What is whole while there is one pod, and divided between instances of Cloud Run."""

from __future__ import annotations

import re
from collections.abc import Iterator

from k2cr_analysis.fit.candidate import Candidate
from k2cr_analysis.fit.evidence.known_images import FAST_CGI, keeps_in_memory, raw_server
from k2cr_analysis.fit.registry import Found, rule
from k2cr_analysis.model.pod.environment import variables_of
from k2cr_analysis.model.workload import Container

_AFFINITY = "https://docs.cloud.google.com/run/docs/configuring/session-affinity"
# "memory" as the whole of a value: STORAGE_TYPE=mem, SESSION_STORE=memory, SPRING_PROFILES_ACTIVE=inmemory.
_IN_MEMORY = re.compile(r"(?:in[-_ ]?)?mem(?:ory)?|array", re.IGNORECASE)
_HOLDER = re.compile(
    r"STOR(?:E|AGE)|SESSION|CACHE|QUEUE|BACKEND|BROKER|DRIVER|PERSISTENCE|REPOSITORY|DATABASE|(?:^|_)DB(?:_|$)|PROFILES?",
    re.IGNORECASE,
)
# Databases that live in the process, or in one file of the container: jdbc:h2:mem:app, sqlite:///app.db.
_EMBEDDED = re.compile(r"\bjdbc:(?:h2|hsqldb|derby):(?!(?:tcp|ssl|hsql|//))|\bsqlite3?:|\bh2:mem:", re.IGNORECASE)
# A file of a database: DB_FILE=/app/data/db.sqlite3; sessions in files: SESSION_DRIVER=file.
_DATABASE_FILE = re.compile(r"(?:file:)?[\w./-]+\.(?:db|sqlite3?|db3|duckdb)(?:\?.*)?", re.IGNORECASE)
_FILE_HOLDER = re.compile(r"SQLITE|DATABASE|(?:^|_)DB(?:_|$)|STORE|STORAGE", re.IGNORECASE)
_SESSION_HOLDER = re.compile(r"SESSION_?(?:DRIVER|STORE|STORAGE|TYPE|ENGINE)", re.IGNORECASE)
_FLAG = re.compile(
    r"--?[\w.-]*(?:stor(?:e|age)|session|cache|backend|queue|database|db)[\w.-]*[= ](?:in[-_]?)?mem(?:ory)?$",
    re.IGNORECASE,
)


def _is_alone(candidate: Candidate) -> bool:
    """Whether one pod takes all requests today, where several instances may."""
    workload = candidate.workload
    alone = workload.replicas == 1 and workload.autoscaler is None and candidate.config.policy.max_instances != 1
    return alone and candidate.target == "service" and workload.strategy != "Recreate"


@rule(id="one-pod-today", severity="note", reads=("Workload.spec.replicas",), docs=_AFFINITY)
def one_pod_today(candidate: Candidate) -> Iterator[Found]:
    """One pod takes all requests today, and Cloud Run may run several instances.

    Why: What a program keeps in its memory (sessions, WebSocket rooms, locks, counters, timers) is whole while there is
    one pod. Between instances it is not shared, and nothing promises that a user's next request meets the same one.
    Remedy: Nothing to decide if it keeps nothing. Else keep it in Memorystore or a database, or cap the service
    (`[policy] max_instances = 1`), at the price of a ceiling.
    Example: replicas: 1, no autoscaler
    """
    if _is_alone(candidate):
        yield Found(
            "$.spec.replicas",
            "one pod takes all requests today; Cloud Run may run several instances, which share nothing in memory",
        )


@rule(
    id="kept-in-memory",
    severity="note",
    reads=("Container.image", "Container.args", "Container.env[].value", "ConfigMap.data"),
    docs=_AFFINITY,
)
def kept_in_memory(candidate: Candidate) -> Iterator[Found]:
    """The one pod of today keeps what it knows in its own memory or file, by its settings or by its makers' word.

    Why: With several instances each has its own: a user who meets another one finds nothing, and an instance that
    stops takes what it has with it. At zero instances nothing is left.
    Remedy: Keep it outside (Memorystore, a database, Cloud Storage); or cap the service at one instance that stays
    (`[policy] min_instances = 1` and `max_instances = 1`), where losing it at a new revision is acceptable.
    Example: env: [{name: STORAGE_TYPE, value: mem}]
    """
    if not _is_alone(candidate):
        return
    for container in candidate.moving:
        found = next(_evidence(candidate, container), None)
        if found is not None:
            at, why = found
            yield Found(
                at, f"container {container.name} keeps what it knows to itself ({why}); each instance has its own"
            )


def _evidence(candidate: Candidate, container: Container) -> Iterator[tuple[str, str]]:
    for variable in variables_of(candidate.workload, container):
        text = (variable.value or "").strip()
        if (
            _EMBEDDED.search(text)
            or (_IN_MEMORY.fullmatch(text) and _HOLDER.search(variable.name))
            or (_DATABASE_FILE.fullmatch(text) and _FILE_HOLDER.search(variable.name))
            or (text.lower() in ("file", "files", "filesystem") and _SESSION_HOLDER.search(variable.name))
        ):
            yield variable.path, f"env {variable.name} is {text[:60]}"
    words = (*container.command, *container.args)
    for first, second in zip(words, (*words[1:], ""), strict=False):
        if _FLAG.fullmatch(first) or (not first.endswith(second) and _FLAG.fullmatch(f"{first} {second}")):
            yield f"{container.path}.args", f"it runs with {first if _FLAG.fullmatch(first) else f'{first} {second}'}"
    beside = len(candidate.moving) > 1 and container.name != candidate.ingress.container
    if (
        beside
        and container.name not in candidate.cast.kinds
        and (server := raw_server(container.image)) not in (None, FAST_CGI)
    ):
        yield f"{container.path}.image", f"{container.image} is a {server[1] if server else ''} server of the pod's own"
    if what := keeps_in_memory(container.image, [v.name for v in variables_of(candidate.workload, container)]):
        yield f"{container.path}.image", what
