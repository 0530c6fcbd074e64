"""Settings of Cloud Run that no field of a pod speaks of: the same in the YAML form, by flags, and in Terraform."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import hcl2
import pytest
import yaml

from k2cr_analysis.assessment.result import WorkloadAssessment
from k2cr_analysis.config import Config
from k2cr_analysis.config.settings import Policy
from k2cr_analysis.rendering import RenderContext, render_workload
from tests.rendering.factory import assessed, container, exposure, route, workload

RUN = "run.googleapis.com/"
CONTEXT = RenderContext(project="p", project_number="1", region="us-central1")


def knative(service: Mapping[str, str], revision: Mapping[str, str] | None = None, **pod: Any) -> WorkloadAssessment:
    """A Knative Service with annotations of Cloud Run."""
    subject = workload(container("app"), kind="Service", name="web", annotations=dict(service), pod_raw=pod)
    return assessed(replace(subject, pod=replace(subject.pod, annotations=dict(revision or {}))))


def forms(subject: WorkloadAssessment, context: RenderContext = CONTEXT) -> tuple[Any, str, Any]:
    """(service.yaml's object, deploy.sh, the resource of main.tf)."""
    files = render_workload(subject, context)
    resource = hcl2.load(io.StringIO(files["main.tf"]))["resource"][0]
    (kind,) = resource.values()
    (body,) = kind.values()
    return yaml.safe_load(files["service.yaml"]), files["deploy.sh"], body


def plain(value: Any) -> Any:
    """What hcl2 gives, without its quotes and its own keys."""
    if isinstance(value, dict):
        return {k.strip('"'): plain(v) for k, v in value.items() if not k.startswith("__")}
    if isinstance(value, list):
        return [plain(v) for v in value]
    return value.strip('"') if isinstance(value, str) else value


CASES = {
    "custom audiences": ({f"{RUN}custom-audiences": '["https://a,b", "c"]'}, {}, "--set-custom-audiences='^|^https://a,b|c'", ("custom_audiences", ["https://a,b", "c"])),
    "a description": ({f"{RUN}description": "it's $x"}, {}, "--description='it'\\''s $x'", ("description", "it's $x")),
    "Binary Authorization": ({f"{RUN}binary-authorization": "default"}, {}, "--binary-authorization=default", ("binary_authorization", [{"use_default": True}])),
    "no invoker check": ({f"{RUN}invoker-iam-disabled": "true"}, {}, "--no-invoker-iam-check", ("invoker_iam_disabled", True)),
    "Cloud SQL": ({}, {f"{RUN}cloudsql-instances": "p:r:a,p:r:b"}, "--set-cloudsql-instances=p:r:a,p:r:b", None),
    "a connector": ({}, {f"{RUN}vpc-access-connector": "c"}, "--vpc-connector=c", None),
    "a key": ({}, {f"{RUN}encryption-key": "projects/p/locations/l/keyRings/r/cryptoKeys/k"}, "--key=projects/p/locations/l/keyRings/r/cryptoKeys/k", None),
    "session affinity": ({}, {f"{RUN}sessionAffinity": "true"}, "--session-affinity", None),
    "a target": ({}, {f"{RUN}scaling-cpu-target": "0.8"}, "--scaling-cpu-target=0.8", None),
    "a target that is off has no flag": ({}, {f"{RUN}scaling-cpu-target": "disabled"}, "gcloud run services replace", None),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_annotation_of_the_source_stands_in_every_form(case: str) -> None:
    service, revision, flag, terraform = CASES[case]
    tree, script, resource = forms(knative(service, revision))
    template = tree["spec"]["template"]["metadata"]["annotations"]
    assert {**tree["metadata"]["annotations"], **template}.items() >= {**service, **revision}.items()
    assert flag in script
    if terraform:
        assert plain(resource)[terraform[0]] == terraform[1]


def test_what_is_off_is_not_written() -> None:
    tree, _, _ = forms(knative({f"{RUN}invoker-iam-disabled": "false", f"{RUN}custom-audiences": "broken"}))
    assert set(tree["metadata"]["annotations"]) == {f"{RUN}ingress"}


def test_a_redacted_annotation_becomes_a_marked_placeholder() -> None:
    files = render_workload(knative({}, {f"{RUN}encryption-key": "<redacted>"}), CONTEXT)
    assert "encryption-key: ENCRYPTION_KEY" in files["service.yaml"]
    assert "ENCRYPTION_KEY" in json.loads(files["mapping.json"])["placeholders"]


def test_the_revisions_own_concurrency_is_not_exceeded() -> None:
    tree, script, _ = forms(knative({}, containerConcurrency=7))
    assert tree["spec"]["template"]["spec"]["containerConcurrency"] == 7
    assert "--concurrency=7 " in script


def test_what_was_internal_stays_internal() -> None:
    exposures = (
        exposure("web", 8080, kind="Knative", routes=[replace(route(None, None, "web"), kind="KnativeService")]),
    )
    outside = knative({})
    inside = knative({f"{RUN}ingress": "internal"})
    with_door = [replace(a, workload=replace(a.workload, exposures=exposures)) for a in (outside, inside)]
    found = [forms(a)[0]["metadata"]["annotations"][f"{RUN}ingress"] for a in with_door]
    assert found == ["internal-and-cloud-load-balancing", "internal"]


def test_callers_behind_an_internal_load_balancer_may_ask_for_tokens_with_its_name() -> None:
    inside = exposure("web", 8080, routes=[route("shop.internal", "/", "web", external=False)])
    tree, _, _ = forms(assessed(workload(container("app"), exposures=(inside,))))
    audiences = json.loads(tree["metadata"]["annotations"][f"{RUN}custom-audiences"])
    assert audiences == ["https://shop.internal", "http://shop.internal"]


KEY = "projects/p/locations/l/keyRings/r/cryptoKeys/k"
HOUSE = Policy(
    naming="{namespace}-{name}",
    required_labels={"team": "shop", "app": "ours"},
    min_instances=1,
    max_instances=4,
    registries=("us-docker.pkg.dev/shop",),
    default_service_account="forbidden",
    binary_authorization=True,
    encryption_key=KEY,
)


def test_house_rules_are_applied_and_reported() -> None:
    account = {
        "metadata": {
            "name": "web",
            "annotations": {"iam.gke.io/gcp-service-account": "1-compute@developer.gserviceaccount.com"},
        }
    }
    subject = workload(
        container("app"), labels={"app": "mine"}, service_account="web", related={"ServiceAccount": (account,)}
    )
    context = replace(CONTEXT, config=Config(policy=HOUSE))
    tree, script, _ = forms(assessed(subject), context)
    assert tree["metadata"]["name"] == "shop-frontend"
    assert tree["metadata"]["labels"].items() >= {"team": "shop", "app": "ours"}.items()
    assert (
        tree["metadata"]["annotations"].items()
        >= {f"{RUN}minScale": "1", f"{RUN}binary-authorization": "default"}.items()
    )
    assert (
        tree["spec"]["template"]["metadata"]["annotations"].items()
        >= {"autoscaling.knative.dev/maxScale": "4", f"{RUN}encryption-key": KEY}.items()
    )
    assert tree["spec"]["template"]["spec"]["serviceAccountName"] == "shop-frontend@p.iam.gserviceaccount.com"
    assert f"--key={KEY}" in script
    said = json.loads(render_workload(assessed(subject), context)["mapping.json"])["house_rules"]
    assert set(said) == {
        "naming",
        "required_labels",
        "min_instances, max_instances",
        "registries",
        "default_service_account",
        "binary_authorization",
        "encryption_key",
    }
    assert "in place of the workload's own app" in said["required_labels"]


def test_without_house_rules_nothing_is_reported() -> None:
    assert json.loads(render_workload(knative({}), CONTEXT)["mapping.json"])["house_rules"] == {}
