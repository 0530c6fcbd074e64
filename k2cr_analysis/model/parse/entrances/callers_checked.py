"""What says today who gets past the entrance of a workload, beside IAP: the controller's own checks, and the mesh's.

Nothing of it stands in front of Cloud Run by itself, so whoever it keeps out would be let in if nothing else did.
Source: the controllers' documentation of their annotations; Istio, AuthorizationPolicy, "External authorization".
"""

from __future__ import annotations

from collections.abc import Iterator

from k2cr_analysis.model.parse.access import Raw, mapping, objects, text
from k2cr_analysis.model.parse.entrances.routes_of_workload import settings_of
from k2cr_analysis.model.parse.index import name_of
from k2cr_analysis.model.routing.ingress_annotations import AUTHENTICATION, MAY_AUTHENTICATE
from k2cr_analysis.model.workload import Workload

_FILTERS = ("ext_authz", "jwt_authn", "rbac", "oauth2")


def callers_checked(workload: Workload) -> tuple[str, ...]:
    """Each check, in words; ``may``: it can be told from nothing in the input whether it checks callers."""
    return tuple(dict.fromkeys([*_of_controllers(workload), *_of_the_mesh(workload)]))


def _of_controllers(workload: Workload) -> Iterator[str]:
    for name, settings in settings_of(workload):
        who = name.replace("/", " ")
        for lack in settings.lacks:
            if lack.what == AUTHENTICATION:
                yield f"{who}: {lack.what}"
            elif lack.what in MAY_AUTHENTICATE:
                yield f"{who}: {lack.what}, which may check them"
        if settings.deny:
            yield f"{who}: addresses that are kept out"


def _of_the_mesh(workload: Workload) -> Iterator[str]:
    for policy in workload.related.get("AuthorizationPolicy", ()):
        if _asks_who(mapping(policy, "spec")):
            yield f"AuthorizationPolicy {name_of(policy)}"
    for raw in workload.related.get("EnvoyFilter", ()):
        if any(one in str(raw.get("spec")) for one in _FILTERS):
            yield f"EnvoyFilter {name_of(raw)}"


def _asks_who(spec: Raw) -> bool:
    action = text(spec, "action") or "ALLOW"
    rules = [rule for _, rule in objects(spec, "rules")]
    if action == "CUSTOM" or (action == "ALLOW" and not rules):  # without a rule nobody comes in
        return True
    return action != "AUDIT" and any(rule.get("from") or rule.get("when") for rule in rules)
