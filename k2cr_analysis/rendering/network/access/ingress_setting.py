"""Who may reach the service: Cloud Run's ingress setting, and IAP."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from k2cr_analysis.config.settings import Iap
from k2cr_analysis.model.parse.access import mapping, texts
from k2cr_analysis.model.parse.entrances.routes_of_workload import LongRequest, longest_request, settings_of
from k2cr_analysis.model.parse.index import name_of
from k2cr_analysis.model.workload import Route, Workload
from k2cr_analysis.platforms.cloud_run.annotations import INGRESS, SESSION_AFFINITY
from k2cr_analysis.rendering.context import RenderContext
from k2cr_analysis.rendering.network.access.invokers import Access, Reach, decide_access
from k2cr_analysis.rendering.network.backend_policy import BackendPolicy, backend_policy
from k2cr_analysis.rendering.network.front import (
    FrontendPolicy,
    certificate_domains,
    front_door,
    own_addresses,
    pre_shared,
    regional_today,
)
from k2cr_analysis.rendering.network.moved import OldName, is_elsewhere, old_names
from k2cr_analysis.rendering.network.url_map import UrlMap, url_map
from k2cr_analysis.rendering.spec.account import Account
from k2cr_analysis.rendering.spec.service import Ingress

_LEFT_OPEN = re.compile(r"[A-Z][A-Z0-9_]+")  # DOMAIN_NAME in www.DOMAIN_NAME
_GATEWAY_CLIENT = "$.spec.default.iap.oauth2ClientSecret"


@dataclass(frozen=True, slots=True)
class Reached:
    """How callers come in. ``routes`` are those of Ingress and Gateway that the URL map takes over."""

    reach: Reach
    ingress: Ingress
    iap: Iap
    routes: tuple[Route, ...]
    domains: tuple[str, ...]
    long_request: LongRequest | None
    session_affinity: bool
    why: str
    balancer: UrlMap | None  # of the load balancer in front, where there is one
    policy: BackendPolicy
    front: FrontendPolicy
    access: Access
    service: str | None  # the Service that users come in by today
    certificates: tuple[str, ...] = ()  # of Compute Engine, which the entrances name today
    names: tuple[OldName, ...] = ()  # by which callers inside go on calling it


def build_exposure(workload: Workload, context: RenderContext, account: Account) -> Reached:
    """From Services, Ingresses, Gateway routes and BackendConfigs; ``[project] iap`` wins over the manifests."""
    routes = tuple(r for e in workload.exposures for r in e.routes)
    if _is_internal(workload):
        routes = ()
    outside = any(r.external for r in routes) or any(e.external_load_balancer for e in workload.exposures)
    # What is not known to be public is kept inside; calls inside the mesh need no load balancer.
    inside = any(r.reach in ("internal", "unknown") for r in routes) or any(
        e.internal_load_balancer for e in workload.exposures
    )
    policy = backend_policy(workload)
    iap = _iap(workload, context, policy, outside)
    reach, ingress, why = _reach(iap, outside, inside)
    names = old_names(workload, context)
    if names and reach == "cluster":
        ingress = "internal-and-cloud-load-balancing"
        why = "only callers inside the VPC network reach it today; they come in by the names that they use already"
    _account_for_front_door(workload, reach, policy, account)
    asked = policy.affinity or any(settings.affinity for _, settings in settings_of(workload))
    _account_for_services(workload, account, is_asked=asked)
    if inside and reach == "external-load-balancer":
        account.decide(
            "It is reached from inside by an internal load balancer too: network.sh makes the external one; callers "
            "inside take that, or one made by hand after the internal pattern."
        )
    keeps_names = bool(names) and reach == "cluster"
    access = decide_access(workload, context, reach, iap, policy, account, keeps_names=keeps_names)
    if not (reach == "cluster" or access.open_why or access.invoker_off):
        names = ()  # who sends no identity token gets past nothing there
    affinity = asked or any(e.keeps_clients for e in workload.exposures)
    external = reach != "internal-load-balancer"
    found = url_map(workload, context, external=external)
    front = _front(workload, context, iap, account, external=external)
    at_home = context.cluster_project in (None, context.project) and (external or not is_elsewhere(context))
    if reach == "external-load-balancer" and (gateway := regional_today(workload)):
        at_home = False  # the certificates that it names are of the region
        account.decide(
            f"Gateway {gateway} is a regional load balancer, and network.sh makes a global one: requests may come in "
            "by other regions. Certificates, SSL policies and Cloud Armor policies of a region do not serve it: "
            "network.sh makes certificates, and stops where a policy of the same name is not there for global use."
        )
    return Reached(
        reach,
        ingress,
        iap,
        routes,
        _domains(workload, found, reach, front, context, account),
        longest_request(workload),
        affinity,
        why,
        found if reach in ("external-load-balancer", "internal-load-balancer") else None,
        policy,
        front,
        access,
        _service_of(workload),
        pre_shared(context.hosts.group(workload, external=external), external=external) if at_home else (),
        names,
    )


def _service_of(workload: Workload) -> str | None:
    routed = [e for e in workload.exposures if e.routes and e.type != "Knative"] or list(workload.exposures)
    return routed[0].service if routed else None


def _account_for_front_door(workload: Workload, reach: Reach, policy: BackendPolicy, account: Account) -> None:
    """Where the objects that lead to it today are no longer what they were."""
    if reach == "iap-direct":
        why = "IAP guards the service itself: there is no load balancer of one's own, and users come to the run.app URL"
        for kind in ("Ingress", "ManagedCertificate", "FrontendConfig", "HTTPRoute", "Gateway"):
            for raw in workload.related.get(kind, ()):
                account.dropped(f"{kind}/{name_of(raw)} $.spec", kind, why)
    for raw in workload.related.get("ManagedCertificate", ()) if reach == "external-load-balancer" else ():
        domains = ", ".join(texts(mapping(raw, "spec"), "domains"))
        why = "Certificate Manager takes its place: proven by DNS, so that it is active before the names lead here"
        account.changed(
            f"ManagedCertificate/{name_of(raw)} $.spec",
            "network.sh certificate-manager certificates",
            domains,
            domains,
            why,
        )
    if policy.oauth_client:
        for kind, at in (("BackendConfig", "$.spec.iap.oauthclientCredentials"), ("GCPBackendPolicy", _GATEWAY_CLIENT)):
            for raw in workload.related.get(kind, ()):
                _account_for_client(f"{kind}/{name_of(raw)} {at}", policy.oauth_client.secret, reach, account)


def _account_for_client(path: str, secret: str, reach: Reach, account: Account) -> None:
    if reach == "external-load-balancer":
        why = "network.sh reads the client from its Secret in the cluster and sets it on the new backend"
        account.changed(path, "network.sh oauth2-client-id", secret, f"Secret {secret}", why)
        return
    account.decide(
        "IAP on the service itself uses Google's own OAuth client, which serves users of the organisation alone; today "
        f"it has a client of its own (Secret {secret}): for users from outside set it with gcloud iap settings set."
    )
    account.counted(path, secret, "IAP directly on the service brings a client of its own")


def _account_for_services(workload: Workload, account: Account, *, is_asked: bool) -> None:
    """``is_asked``: the backend's policy, or a controller's annotation, asks for affinity too."""
    of_services = [e for e in workload.exposures if e.session_affinity == "ClientIP"]
    for exposure in of_services:
        at = f"Service/{exposure.service} $.spec.sessionAffinity"
        if is_asked or len(of_services) > 1:
            account.counted(at, "ClientIP", "it is asked for in more than one place")
        else:
            why = "by a cookie, as well as it can: instances come and go"
            account.changed(at, SESSION_AFFINITY, "ClientIP", "true", why)


def _is_internal(workload: Workload) -> bool:
    """A Knative Service that Cloud Run's own annotation keeps inside the network."""
    return workload.kind == "Service" and workload.annotations.get(INGRESS) == "internal"


def _front(workload: Workload, context: RenderContext, iap: Iap, account: Account, *, external: bool) -> FrontendPolicy:
    front = front_door(context.hosts.group(workload, external=external), external=external)
    routed = any(r.external == external for e in workload.exposures for r in e.routes)
    beside = ", ".join(e.service for e in own_addresses(workload, external=external) if routed)
    if beside:
        account.decide(
            f"Service {beside} is a load balancer of its own beside the Ingress or route, with an address that stays "
            "on GKE as long as the Service does: who calls it by that address is told the names, or the new one."
        )
    if iap == "load-balancer" and not (front.https and front.http != "serve"):
        if front.http == "serve":
            account.decide("IAP needs HTTPS: plain HTTP leads to HTTPS, where it is answered today.")
        front = replace(front, https=True, http="redirect" if front.http == "serve" else front.http)
    if context.config.project.domain and not front.https:
        front = replace(front, https=True)
    return front


def _domains(
    workload: Workload,
    found: UrlMap,
    reach: Reach,
    front: FrontendPolicy,
    context: RenderContext,
    account: Account,
) -> tuple[str, ...]:
    """The names that callers come in by; those of others behind the same load balancer among them."""
    if reach == "cluster":
        return ()
    domain = context.config.project.domain
    of_certificates = certificate_domains(workload) if reach == "external-load-balancer" else ()
    domains = tuple(dict.fromkeys((*found.hosts, *of_certificates))) or ((domain,) if domain else ())
    for word in sorted({w for d in domains for w in _LEFT_OPEN.findall(d)}):
        account.placeholder(word, f"a part of the name that the manifest leaves open ({', '.join(domains)})")
    if reach == "external-load-balancer" and not domains and front.https:
        account.placeholder("DOMAIN", "the name that users come in by: no host in the routes, and no [project] domain")
        domains = ("DOMAIN",)
    return domains


def _reach(iap: Iap, outside: bool, inside: bool) -> tuple[Reach, Ingress, str]:
    if iap == "direct":
        return (
            "iap-direct",
            "all",
            "[project] iap = direct: IAP guards every way in, the run.app address too, so all ingress is "
            "let through to it",
        )
    # Without a way in that is seen, IAP is one: it stands on load balancers alone.
    if outside or (iap == "load-balancer" and not inside):
        return (
            "external-load-balancer",
            "internal-and-cloud-load-balancing",
            "users come in through an Application Load Balancer, and in no other way",
        )
    if inside:
        return (
            "internal-load-balancer",
            "internal-and-cloud-load-balancing",
            "callers come in through an internal Application Load Balancer",
        )
    return "cluster", "internal", "only callers inside the VPC network reach it today"


def _iap(workload: Workload, context: RenderContext, policy: BackendPolicy, outside: bool) -> Iap:
    said = context.config.iap_of(workload.id)
    if said is not None:
        # A service that nobody outside reaches gets no front door by a setting for the whole project; IAP that stands
        # on its internal one stays there.
        return said if outside or said == "none" else "load-balancer" if policy.iap else "none"
    return "load-balancer" if policy.iap else "none"
