"""What became of the objects around the workload: each field by what another value of it does to the files.

What joins objects to each other is told by what stands of the joined one: without the name nothing of it would.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from k2cr_analysis.fit.result import FieldUse
from k2cr_analysis.model.parse.access import source_value
from k2cr_analysis.model.workload import Exposure, ServicePort
from k2cr_analysis.openapi.json_path import child
from k2cr_analysis.platforms.gke.labels import BACKEND_CONFIG, BETA_BACKEND_CONFIG, MANAGED_CERTIFICATES
from k2cr_analysis.rendering.network.access.ingress_setting import Reached
from k2cr_analysis.rendering.network.trials import KINDS, Trials
from k2cr_analysis.rendering.spec.account import JOINED, Entry, Outcome, short
from k2cr_analysis.rendering.spec.build import Build
from k2cr_analysis.rendering.spec.lines import lines_of
from k2cr_analysis.rendering.spec.pod.port_words import field_decides, other_name, other_number
from k2cr_analysis.sizing.instance_counts import scaling

_SCRIPT = "network.sh"
_SEGMENT = re.compile(r"[^/*]+")
_ROUTES = ("Ingress", "MultiClusterIngress", "HTTPRoute", "GRPCRoute", "VirtualService", "Gateway")
_NAME_GATEWAYS = ("HTTPRoute", "GRPCRoute", "VirtualService")
_IN_ROLLBACK = ("Ingress", "MultiClusterIngress")
# What is read before anything is written: by whom an entrance is served, and what it leads to.
_ENTERS = (
    "Ingress.spec.ingressClassName",
    'Ingress.metadata.annotations["kubernetes.io/ingress.class"]',
    "HTTPRoute.spec.parentRefs",
    "GRPCRoute.spec.parentRefs",
    "VirtualService.spec.gateways",
    "Gateway.spec.gatewayClassName",
    "Gateway.spec.selector",
)
# What decides a verdict, or who comes in, where another value would change no file.
_DECIDES: Mapping[str, str] = {
    "Ingress.spec": "it leads to the workload's Service",
    "Gateway.spec": "it decided whether users come from outside",
    "VirtualService.spec.gateways": "it decided whether users come from outside",
    "Service.spec.selector": "it joins the Service to its pods",
    "PersistentVolumeClaim.spec": "it decided whether the volume can be shared",
}
# Kinds that another object names; all others name their target, or select it.
_SCALERS = ("HorizontalPodAutoscaler", "ScaledObject")
_POLICIES = ("BackendConfig", "FrontendConfig", "ManagedCertificate")
_TRIED = ("spec", "metadata.annotations")
_JOINED_BY = ("metadata.name", "metadata.namespace", "spec.targetRef", "spec.scaleTargetRef", "spec.podSelector")


def entrance_entries(build: Build, files: Mapping[str, str]) -> list[Entry]:
    """An entry for each field of a joined object that stands in a file, joins it, or decided something."""
    claims = _Claims(build, files)
    found = [e for use in lines_of(build) if " $" in use.path and (e := claims.entry(use)) is not None]
    of_ports = _declared_ports(build, claims.trials)
    return [*found, *_service_entries(build, claims), *claims.labels(), *of_ports]


class _Claims:
    def __init__(self, build: Build, files: Mapping[str, str]) -> None:
        self._build = build
        self.trials = Trials(build, files)
        self._files = {name: _Written(files.get(name, "")) for name in ("url-map.yaml", _SCRIPT)}
        reached = build.reached
        routes = reached.routes if reached else ()
        self._used = {(r.kind, r.name) for r in routes}
        self._external = {(r.kind, r.name) for r in routes if r.external}
        self._known = {(r.kind, r.name) for r in routes if r.reach != "unknown"}
        if any(kind != "Ingress" for kind, _ in self._used):  # what is related leads to one of them
            gateways = {("Gateway", str((raw.get("metadata") or {}).get("name"))) for raw in _related(build, "Gateway")}
            self._used |= gateways
            self._known |= gateways
        self._redirects = reached is not None and reached.front.http == "redirect"
        self._called = _called(build)
        self._leading = self._called | {e.service for e in build.workload.exposures if e.load_balancer and reached}

    def entry(self, use: FieldUse) -> Entry | None:
        kind, _, below = use.schema_path.partition(".")
        value = source_value(self._build.workload, use.path)
        why = "it joins the object to the workload"
        if below in ("metadata.name", "metadata.namespace") or below.startswith(_JOINED_BY):
            target = self._of_join(kind, use.path, below)
        elif (target := self._of_entrance(kind, use)) is not None:
            why = "it decided who comes in, and by which way"
        elif kind in KINDS and below.startswith(_TRIED) and not self._is_of_ports(use):
            return self._tried(use, value)
        else:
            return self._decided(use, value)
        if target is None:
            return Entry(use.path, "counted", None, short(value), None, why)
        return Entry(use.path, "changed", target, short(value), None, why)

    def _is_of_ports(self, use: FieldUse) -> bool:
        return use.schema_path.startswith(("Service.spec.ports", "Service.spec.type"))

    def _tried(self, use: FieldUse, value: str | None) -> Entry | None:
        places = self.trials.places(use.path)
        if not places:
            return self._decided(use, value)
        found = next((f for name, f in self._files.items() if name in places and f.holds(value)), None)
        outcome: Outcome = "carried" if found else "changed"
        why = "as it is" if found else "in other words: see there"
        return Entry(use.path, outcome, "; ".join(places), short(value), short(value) if found else None, why)

    def _decided(self, use: FieldUse, value: str | None) -> Entry | None:
        at = use.schema_path
        while at:
            if at in _DECIDES:
                return Entry(use.path, "counted", None, short(value), None, _DECIDES[at])
            at = at[:-2] if at.endswith("[]") else at.rpartition(".")[0]
        return None

    def _of_join(self, kind: str, path: str, below: str) -> str | None:
        """What would be gone without the name: what stands of the object itself."""
        owner = path.rpartition(" $")[0]
        name = owner.partition("/")[2]
        if kind == "Service":
            known = self._called if below == "metadata.name" else self._leading
            return _SCRIPT if name in known else None
        if kind in _ROUTES:
            if below == "metadata.name" and kind in _IN_ROLLBACK:
                return "rollback.sh" if (kind, name) in self._external else None
            is_named = below == "metadata.namespace" or kind == "Gateway"
            is_used = (kind, name) in self._used or self._redirects  # a route that only redirects leads nowhere
            return _SCRIPT if is_named and is_used else None
        if kind == "PersistentVolumeClaim":
            volumes = [v.name for v in self._build.workload.pod.volumes if v.source.get("claimName") == name]
            return "; ".join(f"volume {v}" for v in volumes) or None
        if kind in _POLICIES or below.startswith("spec.podSelector"):
            return self._of_policies(kind, [name])
        is_of_target = below.endswith("Ref.name") or below in ("metadata.namespace", "spec.scaleTargetRef.kind")
        joins = is_of_target and (kind not in _SCALERS or self._scaler_decides())
        return f"{JOINED}{owner}" if kind == "ServiceAccount" or joins else None

    def _of_entrance(self, kind: str, use: FieldUse) -> str | None:
        name = use.path.rpartition(" $")[0].partition("/")[2]
        suffix = use.path.rpartition(" $")[2]
        if use.schema_path == "Service.spec.selector":
            return _SCRIPT if name in self._leading else None
        if suffix in (
            child(".metadata.annotations", BACKEND_CONFIG),
            child(".metadata.annotations", BETA_BACKEND_CONFIG),
        ):
            return self._of_policies("BackendConfig", _names(self._build, "BackendConfig"))
        if suffix == child(".metadata.annotations", MANAGED_CERTIFICATES):
            return self._of_policies("ManagedCertificate", _names(self._build, "ManagedCertificate"))
        schema = f"{kind}{suffix}" if suffix.startswith(".metadata.annotations") else use.schema_path
        if not schema.startswith(_ENTERS):
            return None
        # Whoever comes in, the listeners of a Gateway that is seen decide the front door's ports.
        of_gateway = self._of_policies("Gateway", _names(self._build, "Gateway")) if kind in _NAME_GATEWAYS else None
        return _SCRIPT if (kind, name) in self._known else of_gateway

    def _scaler_decides(self) -> bool:
        """Whether there would be another number of instances without it, or the way back takes its number of pods."""
        build, measured = self._build, self._build.assessed.measured
        workload, target = build.workload, build.assessed.fit.target
        of_target = (target, measured.usage, measured.traffic, build.context.config)
        with_it, without = (scaling(w, *of_target)[:2] for w in (workload, replace(workload, autoscaler=None)))
        return with_it != without or workload.replicas is None

    def _of_policies(self, kind: str, names: Iterable[str]) -> str | None:
        """Where it shows that they are there."""
        return "; ".join(dict.fromkeys(p for name in names for p in self.trials.without(kind, name))) or None

    def labels(self) -> Iterator[Entry]:
        """Labels of the pods by which a Service finds them, and which stand nowhere else."""
        workload = self._build.workload
        at = f"{workload.pod.path.removesuffix('.spec')}.metadata.labels"
        carried = {e.path for e in self._build.account.entries if e.outcome == "carried"}
        for exposure in workload.exposures:
            for key in exposure.selector if exposure.service in self._leading else ():
                path, value = child(at, key), workload.pod.labels.get(key)
                if value is not None and path not in carried:
                    why = f"Service {exposure.service} finds the pods by it"
                    yield Entry(path, "changed", _SCRIPT, value, None, why)


def _related(build: Build, kind: str) -> tuple[Mapping[str, Any], ...]:
    return tuple(build.workload.related.get(kind, ()))


def _names(build: Build, kind: str) -> list[str]:
    return [str((raw.get("metadata") or {}).get("name")) for raw in _related(build, kind)]


def _called(build: Build) -> set[str]:
    """The Services by which network.sh knows who comes in: routes lead there, or callers call them."""
    reached = build.reached
    if reached is None:
        return set()
    of_callers = {
        call.service
        for caller in build.context.callers.get(build.workload.id, ())
        for call in build.context.assessed[caller].fit.dependencies
        if call.target == build.workload.id and call.service
    }
    return of_callers | {r.service for r in reached.routes} | {name.service.name for name in reached.names}


class _Written:
    """A file's words, without its comments."""

    def __init__(self, text: str) -> None:
        lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
        self._text = "\n".join(lines)

    def holds(self, value: str | None) -> bool:
        """Whether all of a value's own texts stand in the file, each as a whole word."""
        if not self._text or value is None:
            return False
        texts = list(_texts(value))
        return bool(texts) and all(self._has(t) for t in texts)

    def _has(self, text: str) -> bool:
        parts = [text] if not text.startswith("/") else _SEGMENT.findall(text) or [text]
        return all(re.search(rf"(?<![\w-]){re.escape(p)}(?![\w-])", self._text) for p in parts)


def _texts(value: str) -> Iterator[str]:
    """The scalars of a value as the mapping shows it."""
    try:
        found = json.loads(value)
    except json.JSONDecodeError:
        yield value
        return
    todo = [found]
    while todo:
        one = todo.pop()
        if isinstance(one, Mapping):
            todo += one.values()
        elif isinstance(one, list):
            todo += one
        else:
            yield json.dumps(one) if isinstance(one, bool) else str(one)


def _service_entries(build: Build, claims: _Claims) -> Iterator[Entry]:
    """Ports, type and affinity of the Services: what of them decided the resource."""
    reached = build.reached
    if reached is None:
        return
    for exposure in build.workload.exposures:
        if exposure.type == "Knative":
            continue
        at = f"{exposure.kind}/{exposure.service} "
        for port in exposure.ports:
            yield from _port_entries(f"{at}{port.path}", port, exposure, build, reached, claims.trials)
        kind = source_value(build.workload, f"{at}$.spec.type")
        if kind:
            yield _type_entry(f"{at}$.spec.type", kind, reached, claims.trials.of_balancer(exposure.service))


def _port_entries(
    at: str, port: ServicePort, exposure: Exposure, build: Build, reached: Reached, trials: Trials
) -> Iterator[Entry]:
    fit, number = build.assessed.fit, str(port.target_port)
    leads = port.target == fit.ingress_port
    targeted = source_value(build.workload, f"{at}.targetPort") is not None
    decides = build.port_words.target_decides(port)
    if leads and targeted and decides and isinstance(port.target_port, int):
        where = "containers[].ports[0].containerPort"
        yield Entry(f"{at}.targetPort", "carried", where, number, number, "the port that gets the requests")
    else:
        said = f"{at}.{'targetPort' if targeted else 'port'}"
        if decides:
            where, why = "containers[].ports[0].containerPort", "the Service leads to the port by its name"
            yield Entry(said, "changed", where, number, str(fit.ingress_port), why)
        else:
            yield _of_trial(said, number, trials, "it joins callers to one of the pod's ports")
    named = any(name.service.name == exposure.service and leads for name in reached.names)
    if named or (port.port in reached.front.open_ports and trials.places(f"{at}.port")):
        yield Entry(f"{at}.port", "carried", _SCRIPT, str(port.port), str(port.port), "a port of the front door")
    elif targeted:
        yield _of_trial(f"{at}.port", str(port.port), trials, "it joins callers to one of the pod's ports")
    for field, value in (("name", port.name), ("appProtocol", port.app_protocol)):
        if value is not None:
            entry = _word_entry(f"{at}.{field}", field, value, port, build, trials)
            if named and field == "name" and entry.outcome == "counted":
                why = "callers in the cluster are led to the same port"
                entry = Entry(entry.path, "carried", _SCRIPT, value, value, why)
            yield entry


def _of_trial(at: str, value: str, trials: Trials, counts_as: str) -> Entry:
    """Where another value shows; ``counts_as``: what it is for where it shows nowhere."""
    if places := trials.places(at):
        return Entry(at, "changed", "; ".join(places), value, None, "callers are led to this port: see there")
    return Entry(at, "counted", None, value, None, counts_as)


def _declared_ports(build: Build, trials: Trials) -> Iterator[Entry]:
    """Ports of the pods that show in the network's files alone."""
    told = {e.path: e for e in build.account.entries}
    for name in build.assessed.fit.containers:
        container = build.workload.container(name)
        for port in container.ports if container else ():
            others = {"name": other_name(port) if port.name else None, "containerPort": other_number(port)}
            for field, other in others.items():
                entry = told.get(f"{port.path}.{field}")
                if other and (entry is None or entry.outcome == "counted") and (places := trials.of_port(port, other)):
                    value, why = str(port.name if field == "name" else port.number), "a Service leads to it: see there"
                    yield Entry(f"{port.path}.{field}", "changed", "; ".join(places), value, None, why)


def _word_entry(at: str, field: str, value: str, port: ServicePort, build: Build, trials: Trials) -> Entry:
    """What says which protocol a port speaks."""
    fit = build.assessed.fit
    if fit.ingress_port is not None and field_decides(build.workload, fit.ingress_port, port, field):
        to, why = ("h2c", "HTTP/2 end to end") if fit.h2c else ("http1", "it says that the port is HTTP/1")
        return Entry(at, "changed", "containers[].ports[0].name", value, to, why)
    return _of_trial(at, value, trials, "it tells what the port speaks")


def _type_entry(at: str, kind: str, reached: Reached, places: tuple[str, ...]) -> Entry:
    why = "Cloud Run has no addresses in the cluster; the ingress setting and the front door say who reaches it"
    if not places:
        return Entry(at, "counted", None, kind, None, "the routes that lead to it decide who reaches it")
    return Entry(at, "changed", "; ".join(places), kind, reached.ingress, why)
