"""Who may reach what stands behind an Ingress, a Gateway, a VirtualService or a Service, from the entrance back.

An entrance is followed to what carries its traffic: the class to its controller, the controller to its pods, the pods
to their Service, the Service to its load balancer. What a person says (``[entrances]``) wins; what the objects do not
show is ``unknown``: nothing is external because nobody said otherwise.
Source: GKE, "Ingress for internal Application Load Balancers", "LoadBalancer Service parameters", "GatewayClass
capabilities"; Gateway API, GEP-1762 (labels of what a Gateway makes) and "GAMMA"; Istio, "Gateway", "VirtualService".
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from k2cr_analysis.model.parse.access import Raw, mapping, objects, strings, text, texts
from k2cr_analysis.model.parse.index import (
    DEFAULT_NAMESPACE,
    LabelIndex,
    ObjectIndex,
    group_of,
    kind_of,
    name_of,
    namespace_of,
    selects,
    service_of_host,
)
from k2cr_analysis.model.routing.attachment import not_taken
from k2cr_analysis.model.routing.backend_configs import backend_configs
from k2cr_analysis.model.routing.controller_settings import Runner, settings_of_controllers
from k2cr_analysis.model.routing.controllers import (
    GKE_INGRESS_CLASSES,
    Family,
    classes_said,
    families_of_class,
    families_of_controller,
    family_of_image,
    gke_gateway_reach,
    published_services,
)
from k2cr_analysis.model.workload import ControllerSetting, Entrance, Pod, Reach
from k2cr_analysis.platforms.gke.labels import (
    APP_NAME,
    ASKED_ADDRESSES,
    AWS_INTERNAL,
    AWS_SCHEME,
    AZURE_INTERNAL,
    DEFAULT_INGRESS_CLASS,
    EMISSARY_CONFIG,
    GATEWAY_NAME,
    INGRESS_CLASS,
    INTERNAL_LOAD_BALANCER,
    ISTIO_SERVICE_TYPE,
    L4_EXTERNAL,
    L4_EXTERNAL_LEGACY,
    L4_INTERNAL,
    L4_INTERNAL_LEGACY,
    LOAD_BALANCER_TYPE,
    NAMESPACE_NAME,
    NEG,
    OLD_LOAD_BALANCER_TYPE,
    OTHER_INTERNAL,
    SAYS_INTERNAL,
)

ISTIO_GROUP = "networking.istio.io"
_INTERNAL_ANNOTATIONS = (
    LOAD_BALANCER_TYPE,
    OLD_LOAD_BALANCER_TYPE,
    INTERNAL_LOAD_BALANCER,
    # Of other clouds: GKE does not read them, and they say what was meant.
    AZURE_INTERNAL,
    AWS_INTERNAL,
    AWS_SCHEME,
    *OTHER_INTERNAL,
)
_LOAD_BALANCER_CLASSES: Mapping[str, Reach] = {
    L4_INTERNAL: "internal",
    L4_EXTERNAL: "external",
    L4_INTERNAL_LEGACY: "internal",
    L4_EXTERNAL_LEGACY: "external",
}
_DEFAULT_CLASS = DEFAULT_INGRESS_CLASS
_CLASS_ANNOTATION = INGRESS_CLASS
_GATEWAY_NAME = (GATEWAY_NAME, "gateway.envoyproxy.io/owning-gateway-name")
_ROUTE_KINDS = (
    "Ingress",
    "MultiClusterIngress",
    "HTTPRoute",
    "GRPCRoute",
    "TLSRoute",
    "TCPRoute",
    "VirtualService",
)
_AUXILIARY = ("metrics", "webhook", "admission", "monitoring", "prometheus", "admin", "validat", "manager", "headless")


def service_reach(service: Raw, addresses: Iterable[str] = ()) -> tuple[Reach, str] | None:
    """What a Service's own load balancer lets in, and why; None where it has none."""
    spec = mapping(service, "spec")
    if text(spec, "type") != "LoadBalancer":
        return None
    name = f"Service {namespace_of(service)}/{name_of(service)}"
    annotations = strings(mapping(service, "metadata").get("annotations"))
    said = next((a for a in _INTERNAL_ANNOTATIONS if annotations.get(a, "").lower() in SAYS_INTERNAL), None)
    if said:
        return "internal", f"{name} is an internal load balancer ({said})"
    asked = next((a for a in ASKED_ADDRESSES if annotations.get(a)), None)
    given = _reach_of_addresses(re.split(r"[,\s]+", annotations[asked])) if asked else None
    if given and given[0] == "internal":
        return "internal", f"{name} asks for the address {given[1]} ({asked})"
    of_class = text(spec, "loadBalancerClass")
    if of_class:
        found = _LOAD_BALANCER_CLASSES.get(of_class)
        return (found or "unknown"), f"{name} is a load balancer of class {of_class}"
    live = _reach_of_addresses([*addresses, text(spec, "loadBalancerIP")])
    if live and live[0] == "internal":
        return "internal", f"{name} is a load balancer with the address {live[1]}"
    return "external", f"{name} is an external load balancer"


def _by_other_ways(service: Raw) -> str | None:
    """What leads users here beside load balancers and routes."""
    addresses = texts(mapping(service, "spec"), "externalIPs")
    if addresses:
        return f"takes what comes to the addresses {', '.join(addresses)}"
    annotations = strings(mapping(service, "metadata").get("annotations"))
    return "has a Mapping of Emissary in its annotations" if EMISSARY_CONFIG in annotations else None


def standalone_negs(service: Raw) -> bool:
    """Whether a load balancer that is no object of the cluster may lead here: endpoint groups were asked for."""
    annotations = strings(mapping(service, "metadata").get("annotations"))
    try:
        asked = json.loads(annotations.get(NEG) or "{}")
    except ValueError:
        asked = {}
    return (isinstance(asked, dict) and bool(asked.get("exposed_ports"))) or any(
        "autoneg" in key for key in annotations
    )


def gateways_of(index: ObjectIndex, *, istio: bool) -> Iterator[Raw]:
    """The Gateways of Istio, or of the Gateway API: two kinds with one name."""
    for raw in index.by_kind.get("Gateway", ()):
        if (group_of(raw) == ISTIO_GROUP) == istio:
            yield raw


def _reach_of_addresses(addresses: Iterable[str | None]) -> tuple[Reach, str] | None:
    """By the addresses that are there today: one public address is enough to be reached from outside."""
    found: list[tuple[Reach, str]] = []
    for one in addresses:
        try:
            address = ipaddress.ip_address(one or "")
        except ValueError:
            continue
        documentation = any(address in ipaddress.ip_network(n) for n in _DOCUMENTATION if address.version == 4)
        found.append(("internal" if address.is_private and not documentation else "external", str(address)))
    return min(found, default=None)


_DOCUMENTATION = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")  # private to Python, and public in examples


class Entrances:
    """Follows every entrance of a snapshot, once.

    ``pods``: workload id -> (namespace, pod template). ``live``: (kind, namespace, name) -> addresses of its status.
    ``said``: a person's word, by ``IngressClass/NAME``, ``Gateway/NAMESPACE/NAME`` or ``Service/NAMESPACE/NAME``.
    """

    def __init__(
        self,
        index: ObjectIndex,
        labels: LabelIndex,
        pods: Mapping[str, tuple[str, Pod]],
        live: Mapping[tuple[str, str, str], tuple[str, ...]],
        said: Mapping[str, Reach],
    ) -> None:
        self._index, self._labels, self._live, self._said = index, labels, live, said
        self._pods = {i: Runner(i, namespace, pod) for i, (namespace, pod) in pods.items()}
        self._controllers: dict[str, list[Runner]] = defaultdict(list)
        for runner in self._pods.values():
            if family := family_of_image(runner.pod.running):
                self._controllers[family.name].append(runner)
        self._services: dict[str, list[Raw]] = defaultdict(list)  # workload id -> the Services that select it
        for service in index.by_kind.get("Service", ()):
            selector = mapping(service, "spec", "selector")
            for selected in labels.selected(namespace_of(service), selector) if selector else ():
                self._services[selected].append(service)
        self._leading = _leading(index)
        self._known: dict[tuple[str, str, str], Entrance] = {}
        self._open: set[tuple[str, str, str]] = set()

    def of(self, raw: Raw) -> Entrance:
        """Of an Ingress, MultiClusterIngress, route of the Gateway API or VirtualService."""
        key = kind_of(raw), namespace_of(raw), name_of(raw)
        if key in self._open:  # it leads to itself
            return Entrance("internal", "", "it leads to itself")
        if key not in self._known:
            self._open.add(key)
            self._known[key] = self._follow(raw)
            self._open.discard(key)
        return self._known[key]

    def _follow(self, raw: Raw) -> Entrance:
        kind = kind_of(raw)
        if kind == "MultiClusterIngress":
            return Entrance("external", "", "a MultiClusterIngress makes an external load balancer")
        if kind == "Ingress":
            return self._ingress(raw)
        if kind == "VirtualService":
            return self._virtual_service(raw)
        if kind == "Route":
            key = f"Route/{namespace_of(raw)}/{name_of(raw)}"
            why = "[entrances] says so" if key in self._said else "which router of OpenShift serves it is not shown"
            return Entrance(self._said.get(key, "unknown"), key, why)
        return self._gateway_route(raw)

    def service(self, namespace: str, name: str) -> Raw | None:
        """The Service of that name, where the snapshot has it."""
        return self._index.get("Service", namespace, name)

    # Ingress

    def _ingress(self, raw: Raw) -> Entrance:
        name = ingress_class(raw)
        if name is None:
            default = next((c for c in self._index.by_kind.get("IngressClass", ()) if _is_default(c)), None)
            name = name_of(default) if default is not None else "gce"
        found = self._ingress_class(name, self._live.get(("Ingress", namespace_of(raw), name_of(raw)), ()))
        return found if name in GKE_INGRESS_CLASSES else replace(found, settings=self._settings_of_class(name))

    def _settings_of_class(self, name: str) -> tuple[ControllerSetting, ...]:
        families, words = self._families(name)
        return tuple(settings_of_controllers(self._index, families, self._serving(families, words), name))

    def _families(self, class_name: str) -> tuple[tuple[Family, ...], set[str]]:
        """Whose a class may be, and the words by which a controller says that it serves it."""
        of_class = next((c for c in self._index.by_kind.get("IngressClass", ()) if name_of(c) == class_name), None)
        controller = text(mapping(of_class, "spec"), "controller")
        families = families_of_controller(controller) if controller else families_of_class(class_name)
        return families, {word for word in (class_name, controller) if word}

    def _ingress_class(self, name: str, live: Iterable[str]) -> Entrance:
        key = f"IngressClass/{name}"
        if key in self._said:
            return Entrance(self._said[key], key, f"[entrances] says so of class {name}")
        if name in GKE_INGRESS_CLASSES:
            reach = GKE_INGRESS_CLASSES[name]
            return Entrance(reach, key, f"class {name} makes an {reach} Application Load Balancer")
        families, words = self._families(name)
        services = self._services_of(families, words)
        who = f"the controller of class {name}"
        found = self._of_services(services, key, who)
        address = _reach_of_addresses(live)
        if address and (found is None or found.reach == "unknown"):
            return Entrance(address[0], key, f"{who} gives it the address {address[1]}")
        if found:
            return found
        return Entrance("unknown", key, f"{who} and its Service are not in the snapshot")

    def _services_of(self, families: tuple[Family, ...], words: set[str]) -> list[Raw]:
        """The Services that users come in by to a controller of these families that serves one of these classes."""
        runners = [r for f in families for r in self._controllers.get(f.name, ())]
        found: list[Raw] = []
        for runner in self._serving(families, words):
            family = family_of_image(runner.pod.running)
            found += self._services.get(runner.id, ())
            for namespace, name in published_services(runner.pod.running, runner.namespace):
                service = self._index.get("Service", namespace, name)
                found += [service] if service is not None else []
            if family and family.data_plane:
                found += self._labelled(family, runner.namespace)
        if not runners:
            # Its Service tells as much, where the pods are not in the input.
            found = [s for f in families for s in self._labelled(f, None)]
        unique = {(namespace_of(s), name_of(s)): s for s in found}
        front = [s for s in unique.values() if not any(w in name_of(s).lower() for w in _AUXILIARY)]
        return front or list(unique.values())

    def _serving(self, families: tuple[Family, ...], words: set[str]) -> list[Runner]:
        """The controllers of these families that say they serve one of these classes; else those that do not say."""
        runners = [r for f in families for r in self._controllers.get(f.name, ())]
        said = {r.id: classes_said(r.pod.running) for r in runners}
        return [r for r in runners if said[r.id] & words] or [r for r in runners if not said[r.id]]

    def _labelled(self, family: Family, namespace: str | None) -> Iterator[Raw]:
        for service in self._index.by_kind.get("Service", ()):
            metadata = mapping(service, "metadata")
            labels = strings(metadata.get("labels")) | strings(mapping(service, "spec").get("selector"))
            words = {labels.get(k) for k in (APP_NAME, "app", "name", "k8s-app")} | {name_of(service)}
            if words & set(family.labels) and namespace in (None, namespace_of(service)):
                yield service

    def _of_services(self, services: Iterable[Raw], key: str, who: str) -> Entrance | None:
        """Of what carries an entrance's traffic; None where nothing is there to see."""
        found = [self.of_service(s, key, who) for s in services]
        return _widest(found) if found else None

    def load_balancer(self, service: Raw, *, has_routes: bool) -> tuple[Reach, str] | None:
        """Whom a Service's own load balancer lets in, one made by hand over its endpoint groups among them, and why."""
        if kind_of(service) != "Service":
            return None
        namespace, name = namespace_of(service), name_of(service)
        own = service_reach(service, self._live.get(("Service", namespace, name), ()))
        if own is None and standalone_negs(service) and not has_routes:
            own = "unknown", f"Service {namespace}/{name} has endpoint groups for a load balancer made elsewhere"
        if own is None and (why := _by_other_ways(service)):
            own = "unknown", f"Service {namespace}/{name} {why}"
        if own is None and not has_routes and (policy := self._iap_by(service)):
            own = "unknown", f"{policy} turns on IAP for Service {namespace}/{name}, and what leads there is not seen"
        said = self._said.get(f"Service/{namespace}/{name}")
        # Alone, a port of the nodes is an entrance only by a person's word.
        own = own or ("unknown", "") if said and text(mapping(service, "spec"), "type") == "NodePort" else own
        return (said, f"[entrances] says so of Service {namespace}/{name}") if own and said else own

    def _iap_by(self, service: Raw) -> str | None:
        """The policy that turns on IAP for a Service: there is a load balancer that it stands on."""
        namespace, name = namespace_of(service), name_of(service)
        for _, config in sorted(backend_configs(strings(mapping(service, "metadata").get("annotations")))):
            raw = self._index.get("BackendConfig", namespace, config)
            if mapping(raw, "spec", "iap").get("enabled") is True:
                return f"BackendConfig {config}"
        for raw in self._index.by_kind.get("GCPBackendPolicy", ()):
            spec = mapping(raw, "spec")
            its_own = namespace_of(raw) == namespace and text(mapping(spec, "targetRef"), "name") == name
            if its_own and mapping(spec, "default", "iap").get("enabled") is True:
                return f"GCPBackendPolicy {name_of(raw)}"
        return None

    def of_service(self, service: Raw, key: str, who: str) -> Entrance:
        """Of a Service with all that leads to it."""
        namespace, name = namespace_of(service), name_of(service)
        said = self._said.get(f"Service/{namespace}/{name}")
        if said:
            return Entrance(said, key, f"[entrances] says so of Service {namespace}/{name}")
        found: list[Entrance] = []
        own = self.load_balancer(service, has_routes=bool(self._leading.get((namespace, name))))
        if own:
            found.append(Entrance(own[0], key, f"{who} is reached through {own[1]}"))
        for raw in self._leading.get((namespace, name), ()):
            through = self.of(raw)
            if through.reach != "mesh":
                why = f"{who} is reached through {kind_of(raw)} {name_of(raw)}: {through.why}"
                found.append(Entrance(through.reach, key, why))
        if not found and text(mapping(service, "spec"), "type") == "NodePort":
            why = f"{who} is reached by a port of the nodes (Service {namespace}/{name}); what leads there is not seen"
            found.append(Entrance("unknown", key, why))
        if found:
            return _widest(found)
        return Entrance("internal", key, f"{who} is reached inside the cluster alone (Service {namespace}/{name})")

    # Gateway API

    def _gateway_route(self, raw: Raw) -> Entrance:
        namespace = namespace_of(raw)
        found = []
        for _, parent in objects(mapping(raw, "spec"), "parentRefs"):
            kind, name = text(parent, "kind") or "Gateway", text(parent, "name") or ""
            of_namespace = text(parent, "namespace") or namespace
            if kind in ("Service", "ServiceImport"):
                found.append(Entrance("mesh", "", f"its parent is Service {name}: it routes calls inside the mesh"))
                continue
            if kind.endswith("ListenerSet"):
                listeners = self._index.get(kind, of_namespace, name)
                inner = mapping(listeners, "spec", "parentRef")
                of_namespace, name = text(inner, "namespace") or of_namespace, text(inner, "name") or ""
            elif kind != "Gateway":
                found.append(Entrance("unknown", "", f"its parent is {kind} {of_namespace}/{name}"))
                continue
            through = self._gateway(of_namespace, name)
            gateway = self._gateway_object(of_namespace, name, istio=False)
            why = gateway and kind == "Gateway" and not_taken(raw, parent, gateway, self._labels_of(namespace))
            if why and through.reach == "external" and through.key not in self._said:
                through = Entrance("unknown", through.key, f"Gateway {of_namespace}/{name} {why}")
            found.append(through)
        return _widest(found) if found else Entrance("unknown", "", "it names no Gateway")

    def _labels_of(self, namespace: str) -> Mapping[str, str] | None:
        """Of a namespace; None where its object is not in the input."""
        raw = self._index.get("Namespace", DEFAULT_NAMESPACE, namespace)
        return None if raw is None else {NAMESPACE_NAME: namespace, **strings(mapping(raw, "metadata").get("labels"))}

    def _gateway(self, namespace: str, name: str) -> Entrance:
        key = f"Gateway/{namespace}/{name}"
        if key in self._said:
            return Entrance(self._said[key], key, f"[entrances] says so of Gateway {namespace}/{name}")
        gateway = self._gateway_object(namespace, name, istio=False)
        if gateway is None:
            return Entrance("unknown", key, f"Gateway {namespace}/{name} is not in the snapshot")
        spec = mapping(gateway, "spec")
        of_class = text(spec, "gatewayClassName") or ""
        who = f"Gateway {namespace}/{name} of class {of_class}"
        reach = gke_gateway_reach(of_class)
        if reach:
            return Entrance(reach, key, f"{who} makes an {reach} Application Load Balancer")
        return self._own_gateway(gateway, key, who)

    def _gateway_object(self, namespace: str, name: str, *, istio: bool) -> Raw | None:
        found = (g for g in gateways_of(self._index, istio=istio) if (namespace_of(g), name_of(g)) == (namespace, name))
        return next(found, None)

    def _own_gateway(self, gateway: Raw, key: str, who: str) -> Entrance:
        """Of a Gateway whose controller runs in the cluster."""
        namespace, name, spec = namespace_of(gateway), name_of(gateway), mapping(gateway, "spec")
        live = _reach_of_addresses(
            [
                *self._live.get(("Gateway", namespace, name), ()),
                *(text(a, "value") for _, a in objects(spec, "addresses")),
            ]
        )
        own = strings(mapping(spec, "infrastructure").get("annotations")) | strings(
            mapping(gateway, "metadata").get("annotations")
        )
        if own.get(ISTIO_SERVICE_TYPE) == "ClusterIP":
            return Entrance("internal", key, f"{who} has a Service inside the cluster alone")
        if any(own.get(a, "").lower() in SAYS_INTERNAL for a in _INTERNAL_ANNOTATIONS):
            return Entrance("internal", key, f"{who} asks for an internal load balancer")
        made = self._of_services(self._made_for(gateway), key, who)
        if live and (made is None or made.reach == "unknown"):
            return Entrance(live[0], key, f"{who} has the address {live[1]}")
        return made or Entrance("unknown", key, f"the Service of {who} is not in the snapshot")

    def _made_for(self, gateway: Raw) -> Iterator[Raw]:
        """The Services of a Gateway: by the labels that its controller sets, by name, or its controller's own."""
        namespace, name = namespace_of(gateway), name_of(gateway)
        of_class = text(mapping(gateway, "spec"), "gatewayClassName") or ""
        found = False
        for service in self._index.by_kind.get("Service", ()):
            labels = strings(mapping(service, "metadata").get("labels"))
            by_label = any(labels.get(k) == name for k in _GATEWAY_NAME)
            by_name = namespace_of(service) == namespace and name_of(service) == f"{name}-{of_class}"
            if by_label or by_name:
                found = True
                yield service
        if found:
            return
        class_object = next((c for c in self._index.by_kind.get("GatewayClass", ()) if name_of(c) == of_class), None)
        controller = text(mapping(class_object, "spec"), "controllerName")
        families = families_of_controller(controller) if controller else families_of_class(of_class)
        # Istio and Envoy Gateway make a Service for each Gateway: another one of theirs tells nothing of this.
        yield from self._services_of(
            tuple(f for f in families if f.name not in ("Istio", "Envoy Gateway")), {of_class, controller or of_class}
        )

    # Istio

    def _virtual_service(self, raw: Raw) -> Entrance:
        names = texts(mapping(raw, "spec"), "gateways")
        found = [self._istio_gateway(namespace_of(raw), name) for name in names if name != "mesh"]
        if not found:
            return Entrance("mesh", "", "it names no gateway: it routes calls inside the mesh")
        return _widest(found)

    def _istio_gateway(self, namespace: str, name: str) -> Entrance:
        of_namespace, _, bare = name.rpartition("/")
        bare, _, rest = bare.partition(".")
        of_namespace = of_namespace or rest.partition(".")[0] or namespace
        key = f"Gateway/{of_namespace}/{bare}"
        if key in self._said:
            return Entrance(self._said[key], key, f"[entrances] says so of Gateway {of_namespace}/{bare}")
        gateway = self._gateway_object(of_namespace, bare, istio=True)
        if gateway is None:
            return Entrance("unknown", key, f"Gateway {of_namespace}/{bare} is not in the snapshot")
        who = f"Istio's Gateway {of_namespace}/{bare}"
        selector = mapping(gateway, "spec", "selector")
        runners = [r for r in self._pods.values() if selects(selector, r.pod.labels)]
        services = [s for r in runners for s in self._services.get(r.id, ())]
        # The gateway's Service has the selector of its pods, where the pods are not in the input.
        services = services or [
            s for s in self._index.by_kind.get("Service", ()) if _same_pods(mapping(s, "spec", "selector"), selector)
        ]
        front = [s for s in services if not any(w in name_of(s).lower() for w in _AUXILIARY)]
        found_reach = self._of_services(front or services, key, who)
        return found_reach or Entrance("unknown", key, f"the pods and the Service of {who} are not in the snapshot")


def ingress_class(raw: Raw) -> str | None:
    """The class that an Ingress names: by annotation, which GKE reads first, or by field."""
    annotations = strings(mapping(raw, "metadata").get("annotations"))
    return annotations.get(_CLASS_ANNOTATION) or text(mapping(raw, "spec"), "ingressClassName")


def _is_default(ingress_class_object: Raw) -> bool:
    return strings(mapping(ingress_class_object, "metadata").get("annotations")).get(_DEFAULT_CLASS) == "true"


def _same_pods(service_selector: Raw, gateway_selector: Raw) -> bool:
    wanted = strings(gateway_selector)
    return bool(wanted) and all(service_selector.get(k) == v for k, v in wanted.items())


_WIDTH: Mapping[Reach, int] = {"external": 0, "unknown": 1, "internal": 2, "mesh": 3}


def _widest(found: Iterable[Entrance]) -> Entrance:
    """Of several ways in, the one that lets in most; where one is unknown, no more than that is known."""
    return min(found, key=lambda e: _WIDTH[e.reach])


def _leading(index: ObjectIndex) -> Mapping[tuple[str, str], list[Raw]]:
    """(namespace, Service) -> the Ingresses and routes that lead there."""
    found: dict[tuple[str, str], list[Raw]] = defaultdict(list)
    for kind in _ROUTE_KINDS:
        for raw in index.by_kind.get(kind, ()):
            for target in dict.fromkeys(_targets(mapping(raw, "spec"), namespace_of(raw))):
                found[target].append(raw)
    return found


def _targets(value: object, namespace: str) -> Iterator[tuple[str, str]]:
    """The Services that a route names, wherever in it."""
    if isinstance(value, list):
        for item in value:
            yield from _targets(item, namespace)
    if not isinstance(value, Mapping):
        return
    for key, item in value.items():
        if key == "serviceName" and isinstance(item, str):
            yield namespace, item
        elif key == "service" and isinstance(item, Mapping) and isinstance(item.get("name"), str):
            yield namespace, item["name"]
        elif key == "backendRefs":
            for _, ref in objects(value, "backendRefs"):
                yield text(ref, "namespace") or namespace, text(ref, "name") or ""
        elif key == "destination" and isinstance(item, Mapping) and isinstance(item.get("host"), str):
            yield service_of_host(item["host"], namespace)
        else:
            yield from _targets(item, namespace)
