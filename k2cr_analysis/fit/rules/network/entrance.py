"""What stands in front: load balancer, IAP, an Ingress controller's own features."""

from __future__ import annotations

from collections.abc import Iterator

from k2cr_analysis.fit.candidate import Candidate, bracketed
from k2cr_analysis.fit.registry import Found, rule
from k2cr_analysis.model.parse.access import mapping
from k2cr_analysis.model.parse.entrances.routes_of_workload import longest_request, rules_beside, rules_of, settings_of
from k2cr_analysis.model.routing.iap import AUDIENCE
from k2cr_analysis.model.routing.route import HttpRule, Lack
from k2cr_analysis.platforms.cloud_run.limits import MAX_TIMEOUT_S
from k2cr_analysis.platforms.gke.labels import TRAEFIK_STICKY


@rule(
    id="client-ip-affinity",
    severity="note",
    reads=(
        "Service.spec.sessionAffinity",
        "Service.spec.sessionAffinityConfig",
        "Service.metadata.annotations",
        "Ingress.metadata.annotations",
        "BackendConfig.spec.sessionAffinity",
        "GCPBackendPolicy",
    ),
    docs="https://docs.cloud.google.com/run/docs/configuring/session-affinity",
)
def client_ip_affinity(candidate: Candidate) -> Iterator[Found]:
    """A client's requests go to the same pod, by its address or by a cookie.

    Why: Cloud Run does it by a cookie, as far as it can: an instance may stop, or be full. An instance whose readiness
    probe fails gets no new clients, but goes on to get those that it has; on GKE it gets nobody.
    Remedy: Nothing to decide: `run.googleapis.com/sessionAffinity: "true"` is set. Do not keep sessions in memory
    alone.
    Example: sessionAffinity: ClientIP; nginx.ingress.kubernetes.io/affinity: cookie
    """
    has_readiness = any(p.readiness for p in candidate.probes.probes.values())
    unready = "; an instance that is not ready goes on to get the clients that it has" if has_readiness else ""
    for exposure in candidate.workload.exposures:
        if exposure.session_affinity == "ClientIP":
            yield Found(
                f"Service/{exposure.service} $.spec.sessionAffinity",
                f"Service {exposure.service} keeps clients with their pod by address; Cloud Run does it by "
                f"cookie, as far as it can{unready}",
            )
        elif exposure.keeps_clients:
            yield Found(
                bracketed(f"{exposure.kind}/{exposure.service} $.metadata.annotations", TRAEFIK_STICKY),
                f"Service {exposure.service} keeps clients with their pod by a cookie; Cloud Run does it so too, as "
                f"far as it can{unready}",
            )
    for at, who in _entrances_with_affinity(candidate):
        yield Found(at, f"{who} keeps clients with their pod; Cloud Run does it by cookie, as far as it can{unready}")


def _entrances_with_affinity(candidate: Candidate) -> Iterator[tuple[str, str]]:
    for name, settings in settings_of(candidate.workload):
        if settings.affinity:
            yield f"{name} {settings.at('affinity')}", name.replace("/", " ")
    for kind, keys, field in (
        ("BackendConfig", ("spec",), "affinityType"),
        ("GCPBackendPolicy", ("spec", "default"), "type"),
    ):
        for raw in candidate.workload.related.get(kind, ()):
            asked = mapping(raw, *keys, "sessionAffinity").get(field)
            if asked and asked != "NONE":
                policy = mapping(raw, "metadata").get("name")
                yield f"{kind}/{policy} $.{'.'.join(keys)}.sessionAffinity", f"{kind} {policy}"


@rule(
    id="client-address",
    severity="note",
    reads=("Service.spec.externalTrafficPolicy",),
    docs="https://docs.cloud.google.com/run/docs/container-contract",
)
def client_address(candidate: Candidate) -> Iterator[Found]:
    """The Service keeps the client's address on its packets.

    Why: With `externalTrafficPolicy: Local` the program sees its client's address on the connection. On Cloud Run a
    connection comes from Google's front end; the client's address stands in the header `X-Forwarded-For` alone.
    Remedy: Let logs, limits and lists of callers in the program read `X-Forwarded-For`; lists of callers may move to
    Cloud Armor.
    Example: type: LoadBalancer, externalTrafficPolicy: Local
    """
    for raw in candidate.workload.related.get("Service", ()) if candidate.target == "service" else ():
        spec, name = mapping(raw, "spec"), mapping(raw, "metadata").get("name")
        if spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local":
            yield Found(
                f"Service/{name} $.spec.externalTrafficPolicy",
                f"Service {name} keeps the client's address on the connection; on Cloud Run it stands in "
                "X-Forwarded-For alone",
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
    reads=("BackendConfig.spec.timeoutSec", "GCPBackendPolicy", "Ingress.metadata.annotations", "HTTPRoute.spec.rules"),
    docs="https://docs.cloud.google.com/run/docs/configuring/request-timeout",
)
def request_over_hour(candidate: Candidate) -> Iterator[Found]:
    """Requests may last longer than an hour.

    Why: Cloud Run ends a request after 3600 s at most; the load balancer's own timeout does not apply to it.
    Remedy: Split the work into shorter requests, or hand it to a job; then set `timeoutSec` to at most 3600.
    Example: kind: BackendConfig, spec: {timeoutSec: 86400}
    """
    found = longest_request(candidate.workload)
    if candidate.target == "service" and found and found.seconds > MAX_TIMEOUT_S:
        yield Found(
            found.path,
            f"requests may last {found.seconds:g} s ({found.why}); Cloud Run ends them after {MAX_TIMEOUT_S} s",
        )


@rule(
    id="ingress-controller-feature",
    severity="change",
    reads=("Ingress.metadata.annotations", "ConfigMap.data", "KongClusterPlugin"),
    docs="https://docs.cloud.google.com/load-balancing/docs/url-map-concepts",
)
def ingress_controller_feature(candidate: Candidate) -> Iterator[Found]:
    """The Ingress relies on what its controller does beside routing, for it or for all Ingresses.

    Why: In front of Cloud Run stands Google's load balancer, which knows nothing of the annotations of another
    controller, nor of what that one is told for everything that it serves (its ConfigMap, a global plugin, middlewares
    of an entry point). Time-outs, affinity, rewrites, redirects, CORS and lists of callers are carried;
    authentication, snippets and limits are not.
    Remedy: Do it by IAP (authentication) or Cloud Armor (limits), in the program or a proxy container; then take the
    annotation out.
    Example: annotations: {nginx.ingress.kubernetes.io/auth-url: https://auth.example.com/verify}
    """
    internal = not any(r.external for e in candidate.workload.exposures for r in e.routes)
    for name, settings in settings_of(candidate.workload):
        lacks = list(settings.lacks)
        if settings.deny or (internal and settings.allow):
            at = settings.at("allow" if settings.allow else "deny")
            lacks.append(Lack(at, "a list of callers' addresses, which is to be a Cloud Armor policy"))
        for lack in lacks:
            said = lack.what if "controller" in lack.what else f"what the controller does: {lack.what}"
            yield Found(
                f"{name} {lack.path}",
                f"{name.replace('/', ' ')} relies on {said} ({_key(lack.path)}); Google's load balancer does not do it",
            )


def _key(path: str) -> str:
    return path.partition("['")[2].removesuffix("']") or path


@rule(
    id="controller-settings-not-seen",
    severity="note",
    reads=("ConfigMap.data",),
    docs="https://docs.cloud.google.com/load-balancing/docs/url-map-concepts",
)
def controller_settings_not_seen(candidate: Candidate) -> Iterator[Found]:
    """What the controller does for all its Ingresses is not shown.

    Why: Its ConfigMap may hold a list of callers, authentication, time-outs or headers for everything that it serves;
    it is named, and is not in the snapshot.
    Remedy: Collect it (the controller's namespace too), or look into it before the cutover.
    Example: args: [--configmap=ingress-nginx/ingress-nginx-controller], and no such ConfigMap
    """
    wide = {s for e in candidate.workload.exposures for r in e.routes for s in r.entrance.settings if s.key is None}
    for one in sorted(wide, key=lambda s: s.value) if candidate.target == "service" else ():
        yield Found(
            f"{one.owner} $.data",
            f"ConfigMap {one.value} of the {one.family} controller is not in the snapshot: what it does for all its "
            "Ingresses is not known",
        )


@rule(
    id="route-not-in-url-map",
    severity="change",
    reads=("HTTPRoute.spec.rules", "GRPCRoute.spec.rules", "VirtualService.spec", "Ingress.spec.rules"),
    docs="https://docs.cloud.google.com/load-balancing/docs/url-map-concepts",
)
def route_not_in_url_map(candidate: Candidate) -> Iterator[Found]:
    """A route does what no URL map in front of Cloud Run can do.

    Why: URL maps know exact paths, prefixes, headers, query parameters, weights, rewrites, redirects, header changes,
    time-outs, retries and mirrors. They know no regular expressions, subsets of pods or filters of one's own; and what
    a mesh does with calls between workloads no load balancer does.
    Remedy: Say it in another way (a path without a regular expression, a Service of its own for a subset), do it in the
    program or a proxy container, or leave it out.
    Example: matches: [{path: {type: RegularExpression, value: "/v[0-9]+"}}]
    """
    for name, reach, one in rules_of(candidate.workload) if candidate.target == "service" else ():
        if reach == "mesh":
            did = [*one.does(), *(lack.what for lack in one.lacks)]
            if did:
                yield Found(
                    f"{name} {one.path}",
                    f"{name.replace('/', ' ')} acts on calls inside the mesh ({', '.join(did)}); calls to Cloud Run do "
                    "not pass it",
                )
            continue
        yield from (_lack(name, lack, "") for lack in one.lacks)
        yield from _mirrored_here(name, one, candidate)
    for name, reach, one in rules_beside(candidate.workload) if candidate.target == "service" else ():
        if reach != "mesh":
            yield from _mirrored_here(name, one, candidate)
            to = ", ".join(dict.fromkeys(t.service for t in one.targets))
            yield from (_lack(name, lack, f" for {to}, on the same load balancer") for lack in one.lacks)


def _mirrored_here(name: str, one: HttpRule, candidate: Candidate) -> Iterator[Found]:
    """A mirror is of pods, and of what goes to pods.

    Source: Compute Engine API, RequestMirrorPolicy: no serverless NEG, and of the same type as the one matched.
    """
    own = {(candidate.workload.namespace, e.service) for e in candidate.workload.exposures}
    target = one.actions.mirror[0] if one.actions.mirror else None
    if target and (target.namespace, target.service) in own:
        yield _lack(name, Lack(one.path, f"a mirror to {target.service}, which must not be on Cloud Run"), "")
    elif target and any((t.namespace, t.service) in own for t in one.targets if t.weight):
        what = f"a mirror to {target.service} of what goes to Cloud Run: both must be of one kind"
        yield _lack(name, Lack(one.path, what), "")


def _lack(name: str, lack: Lack, whose: str) -> Found:
    return Found(
        f"{name} {lack.path}",
        f"{name.replace('/', ' ')} has {lack.what}{whose}; a URL map cannot say it, and {lack.then}",
    )


@rule(
    id="destination-rule",
    severity="change",
    reads=("DestinationRule.spec",),
    docs="https://docs.cloud.google.com/load-balancing/docs/backend-service",
)
def destination_rule(candidate: Candidate) -> Iterator[Found]:
    """A DestinationRule changes how callers in the mesh reach the pods.

    Why: Limits of connections, outlier detection, consistent hashing and subsets of pods are the mesh's, at each
    caller. Cloud Run balances by itself, over instances that are all alike.
    Remedy: Set a limit by `containerConcurrency` and max instances, affinity by `sessionAffinity`, and give a subset a
    service of its own.
    Example: kind: DestinationRule, spec: {host: web, trafficPolicy: {outlierDetection: {consecutive5xxErrors: 5}}}
    """
    for raw in candidate.workload.related.get("DestinationRule", ()) if candidate.target == "service" else ():
        spec = mapping(raw, "spec")
        policy = mapping(spec, "trafficPolicy")
        did = [f for f in ("connectionPool", "outlierDetection", "portLevelSettings") if policy.get(f)]
        did += ["consistentHash"] if mapping(policy, "loadBalancer").get("consistentHash") else []
        did += ["subsets"] if spec.get("subsets") else []
        if did:
            name = mapping(raw, "metadata").get("name")
            yield Found(
                f"DestinationRule/{name} $.spec",
                f"DestinationRule {name} sets {', '.join(did)} for callers in the mesh; calls to Cloud Run do not pass "
                "it",
            )
