"""Calls that the service mesh counted, beside those that manifests show."""

from __future__ import annotations

from typing import Any

import pytest

from k2cr_analysis.config.settings import Config
from k2cr_analysis.fit import Fit, assess_cluster
from tests.fit.cluster import cluster_of, container, deployment, rules_of
from tests.fit.test_dependencies import backend, named

WEB, API = "shop/Deployment/web", "shop/Deployment/api"


def fits(*documents: dict[str, Any], **counted: int) -> dict[str, Fit]:
    """``counted``: caller with __ for / -> requests to the api."""
    callers = {API: {name.replace("__", "/"): n for name, n in counted.items()}} if counted else {}
    return dict(assess_cluster(cluster_of(documents), Config(), callers))


def web(**env: str) -> dict[str, Any]:
    return deployment(container(env=[{"name": k, "value": v} for k, v in env.items()]))


@pytest.mark.parametrize("caller", ["shop__web", "shop__Deployment__web"])
def test_a_counted_call_is_an_edge_with_its_count(caller: str) -> None:
    found = fits(web(), *backend("api"), **{caller: 1234})
    (edge,) = found[WEB].dependencies
    assert (edge.target, edge.service, edge.namespace, edge.port, edge.kind, edge.in_cluster) == (
        API,
        "api",
        "shop",
        80,
        "http",
        True,
    )
    assert edge.evidence == "1,234 requests in the mesh's metrics (istio.io/service/server/request_count)"
    assert "called-from-cluster" in rules_of(found[API])


def test_an_edge_of_a_manifest_is_not_doubled_and_says_both() -> None:
    (edge,) = fits(web(API="http://api:80"), *backend("api"), shop__web=7)[WEB].dependencies
    assert edge.port == 80
    assert "env API of container web" in edge.evidence
    assert "7 requests in the mesh's metrics" in edge.evidence


def test_a_grpc_port_makes_a_grpc_edge() -> None:
    (edge,) = fits(web(), *backend("api", {"name": "grpc", "port": 9000, "targetPort": 8080}), shop__web=1)[
        WEB
    ].dependencies
    assert (edge.kind, edge.port) == ("grpc", 9000)
    assert edge.evidence.startswith("1 request in")


def test_a_caller_that_the_snapshot_does_not_hold_counts_as_a_caller_alone() -> None:
    found = fits(web(API="http://api"), *backend("api"), istio_ingress__gateway=5)
    assert len(found[WEB].dependencies) == 1
    (said,) = [f for f in found[API].findings if f.rule == "called-from-cluster"]
    assert "istio_ingress/gateway" in said.message
    assert "only-caller" not in rules_of(found[API])


def test_a_second_caller_in_the_metrics_takes_the_only_caller_back() -> None:
    other = named(deployment(container("other")), "other")
    assert "only-caller" in rules_of(fits(web(API="http://api"), other, *backend("api"))[API])
    assert "only-caller" not in rules_of(fits(web(API="http://api"), other, *backend("api"), shop__other=3)[API])


def test_only_caller_says_what_a_hop_takes() -> None:
    (said,) = [f for f in fits(web(API="http://api"), *backend("api"))[API].findings if f.rule == "only-caller"]
    assert "one hop a call" in said.message
    assert "0 to 1 ms" in said.message


def test_a_database_of_one_caller_is_nothing_to_put_beside_it() -> None:
    found = fits(web(API="redis://api:6379"), *backend("api", {"name": "tcp-redis", "port": 6379}))
    assert "only-caller" not in rules_of(found[API])


def test_calls_of_oneself_and_none_at_all_are_no_edges() -> None:
    found = fits(web(), *backend("api"), shop__api=9, shop__web=0)
    assert found[API].dependencies == () == found[WEB].dependencies


POLICY = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "inside", "namespace": "shop"},
    "spec": {
        "podSelector": {"matchLabels": {"app": "api"}},
        "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "web"}}}]}],
    },
}


def test_what_the_mesh_alone_counted_makes_nothing_less_ready() -> None:
    """Without the table the call would not be known, and a verdict must not get better for want of one."""
    api = backend("api")
    api[0]["spec"]["template"]["spec"]["hostNetwork"] = True  # it stays
    counted, bare = fits(web(), *api, POLICY, shop__web=9)[WEB], fits(web(), *api, POLICY)[WEB]
    assert counted.verdict == bare.verdict
    told = [f for f in counted.findings if "which stays" in f.message]
    assert [(f.rule, f.severity) for f in told] == [("calls-into-cluster", "note")]
    named_too = fits(web(API="http://api:80"), *api, POLICY, shop__web=9)[WEB]
    assert "callee-admits-no-outsiders" in rules_of(named_too)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://api:81", "which Service api does not have (it has 80)"),
        ("http://api:80", "port 80 (env"),
        ("http://lost:80", "lost.shop.svc on port 80, behind which the snapshot has no pods"),
        ("http://nobody.shop:80", "of which the snapshot has no Service"),
    ],
)
def test_what_the_callee_lacks_is_told(address: str, said: str) -> None:
    def lone(name: str, **spec: Any) -> dict[str, Any]:
        metadata = {"name": name, "namespace": "shop"}
        return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": [{"port": 80}], **spec}}

    found = fits(web(API=address), *backend("api"), lone("lost", selector={"app": "lost"}))[WEB]
    (message,) = [f.message for f in found.findings if f.rule == "calls-into-cluster"]
    assert said in message
