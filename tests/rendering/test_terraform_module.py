"""The Terraform module: what it requires, what it leaves to the pipeline, how what scripts made comes under it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from k2cr_analysis.rendering import RenderContext, render_workload
from tests.rendering.factory import assessed, container, env, exposure, job_of, reference, workload
from tests.rendering.module import parsed, resources

KNOWN = RenderContext(project="shop-prod", project_number="12", region="us-central1")
UNKNOWN = RenderContext(project=None, region=None)
WEB = assessed(
    workload(
        container("web", image="us-central1-docker.pkg.dev/shop-prod/apps/web:1", env=[env("OWN", "shop-prod")]),
        name="web",
        exposures=(exposure("web", 8080),),
    )
)
CASES = {"a service": WEB, "the reference case": reference(), "a scheduled job": job_of(container("app"))}
CASES["a worker pool"] = assessed(
    workload(container("app"), name="puller"), target="worker-pool", concurrency=None, billing=None
)


def of_module(files: Mapping[str, str]) -> Mapping[str, str]:
    return {name: text for name, text in files.items() if name.endswith((".tf", ".tfvars"))}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_project_of_the_snapshot_is_a_variable(case: str) -> None:
    files = render_workload(CASES[case], KNOWN)
    said = [line for line in files["main.tf"].splitlines() if "shop-prod" in line]
    assert said == (['        value = "shop-prod"'] if case == "a service" else [])  # the program's own word
    given = {k: v for k, v in parsed(files["terraform.tfvars"]).items() if not k.startswith("__")}
    assert given == {"project": '"shop-prod"', "region": '"us-central1"'}


@pytest.mark.parametrize("context", [KNOWN, UNKNOWN], ids=["known", "unknown"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_variable_is_declared_and_every_declared_one_is_used(case: str, context: RenderContext) -> None:
    files = render_workload(CASES[case], context)
    declared = {name.strip('"') for one in parsed(files["variables.tf"])["variable"] for name in one}
    used = set(re.findall(r"\bvar\.(\w+)", files["main.tf"] + files["imports.tf"] + files["outputs.tf"]))
    assert declared == used


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_is_not_known_is_asked_for_by_the_same_word_as_in_values_env(case: str) -> None:
    files = render_workload(CASES[case], UNKNOWN)
    assert [name for name in re.findall(r"^([A-Z_0-9]+)=", files["values.env"], re.M) if name in files["main.tf"]] == []
    (service, *_) = resources(files).values()
    assert "PROJECT_ID" in str(service)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_the_pipeline_changes_is_left_alone(case: str) -> None:
    main = render_workload(CASES[case], KNOWN)["main.tf"]
    (ignored,) = re.findall(r"ignore_changes = \[(.*)\]", main)
    inner = "template[0].template[0]" if case == "a scheduled job" else "template[0]"
    index = 1 if case == "the reference case" else 0
    assert f"{inner}.containers[{index}].image" in ignored
    assert ("traffic" in ignored) == ("google_cloud_run_v2_service" in main)


def test_an_image_of_others_is_no_pipelines() -> None:
    others = assessed(workload(container("web", image="nginx:1.27"), exposures=(exposure("web", 8080),)))
    files = render_workload(others, KNOWN)
    assert "cloudbuild.yaml" not in files and "trigger.sh" not in files
    assert ".image" not in re.findall(r"ignore_changes = \[(.*)\]", files["main.tf"])[0]


@pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_terraform_takes_its_syntax_and_would_format_nothing(case: str, tmp_path: Path) -> None:
    for context in (KNOWN, UNKNOWN):
        for name, text in of_module(render_workload(CASES[case], context)).items():
            (tmp_path / name).write_text(text)
        done = subprocess.run(
            ["terraform", "fmt", "-check", "-diff", str(tmp_path)], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed")
def test_an_import_block_takes_what_a_script_made_and_leaves_it_where_none_did(tmp_path: Path) -> None:
    """By Terraform itself, on a resource that needs no provider."""
    module = of_module(render_workload(WEB, KNOWN))
    kind = "google_cloud_run_v2_service"
    for name in ("variables.tf", "terraform.tfvars", "imports.tf"):
        (tmp_path / name).write_text(module[name].replace(kind, "terraform_data"))
    (tmp_path / "main.tf").write_text('resource "terraform_data" "web" {\n}\n')

    def ran(*words: str) -> str:
        done = subprocess.run(
            ["terraform", *words, "-no-color"], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        return done.stdout

    ran("init")
    assert "Plan: 1 to import, 0 to add" in ran("plan")
    assert "projects/shop-prod/locations/us-central1/services/web" in ran("plan")
    assert "Plan: 1 to add" in ran("plan", "-var", "made_by_scripts=false")
