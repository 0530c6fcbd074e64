"""Every file of a folder: valid in its own language, stable, and with the reasons and literals that the contract wants."""

from __future__ import annotations

import copy
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import hcl2
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from yamllint import linter
from yamllint.config import YamlLintConfig

from k2cr_analysis.assessment.result import WorkloadAssessment
from k2cr_analysis.rendering import RenderContext, render_workload, write_folders
from k2cr_analysis.rendering.folder import PRINTERS
from k2cr_analysis.rendering.spec.build import build
from tests.rendering.factory import assessed, container, env, job_of, reference, workload
from tests.rendering.generated import NASTY, services

CONTEXT = RenderContext(project=None, region="asia-northeast1")
# Long lines are values, which have no place to break.
SHELLCHECK = Path(sys.executable).with_name("shellcheck")  # of the lock: the machine may have none on its PATH
LINT = YamlLintConfig("{extends: default, rules: {document-start: disable, line-length: disable}}")
HOSTILE = container("app", env=[env(f"V{i}", v) for i, v in enumerate(NASTY)], args=tuple(NASTY))
CASES = {
    "reference": reference(),
    "hostile values": assessed(workload(HOSTILE)),
    "job": job_of(container("app")),
    "worker pool": assessed(
        workload(container("app"), name="subscriber"), target="worker-pool", concurrency=None, billing=None
    ),
}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_scripts_pass_shellcheck(case: str, tmp_path: Path) -> None:
    folder = write_folders(tmp_path, [(CASES[case], render_workload(CASES[case], CONTEXT))])[0]
    scripts = sorted(folder.glob("*.sh"))
    done = subprocess.run([SHELLCHECK, *scripts], capture_output=True, text=True, check=False)
    assert done.stdout == ""


@pytest.mark.parametrize("case", CASES, ids=str)
def test_yaml_passes_yamllint_and_terraform_parses(case: str) -> None:
    files = render_workload(CASES[case], CONTEXT)
    for name, text in files.items():
        if name.endswith(".yaml"):
            assert [f"{name}:{p}" for p in linter.run(text, LINT)] == []
    assert hcl2.load(io.StringIO(files["main.tf"]))["resource"]


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(services())
def test_generated_services_render_the_same_twice_and_parse(subject: WorkloadAssessment) -> None:
    files = render_workload(subject, CONTEXT)
    assert files == render_workload(subject, CONTEXT)
    yaml.safe_load(files["service.yaml"])
    json.loads(files["mapping.json"])
    for name in (n for n in files if n.endswith(".sh")):
        subprocess.run(["bash", "-n", "/dev/stdin"], input=files[name].encode(), check=True)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_variables_of_the_environment_feed_two_flags_only(case: str) -> None:
    for name, text in render_workload(CASES[case], CONTEXT).items():
        if name.endswith(".sh") and name not in (
            "fill.sh",
            "preflight.sh",
        ):  # which takes the project's id and number from it
            body = text.partition("set -euo pipefail")[2]
            used = re.findall(r"\S*\$\{?(?:PROJECT|REGION)\b\S*", body)
            allowed = r'(--(project|region|location|network-endpoint-group-region|url-map-region|target-http-proxy-region)=|CLOUDSDK_RUN_REGION=)"\$(PROJECT|REGION)"'
            lines = [
                u
                for u in used
                if not re.match(allowed, u)
                and not u.startswith(
                    ('"${PROJECT:-', '"${REGION:-', 'PROJECT="${', 'REGION="${', '"$PROJECT"', '"$REGION"')
                )
            ]
            assert lines == [], name


def test_an_unknown_project_is_one_literal_and_listed() -> None:
    files = render_workload(reference(), CONTEXT)
    email = "frontend@PROJECT_ID.iam.gserviceaccount.com"
    assert all(email in files[name] for name in ("service.yaml", "deploy.sh", "prepare.sh"))
    assert "PROJECT_ID" in json.loads(files["mapping.json"])["placeholders"]
    assert "PROJECT_ID" in files["cutover.md"]


def test_a_known_project_leaves_no_literal() -> None:
    files = render_workload(reference(), RenderContext(project="shop-prod", region="asia-northeast1"))
    assert not any("PROJECT_ID" in text for text in files.values())
    assert 'PROJECT="${PROJECT:-shop-prod}"' in files["deploy.sh"]


def test_a_redacted_value_is_asked_for_and_never_written() -> None:
    files = render_workload(reference(), CONTEXT)
    assert "ask_version API_KEY shop--frontend--frontend--API_KEY" in files["prepare.sh"]
    assert not any("<redacted>" in text for name, text in files.items() if not name.startswith("mapping"))


def test_the_deploy_script_deploys_and_does_nothing_else() -> None:
    for subject in CASES.values():
        script = render_workload(subject, CONTEXT)["deploy.sh"]
        commands = re.findall(r"^gcloud .*", script, re.M)  # what stands before it fills in values
        assert len(commands) == 1
        assert "kubectl" not in script


def test_folders_are_replaced_whole(tmp_path: Path) -> None:
    subject = reference()
    first = write_folders(tmp_path, [(subject, {"a.sh": "x\n", "b.md": "y\n"})])
    second = write_folders(tmp_path, [(subject, {"a.sh": "z\n"})])
    assert first == second
    assert sorted(p.name for p in tmp_path.iterdir()) == ["shop--deployment--frontend"]
    assert [p.name for p in first[0].iterdir()] == ["a.sh"]
    assert (first[0] / "a.sh").stat().st_mode & 0o111


@pytest.mark.parametrize(
    ("image", "pushed"),
    [
        ("us-docker.pkg.dev/shop/apps/web:1", "us-docker.pkg.dev/shop/apps/web"),
        ("gcr.io/shop/web:1", "gcr.io/shop/web"),
        ("shop-web", "asia-northeast1-docker.pkg.dev/PROJECT_ID/apps/app"),
        ("nginx:1", None),
        ("docker.io/shop/web:1", None),
        ("ghcr.io/shop/web:1", None),
        ("gcr.io/google-samples/hello-app:1.0", None),
    ],
    ids=["Artifact Registry", "Container Registry", "a build's own name", "Docker Hub", "Docker Hub by name", "another registry", "a public project"],
)  # fmt: skip
def test_a_build_pushes_only_where_it_may(image: str, pushed: str | None) -> None:
    files = render_workload(assessed(workload(container("app", image=image))), CONTEXT)
    assert ("cloudbuild.yaml" in files, "trigger.sh" in files) == (pushed is not None,) * 2
    if pushed:
        assert yaml.safe_load(files["cloudbuild.yaml"])["substitutions"]["_IMAGE"] == pushed


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_printer_changes_nothing_for_another(case: str) -> None:
    made = build(CASES[case], CONTEXT)
    before = copy.deepcopy(made.account)
    forward = {name: write(made) for name, write in PRINTERS.items()}
    backward = {name: write(made) for name, write in reversed(PRINTERS.items())}
    assert forward == backward
    assert made.account == before
