"""Verdict, target, ingress container, and a person's word on them."""

from __future__ import annotations

import pytest

from k2cr_analysis.config.settings import Config, RuleOverride, WorkloadSettings
from tests.fit.cluster import container, deployment, fit_of, fits_of, service

WEB = "shop/Deployment/web"


def of_kind(kind: str, **spec) -> dict:
    document = deployment(container(), **spec)
    return {**document, "kind": kind, "apiVersion": "v1" if kind == "Pod" else document["apiVersion"]}


def bare_pod(**spec) -> dict:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "namespace": "shop", "labels": {"app": "web"}},
        "spec": {"containers": [container()], **spec},
    }


@pytest.mark.parametrize(
    ("documents", "verdict", "target"),
    [
        ([deployment(), service()], "ready", "service"),
        ([deployment()], "ready", "worker-pool"),
        ([bare_pod()], "ready", "worker-pool"),
        ([bare_pod(restartPolicy="Never")], "ready", "job"),
        ([bare_pod(), service()], "ready", "service"),
        ([deployment(hostNetwork=True), service()], "blocked", "none"),
        ([of_kind("DaemonSet", hostNetwork=True)], "keep", "none"),
        ([deployment(initContainers=[container("init")]), service()], "changes", "service"),
    ],
    ids=[
        "service",
        "no-service",
        "pod",
        "pod-that-ends",
        "pod-with-service",
        "blocked",
        "keep-over-blocked",
        "changes",
    ],
)
def test_verdict_and_target(documents: list[dict], verdict: str, target: str) -> None:
    fit = fit_of(*documents)
    assert (fit.verdict, fit.target) == (verdict, target)


def test_what_is_kept_says_one_thing() -> None:
    assert [f.rule for f in fit_of(of_kind("DaemonSet", hostNetwork=True, hostPID=True)).findings] == [
        "belongs-to-cluster"
    ]


def test_a_blocked_workload_says_what_it_would_become() -> None:
    fit = fit_of(deployment(hostNetwork=True), service())
    assert all("would become a service" in f.message for f in fit.findings if f.severity == "blocker")


def test_what_needs_no_decision_is_ready() -> None:
    """HTTP readiness probe, Ingress, HPA on CPU, Secret as env, service account, node selector, read-only root."""
    whole = container(
        ports=[{"containerPort": 8080}],
        readinessProbe={"httpGet": {"path": "/", "port": 8080}},
        env=[{"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
        securityContext={"readOnlyRootFilesystem": True},
    )
    ingress = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"defaultBackend": {"service": {"name": "web", "port": {"number": 80}}}},
    }
    scaler = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {
            "scaleTargetRef": {"kind": "Deployment", "name": "web"},
            "maxReplicas": 5,
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}},
                }
            ],
        },
    }
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "web", "namespace": "shop"}}
    pod = deployment(whole, serviceAccountName="web", nodeSelector={"cloud.google.com/gke-spot": "true"})
    fit = fits_of([pod, service(), ingress, scaler, account])[WEB]
    assert fit.verdict == "ready", [f for f in fit.findings if f.severity != "note"]


@pytest.mark.parametrize(
    ("port", "h2c"),
    [
        ({"name": "grpc", "port": 8080}, True),
        ({"name": "grpc-api", "port": 8080}, True),
        ({"name": "api", "port": 8080, "appProtocol": "kubernetes.io/h2c"}, True),
        ({"name": "http", "port": 8080}, False),
        ({"name": "http", "port": 8080, "appProtocol": "grpc"}, True),
    ],
    ids=lambda v: str(v),
)
def test_grpc_is_declared_by_name_or_protocol(port: dict, h2c: bool) -> None:
    fit = fit_of(deployment(), service(port))
    assert (fit.verdict, fit.h2c) == ("ready", h2c)


def two() -> list[dict]:
    pod = deployment(container("a", ports=[{"containerPort": 8080}]), container("b", ports=[{"containerPort": 9000}]))
    return [
        pod,
        service({"name": "http-a", "port": 80, "targetPort": 8080}, {"name": "http-b", "port": 81, "targetPort": 9000}),
    ]


def test_of_several_containers_none_is_guessed() -> None:
    fit = fit_of(*two())
    assert (fit.verdict, fit.ingress_container) == ("changes", None)


def test_the_config_chooses_the_ingress_container() -> None:
    fit = fit_of(*two(), config=Config(workloads={WEB: WorkloadSettings(ingress_container="b")}))
    assert (fit.ingress_container, fit.ingress_port) == ("b", 9000)


@pytest.mark.parametrize(
    "settings", [WorkloadSettings(keep=True), WorkloadSettings(target="job")], ids=["keep", "target"]
)
def test_the_config_decides(settings: WorkloadSettings) -> None:
    fit = fit_of(deployment(), service(), config=Config(workloads={WEB: settings}))
    assert fit.verdict == "keep" if settings.keep else fit.target == "job"


def test_keep_false_takes_a_workload_out_of_the_cluster() -> None:
    document = deployment()
    document["metadata"]["namespace"] = "kube-system"
    fit = fit_of(document, config=Config(workloads={"kube-system/Deployment/web": WorkloadSettings(keep=False)}))
    assert fit.verdict == "ready"


def test_a_silenced_rule_shows_that_it_is() -> None:
    config = Config(rules={"init-container": RuleOverride("off", "it only warms a cache")})
    fit = fit_of(deployment(initContainers=[container("warm")]), service(), config=config)
    found = next(f for f in fit.findings if f.rule == "init-container")
    assert (fit.verdict, found.severity) == ("ready", "note")
    assert "silenced" in found.message
    assert "it only warms a cache" in found.message


def test_a_re_graded_rule_counts_by_its_new_grade() -> None:
    config = Config(rules={"grace-period-over-limit": RuleOverride("blocker", "we lose orders")})
    fit = fit_of(deployment(terminationGracePeriodSeconds=60), service(), config=config)
    assert fit.verdict == "blocked"
    assert any("we lose orders" in f.message for f in fit.findings)


def test_pods_of_a_multi_cluster_service_become_a_service() -> None:
    selected = {"selector": {"app": "web"}, "ports": [{"name": "http", "port": 8080, "targetPort": 8080}]}
    fit = fit_of(
        deployment(),
        {
            "apiVersion": "networking.gke.io/v1",
            "kind": "MultiClusterService",
            "metadata": {"name": "web-mcs", "namespace": "shop"},
            "spec": {"template": {"spec": selected}, "clusters": [{"link": "us-west1-b/blue"}]},
        },
        {
            "apiVersion": "networking.gke.io/v1",
            "kind": "MultiClusterIngress",
            "metadata": {"name": "global", "namespace": "shop"},
            "spec": {"template": {"spec": {"backend": {"serviceName": "web-mcs", "servicePort": 8080}}}},
        },
    )
    assert (fit.target, fit.ingress_container, fit.ingress_port) == ("service", "web", 8080)
    assert [u for u in fit.fields if u.how == "unaccounted"] == []
