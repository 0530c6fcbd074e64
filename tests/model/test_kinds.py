"""No kind vanishes: what holds a pod template is a workload, and what holds or makes one otherwise is listed."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from k2cr_analysis.errors import Location
from k2cr_analysis.model.cluster import Cluster
from k2cr_analysis.model.parse.cluster import parse_cluster
from k2cr_analysis.snapshot import SnapshotObject

POD = {"spec": {"containers": [{"name": "app", "image": "us-docker.pkg.dev/shop/apps/app:1"}]}}
LABELLED = {"metadata": {"labels": {"app": "web"}}, **POD}


def cluster_of(*documents: dict[str, Any]) -> Cluster:
    return parse_cluster([SnapshotObject(d, Location("test.yaml", i)) for i, d in enumerate(documents)])


def an(api_version: str, kind: str, **fields: Any) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "web", "namespace": "shop"}, **fields}


@pytest.mark.parametrize(
    ("document", "path"),
    [
        (an("argoproj.io/v1alpha1", "Rollout", spec={"template": POD}), "$.spec.template.spec"),
        (an("apps.openshift.io/v1", "DeploymentConfig", spec={"template": POD}), "$.spec.template.spec"),
        (an("apps.kruise.io/v1alpha1", "CloneSet", spec={"template": POD}), "$.spec.template.spec"),
        (
            an("keda.sh/v1alpha1", "ScaledJob", spec={"jobTargetRef": {"template": POD}}),
            "$.spec.jobTargetRef.template.spec",
        ),
        (
            an(
                "jobset.x-k8s.io/v1alpha2",
                "JobSet",
                spec={"replicatedJobs": [{"template": {"spec": {"template": POD}}}]},
            ),
            "$.spec.replicatedJobs[0].template.spec.template.spec",
        ),
        (an("serving.knative.dev/v1", "Service", spec={"template": POD}), "$.spec.template.spec"),
        (an("serving.knative.dev/v1", "Configuration", spec={"template": POD}), "$.spec.template.spec"),
        (an("serving.knative.dev/v1", "Revision", **POD), "$.spec"),
    ],
    ids=lambda v: v["kind"] if isinstance(v, dict) else "",
)
def test_a_kind_with_a_pod_template_is_a_workload(document: dict[str, Any], path: str) -> None:
    cluster = cluster_of(document)
    [workload] = cluster.workloads
    assert workload.id == f"shop/{document['kind']}/web"
    assert [c.name for c in workload.pod.containers] == ["app"]
    assert workload.pod.path == path
    assert not cluster.others


@pytest.mark.parametrize(
    ("api_version", "kind", "spec", "said"),
    [
        ("helm.toolkit.fluxcd.io/v2", "HelmRelease", {"chart": {"spec": {"chart": "redis"}}}, "redis"),
        ("argoproj.io/v1alpha1", "Application", {"source": {"path": "apps/web", "repoURL": "https://x/y"}}, "apps/web"),
        ("kustomize.toolkit.fluxcd.io/v1", "Kustomization", {"path": "./prod"}, "./prod"),
        (
            "argoproj.io/v1alpha1",
            "CronWorkflow",
            {"workflowSpec": {"templates": [{"container": {"image": "a:1"}}]}},
            "a:1",
        ),
        ("argoproj.io/v1alpha1", "Rollout", {"workloadRef": {"name": "web"}}, "the Deployment"),
        ("batch.volcano.sh/v1alpha1", "Job", {"tasks": [{"template": POD}]}, "apps/app:1"),
        ("apps.kruise.io/v1beta1", "StatefulSet", {"template": POD}, "apps/app:1"),
        ("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet", {"leaderWorkerTemplate": {"workerTemplate": POD}}, "app:1"),
        ("example.com/v1", "Thing", {"pod": POD}, "apps/app:1"),
        ("postgresql.cnpg.io/v1", "Cluster", {"instances": 3}, "PostgreSQL"),
        ("run.googleapis.com/v1", "Job", {"template": {"spec": {"template": POD}}}, "Cloud Run job"),
    ],
)
def test_what_holds_or_makes_workloads_otherwise_is_listed(api_version: str, kind: str, spec: dict, said: str) -> None:
    cluster = cluster_of(an(api_version, kind, spec=spec))
    [other] = cluster.others
    assert (other.id, other.kind) == (f"shop/{kind}/web", kind)
    assert said in other.holds
    assert other.how
    assert not cluster.workloads


def test_what_runs_on_cloud_run_already_is_no_candidate() -> None:
    document = an("serving.knative.dev/v1", "Service", spec={"template": POD})
    document["metadata"]["annotations"] = {"run.googleapis.com/ingress": "internal"}
    cluster = cluster_of(document)
    assert not cluster.workloads
    assert "already" in cluster.others[0].how


@pytest.mark.parametrize("kind", ["ConfigMap", "PodTemplate", "KafkaTopic", "AnalysisTemplate"])
def test_what_holds_nothing_that_runs_is_not_listed(kind: str) -> None:
    groups = {"KafkaTopic": "kafka.strimzi.io/v1", "AnalysisTemplate": "argoproj.io/v1alpha1"}
    held = {} if kind in groups else {"template": POD}
    assert not cluster_of(an(groups.get(kind, "v1"), kind, spec={}, **held)).others


def test_what_knative_made_is_part_of_its_service() -> None:
    def owned(document: dict[str, Any], kind: str, api_version: str = "serving.knative.dev/v1") -> dict[str, Any]:
        owner = {"apiVersion": api_version, "kind": kind, "name": "web", "controller": True}
        return {**document, "metadata": {**document["metadata"], "ownerReferences": [owner]}}

    found = cluster_of(
        an("serving.knative.dev/v1", "Service", spec={"template": POD}),
        owned(an("serving.knative.dev/v1", "Configuration", spec={"template": POD}), "Service"),
        owned(an("serving.knative.dev/v1", "Revision", **POD), "Configuration"),
        owned(an("apps/v1", "Deployment", spec={"template": LABELLED}), "Revision"),
    )
    assert [w.id for w in found.workloads] == ["shop/Service/web"]
    assert not found.others


def test_an_openshift_route_leads_to_the_port_that_it_names() -> None:
    documents = yaml.safe_load_all("""
apiVersion: apps.openshift.io/v1
kind: DeploymentConfig
metadata: {name: web, namespace: shop}
spec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: app, image: 'a:1', ports: [{containerPort: 8080}]}]}}}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: route.openshift.io/v1
kind: Route
metadata: {name: web, namespace: shop}
spec: {host: shop.example.com, path: /, to: {kind: Service, name: web}, port: {targetPort: 8080}}
""")
    [workload] = cluster_of(*documents).workloads
    [route] = workload.exposures[0].routes
    assert (route.host, route.http_path, route.service_port, route.reach) == ("shop.example.com", "/", 80, "unknown")


def test_scaler_of_a_workload_that_is_not_here_is_told() -> None:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "elsewhere"}
    cluster = cluster_of(
        an("apps/v1", "Deployment", spec={"selector": {"matchLabels": {"app": "web"}}, "template": LABELLED}),
        an("autoscaling/v2", "HorizontalPodAutoscaler", spec={"scaleTargetRef": target, "maxReplicas": 3}),
    )
    [other] = cluster.others
    assert other.id == "shop/HorizontalPodAutoscaler/web" and "Deployment elsewhere" in other.holds
    here = an("autoscaling/v2", "HorizontalPodAutoscaler", spec={"scaleTargetRef": {**target, "name": "web"}})
    assert not cluster_of(
        an("apps/v1", "Deployment", spec={"selector": {"matchLabels": {"app": "web"}}, "template": LABELLED}), here
    ).others


def test_ingress_that_leads_to_a_service_that_is_not_here_is_told() -> None:
    for backend in ({"service": {"name": "gone", "port": {"number": 80}}}, {"serviceName": "gone", "servicePort": 80}):
        rules = [{"http": {"paths": [{"path": "/", "backend": backend}]}}]
        [other] = cluster_of(an("networking.k8s.io/v1", "Ingress", spec={"rules": rules})).others
        assert "Service gone" in other.holds


def test_what_a_live_cluster_is_not_asked_for_is_not_called_missing() -> None:
    secret = {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "a"}}}
    pod = {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"priorityClassName": "gold", "containers": [{"name": "app", "image": "app:1", "env": [secret]}]},
    }
    web = an("apps/v1", "Deployment", spec={"selector": {"matchLabels": {"app": "web"}}, "template": pod})
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "gke-a"}, "status": {}}
    by_file, live = cluster_of(web), cluster_of(web, node)
    assert [m.kind for m in by_file.workloads[0].missing] == ["Secret", "PriorityClass"]
    assert [m.kind for m in live.workloads[0].missing] == ["PriorityClass"]
