"""The audience in IAP's signed header: a program that checks it must expect the new one."""

from __future__ import annotations

from k2cr_analysis.model.routing.iap import AUDIENCE
from k2cr_analysis.rendering.context import RenderContext
from k2cr_analysis.rendering.network.access.ingress_setting import Reached
from k2cr_analysis.rendering.spec.account import Account

BACKEND_ID = "BACKEND_SERVICE_ID"
AUDIENCE_CHANGES = "IAP's signed header names another audience behind the new front door"


def new_audience(reached: Reached | None, context: RenderContext, service: str, account: Account) -> str | None:
    """The audience behind Cloud Run's front door; None where IAP is not in front."""
    if reached is None or reached.iap == "none":
        return None
    number_is_unknown(context, account)
    if reached.iap == "direct":
        return direct_audience(context, service)
    return backend_audience(context, BACKEND_ID, external=reached.reach == "external-load-balancer")


def backend_audience(context: RenderContext, backend: str, *, external: bool) -> str:
    where = "global" if external else f"regions/{context.region_literal}"
    return f"/projects/{context.project_number_literal}/{where}/backendServices/{backend}"


def with_audience(text: str, audience: str | None, account: Account) -> str:
    """``text`` with IAP's audience of today replaced by the new one."""
    found = AUDIENCE.sub(audience.replace("\\", "\\\\"), text) if audience else text
    if found != text and BACKEND_ID in found:
        account.placeholder(
            BACKEND_ID,
            "the backend service's id: asked once ./network.sh in has made it; ./deploy.sh again then",
        )
    return found


def direct_audience(context: RenderContext, service: str) -> str:
    return f"/projects/{context.project_number_literal}/locations/{context.region_literal}/services/{service}"


def number_is_unknown(context: RenderContext, account: Account) -> None:
    if context.project_number is None:
        account.placeholder(context.project_number_literal, "the project's number: gcloud projects describe")
