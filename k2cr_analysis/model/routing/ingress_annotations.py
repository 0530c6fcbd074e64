"""What annotations of an Ingress ask of its controller, and which of it Google's load balancer or Cloud Run can do.

Every annotation under a controller's own prefix is told apart: it has a counterpart, it means nothing once the
controller is gone, or it is lacking and has to be decided. Sources: the annotation pages of ingress-nginx, NGINX
Ingress Controller, HAProxy, Kong, Contour and Traefik.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import SplitResult, urlsplit

from k2cr_analysis.model.parse.access import Raw, mapping, strings
from k2cr_analysis.model.routing.route import REDIRECT_STATUSES, Cors, Lack, Redirect, patterns_of_origins
from k2cr_analysis.model.workload import ControllerSetting

Meaning = Literal[
    "timeout", "timeout_ms", "affinity", "protocol", "h2c", "rewrite", "host", "allow", "deny", "cors",
    "websocket", "front", "nothing", "regex", "redirect", "app-root", "alias", "strip", "tls",
]  # fmt: skip

_OF_NGINX = "nginx.ingress.kubernetes.io/"
AUTHENTICATION = "authentication by the controller"
_SNIPPET = "configuration of the controller itself"
_PLUGINS = "plugins of the controller"
_MIDDLEWARES = "middlewares of the controller"
MAY_AUTHENTICATE = (_SNIPPET, _PLUGINS, _MIDDLEWARES)  # what they do with callers is written elsewhere, or as code
_LIMIT = "a limit of requests or connections"
_NGINX: Mapping[str, Meaning | str] = {
    **dict.fromkeys(("proxy-read-timeout", "proxy-send-timeout"), "timeout"),
    **dict.fromkeys(("affinity",), "affinity"),
    "backend-protocol": "protocol",
    **dict.fromkeys(("proxy-body-size", "client-max-body-size"), "nothing"),  # a rule of its own reads them
    "rewrite-target": "rewrite",
    "use-regex": "regex",
    "app-root": "app-root",
    **dict.fromkeys(
        ("permanent-redirect", "temporal-redirect", "permanent-redirect-code", "temporal-redirect-code"), "redirect"
    ),
    "upstream-vhost": "host",
    **dict.fromkeys(("whitelist-source-range", "allowlist-source-range"), "allow"),
    "denylist-source-range": "deny",
    "server-alias": "alias",
    "websocket-services": "websocket",
    "grpc-services": "h2c",
    "ssl-services": "tls",
    "sticky-cookie-services": "affinity",
    **dict.fromkeys(("ssl-redirect", "force-ssl-redirect"), "front"),
    **dict.fromkeys(
        (
            "enable-cors", "cors-allow-origin", "cors-allow-methods", "cors-allow-headers", "cors-expose-headers",
            "cors-allow-credentials", "cors-max-age",
        ),
        "cors",
    ),
    **dict.fromkeys(
        (
            "auth-type", "auth-secret", "auth-secret-type", "auth-realm", "auth-url", "auth-signin", "auth-method",
            "auth-tls-secret", "auth-tls-verify-client", "auth-tls-verify-depth", "auth-tls-error-page",
            "auth-tls-pass-certificate-to-upstream", "auth-response-headers", "auth-request-redirect",
            "auth-snippet", "auth-cache-key", "auth-cache-duration", "auth-proxy-set-headers",
            "auth-signin-redirect-param",
            "auth-always-set-cookie", "auth-keepalive", "enable-global-auth", "satisfy", "basic-auth-secret", "jwt-key",
        ),
        AUTHENTICATION,
    ),
    **dict.fromkeys(
        ("configuration-snippet", "server-snippet", "stream-snippet", "location-snippets", "server-snippets"), _SNIPPET
    ),
    **dict.fromkeys(
        (
            "limit-rps", "limit-rpm", "limit-connections", "limit-rate", "limit-rate-after", "limit-whitelist",
            "limit-allowlist", "limit-burst-multiplier", "limit-req-rate", "limit-req-key", "limit-req-zone-size",
        ),
        _LIMIT,
    ),
    **dict.fromkeys(
        (
            "canary", "canary-weight", "canary-weight-total", "canary-by-header", "canary-by-header-value",
            "canary-by-header-pattern", "canary-by-cookie",
        ),
        "a canary: a share of the requests of another Ingress",
    ),
    **dict.fromkeys(
        (
            "proxy-connect-timeout", "proxy-buffering", "proxy-buffer-size", "proxy-buffers-number", "proxy-buffers",
            "proxy-busy-buffers-size", "proxy-request-buffering", "client-body-buffer-size", "proxy-http-version",
            "proxy-max-temp-file-size", "enable-access-log", "enable-rewrite-log", "service-upstream", "load-balance",
            "http2-push-preload", "connection-proxy-header", "preserve-trailing-slash", "proxy-redirect-from",
            "proxy-redirect-to", "enable-opentelemetry", "enable-opentracing", "opentelemetry-trust-incoming-span",
            "ssl-ciphers", "ssl-prefer-server-ciphers", "proxy-ssl-secret", "proxy-ssl-verify", "proxy-ssl-name",
            "proxy-ssl-server-name", "proxy-ssl-protocols", "proxy-ssl-ciphers", "proxy-ssl-verify-depth",
            "proxy-next-upstream", "proxy-next-upstream-timeout", "proxy-next-upstream-tries", "affinity-mode",
            "affinity-canary-behavior", "proxy-http-version", "keepalive", "max-fails", "fail-timeout",
            "proxy-hide-headers", "lb-method", "redirect-to-https", "listen-ports", "listen-ports-ssl",
        ),
        "nothing",
    ),
}  # fmt: skip
_HAPROXY: Mapping[str, Meaning | str] = {
    **dict.fromkeys(("timeout-server", "timeout-client", "timeout-tunnel", "timeout-http-request"), "timeout"),
    **dict.fromkeys(("cookie-persistence", "affinity"), "affinity"),
    **dict.fromkeys(("allow-list", "whitelist", "allowlist-source-range", "whitelist-source-range"), "allow"),
    **dict.fromkeys(("deny-list", "blacklist", "denylist-source-range"), "deny"),
    "server-proto": "h2c",
    "backend-protocol": "protocol",
    "proxy-body-size": "nothing",
    "rewrite-target": "rewrite",
    **dict.fromkeys(("set-host",), "host"),
    **dict.fromkeys(("ssl-redirect", "ssl-redirect-code", "ssl-redirect-port"), "front"),
    **dict.fromkeys(
        (
            "check", "check-http", "check-interval", "load-balance", "balance-algorithm", "pod-maxconn",
            "timeout-connect", "timeout-check", "timeout-queue", "timeout-keep-alive", "forwarded-for",
            "src-ip-header", "session-cookie-name",
        ),
        "nothing",
    ),
}  # fmt: skip
_KONG: Mapping[str, Meaning | str] = {
    "strip-path": "strip",
    "host-header": "host",
    "read-timeout": "timeout_ms",
    "write-timeout": "timeout_ms",
    "protocols": "front",
    "https-redirect-status-code": "front",
    "protocol": "protocol",
    **dict.fromkeys(
        ("connect-timeout", "preserve-host", "retries", "regex-priority", "response-buffering", "request-buffering"),
        "nothing",
    ),
    "plugins": _PLUGINS,
}
_CONTOUR: Mapping[str, Meaning | str] = {
    "response-timeout": "timeout",
    "websocket-routes": "websocket",
    **dict.fromkeys(
        ("tls-minimum-protocol-version", "tls-maximum-protocol-version", "num-retries", "per-try-timeout", "retry-on"),
        "nothing",
    ),
}
_TRAEFIK: Mapping[str, Meaning | str] = {
    "router.entrypoints": "front",
    **dict.fromkeys(
        ("router.tls", "router.priority", "router.tls.certresolver", "router.observability.accesslogs"), "nothing"
    ),
    "router.middlewares": _MIDDLEWARES,
}
# In a controller's ConfigMap, where most keys are those of the annotations; what is in neither table only tunes it.
_WIDE: Mapping[str, Meaning | str] = {
    **dict.fromkeys(
        ("global-auth-url", "global-auth-signin", "global-auth-snippet", "global-auth-response-headers"), AUTHENTICATION
    ),
    **dict.fromkeys(("http-snippet", "main-snippet", "location-snippet", "http-snippets", "main-snippets"), _SNIPPET),
    **dict.fromkeys(("frontend-config-snippet", "backend-config-snippet", "global-config-snippet"), _SNIPPET),
    "block-cidrs": "deny",
    **dict.fromkeys(("block-user-agents", "block-referers"), "a list of clients that are turned away"),
    **dict.fromkeys(
        ("enable-modsecurity", "enable-owasp-modsecurity-crs", "modsecurity-snippet"), "a web application firewall"
    ),
    "custom-http-errors": "error pages of its own",
    "add-headers": "headers that it adds to responses",
    "proxy-set-headers": "headers that it adds to requests",
}
_OF_FAMILY: Mapping[str, Mapping[str, Meaning | str]] = {
    "ingress-nginx": {**_NGINX, **_WIDE},
    "NGINX Ingress Controller": {**_NGINX, **_WIDE},
    "HAProxy": {**_HAPROXY, **_WIDE},
    "Kong": _KONG,
    "Traefik": _TRAEFIK,
}
_PREFIXES: Mapping[str, Mapping[str, Meaning | str]] = {
    _OF_NGINX: _NGINX,
    "nginx.org/": _NGINX,
    "nginx.com/": _NGINX,
    "haproxy.org/": _HAPROXY,
    "haproxy-ingress.github.io/": {**_NGINX, **_HAPROXY},
    "ingress.kubernetes.io/": {**_NGINX, **_HAPROXY},
    "konghq.com/": _KONG,
    "projectcontour.io/": _CONTOUR,
    "traefik.ingress.kubernetes.io/": _TRAEFIK,
}
# What GKE itself notes under a prefix of these.
_OF_GKE = re.compile(
    r"ingress\.kubernetes\.io/(?:backends|url-map|target-proxy|https?-?.*|forwarding-rule|static-ip|ssl-cert|redirect-url-map)"
)
_SECONDS = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h)?")


@dataclass(slots=True)
class Settings:
    """What an Ingress's annotations ask for, or a controller is told for all of them.

    ``keys``: what says a thing; ``paths``: where that stands, where it is no annotation.
    """

    timeout_s: float | None = None
    affinity: bool = False
    protocol: str | None = None  # HTTP, HTTPS, GRPC, GRPCS, as ingress-nginx writes it
    rewrite: str | None = None
    strip: bool = False
    regex: bool = False
    app_root: str | None = None
    redirect: Redirect | None = None
    host: str | None = None
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    websocket: bool = False
    cors: Cors | None = None
    lacks: list[Lack] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)
    paths: Mapping[str, str] = field(default_factory=dict)

    def at(self, meaning: str) -> str:
        """Where a thing is said."""
        key = self.keys[meaning]
        return self.paths.get(key, annotation_at(key))


def controller_settings(said: Iterable[ControllerSetting]) -> Iterator[tuple[str, Settings]]:
    """(``Kind/name``, what it is told) of each object that tells a controller something for all of a class."""
    by_owner: dict[str, list[ControllerSetting]] = {}
    for one in dict.fromkeys(said):
        by_owner.setdefault(one.owner, []).append(one)
    for owner, listed in by_owner.items():
        made = Settings(paths={one.key: one.path for one in listed if one.key})
        for one in listed:
            known = _OF_FAMILY.get(one.family, {}).get(one.key or "")
            if one.key and known is not None:
                _apply(made, one.key, one.key, known, one.value)
        yield owner, made


def ingress_settings(raw: Raw) -> Settings:
    """Of one Ingress, or of a Service that a controller reads too (Kong, HAProxy)."""
    annotations = strings(mapping(raw, "metadata").get("annotations"))
    made = Settings()
    for key, suffix, meaning, value in _read(annotations):
        _apply(made, key, suffix, meaning, value)
    made.cors = _cors(annotations)
    made.lacks += patterns_of_origins(made.cors, annotation_at(_ORIGINS)) if made.cors else []
    made.redirect = _redirect(annotations, made.lacks)
    return made


def annotation_at(key: str) -> str:
    return f"$.metadata.annotations['{key}']"


def _read(annotations: Mapping[str, str]) -> Iterator[tuple[str, str, Meaning | str, str]]:
    for key, value in annotations.items():
        prefix = next((p for p in _PREFIXES if key.startswith(p)), None)
        if prefix is None or _OF_GKE.fullmatch(key):
            continue
        suffix = key.removeprefix(prefix)
        known = _PREFIXES[prefix].get(suffix)
        if known is None:
            known = "nothing" if suffix.startswith(("session-cookie", "cors-")) else f"{suffix} of the controller"
        yield key, suffix, known, value


def _apply(made: Settings, key: str, suffix: str, meaning: Meaning | str, value: str) -> None:
    made.keys.setdefault(meaning, key)
    on = value.strip().lower() not in _OFF
    if meaning in ("timeout", "timeout_ms"):
        found = _seconds(value, milli=meaning == "timeout_ms")
        if found is not None and found > (made.timeout_s or 0):
            made.timeout_s, made.keys["timeout"] = found, key
    elif meaning in _SETTERS:
        name, read = _SETTERS[meaning]
        setattr(made, name, read(value, on, suffix))
    elif meaning not in ("cors", "front", "nothing", "redirect") and on:
        made.lacks.append(Lack(made.paths.get(key, annotation_at(key)), meaning))


_OFF = ("", "false", "off", "none", "no")


def _words(value: str) -> tuple[str, ...]:
    return tuple(w.strip() for w in value.replace("\n", ",").split(",") if w.strip())


# Meaning -> the field of Settings, and how its value is read (value, whether it is on, the annotation's last part).
_SETTERS: Mapping[str, tuple[str, Callable[[str, bool, str], object]]] = {
    # nginx and HAProxy know one kind of affinity; another word is none.
    "affinity": ("affinity", lambda v, on, name: v.strip() == "cookie" if name == "affinity" else on),
    "protocol": ("protocol", lambda v, _, __: {"H2": "GRPC", "H1": "HTTP"}.get(v.upper(), v.upper())),
    "h2c": ("protocol", lambda _, on, __: "GRPC" if on else None),
    "tls": ("protocol", lambda _, on, __: "HTTPS" if on else None),
    "rewrite": ("rewrite", lambda v, _, __: v),
    "strip": ("strip", lambda _, on, __: on),
    "regex": ("regex", lambda _, on, __: on),
    "app-root": ("app_root", lambda v, _, __: v),
    "host": ("host", lambda v, _, __: v),
    "allow": ("allow", lambda v, _, __: _words(v)),
    "deny": ("deny", lambda v, _, __: _words(v)),
    "alias": ("aliases", lambda v, _, __: _words(v)),
    "websocket": ("websocket", lambda _, on, __: on),
}


# A temporal one goes first. Source: github.com/kubernetes/ingress-nginx, annotations/redirect.
_REDIRECTS = (("temporal-redirect", 302), ("permanent-redirect", 301))
_CODES = range(300, 309)  # what nginx takes; another one is as if none were written
_WHOLE_REQUEST = "$request_uri"


def _redirect(annotations: Mapping[str, str], lacks: list[Lack]) -> Redirect | None:
    """To the URL as it is written, neither path nor query of the request kept, unless it ends with that variable."""
    for name, usual in _REDIRECTS:
        key = f"{_OF_NGINX}{name}"
        if not (url := annotations.get(key, "").strip()):
            continue
        code = annotations.get(f"{key}-code", "")
        status = int(code) if code.isdigit() and int(code) in _CODES else usual
        if status not in REDIRECT_STATUSES:
            lacks.append(Lack(annotation_at(f"{key}-code"), f"a redirect with status {status}"))
        keeps = url.endswith(_WHOLE_REQUEST)
        parts = urlsplit(url.removesuffix(_WHOLE_REQUEST))
        lacks += [Lack(annotation_at(key), what) for what in _beyond_a_redirect(parts)]
        host = None if parts.netloc in ("$host", "$http_host") else parts.hostname
        path = None if keeps else parts.path or "/"
        return Redirect(status, host, path, https=parts.scheme == "https", strip_query=not keeps)
    return None


def _beyond_a_redirect(parts: SplitResult) -> Iterator[str]:
    """What of a URL no redirect of a URL map has."""
    port = parts.netloc.rpartition(":")[2] if re.search(r":\d+$", parts.netloc) else ""
    if port and (parts.scheme, port) not in (("http", "80"), ("https", "443")):
        yield f"a redirect to port {port}"
    if parts.scheme == "http":
        yield "a redirect to plain HTTP"
    if parts.query or parts.fragment:
        yield f"a redirect to a URL with a query or a fragment ({parts.query or parts.fragment})"
    if "$" in parts.netloc.removeprefix("$host").removeprefix("$http_host") + parts.path + parts.query:
        yield "a redirect to a URL with variables of the controller"


def _seconds(value: str, *, milli: bool) -> float | None:
    found = _SECONDS.fullmatch(value.strip())
    if not found:
        return None
    unit = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}[found[2]] if found[2] else 0.001 if milli else 1
    return float(found[1]) * unit


_ORIGINS = f"{_OF_NGINX}cors-allow-origin"


def _cors(annotations: Mapping[str, str]) -> Cors | None:
    said = {k.removeprefix(_OF_NGINX): v for k, v in annotations.items()}
    if said.get("enable-cors", "").lower() != "true":
        return None

    def words(name: str, default: str) -> tuple[str, ...]:
        return tuple(w.strip() for w in said.get(name, default).split(",") if w.strip())

    age = said.get("cors-max-age", "1728000")
    return Cors(  # the defaults are ingress-nginx's own
        words("cors-allow-origin", "*"),
        words("cors-allow-methods", "GET, PUT, POST, DELETE, PATCH, OPTIONS"),
        words(
            "cors-allow-headers",
            "DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Range,Authorization",
        ),
        words("cors-expose-headers", ""),
        int(age) if age.isdigit() else None,
        said.get("cors-allow-credentials", "true").lower() == "true",
    )
