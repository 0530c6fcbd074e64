"""The service account that Cloud Run runs as."""

from __future__ import annotations

from dataclasses import dataclass

from k2cr_analysis.model.parse.access import mapping, source_value, text
from k2cr_analysis.model.workload import Workload
from k2cr_analysis.openapi.json_path import child
from k2cr_analysis.platforms.gke.labels import GOOGLE_SERVICE_ACCOUNT
from k2cr_analysis.rendering.context import RenderContext
from k2cr_analysis.rendering.spec.account import Account
from k2cr_analysis.rendering.text.names import service_account_id

DEFAULT_ACCOUNT = "-compute@developer.gserviceaccount.com"
WORKLOAD_IDENTITY = GOOGLE_SERVICE_ACCOUNT


@dataclass(frozen=True, slots=True)
class Identity:
    """``to_create``: the account id that ``prepare.sh`` makes; None where the account is there already."""

    email: str
    to_create: str | None
    why: str


def build_identity(workload: Workload, service: str, context: RenderContext, account: Account) -> Identity:
    """The Google service account of Workload Identity, with the roles it has today; else one made for this service."""
    name = workload.pod.service_account_name or "default"
    forbidden = context.config.policy.default_service_account == "forbidden"
    path = _named_at(workload)
    target = "template.serviceAccountName"
    why = f"Workload Identity of ServiceAccount {name}: it keeps the roles it has"
    email = bound = _bound(workload, name)
    if "@" in name:  # a Knative Service of Cloud Run names the Google service account itself
        email, why = name, "the source's own"
    if email and not (forbidden and email.endswith(DEFAULT_ACCOUNT)):
        if "@" in name:
            account.carried(path, target, email)
        else:
            joins = f"it joins the pod to ServiceAccount {name}, whose annotation names the account"
            account.changed(path, f"{target}; prepare.sh service account", name, email, joins)
            at = child(f"ServiceAccount/{name} $.metadata.annotations", WORKLOAD_IDENTITY)
            account.carried(at, f"{target}; prepare.sh service account", email, why)
        if email.endswith(DEFAULT_ACCOUNT):
            account.decide(f"{email} is the default service account, which many things share: give this one its own.")
        if forbidden:
            account.house_rule("default_service_account", f"kept: it runs as {email}")
        return Identity(email, None, why)
    made = service_account_id(service)
    email = f"{made}@{context.project_literal}.iam.gserviceaccount.com"
    if context.project is None:
        account.placeholder(context.project_literal, "the project's id")
    why = "made by prepare.sh for it alone: the pod has no Google service account, and the default one may do too much"
    if forbidden:
        account.house_rule("default_service_account", f"kept: it gets {made}, an account of its own")
        why = f"[policy] forbids {bound}: made by prepare.sh for it alone" if bound else why
    roles = "" if name == "default" else f"; it gets the roles of {name}"
    account.changed(path, "prepare.sh get-iam-policy", name, email, f"{why}{roles}")
    return Identity(email, made, why)


def _named_at(workload: Workload) -> str:
    """Where the pod names its service account: the old name of the field counts where the new one is not set."""
    new, old = (f"{workload.pod.path}.{field}" for field in ("serviceAccountName", "serviceAccount"))
    return new if source_value(workload, new) or not source_value(workload, old) else old


def _bound(workload: Workload, name: str) -> str | None:
    """The Google service account that the Kubernetes one is bound to."""
    for raw in workload.related.get("ServiceAccount", ()):
        metadata = mapping(raw, "metadata")
        if metadata.get("name") == name:
            return text(mapping(metadata, "annotations"), WORKLOAD_IDENTITY)
    return None
