"""What the entrances of one workload do with its requests: rules that lead to it, and what its controllers are told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from k2cr_analysis.model.parse.access import Raw, integer, mapping, objects, text
from k2cr_analysis.model.parse.entrances.program_timeouts import program_timeouts
from k2cr_analysis.model.parse.index import name_of
from k2cr_analysis.model.routing.ingress_annotations import Settings, controller_settings, ingress_settings
from k2cr_analysis.model.routing.ingress_rules import is_of_gke
from k2cr_analysis.model.routing.reading import http_rules
from k2cr_analysis.model.routing.route import HttpRule
from k2cr_analysis.model.workload import Reach, Route, Workload


@dataclass(frozen=True, slots=True)
class LongRequest:
    """How long an entrance lets a request take. ``path``: where that is written, as in a Finding."""

    seconds: float
    path: str
    why: str


def routes_of(workload: Workload) -> Iterator[tuple[str, Reach, Raw]]:
    """(``Kind/name``, who comes in, object) of each Ingress and route that leads here, once."""
    seen = set()
    for exposure in workload.exposures:
        for route in exposure.routes:
            key = (route.kind, route.namespace, route.name)
            if key not in seen and route.kind != "KnativeService":
                seen.add(key)
                yield f"{route.kind}/{route.name}", route.reach, route.raw


def rules_of_route(route: Route) -> tuple[HttpRule, ...]:
    """All rules of the object that a route stands in, those that lead elsewhere too."""
    return tuple(http_rules(route.raw))


def gateways_of(route: Route) -> Iterator[str]:
    """``namespace/name`` of the Gateways that a route hangs on."""
    if route.kind in ("HTTPRoute", "GRPCRoute"):
        for _, parent in objects(mapping(route.raw, "spec"), "parentRefs"):
            yield f"{text(parent, 'namespace') or route.namespace}/{text(parent, 'name')}"


def protocol_of(route: Route) -> str | None:
    """What its controller speaks to the pods, as an Ingress's annotations ask; None for GKE's own, which reads none."""
    return None if is_of_gke(route.raw) else ingress_settings(route.raw).protocol


def rules_of(workload: Workload) -> Iterator[tuple[str, Reach, HttpRule]]:
    """(``Kind/name``, who comes in, rule): those that lead to a Service of the workload, or to none at all."""
    yield from (found for found, is_own in _all_rules(workload) if is_own)


def rules_beside(workload: Workload) -> Iterator[tuple[str, Reach, HttpRule]]:
    """Those of the same objects that lead elsewhere: they stand in the same URL map."""
    yield from (found for found, is_own in _all_rules(workload) if not is_own)


def _all_rules(workload: Workload) -> Iterator[tuple[tuple[str, Reach, HttpRule], bool]]:
    services = {(workload.namespace, e.service) for e in workload.exposures}
    for name, reach, raw in routes_of(workload):
        for rule in http_rules(raw):
            is_own = not rule.targets or any((t.namespace, t.service) in services for t in rule.targets)
            yield (name, reach, rule), is_own


def settings_of(workload: Workload) -> Iterator[tuple[str, Settings]]:
    """(``Kind/name``, what it asks) of Ingresses that GKE does not serve, of the Services behind, and of their
    controllers: what these are told for all Ingresses holds where no Ingress says another thing.
    """
    own = [
        (name, ingress_settings(raw))
        for name, _, raw in routes_of(workload)
        if name.startswith("Ingress/") and not is_of_gke(raw)
    ]
    yield from own
    for exposure in workload.exposures if own else ():
        yield f"{exposure.kind}/{exposure.service}", ingress_settings(exposure.raw)
    for name, wide in controller_settings(s for e in workload.exposures for r in e.routes for s in r.entrance.settings):
        for _, settings in own:
            wide.allow = () if settings.allow else wide.allow
            wide.timeout_s = None if settings.timeout_s else wide.timeout_s
        yield name, wide


def longest_request(workload: Workload) -> LongRequest | None:
    """The longest that any entrance allows, or the program itself where that is long; None where nothing says it."""
    return max(_long_requests(workload), key=lambda r: r.seconds, default=None)


def _long_requests(workload: Workload) -> Iterator[LongRequest]:
    for kind, keys in (("BackendConfig", ("spec",)), ("GCPBackendPolicy", ("spec", "default"))):
        for config in workload.related.get(kind, ()):
            seconds = integer(mapping(config, *keys), "timeoutSec")
            if seconds:
                path = f"{kind}/{name_of(config)} $.{'.'.join(keys)}.timeoutSec"
                yield LongRequest(seconds, path, "timeoutSec of the backend")
    for name, settings in settings_of(workload):
        if settings.timeout_s:
            key = settings.keys["timeout"]
            at = f"{name} {settings.at('timeout')}"
            yield LongRequest(settings.timeout_s, at, f"{key} of {name.replace('/', ' ')}")
    for name, reach, rule in rules_of(workload):
        if rule.actions.timeout_s and reach != "mesh" and not name.startswith("Ingress/"):
            path = f"{name} {rule.path}"
            yield LongRequest(rule.actions.timeout_s, path, f"the time-out of {name.replace('/', ' ')}")
    for own in program_timeouts(workload):
        yield LongRequest(own.seconds, own.path, own.why)
