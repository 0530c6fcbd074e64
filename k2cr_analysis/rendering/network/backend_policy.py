"""What BackendConfig (Ingress), GCPBackendPolicy (Gateway) and FrontendConfig ask of the load balancer.

Source: GKE, "Configuring Ingress features", "Configure Gateway resources using Policies".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from k2cr_analysis.model.parse.access import integer, mapping, objects, strings, text, texts
from k2cr_analysis.model.workload import Raw, Workload
from k2cr_analysis.rendering.text.shell import flag, gcloud_list

_CDN_SECONDS = (
    ("defaultTtl", "default-ttl"),
    ("maxTtl", "max-ttl"),
    ("clientTtl", "client-ttl"),
    ("serveWhileStale", "serve-while-stale"),
    ("signedUrlCacheMaxAgeSec", "signed-url-cache-max-age"),
)
_CACHE_KEY = (("includeHost", "host"), ("includeProtocol", "protocol"), ("includeQueryString", "query-string"))
_REDIRECT_CODES = (
    "MOVED_PERMANENTLY_DEFAULT",
    "FOUND",
    "SEE_OTHER",
    "TEMPORARY_REDIRECT",
    "PERMANENT_REDIRECT",
)
_MILLION = 1_000_000  # GCPBackendPolicy gives the sample rate in millionths


@dataclass(frozen=True, slots=True)
class BackendPolicy:
    """``flags`` are for ``gcloud compute backend-services update``, quoted; ``cdn``: one of them turns on Cloud CDN.

    ``own_oauth_client``: the Secret with an OAuth client of one's own. ``signed_url_keys``: Cloud CDN's, by name.
    """

    iap: bool = False
    own_oauth_client: str | None = None
    armor: str | None = None
    timeout_s: int | None = None
    affinity: bool = False
    cdn: bool = False
    signed_url_keys: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FrontendPolicy:
    """``http``: port 80 is open, and leads to port 443. ``redirect_code`` is the load balancer's word for it."""

    http: bool = True
    redirect_code: str = "MOVED_PERMANENTLY_DEFAULT"
    ssl_policy: str | None = None


def backend_policy(workload: Workload) -> BackendPolicy:
    """Of all policies that are joined to the workload; where two speak of one thing, the later one holds."""
    made = BackendPolicy()
    configs = [mapping(r, "spec") for r in workload.related.get("BackendConfig", ())]
    policies = [mapping(r, "spec", "default") for r in workload.related.get("GCPBackendPolicy", ())]
    for spec, per_million in [*((s, False) for s in configs), *((s, True) for s in policies)]:
        iap, cdn, affinity = mapping(spec, "iap"), mapping(spec, "cdn"), mapping(spec, "sessionAffinity")
        client = mapping(iap, "oauthclientCredentials"), mapping(iap, "oauth2ClientSecret")
        keys = tuple(k for _, key in objects(cdn, "signedUrlKeys") if (k := text(key, "keyName")))
        made = BackendPolicy(
            iap=made.iap or iap.get("enabled") is True,
            own_oauth_client=text(client[0], "secretName") or text(client[1], "name") or made.own_oauth_client,
            armor=text(mapping(spec, "securityPolicy"), "name") or text(spec, "securityPolicy") or made.armor,
            timeout_s=integer(spec, "timeoutSec") or made.timeout_s,
            affinity=made.affinity or (text(affinity, "affinityType") or text(affinity, "type") or "NONE") != "NONE",
            cdn=made.cdn or cdn.get("enabled") is True,
            signed_url_keys=made.signed_url_keys + keys,
            flags=(*made.flags, *_flags(spec, cdn, per_million=per_million)),
        )
    return made


def frontend_policy(workload: Workload) -> FrontendPolicy:
    """Of the Ingresses that lead here and their FrontendConfigs. An Ingress takes plain HTTP unless it says no."""
    ingresses = [strings(mapping(i, "metadata").get("annotations")) for i in workload.related.get("Ingress", ())]
    closed = [i.get("kubernetes.io/ingress.allow-http") == "false" for i in ingresses]
    code, ssl_policy = FrontendPolicy().redirect_code, None
    for raw in workload.related.get("FrontendConfig", ()):
        asked = text(mapping(raw, "spec", "redirectToHttps"), "responseCodeName")
        code = asked if asked in _REDIRECT_CODES else code
        ssl_policy = text(mapping(raw, "spec"), "sslPolicy") or ssl_policy
    return FrontendPolicy(not (closed and all(closed)), code, ssl_policy)


def source_ranges(workload: Workload) -> Sequence[str]:
    """The callers that a Service of type LoadBalancer lets in; empty: everybody."""
    entrances = [e for e in workload.exposures if e.external_load_balancer]
    return tuple(dict.fromkeys(r for e in entrances for r in texts(mapping(e.raw, "spec"), "loadBalancerSourceRanges")))


def _flags(spec: Raw, cdn: Raw, *, per_million: bool) -> Iterator[str]:
    if cdn.get("enabled") is True:
        yield from _cdn_flags(cdn)
    for field, name in (("customRequestHeaders", "request"), ("customResponseHeaders", "response")):
        yield from (flag(f"custom-{name}-header", h) for h in texts(mapping(spec, field), "headers"))
    logging = mapping(spec, "logging")
    on, rate = logging.get("enable", logging.get("enabled")), logging.get("sampleRate")
    if on is not None:
        yield "--enable-logging" if on else "--no-enable-logging"
    if on and isinstance(rate, int | float):
        yield f"--logging-sample-rate={rate / _MILLION if per_million else rate:g}"


def _cdn_flags(cdn: Raw) -> Iterator[str]:
    yield "--enable-cdn"
    if mode := text(cdn, "cacheMode"):
        yield flag("cache-mode", mode)
    for field, name in _CDN_SECONDS:
        if (seconds := integer(cdn, field)) is not None:
            yield f"--{name}={seconds}"
    if cdn.get("negativeCaching") is not None:
        yield "--negative-caching" if cdn["negativeCaching"] else "--no-negative-caching"
    negative = [f"{p.get('code')}={p.get('ttl')}" for _, p in objects(cdn, "negativeCachingPolicy")]
    if negative:
        yield flag("negative-caching-policy", gcloud_list(negative))
    for _, header in objects(cdn, "bypassCacheOnRequestHeaders"):
        yield flag("bypass-cache-on-request-headers", str(header.get("headerName")))
    key = mapping(cdn, "cachePolicy")
    for field, name in _CACHE_KEY:
        if key.get(field) is not None:
            yield f"--{'' if key[field] else 'no-'}cache-key-include-{name}"
    for field, name in (("queryStringBlacklist", "blacklist"), ("queryStringWhitelist", "whitelist")):
        if words := texts(key, field):
            yield flag(f"cache-key-query-string-{name}", gcloud_list(words))
