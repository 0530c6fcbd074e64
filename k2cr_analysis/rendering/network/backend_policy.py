"""What BackendConfig (Ingress), and GCPBackendPolicy (Gateway) ask of the load balancer.

Source: GKE, "Configuring Ingress features", "Configure Gateway resources using Policies".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from k2cr_analysis.model.parse.access import integer, mapping, objects, text, texts
from k2cr_analysis.model.parse.entrances.routes_of_workload import settings_of
from k2cr_analysis.model.parse.index import name_of
from k2cr_analysis.model.routing.backend_configs import backend_config_of_port, backend_configs
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
_MILLION = 1_000_000  # GCPBackendPolicy gives the sample rate in millionths


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """A client of one's own for IAP: the Secret that holds it, and its keys. ``client_id`` None: a key ``client_id``
    of the Secret.
    """

    secret: str
    secret_key: str
    client_id: str | None = None


@dataclass(frozen=True, slots=True)
class BackendPolicy:
    """``flags`` are for ``gcloud compute backend-services update``, quoted; ``cdn``: one of them turns on Cloud CDN.

    ``oauth_client``: of one's own. ``signed_url_keys``: Cloud CDN's, by name. ``draining_s``, ``affinity_flags``: what
    pods behind a load balancer have, and instances of Cloud Run do by themselves.
    """

    iap: bool = False
    oauth_client: OAuthClient | None = None
    draining_s: int | None = None
    affinity_flags: tuple[str, ...] = ()
    armor: str | None = None
    timeout_s: int | None = None
    affinity: bool = False
    cdn: bool = False
    signed_url_keys: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()


def backend_policy(workload: Workload, service: str | None = None, port: int | str | None = None) -> BackendPolicy:
    """Of all policies that are joined to the workload, or to one port of a Service of it; where two speak of one thing,
    the later one holds.
    """
    made = BackendPolicy()
    configs = backend_config_specs(workload, service, port)
    policies = policy_specs(workload, "GCPBackendPolicy", service)
    for spec, per_million in [*((s, False) for s in configs), *((s, True) for s in policies)]:
        iap, cdn, affinity = mapping(spec, "iap"), mapping(spec, "cdn"), mapping(spec, "sessionAffinity")
        draining = integer(mapping(spec, "connectionDraining"), "drainingTimeoutSec")
        keys = tuple(k for _, key in objects(cdn, "signedUrlKeys") if (k := text(key, "keyName")))
        made = BackendPolicy(
            iap=made.iap or iap.get("enabled") is True,
            oauth_client=_oauth_client(iap) or made.oauth_client,
            draining_s=made.draining_s if draining is None else draining,
            affinity_flags=_affinity(affinity) or made.affinity_flags,
            armor=text(mapping(spec, "securityPolicy"), "name") or text(spec, "securityPolicy") or made.armor,
            timeout_s=integer(spec, "timeoutSec") or made.timeout_s,
            affinity=made.affinity or (text(affinity, "affinityType") or text(affinity, "type") or "NONE") != "NONE",
            cdn=made.cdn or cdn.get("enabled") is True,
            signed_url_keys=made.signed_url_keys + keys,
            flags=(*made.flags, *_flags(spec, cdn, per_million=per_million)),
        )
    return made


def backend_config_specs(workload: Workload, service: str | None, port: int | str | None) -> list[Raw]:
    """What the BackendConfigs say that hold for a port of a Service; without a Service, all of the workload's."""
    exposures = [e for e in workload.exposures if service in (None, e.service)]
    named = {n for e in exposures for _, n in backend_configs(e.annotations)}
    if port is not None:
        of_port = [(e, p) for e in exposures for p in e.ports if port in (p.port, p.name)]
        named = {n for e, p in of_port if (n := backend_config_of_port(e.annotations, p))} if of_port else named
    held = workload.related.get("BackendConfig", ())
    return [mapping(raw, "spec") for raw in held if service is None or name_of(raw) in named]


def policy_specs(workload: Workload, kind: str, service: str | None) -> list[Raw]:
    """The same of a policy of the Gateway API, which names the Service that it is for."""
    held = workload.related.get(kind, ())
    return [
        mapping(raw, "spec", "default")
        for raw in held
        if service is None or text(mapping(raw, "spec", "targetRef"), "name") in (service, None)
    ]


def _oauth_client(iap: Raw) -> OAuthClient | None:
    """The client that BackendConfig or GCPBackendPolicy names, by the keys that GKE reads in its Secret."""
    of_ingress, of_gateway = mapping(iap, "oauthclientCredentials"), mapping(iap, "oauth2ClientSecret")
    if secret := text(of_ingress, "secretName"):
        return OAuthClient(secret, "client_secret", text(of_ingress, "clientID"))
    if secret := text(of_gateway, "name"):
        return OAuthClient(secret, "key", text(iap, "clientID"))
    return None


def _affinity(affinity: Raw) -> tuple[str, ...]:
    kind, seconds = text(affinity, "affinityType") or text(affinity, "type"), integer(affinity, "affinityCookieTtlSec")
    seconds = integer(affinity, "cookieTtlSec") if seconds is None else seconds
    if kind in (None, "NONE"):
        return ()
    return (f"--session-affinity={kind}", *(() if seconds is None else (f"--affinity-cookie-ttl={seconds}",)))


def source_ranges(workload: Workload) -> Sequence[str]:
    """The callers that a Service of type LoadBalancer, or an Ingress's controller, lets in; empty: everybody."""
    allowed = [r for _, settings in settings_of(workload) for r in settings.allow]
    entrances = [e for e in workload.exposures if e.external_load_balancer]
    ranges = [r for e in entrances for r in e.source_ranges]
    return tuple(dict.fromkeys([*ranges, *allowed]))


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
