"""What stands in front: load balancer, IAP, an Ingress controller's own features."""

from __future__ import annotations

from collections.abc import Iterator

from k2cr_analysis.fit.candidate import Candidate, bracketed
from k2cr_analysis.fit.registry import Found, rule
from k2cr_analysis.model.iap import AUDIENCE
from k2cr_analysis.model.parse.access import mapping
from k2cr_analysis.platforms.cloud_run import MAX_TIMEOUT_S


@rule(
    id="client-ip-affinity",
    severity="note",
    reads=("Service.spec.sessionAffinity", "Service.spec.sessionAffinityConfig"),
    docs="https://docs.cloud.google.com/run/docs/configuring/session-affinity",
)
def client_ip_affinity(candidate: Candidate) -> Iterator[Found]:
    """The Service sends a client's requests to the same pod by its address.

    Why: Cloud Run does it by a cookie, as far as it can: an instance may stop, or be full.
    Remedy: Nothing to decide: `run.googleapis.com/sessionAffinity: "true"` is set. Do not keep sessions in memory
    alone.
    Example: sessionAffinity: ClientIP
    """
    for exposure in candidate.workload.exposures:
        if mapping(exposure.raw, "spec").get("sessionAffinity") == "ClientIP":
            yield Found(
                f"Service/{exposure.service} $.spec.sessionAffinity",
                f"Service {exposure.service} keeps clients with their pod by address; Cloud Run does it by "
                "cookie, as far as it can",
            )


@rule(
    id="iap-audience-changes",
    severity="note",
    reads=("BackendConfig.spec.iap", "GCPBackendPolicy"),
    docs="https://docs.cloud.google.com/iap/docs/signed-headers-howto",
)
def iap_audience_changes(candidate: Candidate) -> Iterator[Found]:
    """Users come in through IAP, whose signed header names the backend.

    Why: The audience of IAP's signed header is the backend service's (`/projects/NUMBER/global/backendServices/ID`), or
    with IAP on Cloud Run itself the service's (`/projects/NUMBER/locations/REGION/services/NAME`). Either is a new one.
    Remedy: Give whatever checks `X-Goog-IAP-JWT-Assertion` the new audience, as an environment variable, before the
    cutover.
    Example: kind: BackendConfig, spec: {iap: {enabled: true}}
    """
    for config in candidate.workload.related.get("BackendConfig", ()):
        if mapping(config, "spec", "iap").get("enabled") is True:
            yield Found(
                f"BackendConfig/{mapping(config, 'metadata').get('name')} $.spec.iap",
                "IAP stands in front: its signed header will name another audience on Cloud Run",
            )
    for policy in candidate.workload.related.get("GCPBackendPolicy", ()):
        if mapping(policy, "spec", "default", "iap").get("enabled") is True:
            yield Found(
                f"GCPBackendPolicy/{mapping(policy, 'metadata').get('name')} $.spec.default.iap",
                "IAP stands in front: its signed header will name another audience on Cloud Run",
            )


@rule(
    id="iap-audience-pinned",
    severity="change",
    reads=("Container.env[].value", "Container.args", "Container.command"),
    docs="https://docs.cloud.google.com/iap/docs/signed-headers-howto",
)
def iap_audience_pinned(candidate: Candidate) -> Iterator[Found]:
    """A container checks IAP's signed header against the audience of the old backend service.

    Why: Behind a new backend service, or with IAP on Cloud Run itself, the header names another audience. A check
    against the old one refuses every user.
    Remedy: Set the value to the new one at the cutover: `/projects/NUMBER/global/backendServices/ID` of the new backend
    service (ID is known once `network.sh` has made it), or `/projects/NUMBER/locations/REGION/services/NAME` with IAP
    on Cloud Run itself.
    Example: env: [{name: IAP_AUDIENCE, value: /projects/1234567890/global/backendServices/42}]
    """
    for container in candidate.moving:
        texts = [(e.path, f"env {e.name}", e.value) for e in container.env if e.value]
        for field, words in (("command", container.command), ("args", container.args)):
            texts += [(f"{container.path}.{field}[{i}]", field, word) for i, word in enumerate(words)]
        for at, where, text in texts:
            found = AUDIENCE.search(text)
            if found:
                yield Found(
                    at,
                    f"{where} of container {container.name} is IAP's audience {found.group()}; on Cloud Run it "
                    "is another",
                )


@rule(
    id="request-over-hour",
    severity="change",
    reads=("BackendConfig.spec.timeoutSec", "GCPBackendPolicy"),
    docs="https://docs.cloud.google.com/run/docs/configuring/request-timeout",
)
def request_over_hour(candidate: Candidate) -> Iterator[Found]:
    """Requests may last longer than an hour.

    Why: Cloud Run ends a request after 3600 s at most; the load balancer's own timeout does not apply to it.
    Remedy: Split the work into shorter requests, or hand it to a job; then set `timeoutSec` to at most 3600.
    Example: kind: BackendConfig, spec: {timeoutSec: 86400}
    """
    for kind, keys in (("BackendConfig", ("spec",)), ("GCPBackendPolicy", ("spec", "default"))):
        for config in candidate.workload.related.get(kind, ()):
            timeout = mapping(config, *keys).get("timeoutSec")
            if isinstance(timeout, int) and timeout > MAX_TIMEOUT_S:
                yield Found(
                    f"{kind}/{mapping(config, 'metadata').get('name')} $.{'.'.join(keys)}.timeoutSec",
                    f"requests may last {timeout} s; Cloud Run ends them after 3600 s",
                )


_ROUTE_REWRITES = (
    "rewrite-target",
    "auth-url",
    "auth-signin",
    "auth-type",
    "configuration-snippet",
    "server-snippet",
    "canary",
    "app-root",
    "use-regex",
    "whitelist-source-range",
)


@rule(
    id="ingress-controller-feature",
    severity="change",
    reads=("Ingress.metadata.annotations",),
    docs="https://docs.cloud.google.com/load-balancing/docs/url-map-concepts",
)
def ingress_controller_feature(candidate: Candidate) -> Iterator[Found]:
    """The Ingress relies on what its controller does beside routing.

    Why: In front of Cloud Run stands Google's load balancer, which knows nothing of the annotations of another
    controller: rewriting, authentication, snippets, limits.
    Remedy: Say each of them in the URL map (`urlRewrite`), IAP or Cloud Armor, or do it in a proxy container; then take
    the annotation out.
    Example: annotations: {nginx.ingress.kubernetes.io/rewrite-target: /$2}
    """
    seen = set()
    for exposure in candidate.workload.exposures:
        for route in exposure.routes:
            for key in mapping(route.raw, "metadata", "annotations"):
                prefix, _, feature = key.rpartition("/")
                if feature in _ROUTE_REWRITES and "ingress" in prefix and (route.name, key) not in seen:
                    seen.add((route.name, key))
                    yield Found(
                        bracketed(f"{route.kind}/{route.name} $.metadata.annotations", key),
                        f"{route.kind} {route.name} relies on {key}; Google's load balancer does not read it",
                    )
