"""Who may reach the service: Cloud Run's ingress setting, and IAP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from k2cr_analysis.config.settings import Iap
from k2cr_analysis.model.workload import Route, Workload
from k2cr_analysis.render.account import Account
from k2cr_analysis.render.context import RenderContext
from k2cr_analysis.render.service import Ingress

Reach = Literal["external-load-balancer", "internal-load-balancer", "iap-direct", "cluster"]


@dataclass(frozen=True, slots=True)
class Reached:
    """How callers come in. ``routes`` are those of Ingress and Gateway that the URL map takes over."""

    reach: Reach
    ingress: Ingress
    iap: Iap
    routes: tuple[Route, ...]
    domains: tuple[str, ...]
    armor_policy: str | None
    timeout_s: int | None
    session_affinity: bool
    why: str


def build_exposure(workload: Workload, context: RenderContext, account: Account) -> Reached:
    """From Services, Ingresses, Gateway routes and BackendConfigs; ``[project] iap`` wins over the manifests."""
    routes = tuple(r for e in workload.exposures for r in e.routes)
    outside = any(r.external for r in routes) or any(
        e.type == "LoadBalancer" and not e.internal_load_balancer for e in workload.exposures
    )
    inside = any(not r.external for r in routes) or any(e.internal_load_balancer for e in workload.exposures)
    backend = _backend_policy(workload)
    iap = _iap(context, backend, outside)
    reach, ingress, why = _reach(iap, outside, inside)
    affinity = (
        any(e.raw.get("spec", {}).get("sessionAffinity") == "ClientIP" for e in workload.exposures)
        or backend.get("affinity") is True
    )
    hosts = tuple(dict.fromkeys(r.host for r in routes if r.host and not r.host.startswith("*")))
    domain = context.config.project.domain
    domains = hosts or ((domain,) if domain and reach != "cluster" else ())
    if reach == "external-load-balancer" and not domains:
        account.placeholder("DOMAIN", "the name that users come in by: no host in the routes, and no [project] domain")
        domains = ("DOMAIN",)
    timeout = backend.get("timeout_s")
    return Reached(
        reach,
        ingress,
        iap,
        routes,
        domains,
        _text(backend.get("armor")),
        timeout if isinstance(timeout, int) else None,
        affinity,
        why,
    )


def _reach(iap: Iap, outside: bool, inside: bool) -> tuple[Reach, Ingress, str]:
    if iap == "direct":
        return (
            "iap-direct",
            "all",
            "[project] iap = direct: IAP guards every way in, the run.app address too, so all ingress is "
            "let through to it",
        )
    if outside or iap == "load-balancer":
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


def _iap(context: RenderContext, backend: dict[str, object], outside: bool) -> Iap:
    if context.config.project.iap is not None:
        # A service that nobody outside reaches gets no front door by a setting for the whole project.
        return context.config.project.iap if outside else "none"
    return "load-balancer" if backend.get("iap") else "none"


def _backend_policy(workload: Workload) -> dict[str, object]:
    """IAP, Cloud Armor, timeout and affinity from BackendConfig (Ingress) and GCPBackendPolicy (Gateway)."""
    found: dict[str, object] = {}
    specs = [(r.get("spec") or {}) for r in workload.related.get("BackendConfig", ())]
    specs += [((r.get("spec") or {}).get("default") or {}) for r in workload.related.get("GCPBackendPolicy", ())]
    for spec in specs:
        found["iap"] = bool(found.get("iap")) or (spec.get("iap") or {}).get("enabled") is True
        security = spec.get("securityPolicy")
        found["armor"] = (security.get("name") if isinstance(security, dict) else security) or found.get("armor")
        found["timeout_s"] = spec.get("timeoutSec") or found.get("timeout_s")
        affinity = (spec.get("sessionAffinity") or {}) if isinstance(spec.get("sessionAffinity"), dict) else {}
        found["affinity"] = bool(found.get("affinity")) or (
            affinity.get("affinityType") or affinity.get("type") or "NONE"
        ) not in ("NONE", "")
    return found


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
