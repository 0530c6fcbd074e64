"""YAML, flags and Terraform are one service: read back, and compared field by field."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from k2cr_analysis.assessment.result import WorkloadAssessment
from k2cr_analysis.config import Config
from k2cr_analysis.errors import K2crError
from k2cr_analysis.model.cloud_run import ContainerProbes
from k2cr_analysis.rendering import RenderContext, render_workload
from k2cr_analysis.sources.manifests.reading import read_manifests
from tests.rendering.factory import assessed, container, env, job_of, probe, reference, workload
from tests.rendering.generated import services
from tests.rendering.metamorphic import rendered
from tests.rendering.three_forms import differences, from_flags, from_yaml

SHARED = Path(__file__).resolve().parents[3] / "shared"
MOST_OBJECTS = 60
KNOWN = RenderContext(project="shop-prod", project_number="12", region="us-central1")
# What the provider has no field for, and main.tf says so beside it.
GAPS = (".readiness.headers.",)
CASES = {"the reference case": reference(), "a scheduled job": job_of(container("app", args=("--a,b", "it's")))}
CASES["a worker pool"] = assessed(
    workload(container("app"), name="puller"), target="worker-pool", concurrency=None, billing=None
)


@pytest.mark.parametrize("context", [KNOWN, replace(KNOWN, project=None, region=None)], ids=["known", "unknown"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_three_forms_are_one(case: str, context: RenderContext) -> None:
    files = render_workload(CASES[case], context)
    assert differences(files) == []
    assert (from_flags(files) is None) == (case == "a worker pool")


def test_headers_of_probes_of_a_worker_pool_are_said_to_lack_in_terraform() -> None:
    made = {"app": ContainerProbes(probe(headers=[("X-A", "1")]), None)}
    pool = assessed(workload(container("app")), target="worker-pool", concurrency=None, billing=None, probes=made)
    text = render_workload(pool, KNOWN)["main.tf"]
    assert "http_headers {" not in text
    assert "the provider has no http_headers here; worker-pool.yaml has them" in text


def test_words_of_the_program_are_not_taken_for_words_of_values_env() -> None:
    names = [env("REGION", "eu"), env("PROJECT_ID", "$(X) ${PROJECT_ID}")]
    subject = assessed(workload(container("app", env=names, args=("--id=$PROJECT_ID", "--r=$(REGION)"))))
    for context in (KNOWN, replace(KNOWN, project=None, region=None)):
        files = render_workload(subject, context)
        assert differences(files) == []
        assert 'name  = "REGION"' in files["main.tf"]


def test_a_difference_is_seen() -> None:
    files = dict(render_workload(reference(), KNOWN))
    files["main.tf"] = files["main.tf"].replace('timeout = "300s"', 'timeout = "301s"')
    files["deploy.sh"] = files["deploy.sh"].replace("--memory=", "--memory=1")
    found = differences(files)
    assert "Terraform .timeout: 300 in the file, 301 here" in found
    assert any(d.startswith("flags .containers.") and ".limits.memory" in d for d in found)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(services())
def test_the_three_forms_of_generated_services_are_one(subject: WorkloadAssessment) -> None:
    files = render_workload(subject, KNOWN)
    assert [d for d in differences(files) if not any(gap in d for gap in GAPS)] == []
    assert from_yaml(files)["containers"]


@pytest.mark.soak
@pytest.mark.skipif(not SHARED.exists(), reason="needs the shared manifests beside the project")
def test_the_three_forms_of_public_workloads_are_one() -> None:
    wrong, seen = [], 0
    for path in sorted((SHARED / "data" / "manifests").rglob("*.y*ml")):
        try:
            documents = [o.object for o in read_manifests([str(path)], keep_going=True).objects]
        except K2crError:
            continue  # not a manifest of Kubernetes
        if len(documents) <= MOST_OBJECTS:
            for name, files in rendered(documents, Config()).files.items():
                seen += 1
                gaps = (".headers.",) if "worker-pool.yaml" in files else GAPS
                said = [d for d in differences(files) if not any(gap in d for gap in gaps)]
                wrong += [f"{path.name} {name}: {d}" for d in said]
    assert wrong == []
    assert seen > 300
