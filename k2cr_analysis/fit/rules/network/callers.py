"""Who comes in: what the objects do not show is asked, and what stays as open as it is today is said."""

from __future__ import annotations

from collections.abc import Iterator

from k2cr_analysis.fit.candidate import Candidate
from k2cr_analysis.fit.registry import Found, rule
from k2cr_analysis.model.parse.access import mapping
from k2cr_analysis.model.parse.entrances.callers_checked import callers_checked
from k2cr_analysis.model.parse.entrances.routes_of_workload import settings_of
from k2cr_analysis.model.parse.related import FOREIGN_ROUTES
from k2cr_analysis.model.routing.iap import AUDIENCE, asks_for_iap, iap_may_be_there
from k2cr_analysis.model.workload import Entrance, Workload

_INGRESS = "https://docs.cloud.google.com/run/docs/securing/ingress"
_OF_POLICY = {
    "BackendConfig": "whether IAP or Cloud Armor stands in front, and which time-outs hold",
    "FrontendConfig": "whether plain HTTP leads to HTTPS, and which SSL policy holds",
    "ManagedCertificate": "which domains it serves",
}


@rule(
    id="entrance-unknown",
    severity="change",
    reads=("Ingress.spec.ingressClassName", "HTTPRoute.spec.parentRefs", "Service.spec.loadBalancerClass"),
    docs=_INGRESS,
)
def entrance_unknown(candidate: Candidate) -> Iterator[Found]:
    """Nothing shows whether an entrance is open to the internet.

    Why: An entrance that is internal today must stay internal, and one that is public must go on to serve its users.
    Who may come in hangs on the Service of the controller (or on a load balancer made by hand), which is not in the
    snapshot. Until somebody says so it is kept inside the VPC network: nobody new is let in, and users from outside are
    not served.
    Remedy: Collect the controller's Service too, or say it in k2cr.toml: under `[entrances]`, `"IngressClass/nginx" =
    "internal"` (or `"external"`), `"Gateway/NAMESPACE/NAME"`, `"Service/NAMESPACE/NAME"`; for one workload alone,
    `entrance = "internal"` (or `"public"`) under `[workload."namespace/Kind/name".decided]`.
    Example: ingressClassName: nginx, and no ingress-nginx-controller in the snapshot; a Service of type NodePort that
    nothing in the cluster calls
    """
    if candidate.target != "service" or _is_open(candidate.workload, answered=False):
        return
    seen: set[str] = set()
    for exposure in candidate.workload.exposures:
        for route in exposure.routes:
            key = route.entrance.key or f"{route.kind}/{route.name}"
            if (route.reach == "unknown" or route.entrance.answered) and key not in seen:
                seen.add(key)
                yield _unknown(f"{route.kind}/{route.name} $.spec", f"{route.kind} {route.name}", route.entrance)
        for kind in FOREIGN_ROUTES if not exposure.routes else ():
            for raw in candidate.workload.related.get(kind, ()):
                name = str(mapping(raw, "metadata").get("name"))
                why = f"{kind} {name} leads here, and k2cr does not read the rules of this kind"
                found = _unknown(f"{kind}/{name} $.spec", f"{kind} {name}", Entrance("unknown", "", why))
                yield Found(
                    found.at, found.message, "Write its hosts and paths as an Ingress or HTTPRoute, and collect it."
                )
        if exposure.load_balancer and (exposure.load_balancer[0] == "unknown" or exposure.answered):
            key = f"Service/{candidate.workload.namespace}/{exposure.service}"
            entrance = Entrance("unknown", key, exposure.load_balancer[1])
            yield _unknown(f"Service/{exposure.service} $.metadata", f"Service {exposure.service}", entrance)

        if exposure.is_open_on_nodes and not candidate.callers:
            key = f"Service/{candidate.workload.namespace}/{exposure.service}"
            why = "a port of every node leads here, and nothing in the cluster calls it"
            yield _unknown(
                f"Service/{exposure.service} $.spec.type",
                f"Service {exposure.service}",
                Entrance("unknown", key, why),
            )


def _is_open(workload: Workload, *, answered: bool = True) -> bool:
    """It is known to be reached from the internet: one more entrance lets nobody in who is not let in by that.

    ``answered``: a person's answer counts as knowing.
    """
    return any(
        (e.external_load_balancer and answered >= e.answered)
        or any(r.external and answered >= r.entrance.answered for r in e.routes)
        for e in workload.exposures
    )


def _unknown(at: str, what: str, entrance: Entrance) -> Found:
    remedy = "Collect the objects that show it and render again"
    if entrance.key:
        remedy += f', or say it in k2cr.toml: [entrances] "{entrance.key}" = "internal" (or "external")'
    return Found(
        at,
        f"whether {what} is open to the internet is not known ({entrance.why}); it is kept inside the VPC network, so "
        "users from outside are not served",
        f"{remedy}.",
    )


@rule(
    id="policy-not-seen",
    severity="change",
    reads=("Service.metadata.annotations", "Ingress.metadata.annotations"),
    docs="https://docs.cloud.google.com/kubernetes-engine/docs/how-to/ingress-configuration",
)
def policy_not_seen(candidate: Candidate) -> Iterator[Found]:
    """A policy of the entrance is named, and is not in the snapshot.

    Why: A BackendConfig brings IAP, Cloud Armor and time-outs, a FrontendConfig the redirect to HTTPS, a
    ManagedCertificate the domains. Named and not seen is unknown, not absent: without IAP, a service for employees
    would be open to everybody. Nobody is let in before it is known.
    Remedy: Collect the object (`kubectl get backendconfigs,frontendconfigs,managedcertificates -A -o yaml`) and render
    again; or, for IAP, say it in k2cr.toml: `[project] iap`.
    Example: annotations: {cloud.google.com/backend-config: '{"default": "web"}'}, and no BackendConfig web
    """
    if candidate.target != "service":
        return
    for one in candidate.workload.unseen:
        if one.kind == "ManagedCertificate" and _has_hosts(candidate.workload):
            continue
        yield Found(
            one.path,
            f"{one.by} names {one.kind} {one.namespace}/{one.name}, which is not in the snapshot: "
            f"{_OF_POLICY[one.kind]} is not known",
            f"Collect it (kubectl get {one.kind.lower()} {one.name} -n {one.namespace} -o yaml) and render again.",
        )


def _has_hosts(workload: Workload) -> bool:
    routes = [r for e in workload.exposures for r in e.routes]
    return all(r.host for r in routes)


@rule(
    id="iap-not-seen",
    severity="change",
    reads=(
        "Container.env[].value",
        "Container.args",
        "Container.command",
        "BackendConfig.spec.iap",
        "GCPBackendPolicy",
    ),
    docs="https://docs.cloud.google.com/iap/docs/signed-headers-howto",
)
def iap_not_seen(candidate: Candidate) -> Iterator[Found]:
    """The program expects IAP's signed header, and nothing shows that IAP stands in front.

    Why: A program that holds an audience of IAP is reached through IAP; the policy that turns it on may be missing from
    the snapshot, or IAP was turned on by hand. Without IAP the program refuses everybody, or lets everybody in.
    Remedy: Collect the BackendConfig or GCPBackendPolicy; or say in k2cr.toml `[project] iap = "load-balancer"`,
    `"direct"` or `"none"`. Until then nobody is let in.
    Example: env: [{name: IAP_AUDIENCE, value: /projects/1/global/backendServices/2}], and no BackendConfig with iap
    """
    workload = candidate.workload
    known = candidate.config.project.iap is not None or asks_for_iap(workload)
    if (
        candidate.target != "service"
        or not _is_open(workload)
        or known
        or any(u.kind == "BackendConfig" for u in workload.unseen)
    ):
        return
    for container in candidate.moving:
        words = [(e.path, e.value) for e in container.env if e.value]
        for field, listed in (("command", container.command), ("args", container.args)):
            words += [(f"{container.path}.{field}[{i}]", word) for i, word in enumerate(listed)]
        for at, text in words:
            if AUDIENCE.search(text):
                yield Found(
                    at,
                    f"container {container.name} checks IAP's signed header, and no policy that turns IAP on is seen",
                )
                return


@rule(
    id="open-to-everybody",
    severity="note",
    reads=("Ingress.spec.rules", "HTTPRoute.spec.rules", "Service.spec.type"),
    docs="https://docs.cloud.google.com/run/docs/authenticating/public",
)
def open_to_everybody(candidate: Candidate) -> Iterator[Found]:
    """Everybody on the internet reaches it today, and no IAP stands in front.

    Why: Requests of such users carry no Google identity, so Cloud Run's invoker check must let everybody through. That
    is a decision of yours: the generated files leave the check on, and a line of cutover.md turns it off.
    Remedy: Nothing to decide before the files are made. At the cutover run the line of `cutover.md`, or put IAP in
    front (`[project] iap` in k2cr.toml) and leave the check as it is.
    Example: kind: Ingress, of class gce, without a BackendConfig that turns on IAP
    """
    workload = candidate.workload
    config = candidate.config
    if candidate.target != "service" or config.iap_of(workload.id) is not None or asks_for_iap(workload):
        return
    # Who comes in is asked, or said by a person: then the files open it to nobody by a line of the cutover.
    if iap_may_be_there(workload) or config.workload(workload.id).decided.invoker:
        return
    if checked := callers_checked(workload):
        yield from _past_the_checks(workload, checked)
        return
    for exposure in workload.exposures:
        found = next((r for r in exposure.routes if r.external), None)
        if found:
            at, why = f"{found.kind}/{found.name} $.spec", f"{found.kind} {found.name}: {found.entrance.why}"
        elif exposure.external_load_balancer and exposure.load_balancer:
            at, why = f"Service/{exposure.service} $.spec.type", exposure.load_balancer[1]
        else:
            continue
        listed = _listed(workload)
        if listed:
            message = (
                f"from the internet callers of {', '.join(listed)} alone reach it today ({why}); cutover.md has the "
                "line that keeps it so, and Cloud Armor keeps out all others"
            )
        else:
            message = f"everybody on the internet reaches it today ({why}); cutover.md has the line that keeps it so"
        yield Found(at, message)
        return


def _past_the_checks(workload: Workload, checked: tuple[str, ...]) -> Iterator[Found]:
    """A load balancer of a Service's own, which leads past what an Ingress checks."""
    of_routes = tuple(f"{r.kind} {r.name}" for e in workload.exposures for r in e.routes)
    for exposure in workload.exposures:
        if exposure.external_load_balancer and all(c.startswith(of_routes) for c in checked):
            yield Found(
                f"Service/{exposure.service} $.spec.type",
                f"everybody on the internet reaches it today by the load balancer of Service {exposure.service}, past "
                f"what {checked[0]}",
            )
            return


def _listed(workload: Workload) -> list[str]:
    """The addresses that come in from the internet, where not all do."""
    listed = [r for _, s in settings_of(workload) for r in s.allow]
    for exposure in workload.exposures:
        if exposure.external_load_balancer:
            listed += exposure.source_ranges
    return list(dict.fromkeys(listed))


@rule(
    id="callers-listed-inside",
    severity="change",
    reads=("Service.spec.loadBalancerSourceRanges",),
    docs="https://docs.cloud.google.com/armor/docs/security-policy-overview",
)
def callers_listed_inside(candidate: Candidate) -> Iterator[Found]:
    """An internal load balancer lets in listed callers alone.

    Why: The internal load balancer in front of Cloud Run has no list of callers by itself: everybody in the network
    would reach it. Until somebody decides, Cloud Run's invoker check stays on, and callers without an identity token
    get 403.
    Remedy: Attach a regional Cloud Armor policy with these ranges to the backend service that `network.sh` makes, and
    say `invoker = "none"` under `[workload."namespace/Kind/name".decided]`; or let callers send identity tokens
    (`invoker = "token"`).
    Example: an internal Service of type LoadBalancer with loadBalancerSourceRanges: [10.8.0.0/24]
    """
    decided = candidate.config.workload(candidate.workload.id).decided.invoker is not None
    for exposure in candidate.workload.exposures if candidate.target == "service" and not decided else ():
        if exposure.internal_load_balancer and exposure.source_ranges:
            yield Found(
                f"Service/{exposure.service} $.spec.loadBalancerSourceRanges",
                f"Service {exposure.service} lets in {', '.join(exposure.source_ranges)} alone; the internal load "
                "balancer in front of Cloud Run has no such list, so its invoker check stays on",
            )


@rule(
    id="port-of-the-nodes",
    severity="note",
    reads=("Service.spec.type", "Service.spec.ports[].nodePort"),
    docs=_INGRESS,
)
def port_of_the_nodes(candidate: Candidate) -> Iterator[Found]:
    """A Service that other workloads call is open on a port of every node, and nothing shows who comes in by it.

    Why: A load balancer made by hand, or a caller that knows a node's address, may use that port. Cloud Run has no
    nodes; the service is kept inside the VPC network, so nobody new is let in. (Where nothing in the cluster calls it
    that port is its entrance: `entrance-unknown` asks.)
    Remedy: Nothing, where nobody uses it. Else lead those callers to the service: say under `[entrances]` of k2cr.toml
    `"Service/NAMESPACE/NAME" = "internal"` (or `"external"`).
    Example: type: NodePort, no Ingress that leads to it, and a frontend that calls it
    """
    for exposure in candidate.workload.exposures if candidate.target == "service" else ():
        if exposure.is_open_on_nodes and candidate.callers:
            yield Found(
                f"Service/{exposure.service} $.spec.type",
                f"Service {exposure.service} is open on a port of every node; who comes in by it is not seen, and "
                "Cloud Run has no such port",
            )
