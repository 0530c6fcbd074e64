"""Every field of the schema is read by a rule, carried along, or listed as without effect."""

from __future__ import annotations

import pytest

from k2cr_analysis.fit.fields.account import JOINED_KINDS, use_of
from k2cr_analysis.fit.fields.carried import CARRIED
from k2cr_analysis.fit.fields.no_effect import NO_EFFECT, WHEN_EMPTY
from k2cr_analysis.fit.fields.settled import UNLESS_FOUND, settled, silent_why
from k2cr_analysis.fit.registry import all_rules, read_by
from k2cr_analysis.fit.result import FieldUse
from k2cr_analysis.model.findings.finding import Finding
from k2cr_analysis.openapi.field_tree import schema_fields
from tests.fit.cluster import container, deployment, fit_of, service

KINDS = [
    ("apps/v1", "Deployment"), ("apps/v1", "StatefulSet"), ("apps/v1", "DaemonSet"), ("apps/v1", "ReplicaSet"), ("v1", "ReplicationController"), ("batch/v1", "Job"),
    ("batch/v1", "CronJob"), ("v1", "Pod"), ("serving.knative.dev/v1", "Service"), ("v1", "Service"), ("networking.k8s.io/v1", "Ingress"), ("extensions/v1beta1", "Ingress"),
    ("gateway.networking.k8s.io/v1", "Gateway"), ("gateway.networking.k8s.io/v1", "HTTPRoute"), ("gateway.networking.k8s.io/v1", "GRPCRoute"),
    ("autoscaling/v2", "HorizontalPodAutoscaler"), ("autoscaling/v1", "HorizontalPodAutoscaler"), ("v1", "ServiceAccount"), ("v1", "PersistentVolumeClaim"),
    ("policy/v1", "PodDisruptionBudget"), ("networking.k8s.io/v1", "NetworkPolicy"), ("cloud.google.com/v1", "BackendConfig"), ("networking.gke.io/v1beta1", "FrontendConfig"),
    ("networking.gke.io/v1", "ManagedCertificate"), ("networking.gke.io/v1", "GCPBackendPolicy"), ("networking.gke.io/v1", "HealthCheckPolicy"),
]  # fmt: skip


@pytest.mark.parametrize(("api_version", "kind"), KINDS, ids=lambda v: v)
def test_every_field_of_the_schema_is_accounted_for(api_version: str, kind: str) -> None:
    fields = schema_fields(api_version, kind)
    assert fields
    assert [f for f in fields if use_of(f)[0] == "unaccounted"] == []


EMPTY = {
    "pod template": {"spec": {"template": {}}},
    "pod": {"spec": {"template": {"spec": {}}}},
    "lists": {"spec": {"template": {"spec": {"containers": [], "volumes": [{}], "initContainers": [{"env": [{}]}]}}}},
    "probe": {"spec": {"template": {"spec": {"containers": [{"livenessProbe": {"tcpSocket": {}}}]}}}},
}


@pytest.mark.parametrize("case", EMPTY)
def test_what_is_empty_is_accounted_for_as_such(case: str) -> None:
    fit = fit_of({**deployment(), **EMPTY[case]})
    assert [u.path for u in fit.fields if u.how == "unaccounted"] == []


def test_a_field_that_no_table_knows_is_unaccounted() -> None:
    for field in (
        "Container.newField",
        "PodSpec.volumes[].newKind.size",
        "Deployment.spec.newField",
        "PodSpec.securityContext.newField",
    ):
        assert use_of(field)[0] == "unaccounted"


def _all_fields() -> set[str]:
    found = {f for kind in KINDS for f in schema_fields(*kind)}
    return found | {
        f"Workload.{f.partition('.')[2]}"
        for f in found
        if f.partition(".")[0]
        in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Pod", "KnativeService")
    }


def test_no_table_names_a_field_that_does_not_exist() -> None:
    """A typing mistake in a table would silently account for nothing."""
    fields = _all_fields()
    # What stands in these has a root of its own in a schema path.
    holders = {
        "PodSpec.containers",
        "PodSpec.initContainers",
        "PodSpec.ephemeralContainers",
        "CronJob.spec.jobTemplate",
        "CronJob.spec.jobTemplate.spec",
        "Workload.spec.template",
        "PodTemplateSpec.spec",
        "StatefulSet.spec.volumeClaimTemplates[].spec",
    }
    prefixes = {part for f in fields for part in _parts(f)} | holders
    kinds = {kind for _, kind in KINDS} | {
        "Container",
        "PodSpec",
        "PodTemplateSpec",
        "JobSpec",
        "PersistentVolumeClaimSpec",
        "KnativeService",
        "Workload",
    }
    named = {*CARRIED, *NO_EFFECT, *WHEN_EMPTY, *UNLESS_FOUND, *(field for field, _ in read_by(all_rules().values()))}
    unknown = sorted(n for n in named if n.partition(".")[0] in kinds and "." in n and n not in prefixes)
    assert unknown == [], unknown


def test_every_field_that_a_rule_reads_says_what_it_means_where_the_rule_is_silent() -> None:
    read = {field for field, _ in read_by(all_rules().values())} - set(CARRIED)
    assert sorted(f for f in read if silent_why(f) is None) == []


def test_a_read_that_comes_to_nothing_does_not_count() -> None:
    silent = FieldUse("$.spec.x", "PodSpec.neverReviewed", "consumed", "exec-probe")
    assert settled([silent], [], "ready")[0].how == "unaccounted"
    found = Finding("exec-probe", "change", "$", "x")
    assert settled([silent], [found], "changes")[0] == silent


def test_what_a_rule_found_and_what_the_field_decided_are_named() -> None:
    quiet = fit_of(deployment(terminationGracePeriodSeconds=5), service())
    by_path = {use.schema_path: use for use in quiet.fields}
    assert by_path["PodSpec.terminationGracePeriodSeconds"].how == "no-effect"
    assert by_path["Deployment.kind"].by.startswith("decides the target")
    blocked = fit_of(deployment(container(securityContext={"privileged": True})), service())
    by_path = {use.schema_path: use for use in blocked.fields}
    assert by_path["Container.securityContext.privileged"].by == "privileged-container"
    assert by_path["Container.image"].how == "no-effect"
    assert "stays" in by_path["Container.image"].by


def _parts(field: str) -> set[str]:
    """Every path above a field, with and without the sign for "each item"."""
    found, path = set(), field
    while path:
        found |= {path, path.removesuffix("[]").removesuffix(".*")}
        path = path.rpartition(".")[0]
    return found


def test_the_fields_of_joined_objects_are_in_the_account() -> None:
    fit = fit_of(deployment(), service())
    paths = {use.path: use for use in fit.fields}
    assert paths["Service/web $.spec.ports[0].targetPort"].how == "carried"
    assert paths["$.spec.template.spec.containers[0].image"].how == "carried"


def test_an_unknown_field_is_a_finding_and_the_rest_is_accounted_for() -> None:
    fit = fit_of(deployment(terminationGracePeriod=60))
    assert [u.path for u in fit.fields if u.how == "unaccounted"] == ["$.spec.template.spec.terminationGracePeriod"]
    assert any(f.rule == "unknown-field" and f.path.endswith("terminationGracePeriod") for f in fit.findings)


def test_joined_kinds_hold_no_secrets() -> None:
    assert not {"Secret", "ConfigMap"} & set(JOINED_KINDS)


def test_a_finding_counts_at_its_own_place_and_not_at_another_container() -> None:
    loud, quiet = container("loud"), container("quiet")
    loud["livenessProbe"] = {"exec": {"command": ["true"]}}
    quiet["livenessProbe"] = {"httpGet": {"path": "/", "port": 8080}}
    by_path = {u.path: u for u in fit_of(deployment(loud, quiet), service()).fields}
    containers = "$.spec.template.spec.containers"
    assert by_path[f"{containers}[0].livenessProbe.exec.command"].by == "exec-probe"
    assert all("exec-probe" not in u.by for path, u in by_path.items() if path.startswith(f"{containers}[1]"))


def test_places_are_whole_parts_of_a_path() -> None:
    use = FieldUse("$.spec.containers[10].x", "PodSpec.neverReviewed", "consumed", "exec-probe")
    other = Finding("exec-probe", "change", "$.spec.containers[1]", "x")
    assert settled([use], [other], "changes")[0].how == "unaccounted"
    assert (
        settled([use], [Finding("exec-probe", "change", "$.spec.containers[10]", "x")], "changes")[0].how == "consumed"
    )
