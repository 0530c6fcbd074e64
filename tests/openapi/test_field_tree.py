"""Fields by their schema paths, which rules and the account of fields go by."""

from __future__ import annotations

import pytest

from k2cr_analysis.openapi.field_tree import leaf_fields, object_type, schema_fields, sources

POD = {"containers": [{"name": "a", "image": "i"}]}
CASES = {
    "a scalar of a kind": (
        {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"strategy": {"type": "Recreate"}}},
        ("$.spec.strategy.type", "Deployment.spec.strategy.type", True),
    ),
    "a container of a template": (
        {"apiVersion": "apps/v1", "kind": "StatefulSet", "spec": {"template": {"spec": POD}}},
        ("$.spec.template.spec.containers[0].image", "Container.image", True),
    ),
    "an init container": (
        {"apiVersion": "v1", "kind": "Pod", "spec": {"initContainers": [{"args": ["a", "b"]}]}},
        ("$.spec.initContainers[0].args", "Container.args", True),
    ),
    "an ephemeral container": (
        {"apiVersion": "v1", "kind": "Pod", "spec": {"ephemeralContainers": [{"targetContainerName": "a"}]}},
        ("$.spec.ephemeralContainers[0].targetContainerName", "Container.targetContainerName", True),
    ),
    "a job inside a cron job": (
        {"apiVersion": "batch/v1", "kind": "CronJob", "spec": {"jobTemplate": {"spec": {"backoffLimit": 1}}}},
        ("$.spec.jobTemplate.spec.backoffLimit", "JobSpec.backoffLimit", True),
    ),
    "an empty object": (
        {"apiVersion": "v1", "kind": "Pod", "spec": {"volumes": [{"emptyDir": {}}]}},
        ("$.spec.volumes[0].emptyDir", "PodSpec.volumes[].emptyDir", True),
    ),
    "a map is one field": (
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"labels": {"a": "b", "c": "d"}}},
        ("$.metadata.labels", "Pod.metadata.labels", True),
    ),
    "an unknown field, whatever it holds": (
        {"apiVersion": "v1", "kind": "Pod", "spec": {"cntainers": [{"name": "a"}]}},
        ("$.spec.cntainers", "PodSpec.cntainers", False),
    ),
    "a kind of an older version": (
        {"apiVersion": "extensions/v1beta1", "kind": "Deployment", "spec": {"replicas": 2}},
        ("$.spec.replicas", "Deployment.spec.replicas", True),
    ),
    "an older version with other fields": (
        {"apiVersion": "extensions/v1beta1", "kind": "Ingress", "spec": {"backend": {"servicePort": 80}}},
        ("$.spec.backend.servicePort", "Ingress.spec.backend.servicePort", True),
    ),
    "a Knative service's own field": (
        {
            "apiVersion": "serving.knative.dev/v1",
            "kind": "Service",
            "spec": {"template": {"spec": {"timeoutSeconds": 9}}},
        },
        ("$.spec.template.spec.timeoutSeconds", "KnativeService.spec.template.spec.timeoutSeconds", True),
    ),
    "a Knative service's pod": (
        {"apiVersion": "serving.knative.dev/v1", "kind": "Service", "spec": {"template": {"spec": POD}}},
        ("$.spec.template.spec.containers[0].name", "Container.name", True),
    ),
    "a condition's status is no status": (
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "spec": {"podFailurePolicy": {"rules": [{"onPodConditions": [{"status": "True"}]}]}},
        },
        (
            "$.spec.podFailurePolicy.rules[0].onPodConditions[0].status",
            "JobSpec.podFailurePolicy.rules[].onPodConditions[].status",
            True,
        ),
    ),
    "a value of another form than its field": (
        {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": 7}},
        ("$.spec.containers", "PodSpec.containers", True),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_is_found(case):
    obj, leaf = CASES[case]
    assert leaf in set(leaf_fields(obj))


def test_null_status_and_managed_fields_are_no_fields():
    obj = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "a", "creationTimestamp": None, "managedFields": [{"manager": "kubectl"}]},
        "status": {"loadBalancer": {}},
    }
    assert [path for path, _, _ in leaf_fields(obj)] == ["$.apiVersion", "$.kind", "$.metadata.name"]


@pytest.mark.parametrize(
    "case", [case for case, (_, leaf) in CASES.items() if leaf[2] and leaf[1] != "PodSpec.containers"]
)
def test_a_known_leaf_is_a_declared_field_or_above_one(case):
    obj, (_, schema_path, _) = CASES[case]
    declared = schema_fields(obj["apiVersion"], obj["kind"])
    assert any(name == schema_path or name.startswith((f"{schema_path}.", f"{schema_path}[]")) for name in declared)


def test_an_unknown_kind_has_no_known_field():
    obj = {"apiVersion": "keda.sh/v1", "kind": "ScaledObject", "spec": {"a": {"b": 1}}}
    assert object_type("keda.sh/v1", "ScaledObject") is None
    assert [leaf for leaf in leaf_fields(obj) if leaf[2]] == []
    assert schema_fields("keda.sh/v1", "ScaledObject") == ()


def test_every_part_names_its_release():
    assert {"kubernetes", "gateway-api", "gke-gateway-api"} <= set(sources())
