"""The real gcloud on a loopback endpoint: it takes what is rendered, and both forms make the same object."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings

from k2cr_analysis.assessment.result import WorkloadAssessment
from k2cr_analysis.config import Config
from k2cr_analysis.config.settings import Policy, Project
from k2cr_analysis.model.cloud_run import ContainerProbes, StartupOrder
from k2cr_analysis.rendering import RenderContext, render_workload, write_folders
from k2cr_analysis.rendering.check import Checked, Subject, check_folders, subject_of
from k2cr_analysis.rendering.check.gcloud import gcloud, installed_version
from tests.rendering.factory import (
    assessed,
    container,
    env,
    exposure,
    job_of,
    probe,
    reference,
    route,
    volume,
    workload,
)
from tests.rendering.generated import NASTY, services

pytestmark = pytest.mark.skipif(shutil.which("gcloud") is None, reason="gcloud is not installed")
UNKNOWN = RenderContext(project=None, region="asia-northeast1")
KNOWN = RenderContext(
    project="shop-prod", region="asia-northeast1", config=Config(project=Project(network="prod", subnet="run"))
)
HOUSE = replace(
    KNOWN,
    config=Config(
        policy=Policy(binary_authorization=True, encryption_key="projects/p/locations/l/keyRings/r/cryptoKeys/k")
    ),
)
INSIDE = exposure("web", 8080, routes=[route("shop.internal", "/", "web", external=False)])
RUN = "run.googleapis.com/"
_SERVICE = workload(
    container("app"), kind="Service", name="web", annotations={f"{RUN}custom-audiences": '["https://a,b", "c"]', f"{RUN}description": "it's, $x", f"{RUN}invoker-iam-disabled": "true"}
)  # fmt: skip
_REVISION = {f"{RUN}cloudsql-instances": "p:us-central1:a,p:us-central1:b", f"{RUN}vpc-access-connector": "c", f"{RUN}sessionAffinity": "true", f"{RUN}post-key-revocation-action-type": "shut-down", f"{RUN}encryption-key-shutdown-hours": "3"}  # fmt: skip
KNATIVE = assessed(replace(_SERVICE, pod=replace(_SERVICE.pod, annotations=_REVISION)))
WITH_TARGET = assessed(replace(_SERVICE, pod=replace(_SERVICE.pod, annotations={f"{RUN}scaling-cpu-target": "0.80"})))
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
    "an argument that stands twice needs the YAML form": (assessed(workload(container("app", args=("--set", "a", "--set", "b")))), UNKNOWN, False),
    "arguments of nothing need the YAML form": (assessed(workload(container("app", args=("", "")))), UNKNOWN, False),
    "a working directory, and a target of scaling": (replace(WITH_TARGET, workload=replace(WITH_TARGET.workload, pod=replace(WITH_TARGET.workload.pod, containers=(container("app", working_dir="/srv"),)))), UNKNOWN, True),
    "one empty argument": (assessed(workload(container("app", args=("",)))), UNKNOWN, True),
    "a scheduled job": (job_of(container("app", args=("--daily",), env=[env("A", "x,y")])), UNKNOWN, True),
    "a job whose containers wait": (
        replace(job_of(container("app"), container("db", at=1)), fit=replace(job_of(container("app"), container("db", at=1)).fit, startup=StartupOrder({"app": ("db",)}, {}, ("db", "app")), probes={"db": ContainerProbes(probe("tcp"), None, "port")})),
        UNKNOWN,
        True,
    ),
    "settings of Cloud Run by house rules": (assessed(workload(container("app"), exposures=(INSIDE,))), HOUSE, True),
    "settings of a Knative Service": (KNATIVE, UNKNOWN, True),
    "a worker pool": (assessed(workload(container("app")), target="worker-pool", concurrency=None, billing=None), UNKNOWN, False),
}  # fmt: skip


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Checked]:
    """All cases through gcloud at once, two at a time: it takes a second or two to start."""
    out = tmp_path_factory.mktemp("cases")
    folders = {
        case: write_folders(out / str(number), [(subject, render_workload(subject, context))])[0]
        for number, (case, (subject, context, _)) in enumerate(CASES.items())
    }
    installed = installed_version()
    subjects = [subject_of(folder, *CASES[case][:2], installed=installed) for case, folder in folders.items()]
    return dict(zip(folders, check_folders(subjects, installed), strict=True))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_both_forms_make_the_same_object(case: str, checked: Mapping[str, Checked]) -> None:
    assert checked[case].differences == ()
    script = commands(checked[case].folder / "deploy.sh")
    assert ("gcloud run deploy " in script or "gcloud run jobs deploy " in script) == CASES[case][2]


def for_installed(context: RenderContext) -> RenderContext:
    """The same with the flags that the installed gcloud has."""
    return replace(context, gcloud=installed_version())


def test_a_second_run_sends_what_the_first_one_sent_and_what_the_file_says(tmp_path: Path) -> None:
    subject = reference()
    folder = write_folders(tmp_path, [(subject, render_workload(subject, for_installed(KNOWN)))])[0]
    with gcloud() as client:
        client.run(["bash", "-c", "bash deploy.sh && bash deploy.sh"], folder)
        first, second = client.endpoint.sent
    written = yaml.safe_load((folder / "service.yaml").read_text())
    template = first["spec"]["template"]
    assert second["spec"]["template"]["spec"] == template["spec"]
    assert [c["name"] for c in template["spec"]["containers"]] == ["proxy", "frontend"]
    waits = "run.googleapis.com/container-dependencies"
    sent_waits = json.loads(template["metadata"]["annotations"][waits])
    assert (
        sent_waits
        == json.loads(written["spec"]["template"]["metadata"]["annotations"][waits])
        == {"proxy": ["frontend"]}
    )


def test_a_difference_is_found_and_named(tmp_path: Path) -> None:
    subject = assessed(workload(container("app")))  # all its fields have flags in any version
    folder = write_folders(tmp_path, [(subject, render_workload(subject, for_installed(UNKNOWN)))])[0]
    script = folder / "deploy.sh"
    script.write_text(script.read_text().replace("--concurrency=80", "--concurrency=81"))
    assert [c.differences for c in check_folders([Subject(folder)], installed_version())] == [
        ("spec.template.spec.containerConcurrency: 80 | 81",)
    ]


@pytest.mark.soak
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(services())
def test_generated_services_are_the_same_in_both_forms(
    tmp_path_factory: pytest.TempPathFactory, subject: WorkloadAssessment
) -> None:
    folders = write_folders(tmp_path_factory.mktemp("soak"), [(subject, render_workload(subject, UNKNOWN))])
    version = installed_version()
    subjects = [subject_of(folder, subject, UNKNOWN, version) for folder in folders]
    assert [c.differences for c in check_folders(subjects, version)] == [()]


def commands(script: Path) -> str:
    return "\n".join(line for line in script.read_text().splitlines() if not line.startswith("#"))
