"""The real gcloud on a loopback endpoint: it takes what is rendered, and both forms make the same object."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings

from k2cr_analysis.assessment.result import WorkloadAssessment
from k2cr_analysis.config import Config
from k2cr_analysis.config.settings import Project
from k2cr_analysis.model.cloud_run import ContainerProbes
from k2cr_analysis.render import RenderContext, render_workload, write_folders
from k2cr_analysis.render.check import check_folders
from k2cr_analysis.render.check.gcloud import gcloud
from tests.render.factory import assessed, container, env, job_of, probe, reference, volume, workload
from tests.render.generated import NASTY, services

pytestmark = pytest.mark.skipif(shutil.which("gcloud") is None, reason="gcloud is not installed")
UNKNOWN = RenderContext(project=None, region="asia-northeast1")
KNOWN = RenderContext(
    project="shop-prod", region="asia-northeast1", config=Config(project=Project(network="prod", subnet="run"))
)
CACHE = volume("cache", "emptyDir", {"medium": "Memory", "sizeLimit": "64Mi"})
TLS = volume(
    "tls",
    "secret",
    {"secretName": "tls", "items": [{"key": "tls.crt", "path": "tls.crt"}, {"key": "tls.key", "path": "tls.key"}]},
)
ONE = container(
    "app",
    command=("/bin/sh",),
    args=("-c", "exec app --x=1,2"),
    env=[env(f"V{i}", value) for i, value in enumerate(NASTY)],
)
CASES = {
    "the reference case": (reference(), UNKNOWN, True),
    "one container, hostile values, in the config's network": (assessed(workload(ONE), min_instances=1, billing="instance", cpu_boost=False), KNOWN, True),
    "grpc, in memory volume, secret variable": (
        assessed(
            workload(container("app", env=[env("S", None, source="secret", ref="s", key="k")], mounts=[{"volume": "cache", "mount_path": "/c"}]), volumes=[CACHE]),
            h2c=True,
            probes={"app": ContainerProbes(probe("grpc"), probe("grpc", period=10), "readinessProbe")},
        ),
        UNKNOWN,
        True,
    ),
    "secret files need the YAML form": (assessed(workload(container("app", mounts=[{"volume": "tls", "mount_path": "/tls"}]), volumes=[TLS])), UNKNOWN, False),
    "a probe header needs the YAML form": (assessed(workload(container("app")), probes={"app": ContainerProbes(probe(headers=[("Host", "x")]), None, "startupProbe")}), UNKNOWN, False),
    "a scheduled job": (job_of(container("app", args=("--daily",), env=[env("A", "x,y")])), UNKNOWN, False),
    "a worker pool": (assessed(workload(container("app")), target="worker-pool", concurrency=None, billing=None), UNKNOWN, False),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_both_forms_make_the_same_object(case: str, tmp_path: Path) -> None:
    subject, context, by_flags = CASES[case]
    folders = write_folders(tmp_path, [(subject, render_workload(subject, context))])
    assert [c.differences for c in check_folders(folders)] == [()]
    assert ("gcloud run deploy " in commands(folders[0] / "deploy.sh")) == by_flags


def test_a_second_run_sends_what_the_first_one_sent(tmp_path: Path) -> None:
    subject = reference()
    folder = write_folders(tmp_path, [(subject, render_workload(subject, UNKNOWN))])[0]
    with gcloud() as client:
        first = client.run(["bash", "deploy.sh"], folder).sent
        second = client.run(["bash", "-c", "bash deploy.sh && bash deploy.sh"], folder).sent
    assert first is not None and second is not None
    assert second["spec"]["template"]["spec"] == first["spec"]["template"]["spec"]


def test_what_gcloud_sends_is_what_the_file_says(tmp_path: Path) -> None:
    subject = reference()
    folder = write_folders(tmp_path, [(subject, render_workload(subject, KNOWN))])[0]
    with gcloud() as client:
        sent = client.run(["bash", "deploy.sh"], folder).sent
    written = yaml.safe_load((folder / "service.yaml").read_text())
    assert sent is not None
    assert [c["name"] for c in sent["spec"]["template"]["spec"]["containers"]] == ["proxy", "frontend"]
    dependencies = "run.googleapis.com/container-dependencies"
    annotations = sent["spec"]["template"]["metadata"]["annotations"]
    assert (
        json.loads(annotations[dependencies])
        == json.loads(written["spec"]["template"]["metadata"]["annotations"][dependencies])
        == {"proxy": ["frontend"]}
    )


def test_a_difference_is_found_and_named(tmp_path: Path) -> None:
    subject = reference()
    folder = write_folders(tmp_path, [(subject, render_workload(subject, UNKNOWN))])[0]
    script = folder / "deploy.sh"
    script.write_text(script.read_text().replace("--concurrency=80", "--concurrency=81"))
    assert [c.differences for c in check_folders([folder])] == [("spec.template.spec.containerConcurrency: 80 | 81",)]


@pytest.mark.soak
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(services())
def test_generated_services_are_the_same_in_both_forms(
    tmp_path_factory: pytest.TempPathFactory, subject: WorkloadAssessment
) -> None:
    folders = write_folders(tmp_path_factory.mktemp("soak"), [(subject, render_workload(subject, UNKNOWN))])
    assert [c.differences for c in check_folders(folders)] == [()]


def commands(script: Path) -> str:
    return "\n".join(line for line in script.read_text().splitlines() if not line.startswith("#"))
