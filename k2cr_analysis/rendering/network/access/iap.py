"""Identity-Aware Proxy in front: on the load balancer's backend service, or on the service itself; never both.

Who may come in stays the same: the members of today's backend are copied, one by one, and an OAuth client of one's own
is taken along. Source: IAP, "Enabling IAP for Cloud Run", "Custom OAuth configuration", "Getting the user's identity
with signed headers" (the audience); GKE, "Enabling IAP for GKE" (the Secret's keys).
"""

from __future__ import annotations

from k2cr_analysis.rendering.network.access.iap_members import IAP_ROLE, backend_words, members_on, turn_on
from k2cr_analysis.rendering.network.backend_policy import BackendPolicy
from k2cr_analysis.rendering.spec.audience import backend_audience, direct_audience, number_is_unknown
from k2cr_analysis.rendering.spec.build import Build
from k2cr_analysis.rendering.text.scripts import PROJECT, REGION, comment
from k2cr_analysis.rendering.text.shell import quote

IAP_MEMBER = "IAP_MEMBER"
_REGIONAL = f"{PROJECT} {REGION}"


def iap_on_backend(build: Build, backend: str, policy: BackendPolicy, service: str | None) -> list[str]:
    """IAP on the load balancer. The audience holds the backend service's own id, which is known once it is made."""
    number = _number(build)
    external = build.reached is None or build.reached.reach != "internal-load-balancer"
    place = f"{PROJECT} --global" if external else _REGIONAL
    words = backend_words(backend, place)
    lines = [
        "",
        "# IAP on the load balancer; never together with IAP on the service itself.",
        *turn_on(backend, place, build.workload.namespace, policy.oauth_client),
        *_agent(build, number),
    ]
    if policy.iap and service:
        lines += members_on(words, build.workload.namespace, service)
    else:
        lines += [
            f"gcloud iap web add-iam-policy-binding {words} \\",
            f"  --member={_member(build)} --role={IAP_ROLE}",
        ]
    return [
        *lines,
        "# The audience that the program must expect in the signed header:",
        f"id=$(gcloud compute backend-services describe {backend} {place} --format='value(id)')",
        f'echo "{backend_audience(build.context, "$id", external=external)}"',
    ]


def iap_on_service(build: Build, policy: BackendPolicy, service: str | None) -> list[str]:
    """IAP on the Cloud Run service, which ``service.yaml`` turns on."""
    number, name = _number(build), quote(build.run.name)
    lines = [
        "# IAP on the service itself; never together with IAP on a load balancer. The audience in the signed header:",
        comment(direct_audience(build.context, build.run.name)),
        *_agent(build, number),
    ]
    words = f"{_REGIONAL} --resource-type=cloud-run --service={name}"
    if policy.iap and service:
        return [*lines, *members_on(words, build.workload.namespace, service)]
    return [
        *lines,
        f"gcloud beta iap web add-iam-policy-binding {words} \\",
        f"  --member={_member(build)} --role={IAP_ROLE}",
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
    build.account.placeholder(IAP_MEMBER, "who may come in, such as group:team@example.com")
    return IAP_MEMBER
