"""Hosts, paths and what is done with a request mean the same in the URL map as on GKE."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from k2cr_analysis.model.routing.ingress_annotations import ingress_settings
from k2cr_analysis.model.routing.ingress_rules import ingress_rules
from k2cr_analysis.model.routing.reading import http_rules
from k2cr_analysis.model.routing.route import shares_of
from k2cr_analysis.rendering.network.route_rules import route_rules
from k2cr_analysis.rendering.network.url_map import match_paths

BE = "backendServices/"


def ingress(path: str, kind: str = "Prefix", **annotations: str) -> dict[str, Any]:
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    named = {k.replace("__", "/").replace("_", "-"): v for k, v in annotations.items()}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "i", "annotations": named},
        "spec": {"rules": [{"host": "h", "http": {"paths": [{"path": path, "pathType": kind, "backend": backend}]}}]},
    }


def nginx(path: str, kind: str = "Prefix", **annotations: str) -> dict[str, Any]:
    made = ingress(path, kind)
    made["spec"]["ingressClassName"] = "nginx"
    named = {f"nginx.ingress.kubernetes.io/{k.replace('_', '-')}": v for k, v in annotations.items()}
    made["metadata"]["annotations"] = named
    return made


def of_gateway(rule: str, kind: str = "HTTPRoute") -> dict[str, Any]:
    spec = yaml.safe_load(f"{{hostnames: [h], rules: [{rule}]}}")
    return {"apiVersion": "gateway.networking.k8s.io/v1", "kind": kind, "metadata": {"name": "r"}, "spec": spec}


def of_istio(rule: str) -> dict[str, Any]:
    spec = yaml.safe_load(f"{{hosts: [h], http: [{rule}]}}")
    return {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": {"name": "v"}, "spec": spec}


def written(raw: dict[str, Any]) -> list[Any]:
    found = route_rules([http_rules(raw)], *[lambda t, *_: f"{BE}{t.service}"] * 2)
    return [{k: v for k, v in rule.items() if k != "priority"} for rule in found]


@pytest.mark.parametrize(
    ("raw", "paths"),
    [
        (ingress("/", "ImplementationSpecific"), ("/",)),
        (ingress("", "ImplementationSpecific"), ("/*",)),
        (ingress("/*", "ImplementationSpecific"), ("/*",)),
        (ingress("/api", "ImplementationSpecific"), ("/api",)),
        (ingress("/api/*", "ImplementationSpecific"), ("/api/*",)),
        (ingress("/api", "Prefix"), ("/api", "/api/*")),
        (ingress("/api/", "Prefix"), ("/api", "/api/*")),
        (ingress("/api", "Exact"), ("/api",)),
        (nginx("/api", "Prefix"), ("/api", "/api/*")),
        (nginx("/", "ImplementationSpecific"), ("/*",)),
        (nginx("/a(/|$)(.*)", "ImplementationSpecific", use_regex="true"), ("/a", "/a/*")),
        (of_gateway("{matches: [{path: {type: Exact, value: /a}}], backendRefs: [{name: web}]}"), ("/a",)),
        (
            of_gateway("{matches: [{method: {service: a.B, method: C}}], backendRefs: [{name: web}]}", "GRPCRoute"),
            ("/a.B/C",),
        ),
        (of_gateway("{backendRefs: [{name: web}]}", "GRPCRoute"), ("/*",)),
    ],
)
def test_paths(raw: dict[str, Any], paths: tuple[str, ...]) -> None:
    (rule,) = http_rules(raw)
    assert rule.is_plain
    assert match_paths(rule.matches[0]) == paths


V1 = "matches: [{path: {type: PathPrefix, value: /v1}}]"
RULES: dict[str, tuple[dict[str, Any], list[Any]]] = {
    "weights": (
        of_gateway("{backendRefs: [{name: a, weight: 90}, {name: b, weight: 10}, {name: c, weight: 0}]}"),
        [
            {
                "matchRules": [{"prefixMatch": "/"}],
                "routeAction": {
                    "weightedBackendServices": [
                        {"backendService": f"{BE}a", "weight": 90},
                        {"backendService": f"{BE}b", "weight": 10},
                    ]
                },
            }
        ],
    ),
    "header, query and method": (
        of_gateway(
            "{matches: [{path: {type: Exact, value: /q}, method: GET, headers: [{name: x, value: '1'}],"
            " queryParams: [{name: q, value: z}]}], backendRefs: [{name: a}]}"
        ),
        [
            {
                "matchRules": [
                    {
                        "fullPathMatch": "/q",
                        "headerMatches": [
                            {"headerName": "x", "exactMatch": "1"},
                            {"headerName": ":method", "exactMatch": "GET"},
                        ],
                        "queryParameterMatches": [{"name": "q", "exactMatch": "z"}],
                    }
                ],
                "service": f"{BE}a",
            }
        ],
    ),
    "a prefix is whole elements, in what is rewritten too": (
        of_gateway(
            f"{{{V1}, filters: [{{type: URLRewrite, urlRewrite:"
            " {path: {type: ReplacePrefixMatch, replacePrefixMatch: /}}}], backendRefs: [{name: a}]}"
        ),
        [
            {
                "matchRules": [{"fullPathMatch": "/v1"}],
                "service": f"{BE}a",
                "routeAction": {"urlRewrite": {"pathPrefixRewrite": "/"}},
            },
            {
                "matchRules": [{"prefixMatch": "/v1/"}],
                "service": f"{BE}a",
                "routeAction": {"urlRewrite": {"pathPrefixRewrite": "/"}},
            },
        ],
    ),
    "a redirect": (
        of_gateway(
            "{matches: [{path: {type: Exact, value: /old}}], filters: [{type: RequestRedirect, requestRedirect:"
            " {hostname: new.example.com, statusCode: 301}}]}"
        ),
        [
            {
                "matchRules": [{"fullPathMatch": "/old"}],
                "urlRedirect": {
                    "redirectResponseCode": "MOVED_PERMANENTLY_DEFAULT",
                    "hostRedirect": "new.example.com",
                    "stripQuery": False,
                },
            }
        ],
    ),
    "headers, a time-out and a mirror": (
        of_gateway(
            "{filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: x, value: y}], remove: [z]}},"
            " {type: RequestMirror, requestMirror: {backendRef: {name: m}}}],"
            " timeouts: {request: 1m30s}, backendRefs: [{name: a}]}"
        ),
        [
            {
                "matchRules": [{"prefixMatch": "/"}],
                "headerAction": {
                    "requestHeadersToAdd": [{"headerName": "x", "headerValue": "y", "replace": True}],
                    "requestHeadersToRemove": ["z"],
                },
                "service": f"{BE}a",
                "routeAction": {
                    "timeout": {"seconds": 90},
                    "requestMirrorPolicy": {"backendService": f"{BE}m"},
                },
            }
        ],
    ),
    "a VirtualService": (
        of_istio(
            "{match: [{uri: {prefix: /v1}}], rewrite: {uri: /}, retries: {attempts: 2, retryOn: 5xx},"
            " timeout: 5s, route: [{destination: {host: a}}]}"
        ),
        [
            {
                "matchRules": [{"prefixMatch": "/v1"}],
                "service": f"{BE}a",
                "routeAction": {
                    "urlRewrite": {"pathPrefixRewrite": "/"},
                    "timeout": {"seconds": 5},
                    "retryPolicy": {"numRetries": 2, "retryConditions": ["5xx"]},
                },
            }
        ],
    ),
    "nginx's rewrite of what it captured": (
        nginx("/a(/|$)(.*)", "ImplementationSpecific", rewrite_target="/$2"),
        [
            {
                "matchRules": [{"fullPathMatch": "/a"}],
                "service": f"{BE}web",
                "routeAction": {"urlRewrite": {"pathPrefixRewrite": "/"}},
            },
            {
                "matchRules": [{"prefixMatch": "/a/"}],
                "service": f"{BE}web",
                "routeAction": {"urlRewrite": {"pathPrefixRewrite": "/"}},
            },
        ],
    ),
    "nginx's rewrite behind the slash alone": (
        nginx("/a/(.*)", "ImplementationSpecific", rewrite_target="/v2/$1"),
        [
            {
                "matchRules": [{"prefixMatch": "/a/"}],
                "service": f"{BE}web",
                "routeAction": {"urlRewrite": {"pathPrefixRewrite": "/v2/"}},
            }
        ],
    ),
    "nginx's rewrite with or without the slash": (
        nginx("/a/?(.*)", "ImplementationSpecific", rewrite_target="/$1"),
        [
            {
                "matchRules": [{"prefixMatch": "/a/"}],
                "service": f"{BE}web",
                "routeAction": {"urlRewrite": {"pathPrefixRewrite": "/"}},
            },
            {
                "matchRules": [{"prefixMatch": "/a"}],
                "service": f"{BE}web",
                "routeAction": {"urlRewrite": {"pathPrefixRewrite": "/"}},
            },
        ],
    ),
    "nginx's rewrite of the whole path": (
        nginx("/a", "Exact", rewrite_target="/b"),
        [
            {
                "matchRules": [{"fullPathMatch": "/a"}],
                "service": f"{BE}web",
                "routeAction": {"urlRewrite": {"pathPrefixRewrite": "/b"}},
            }
        ],
    ),
}


@pytest.mark.parametrize("case", RULES, ids=str)
def test_route_rules(case: str) -> None:
    raw, expected = RULES[case]
    assert written(raw) == expected


def test_the_match_that_says_more_goes_first() -> None:
    rules = (
        "{matches: [{path: {type: PathPrefix, value: /}}], backendRefs: [{name: all}]},"
        "{matches: [{path: {type: PathPrefix, value: /a}}], backendRefs: [{name: a}]},"
        "{matches: [{path: {type: PathPrefix, value: /a}, headers: [{name: h, value: v}]}], backendRefs: [{name: beta}]},"
        "{matches: [{path: {type: Exact, value: /a}}], backendRefs: [{name: exact}]}"
    )
    found = route_rules([http_rules(of_gateway(rules))], *[lambda t: t.service] * 2)
    assert [r["service"] for r in found] == ["exact", "beta", "beta", "a", "a", "all"]
    assert [r["priority"] for r in found] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (
            of_gateway("{matches: [{path: {type: RegularExpression, value: /a.*}}], backendRefs: [{name: a}]}"),
            "regular",
        ),
        (of_gateway("{filters: [{type: ExtensionRef}], backendRefs: [{name: a}]}"), "ExtensionRef"),
        (of_istio("{route: [{destination: {host: a, subset: v1}}]}"), "subset v1"),
        (of_istio("{fault: {delay: {fixedDelay: 5s}}, route: [{destination: {host: a}}]}"), "fault"),
        (nginx("/a/(b|c)/(.*)", "ImplementationSpecific", rewrite_target="/$2"), "regular"),
    ],
    ids=["a regular expression", "a filter of one's own", "a subset", "a fault", "a rewrite of several captures"],
)
def test_what_a_url_map_cannot_say_is_listed(raw: dict[str, Any], what: str) -> None:
    (rule,) = http_rules(raw)
    assert any(what in lack.what for lack in rule.lacks)


def test_a_rule_that_would_lead_elsewhere_is_left_out() -> None:
    raw = of_gateway("{backendRefs: [{name: a, weight: 1}, {name: gone, weight: 1}]}")
    resolve = [lambda t: None if t.service == "gone" else t.service] * 2
    assert route_rules([http_rules(raw)], *resolve) == []


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://other.example.com/x", ("other.example.com", "/x", True)),
        ("https://other.example.com", ("other.example.com", "/", True)),
        ("https://other.example.com$request_uri", ("other.example.com", None, False)),
    ],
)
def test_a_controllers_redirect_is_to_its_very_url(url: str, expected: tuple[str, str | None, bool]) -> None:
    """``return 301 URL`` of nginx keeps neither the path nor the query of what was asked."""
    paths = [{"path": "/api", "backend": {"service": {"name": "web", "port": {"number": 80}}}}]
    of_controller = {"nginx.ingress.kubernetes.io/permanent-redirect": url, "nginx.ingress.kubernetes.io/affinity": "x"}
    metadata = {"name": "a", "namespace": "b", "annotations": of_controller}
    raw = {"kind": "Ingress", "metadata": metadata, "spec": {"rules": [{"host": "h", "http": {"paths": paths}}]}}
    redirects = [rule.actions.redirect for rule in ingress_rules(raw)]
    assert [(r.host, r.path, r.strip_query) for r in redirects if r] == [expected]
    assert not ingress_settings(raw).affinity


@pytest.mark.parametrize(
    ("said", "status", "lacks"),
    [
        ({"permanent-redirect": "https://o.example.com/x", "permanent-redirect-code": "308"}, 308, []),
        ({"permanent-redirect": "https://o.example.com/x", "permanent-redirect-code": "200"}, 301, []),
        ({"permanent-redirect": "https://o.example.com/x", "permanent-redirect-code": "305"}, 305, ["status 305"]),
        ({"temporal-redirect": "https://o.example.com:443/", "temporal-redirect-code": "307"}, 307, []),
        ({"temporal-redirect": "https://t/", "permanent-redirect": "https://p/"}, 302, []),
        ({"permanent-redirect": "https://o.example.com:8443/x"}, 301, ["port 8443"]),
        ({"permanent-redirect": "http://o.example.com/x"}, 301, ["plain HTTP"]),
        ({"permanent-redirect": "https://o.example.com/x?a=b"}, 301, ["a query"]),
        ({"permanent-redirect": "https://$host/x"}, 301, []),
        ({"permanent-redirect": "https://$host$uri"}, 301, ["variables"]),
    ],
)
def test_what_no_redirect_of_a_url_map_has_is_asked(said: dict[str, str], status: int, lacks: list[str]) -> None:
    annotations = {f"nginx.ingress.kubernetes.io/{k}": v for k, v in said.items()}
    settings = ingress_settings({"kind": "Ingress", "metadata": {"name": "a", "annotations": annotations}})
    assert settings.redirect is not None
    assert settings.redirect.status == status
    assert len(settings.lacks) == len(lacks)
    assert all(word in lack.what for word, lack in zip(lacks, settings.lacks, strict=True))


@pytest.mark.parametrize(
    ("weights", "given", "asks"),
    [((90, 10), (90, 10), 0), ((9000, 1000), (9, 1), 0), ((999999, 1), (1000, 1), 1), ((0, 5000), (0, 1), 0)],
)
def test_weights_that_a_url_map_takes_have_the_same_shares(
    weights: tuple[int, ...], given: tuple[int, ...], asks: int
) -> None:
    assert shares_of(weights) == given
    refs = ", ".join(f"{{name: s{i}, weight: {w}}}" for i, w in enumerate(weights))
    (rule,) = http_rules(of_gateway(f"{{backendRefs: [{refs}]}}"))
    assert len(rule.lacks) == asks


@pytest.mark.parametrize(
    ("rule", "what"),
    [
        ("{match: [{queryParams: {v: {prefix: '2'}}}], route: [{destination: {host: a}}]}", "by its prefix"),
        ("{redirect: {uri: '/a?b=c'}}", "with a query"),
        ("{redirect: {redirectCode: 305}}", "status 305"),
    ],
)
def test_what_an_istio_rule_has_and_a_url_map_lacks_is_asked(rule: str, what: str) -> None:
    (made,) = http_rules(of_istio(rule))
    assert [what in lack.what for lack in made.lacks] == [True]
