"""Identity-Aware Proxy in front: on the load balancer's backend service, or on the service itself; never both.

Source: IAP, "Enabling IAP for Cloud Run", "Getting the user's identity with signed headers" (the audience).
"""

from __future__ import annotations

import json
import re

from k2cr_analysis.model.parse.access import mapping, strings
from k2cr_analysis.model.workload import Workload
from k2cr_analysis.rendering.spec.audience import direct_audience, number_is_unknown
from k2cr_analysis.rendering.spec.build import Build
from k2cr_analysis.rendering.text.scripts import PROJECT, REGION, comment
from k2cr_analysis.rendering.text.shell import quote

IAP_MEMBER = "IAP_MEMBER"
_REGIONAL = f"{PROJECT} {REGION}"


def iap_on_backend(build: Build, backend: str) -> list[str]:
    """IAP on the load balancer. The audience holds the backend service's own id, which is known once it is made."""
    number = _number(build)
    return [
        "",
        "# IAP on the load balancer; never together with IAP on the service itself.",
        f"gcloud compute backend-services update {backend} {PROJECT} --global --iap=enabled",
        *_agent(build, number),
        f"gcloud iap web add-iam-policy-binding {PROJECT} --resource-type=backend-services --service={backend} \\",
        f"  --member={_member(build)} --role=roles/iap.httpsResourceAccessor",
        "# The audience that the program must expect in the signed header:",
        f"id=$(gcloud compute backend-services describe {backend} {PROJECT} --global --format='value(id)')",
        f'echo "/projects/{number}/global/backendServices/$id"',
    ]


def iap_on_service(build: Build) -> list[str]:
    """IAP on the Cloud Run service, which ``service.yaml`` turns on."""
    number, service = _number(build), quote(build.run.name)
    return [
        "# IAP on the service itself; never together with IAP on a load balancer. The audience in the signed header:",
        comment(direct_audience(build.context, build.run.name)),
        *_agent(build, number),
        f"gcloud beta iap web add-iam-policy-binding {_REGIONAL} --resource-type=cloud-run --service={service} \\",
        f"  --member={_member(build)} --role=roles/iap.httpsResourceAccessor",
    ]


def _agent(build: Build, number: str) -> list[str]:
    return [
        f"gcloud beta services identity create {PROJECT} --service=iap.googleapis.com",
        f"gcloud run services add-iam-policy-binding {quote(build.run.name)} {_REGIONAL} \\",
        f"  --member=serviceAccount:service-{number}@gcp-sa-iap.iam.gserviceaccount.com --role=roles/run.invoker",
    ]


def _number(build: Build) -> str:
    number_is_unknown(build.context, build.account)
    return build.context.project_number_literal


def _member(build: Build) -> str:
    today = _backends_today(build.workload)
    meaning = "who may come in, such as group:team@example.com"
    if today:
        meaning += (
            f"; who may today: gcloud iap web get-iam-policy --resource-type=backend-services --service={today[0]}"
        )
    build.account.placeholder(IAP_MEMBER, meaning)
    return IAP_MEMBER


def _backends_today(workload: Workload) -> list[str]:
    """The backend services that GKE made for the Ingress, as it notes them there: those of the workload's Services."""
    found: list[str] = []
    services = [e.service for e in workload.exposures]
    for raw in workload.related.get("Ingress", ()):
        noted = strings(mapping(raw, "metadata").get("annotations")).get("ingress.kubernetes.io/backends", "")
        try:
            names = [str(n) for n in json.loads(noted)] if noted else []
        except (json.JSONDecodeError, TypeError):
            names = []
        found += [n for n in names if any(re.search(rf"-{re.escape(s[:20])}-", n) for s in services)]
    return found
