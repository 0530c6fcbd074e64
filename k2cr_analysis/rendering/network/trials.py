"""What a field around the workload decides in the files: found by giving it another value and writing them again.

Front doors, rules and policies read an Ingress, a route or a BackendConfig from many sides; what they make of one field
is seen in what they write, and not told twice.
"""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property, partial
from typing import Any

from k2cr_analysis.model.parse.access import joined, step_into, steps_of
from k2cr_analysis.model.parse.index import name_of
from k2cr_analysis.model.parse.other_object import PORT, Led, with_object
from k2cr_analysis.model.workload import Port, Workload
from k2cr_analysis.openapi.json_path import child
from k2cr_analysis.platforms.cloud_run.annotations import INGRESS, SESSION_AFFINITY
from k2cr_analysis.rendering.network.access.ingress_setting import Reached, build_exposure
from k2cr_analysis.rendering.network.script import network_script, url_map_yaml
from k2cr_analysis.rendering.spec.account import Account
from k2cr_analysis.rendering.spec.build import Build
from k2cr_analysis.rendering.spec.pod.port_words import is_http2, with_port
from k2cr_analysis.rendering.spec.service import RunService

KINDS = frozenset({
    "Ingress", "MultiClusterIngress", "HTTPRoute", "GRPCRoute", "VirtualService", "Gateway", "BackendConfig",
    "GCPBackendPolicy", "GCPGatewayPolicy", "FrontendConfig", "ManagedCertificate", "HealthCheckPolicy", "Service",
    "NetworkPolicy",
})  # fmt: skip
_SCRIPT, _URL_MAP = "network.sh", "url-map.yaml"
_DURATION = re.compile(r"(\d+)(\.\d+)?(ms|s|m|h)")
# What names the Service that a route leads to.
_BACKEND = re.compile(r"(ackend\.service\.name|serviceName|backendRefs\[\d+\]\.name|destination\.host)$")
# Words of a field that has no others; a word that is none of them is tried beside.
_WORDS: Mapping[str, tuple[str, ...]] = {
    "pathType": ("Prefix", "Exact"),
    "affinityType": ("CLIENT_IP", "NONE"),
    "protocol": ("HTTP", "HTTPS"),
    "mode": ("Terminate", "Passthrough"),
    "responseCodeName": ("FOUND", "MOVED_PERMANENTLY_DEFAULT"),
    "type": ("PathPrefix", "Exact", "ReplacePrefixMatch", "ReplaceFullPath"),
}


class Trials:
    """Of one workload's files. Nothing is tried where the workload has no way in."""

    def __init__(self, build: Build, files: Mapping[str, str]) -> None:
        self._build, self._files = build, files

    def places(self, path: str) -> tuple[str, ...]:
        """Where another value of ``Kind/name $.path`` shows, as targets of an entry; none where it shows nowhere."""
        owner, _, inner = path.rpartition(" $")
        raw = joined(self._build.workload, owner)
        steps = steps_of(inner)
        if raw is None or not steps or self._build.reached is None:
            return ()
        found: dict[str, None] = {}
        held = step_into(raw, steps)
        if isinstance(held, Mapping):
            return tuple(dict.fromkeys(p for key in held for p in self.places(child(path, str(key)))))
        for value in others(steps, held):
            changed = copy.deepcopy(dict(raw))
            at = step_into(changed, steps[:-1])
            at[steps[-1]] = value
            led = Led(inner, value) if _BACKEND.search(inner) or PORT.search(inner) else None
            found |= dict.fromkeys(self._differs(self._with(partial(with_object, old=raw, new=changed, led=led))))
        return tuple(found)

    def of_balancer(self, service: str) -> tuple[str, ...]:
        """Where it shows whether a Service has a load balancer of its own."""
        if self._build.reached is None:
            return ()
        return tuple(self._differs(self._with(lambda w: _with_balancer(w, service, self._build.workload.id))))

    def of_port(self, declared: Port, other: Port) -> tuple[str, ...]:
        """Where ``other`` shows in the place of a port that a container declares."""
        if self._build.reached is None:
            return ()
        own = self._build.workload.id
        return tuple(self._differs(self._with(lambda w: with_port(w, declared, other) if w.id == own else w)))

    def without(self, kind: str, name: str) -> tuple[str, ...]:
        """Where it shows that an object is there."""
        if self._build.reached is None:
            return ()
        return tuple(self._differs(self._with(lambda w: _without(w, kind, name))))

    @cached_property
    def _group(self) -> list[Workload]:
        reached = self._build.reached
        external = reached is None or reached.reach != "internal-load-balancer"
        return self._build.context.hosts.group(self._build.workload, external=external)

    def _with(self, change: Callable[[Workload], Workload]) -> Build:
        group = [change(one) for one in self._group]
        own = next(one for one in group if one.id == self._build.workload.id)
        context = self._build.context.with_group(group)
        assessed = replace(self._build.assessed, workload=own)
        made = replace(self._build, assessed=assessed, context=context, account=Account())
        return replace(made, reached=build_exposure(own, context, Account()))

    def _differs(self, made: Build) -> Iterator[str]:
        before, after = self._build.reached, made.reached
        assert before is not None and after is not None
        if url_map_yaml(made).text != self._files.get(_URL_MAP):
            yield _URL_MAP
        if _plain(network_script(made).text) != _plain(self._files.get(_SCRIPT)):
            yield _SCRIPT
        yield from self._of_service(before, after, made)

    def _of_service(self, before: Reached, after: Reached, made: Build) -> Iterator[str]:
        run, port = self._build.run, self._build.assessed.fit.ingress_port
        if before.ingress != after.ingress:
            yield f"annotation {INGRESS}"
        if before.session_affinity != after.session_affinity:
            yield f"annotation {SESSION_AFFINITY}" if before.session_affinity else "template annotations"
        seconds = [r.long_request and math.ceil(r.long_request.seconds) for r in (before, after)]
        if seconds[0] != seconds[1] and isinstance(run, RunService):
            yield "template.timeoutSeconds"
        if port is not None and is_http2(self._build.workload, port) != is_http2(made.workload, port):
            yield "containers[].ports[0].name" if self._build.assessed.fit.h2c else "containers[].ports[0]"


def others(steps: tuple[str | int, ...], value: Any) -> Iterator[Any]:
    """Other values of a field, legal ones as far as its form shows them."""
    field = next((s for s in reversed(steps) if isinstance(s, str)), "")
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value + 1, value * 2)
    elif isinstance(value, float):
        yield value * 2
    elif isinstance(value, list):
        yield from ([*value[:-1], one] for one in (others(steps, value[-1]) if value else ()))
    elif isinstance(value, str):
        yield from _texts(field, value)


def _texts(field: str, value: str) -> Iterator[str]:
    if field in _WORDS:
        yield from (word for word in _WORDS[field] if word != value)
    if value.lower() in ("true", "false"):
        yield "false" if value.lower() == "true" else "true"
    elif value.isdigit():
        yield from (str(int(value) + 1), str(int(value) * 2))
    elif found := _DURATION.fullmatch(value):
        yield f"{int(found[1]) * 2 + 1}{found[3]}"
    elif value.startswith("/"):
        yield f"{value.rstrip('/')}/other"
    elif "." in value and not value.startswith(("*", "http")):
        yield f"x{value}"
    else:
        yield f"{value}x"


def _plain(text: str | None) -> str | None:
    return text and "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))


def _without(workload: Workload, kind: str, name: str) -> Workload:
    kept = tuple(raw for raw in workload.related.get(kind, ()) if name_of(raw) != name)
    return replace(workload, related={**workload.related, kind: kept})


def _with_balancer(workload: Workload, service: str, own: str) -> Workload:
    """The workload whose Service has a load balancer where it has none, and none where it has one."""
    if workload.id != own:
        return workload
    exposures = tuple(
        replace(e, load_balancer=None if e.load_balancer else ("external", "")) if e.service == service else e
        for e in workload.exposures
    )
    return replace(workload, exposures=exposures)
