"""Services and the routes that lead to them, joined to the workloads whose pods they select."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from k2cr_analysis.model.parse.access import Raw, integer, mapping, objects, port, strings, text, texts
from k2cr_analysis.model.parse.index import ObjectIndex, kind_of, name_of, namespace_of, service_of_host
from k2cr_analysis.model.routing.entrances import Entrances
from k2cr_analysis.model.workload import Container, Entrance, Exposure, Pod, Route, ServicePort
from k2cr_analysis.platforms.cloud_run.annotations import VISIBILITY
from k2cr_analysis.platforms.cloud_run.limits import DEFAULT_PORT

# Where the ServiceSpec stands in each kind that selects pods.
SERVICE_SPECS: Mapping[str, tuple[str, ...]] = {
    "Service": ("spec",),
    "MultiClusterService": ("spec", "template", "spec"),
}
_GATEWAY_ROUTES = ("HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute")


def exposure_of(service: Raw, pod: Pod, routes: tuple[Route, ...], entrances: Entrances) -> Exposure:
    """A Service (or MultiClusterService) as this pod sees it: each port with the container port that it leads to."""
    return replace(
        read_service(service, pod),
        routes=routes,
        load_balancer=entrances.load_balancer(service, has_routes=bool(routes)),
    )


def read_service(service: Raw, pod: Pod) -> Exposure:
    """What stands in the Service itself, without what leads to it."""
    kind = kind_of(service)
    where = SERVICE_SPECS[kind]
    spec = mapping(service, *where)
    plain = "ClusterIP" if kind == "Service" else kind
    headless = spec.get("clusterIP") == "None"
    return Exposure(
        service=name_of(service),
        type="Headless" if headless else text(spec, "type") or plain,
        ports=tuple(_service_port(p, f"$.{'.'.join(where)}.ports[{i}]", pod) for i, p in objects(spec, "ports")),
        routes=(),
        load_balancer=None,
        annotations=strings(mapping(service, "metadata").get("annotations")),
        raw=service,
        selector=strings(spec.get("selector")),
        publishes_not_ready=spec.get("publishNotReadyAddresses") is True,
        session_affinity=text(spec, "sessionAffinity"),
        source_ranges=texts(spec, "loadBalancerSourceRanges"),
        load_balancer_ip=text(spec, "loadBalancerIP"),
    )


def ports_in(exposure: Exposure, pod: Pod) -> tuple[ServicePort, ...]:
    """The ports of a Service as another pod sees them."""
    return read_service(exposure.raw, pod).ports


def _service_port(raw: Raw, path: str, pod: Pod) -> ServicePort:
    number = integer(raw, "port") or 0
    target_port = port(raw, "targetPort") or number
    container = _listening(pod, target_port)
    return ServicePort(
        port=number,
        name=text(raw, "name"),
        protocol=text(raw, "protocol") or "TCP",
        app_protocol=text(raw, "appProtocol"),
        target_port=target_port,
        target=target_port
        if isinstance(target_port, int)
        else container.port_number(target_port)
        if container
        else None,
        container=container.name if container else None,
        path=path,
    )


def _listening(pod: Pod, target: int | str) -> Container | None:
    """The container that declares the port, by number or by name."""
    for container in (*pod.containers, *pod.sidecars):
        if any(target in (p.number, p.name) for p in container.ports):
            return container
    return None


def knative_exposure(raw: Raw, pod: Pod) -> Exposure:
    """A Knative Service is its own entrance: the one container port, on all paths of its host."""
    listening = next((c for c in pod.containers if c.ports), pod.containers[0] if pod.containers else None)
    declared = listening.ports[0] if listening and listening.ports else None
    target = declared.number if declared else DEFAULT_PORT
    name = name_of(raw)
    labels = strings(mapping(raw, "metadata").get("labels"))
    local = labels.get(VISIBILITY) == "cluster-local"
    who = Entrance("internal" if local else "external", "", "a Knative Service is reached from outside by default")
    entrance = ServicePort(
        80,
        declared.name if declared else None,
        "TCP",
        None,
        target,
        target,
        listening.name if listening else None,
        "$.spec.template.spec.containers[0].ports[0]",
    )
    route = Route("KnativeService", name, None, None, name, 80, who, "$.spec", raw)
    return Exposure(
        name, "Knative", (entrance,), (route,), None, strings(mapping(raw, "metadata").get("annotations")), raw
    )


def routes_by_service(
    index: ObjectIndex, service_kind: str, entrances: Entrances
) -> Mapping[tuple[str, str], tuple[Route, ...]]:
    """(namespace, Service) -> the routes that lead to it, in the order of their names."""
    found: dict[tuple[str, str], list[Route]] = defaultdict(list)
    for kind, read in _READERS[service_kind].items():
        for raw in index.by_kind.get(kind, ()):
            own: dict[str, Any] = {
                "namespace": namespace_of(raw),
                "annotations": strings(mapping(raw, "metadata").get("annotations")),
                "tls_termination": text(mapping(raw, "spec", "tls"), "termination") if kind == "Route" else None,
            }
            for namespace, route in read(raw, entrances):
                found[namespace, route.service].append(replace(route, **own))
    return {key: tuple(routes) for key, routes in found.items()}


_Routes = Iterator[tuple[str, Route]]
_BACKENDS = ("Service", "ServiceImport")  # GKE's multi-cluster Gateways: an import has its Service's name


def _from_ingress(raw: Raw, entrances: Entrances) -> _Routes:
    """Of an Ingress, or of the IngressSpec in a MultiClusterIngress, which is always external."""
    namespace, name, kind = namespace_of(raw), name_of(raw), kind_of(raw)
    where = ("spec",) if kind == "Ingress" else ("spec", "template", "spec")
    spec, at = mapping(raw, *where), f"$.{'.'.join(where)}"
    entrance = entrances.of(raw)

    def route(backend: Raw, host: str | None, http_path: str | None, path: str) -> _Routes:
        service = mapping(backend, "service")  # networking.k8s.io/v1
        target = text(service, "name") or text(backend, "serviceName")  # v1beta1 and older
        number = (
            port(mapping(service, "port"), "number")
            or text(mapping(service, "port"), "name")
            or port(backend, "servicePort")
        )
        if target:
            yield namespace, Route(kind, name, host, http_path, target, number, entrance, path, raw)

    for field in ("defaultBackend", "backend"):
        yield from route(mapping(spec, field), None, None, f"{at}.{field}")
    for i, rule in objects(spec, "rules"):
        for j, http_path in objects(mapping(rule, "http"), "paths"):
            yield from route(
                mapping(http_path, "backend"),
                text(rule, "host"),
                text(http_path, "path"),
                f"{at}.rules[{i}].http.paths[{j}]",
            )


def _from_gateway_route(raw: Raw, entrances: Entrances) -> _Routes:
    namespace, name, spec = namespace_of(raw), name_of(raw), mapping(raw, "spec")
    entrance = entrances.of(raw)
    hosts: tuple[str | None, ...] = texts(spec, "hostnames") or (None,)
    for i, rule in objects(spec, "rules"):
        matches = [text(mapping(m, "path"), "value") for _, m in objects(rule, "matches")] or [None]
        for j, ref in objects(rule, "backendRefs"):
            service = text(ref, "name")
            if service is None or (text(ref, "kind") or "Service") not in _BACKENDS:
                continue
            for host in hosts:
                for http_path in matches:
                    found = Route(
                        str(raw.get("kind")),
                        name,
                        host,
                        http_path,
                        service,
                        port(ref, "port"),
                        entrance,
                        f"$.spec.rules[{i}].backendRefs[{j}]",
                        raw,
                    )
                    yield text(ref, "namespace") or namespace, found


def _from_openshift_route(raw: Raw, entrances: Entrances) -> _Routes:
    """OpenShift's Route: its port is a name, or the number that the pods listen on."""
    namespace, spec = namespace_of(raw), mapping(raw, "spec")
    asked = port(mapping(spec, "port"), "targetPort")
    backends = [(mapping(spec, "to"), "$.spec.to")]
    backends += [(b, f"$.spec.alternateBackends[{i}]") for i, b in objects(spec, "alternateBackends")]
    for backend, path in backends:
        service = text(backend, "name")
        if service and (text(backend, "kind") or "Service") == "Service":
            spec_of_service = mapping(entrances.service(namespace, service), "spec")
            ports = [p for _, p in objects(spec_of_service, "ports")]
            number = next(
                (integer(p, "port") for p in ports if asked in (port(p, "targetPort"), text(p, "name"))), None
            )
            yield (
                namespace,
                Route(
                    "Route",
                    name_of(raw),
                    text(spec, "host"),
                    text(spec, "path"),
                    service,
                    number or asked,
                    entrances.of(raw),
                    path,
                    raw,
                ),
            )


def _from_virtual_service(raw: Raw, entrances: Entrances) -> _Routes:
    namespace, name, spec = namespace_of(raw), name_of(raw), mapping(raw, "spec")
    entrance = entrances.of(raw)
    hosts: tuple[str | None, ...] = texts(spec, "hosts") or (None,)
    for field in ("http", "tls", "tcp"):
        for i, rule in objects(spec, field):
            prefixes = [
                text(mapping(m, "uri"), "prefix") or text(mapping(m, "uri"), "exact") for _, m in objects(rule, "match")
            ] or [None]
            for j, destination in objects(rule, "route"):
                target = mapping(destination, "destination")
                of_namespace, service = service_of_host(text(target, "host") or "", namespace)
                number = port(mapping(target, "port"), "number")
                found = Route(
                    "VirtualService",
                    name,
                    hosts[0],
                    prefixes[0],
                    service,
                    number,
                    entrance,
                    f"$.spec.{field}[{i}].route[{j}]",
                    raw,
                )
                yield of_namespace, found


# Kind of the Services that they lead to -> kind of the route -> its reader.
_READERS: Mapping[str, Mapping[str, Callable[[Raw, Entrances], _Routes]]] = {
    "Service": {
        "Ingress": _from_ingress,
        **dict.fromkeys(_GATEWAY_ROUTES, _from_gateway_route),
        "VirtualService": _from_virtual_service,
        "Route": _from_openshift_route,
    },
    "MultiClusterService": {"MultiClusterIngress": _from_ingress},
}
