"""The front door as it is today: which ports are open, whether plain HTTP is answered or led to HTTPS, which names.

Plain HTTP stays plain HTTP: a redirect turns a POST into a GET at most clients (RFC 9110, 15.4), so it is only written
where there is one today. Sources: GKE, "Ingress features" (FrontendConfig, allow-http), "Secure a Gateway"; the
controllers' own pages on TLS redirects (ingress-nginx: `ssl-redirect` is on where the Ingress has `tls`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from k2cr_analysis.model.parse.access import Raw, integer, mapping, objects, strings, text, texts
from k2cr_analysis.model.parse.index import group_of, name_of, namespace_of
from k2cr_analysis.model.routing.entrances import ISTIO_GROUP
from k2cr_analysis.model.workload import Exposure, Workload
from k2cr_analysis.platforms.gke.labels import (
    ALLOW_HTTP,
    FRONTEND_CONFIG,
    GATEWAY_CERTIFICATE_MAP,
    GATEWAY_PRE_SHARED_CERTS,
    GLOBAL_ACCESS,
    INGRESS_CLASS,
    MANAGED_CERTIFICATES,
    PRE_SHARED_CERT,
    REGIONAL_EXTERNAL_CLASS,
    TRAEFIK_ENTRY_POINTS,
)

Http = Literal["serve", "redirect", "closed"]
_TLS_ANNOTATIONS = (
    MANAGED_CERTIFICATES,
    PRE_SHARED_CERT,
    GATEWAY_PRE_SHARED_CERTS,
    GATEWAY_CERTIFICATE_MAP,
)
_REDIRECT_CODES = (
    "MOVED_PERMANENTLY_DEFAULT",
    "FOUND",
    "SEE_OTHER",
    "TEMPORARY_REDIRECT",
    "PERMANENT_REDIRECT",
)
_PERMANENT = "PERMANENT_REDIRECT"
# Where a controller says that plain HTTP leads to HTTPS, beside ingress-nginx, whose default hangs on tls.
_REDIRECT_ANNOTATIONS = ("haproxy.org/ssl-redirect", "haproxy-ingress.github.io/ssl-redirect")
_HTTP_PORT, _HTTPS_PORT = 80, 443
_CODES: Mapping[int, str] = {
    301: "MOVED_PERMANENTLY_DEFAULT",
    302: "FOUND",
    303: "SEE_OTHER",
    307: "TEMPORARY_REDIRECT",
    308: _PERMANENT,
}


def redirect_code(status: int | None, default: int = 302) -> str | None:
    """A URL map's word for a redirect's status; None where it has none."""
    return _CODES.get(default if status is None else status)


@dataclass(frozen=True, slots=True)
class FrontendPolicy:
    """``http``: what plain HTTP gets, on ``http_ports``. ``redirect_code`` is the load balancer's word for it."""

    https: bool = True
    http: Http = "closed"
    http_ports: tuple[int, ...] = (_HTTP_PORT,)
    redirect_code: str = "MOVED_PERMANENTLY_DEFAULT"
    ssl_policy: str | None = None
    global_access: bool = False  # an internal one serves callers of other regions too

    @property
    def open_ports(self) -> frozenset[int]:
        """The ports that callers of the load balancer find."""
        return frozenset((*((_HTTPS_PORT,) if self.https else ()), *(self.http_ports if self.http != "closed" else ())))


def front_door(workloads: Iterable[Workload], *, external: bool = True) -> FrontendPolicy:
    """Of all that share the load balancer: a port that is open for one of them is open.

    Where names lead to an Ingress or a Gateway, these say it: a Service of type LoadBalancer beside them has an address
    of its own, which stays on GKE (``own_addresses``).
    """
    shared = list(workloads)
    doors = [d for w in shared for d in _doors(w, external=external)]
    doors = doors or [_load_balancer(e) for w in shared for e in own_addresses(w, external=external)]
    if not doors:
        return FrontendPolicy(global_access=_has_global_access(shared))
    served = [d for d in doors if d.http == "serve"]
    led = [d for d in doors if d.http == "redirect"]
    return FrontendPolicy(
        https=any(d.https for d in doors),
        http="serve" if served else "redirect" if led else "closed",
        http_ports=tuple(sorted({p for d in served for p in d.http_ports})) or (_HTTP_PORT,),
        redirect_code=led[0].redirect_code if led else FrontendPolicy().redirect_code,
        ssl_policy=next((d.ssl_policy for d in doors if d.ssl_policy), None),
        global_access=_has_global_access(shared),
    )


def _has_global_access(workloads: Iterable[Workload]) -> bool:
    """Source: GKE, "Configure Gateway resources using Policies", "LoadBalancer Service parameters"."""
    for workload in workloads:
        policies = (mapping(raw, "spec", "default") for raw in workload.related.get("GCPGatewayPolicy", ()))
        services = (e for e in workload.exposures if e.internal_load_balancer)
        if any(p.get("allowGlobalAccess") is True for p in policies) or any(
            e.annotations.get(GLOBAL_ACCESS) == "true" for e in services
        ):
            return True
    return False


def regional_today(workload: Workload) -> str | None:
    """The Gateway of a regional external class that leads to it: what it names (policies, certificates) is regional."""
    for raw in workload.related.get("Gateway", ()):
        if (text(mapping(raw, "spec"), "gatewayClassName") or "").startswith(REGIONAL_EXTERNAL_CLASS):
            return name_of(raw)
    return None


def pre_shared(workloads: Iterable[Workload], *, external: bool) -> tuple[str, ...]:
    """The certificates of Compute Engine that Ingresses and Gateways name, where every HTTPS entrance of all that share
    the load balancer brings its own so, and nothing else.
    """
    found: dict[str, None] = {}
    for workload in workloads:
        entered = {
            (r.kind, r.namespace, r.name) for e in workload.exposures for r in e.routes if r.external == external
        }
        others = bool(workload.related.get("ManagedCertificate"))
        for raw in workload.related.get("Ingress", ()):
            if ("Ingress", namespace_of(raw), name_of(raw)) in entered:
                named = _names(strings(mapping(raw, "metadata").get("annotations")).get(PRE_SHARED_CERT))
                others |= not named or bool(mapping(raw, "spec").get("tls"))
                found |= dict.fromkeys(named)
        for raw in workload.related.get("Gateway", ()):
            for _, listener in objects(mapping(raw, "spec"), "listeners"):
                if text(listener, "protocol") == "HTTPS":
                    options = strings(mapping(listener, "tls").get("options"))
                    named = _names(options.get(GATEWAY_PRE_SHARED_CERTS))
                    others |= not named
                    found |= dict.fromkeys(named)
        if others:
            return ()
    return tuple(found)


def _names(written: str | None) -> list[str]:
    return [w.strip() for w in (written or "").split(",") if w.strip()]


def own_addresses(workload: Workload, *, external: bool) -> list[Exposure]:
    """Services that are a load balancer themselves."""
    return [e for e in workload.exposures if (e.external_load_balancer if external else e.internal_load_balancer)]


def certificate_domains(workload: Workload) -> tuple[str, ...]:
    """The names that its certificates and listeners hold, where its routes hold for any host."""
    found: dict[str, None] = {}
    for raw in workload.related.get("ManagedCertificate", ()):
        found |= dict.fromkeys(texts(mapping(raw, "spec"), "domains"))
    for raw in workload.related.get("Ingress", ()):
        for _, tls in objects(mapping(raw, "spec"), "tls"):
            found |= dict.fromkeys(texts(tls, "hosts"))
    for raw in workload.related.get("Gateway", ()):
        for _, listener in objects(mapping(raw, "spec"), "listeners"):
            found |= {host: None for host in [text(listener, "hostname")] if host}
        for _, server in objects(mapping(raw, "spec"), "servers"):
            found |= dict.fromkeys(h.rpartition("/")[2] for h in texts(server, "hosts"))
    return tuple(d for d in found if d != "*")


def _doors(workload: Workload, *, external: bool) -> Iterator[FrontendPolicy]:
    entered = {
        (r.kind, r.namespace, r.name)
        for e in workload.exposures
        for r in e.routes
        if r.external == external and r.reach != "mesh"
    }
    for kind, read in (("Ingress", _ingress), ("MultiClusterIngress", _ingress)):
        for raw in workload.related.get(kind, ()):
            if (kind, namespace_of(raw), name_of(raw)) in entered:
                yield read(raw, workload)
    routes = [
        raw
        for kind in ("HTTPRoute", "GRPCRoute", "VirtualService")
        for raw in workload.related.get(kind, ())
        if (kind, namespace_of(raw), name_of(raw)) in entered or leads_nowhere_else(raw)
    ]
    yield from _gateways(workload, routes)
    for exposure in workload.exposures:
        if exposure.type == "Knative":
            yield FrontendPolicy(https=True, http="serve")


def _ingress(raw: Raw, workload: Workload) -> FrontendPolicy:
    annotations = strings(mapping(raw, "metadata").get("annotations"))
    spec = mapping(raw, "spec") or mapping(raw, "spec", "template", "spec")
    https = bool(spec.get("tls")) or any(annotations.get(a) for a in _TLS_ANNOTATIONS)
    if annotations.get(ALLOW_HTTP) == "false":
        return FrontendPolicy(https=True, ssl_policy=_ssl_policy(workload))
    name = annotations.get(FRONTEND_CONFIG)
    for config in workload.related.get("FrontendConfig", ()):
        led = mapping(config, "spec", "redirectToHttps")
        if name_of(config) == name and led.get("enabled") is True:
            asked = text(led, "responseCodeName")
            code = asked if asked in _REDIRECT_CODES else FrontendPolicy().redirect_code
            return FrontendPolicy(True, "redirect", redirect_code=code, ssl_policy=_ssl_policy(workload))
    if _leads_to_https(annotations, https=https):
        return FrontendPolicy(True, "redirect", redirect_code=_PERMANENT, ssl_policy=_ssl_policy(workload))
    if annotations.get(TRAEFIK_ENTRY_POINTS) == "websecure":
        return FrontendPolicy(True)
    return FrontendPolicy(https, "serve", ssl_policy=_ssl_policy(workload))


def _leads_to_https(annotations: Mapping[str, str], *, https: bool) -> bool:
    nginx = "nginx.ingress.kubernetes.io/"
    of_nginx = annotations.get(INGRESS_CLASS) == "nginx" or any(a.startswith(nginx) for a in annotations)
    if annotations.get(f"{nginx}force-ssl-redirect") == "true" or any(
        annotations.get(a) == "true" for a in _REDIRECT_ANNOTATIONS
    ):
        return True
    if "konghq.com/https-redirect-status-code" in annotations and annotations.get("konghq.com/protocols") == "https":
        return True
    return of_nginx and https and annotations.get(f"{nginx}ssl-redirect", "true") == "true"


def _ssl_policy(workload: Workload) -> str | None:
    named = [text(mapping(raw, "spec"), "sslPolicy") for raw in workload.related.get("FrontendConfig", ())]
    named += [
        text(mapping(raw, "spec", "default"), "sslPolicy") for raw in workload.related.get("GCPGatewayPolicy", ())
    ]
    return next((n for n in named if n), None)


def _gateways(workload: Workload, routes: list[Raw]) -> Iterator[FrontendPolicy]:
    for raw in workload.related.get("Gateway", ()):
        if group_of(raw) == ISTIO_GROUP:
            yield from _servers(raw)
            continue
        for _, listener in objects(mapping(raw, "spec"), "listeners"):
            attached = [r for r in routes if _attaches(r, raw, listener)]
            if not attached or text(listener, "protocol") in ("TCP", "UDP"):
                continue
            port = integer(listener, "port") or _HTTP_PORT
            if text(listener, "protocol") in ("HTTPS", "TLS"):
                yield FrontendPolicy(True, ssl_policy=_ssl_policy(workload))
            elif all(leads_nowhere_else(r) for r in attached):
                yield FrontendPolicy(False, "redirect", redirect_code=_code_of(attached[0]))
            else:
                yield FrontendPolicy(False, "serve", (port,))


def _servers(gateway: Raw) -> Iterator[FrontendPolicy]:
    for _, server in objects(mapping(gateway, "spec"), "servers"):
        number = integer(mapping(server, "port"), "number") or _HTTP_PORT
        if mapping(server, "tls").get("httpsRedirect") is True:
            yield FrontendPolicy(False, "redirect")
        elif (text(mapping(server, "port"), "protocol") or "").upper() in ("HTTPS", "TLS"):
            yield FrontendPolicy(True)
        else:
            yield FrontendPolicy(False, "serve", (number,))


def _attaches(route: Raw, gateway: Raw, listener: Raw) -> bool:
    for _, parent in objects(mapping(route, "spec"), "parentRefs"):
        of_gateway = (text(parent, "namespace") or namespace_of(route), text(parent, "name"))
        section, port = text(parent, "sectionName"), integer(parent, "port")
        if of_gateway == (namespace_of(gateway), name_of(gateway)) and section in (None, text(listener, "name")):
            return port in (None, integer(listener, "port"))
    return False


def leads_nowhere_else(route: Raw) -> bool:
    """A route whose rules lead to no backend: each sends the client to HTTPS."""
    rules = [rule for _, rule in objects(mapping(route, "spec"), "rules")]
    return bool(rules) and all(
        any(text(mapping(f, "requestRedirect"), "scheme") == "https" for _, f in objects(rule, "filters"))
        and not rule.get("backendRefs")
        for rule in rules
    )


def _code_of(route: Raw) -> str:
    for _, rule in objects(mapping(route, "spec"), "rules"):
        for _, one in objects(rule, "filters"):
            code = redirect_code(integer(mapping(one, "requestRedirect"), "statusCode"))
            if code:
                return code
    return FrontendPolicy().redirect_code


def _load_balancer(exposure: Exposure) -> FrontendPolicy:
    ports = [p for p in exposure.ports if p.protocol == "TCP"]
    secure = [
        p
        for p in ports
        if p.port == _HTTPS_PORT or (p.name or "").startswith("https") or (p.app_protocol or "").lower() == "https"
    ]
    plain = tuple(p.port for p in ports if p not in secure)
    return FrontendPolicy(bool(secure), "serve" if plain else "closed", plain or (_HTTP_PORT,))
