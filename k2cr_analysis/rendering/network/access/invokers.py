"""Who gets past Cloud Run's invoker check: nobody who was not let in before, and letting everybody in is a decision.

Scripts never grant a role to everybody. Behind an internal load balancer the check is off, since browsers send no
identity token and the ingress setting keeps the service inside the network. Source: Cloud Run, "Allowing public
(unauthenticated) access", "Disable the Cloud Run Invoker IAM check", "Restrict network ingress".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from k2cr_analysis.config.settings import Iap
from k2cr_analysis.model.parse.entrances.callers_checked import callers_checked
from k2cr_analysis.model.routing.iap import iap_may_be_there
from k2cr_analysis.model.workload import Workload
from k2cr_analysis.rendering.context import RenderContext
from k2cr_analysis.rendering.network.backend_policy import BackendPolicy, source_ranges
from k2cr_analysis.rendering.spec.account import Account

Reach = Literal["external-load-balancer", "internal-load-balancer", "iap-direct", "cluster"]


@dataclass(frozen=True, slots=True)
class Access:
    """``open_why``: everybody on the internet reaches it today, and why; None where that is not so, or not known.
    ``invoker_off``: the invoker check is off, and why.
    """

    open_why: str | None = None
    invoker_off: str | None = None


def decide_access(
    workload: Workload,
    context: RenderContext,
    reach: Reach,
    iap: Iap,
    policy: BackendPolicy,
    account: Account,
    *,
    keeps_names: bool = False,
) -> Access:
    """``keeps_names``: callers inside go on calling by the Service's name, through an internal load balancer."""
    chosen = context.config.workload(workload.id).decided.invoker
    if chosen is not None and reach != "iap-direct":
        return _chosen(chosen, account)
    checks = callers_checked(workload) if reach != "cluster" and iap == "none" else ()
    if checks:
        return _kept_closed(checks, workload, account)
    if keeps_names:
        return _by_old_names(account)
    if reach == "internal-load-balancer" and iap == "none":
        _account_for_iap_taken_away(policy, account)
        return _inside(workload, account)
    if reach != "external-load-balancer" or iap != "none":
        return Access()
    return _outside(workload, context, policy, account)


def _kept_closed(checks: Sequence[str], workload: Workload, account: Account) -> Access:
    account.decide(
        f"What says today who comes in ({'; '.join(checks)}) does not stand in front of Cloud Run by itself, so nobody "
        "is let in yet: the invoker check answers 403 to users. Put IAP in front ([project] iap in k2cr.toml) or let "
        f'the program check them; then it may be off: invoker = "none" under [workload."{workload.id}".decided].'
    )
    return Access()


def _by_old_names(account: Account) -> Access:
    account.decide(
        "Callers in the network call it by its old name and send no identity token, as today: the invoker check is "
        "off (--no-invoker-iam-check), and the ingress setting keeps the service inside the network. To check "
        "identities, turn it on, grant roles/run.invoker to the callers, and let them send an ID token."
    )
    return Access(invoker_off="callers inside the network send no identity token; the ingress keeps others out")


def _outside(workload: Workload, context: RenderContext, policy: BackendPolicy, account: Account) -> Access:
    _account_for_iap_taken_away(policy, account)
    if not policy.iap and _iap_is_unknown(workload, context):
        account.decide(
            "Whether IAP stands in front today is not known, so nobody is let in yet: Cloud Run's invoker check "
            "answers 403 to users. Collect the policy and render again, or say it in k2cr.toml: [project] iap."
        )
        return Access()
    return Access(open_why=_why_open(workload))


def _account_for_iap_taken_away(policy: BackendPolicy, account: Account) -> None:
    if policy.iap:
        account.decide(
            'IAP stands in front today, and [project] iap = "none" takes it away: a decision of yours. From then on '
            "nobody's sign-in is checked before the program."
        )


def _chosen(chosen: Literal["none", "token"], account: Account) -> Access:
    """``invoker`` of the workload's answers: a person's word on who shows an identity."""
    if chosen == "token":
        account.decide(
            'Callers show an identity token (k2cr.toml: invoker = "token"): the invoker check stays on. Grant '
            "roles/run.invoker to each caller's service account, and let it send an ID token; whoever sends none gets "
            "403."
        )
        return Access()
    account.decide(
        'Nobody is asked for an identity token (k2cr.toml: invoker = "none"): the invoker check is off '
        "(--no-invoker-iam-check), and the ingress setting alone says who comes in."
    )
    return Access(invoker_off='k2cr.toml says invoker = "none"; the ingress setting says who comes in')


def _inside(workload: Workload, account: Account) -> Access:
    routes = [r for e in workload.exposures for r in e.routes]
    known = any(r.reach == "internal" for r in routes) or any(
        e.load_balancer is not None and e.load_balancer[0] == "internal" for e in workload.exposures
    )
    if not known:
        account.decide(
            "Who may come in is not known, so the invoker check stays on: callers without an identity token get 403 "
            "until [entrances] of k2cr.toml says it."
        )
        return Access()
    listed = [
        *source_ranges(workload),
        *(r for e in workload.exposures if e.internal_load_balancer for r in e.source_ranges),
    ]
    if listed:
        account.decide(
            f"Today only {', '.join(listed)} may come in; the internal load balancer of Cloud Run has no such list by "
            "itself, so the invoker check stays on: callers without an identity token get 403. Attach a regional Cloud "
            f'Armor policy to its backend; then decide invoker = "none" under [workload."{workload.id}".decided].'
        )
        return Access()
    account.decide(
        "Whoever reaches the internal load balancer may call it, as today: the invoker check is off "
        "(--no-invoker-iam-check), since browsers send no identity token, and the ingress setting keeps the service "
        "inside the network. To check identities, turn it on and grant roles/run.invoker to the callers."
    )
    return Access(
        invoker_off="users behind the internal load balancer send no identity token; the ingress keeps others out"
    )


def _iap_is_unknown(workload: Workload, context: RenderContext) -> bool:
    if context.config.iap_of(workload.id) is not None:
        return False
    return iap_may_be_there(workload)


def _why_open(workload: Workload) -> str:
    for exposure in workload.exposures:
        for route in exposure.routes:
            if route.external:
                return f"{route.kind} {route.name}: {route.entrance.why or 'an external load balancer'}"
        if exposure.external_load_balancer and exposure.load_balancer:
            return exposure.load_balancer[1] or f"Service {exposure.service} is an external load balancer"
    return "[project] asks for an external load balancer"
