"""Scripts keep to the flags that a gcloud has: what it lacks goes by the YAML form, and is named."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from k2cr_analysis.assessment.result import WorkloadAssessment
from k2cr_analysis.cli.render import _version
from k2cr_analysis.errors import UsageError
from k2cr_analysis.model.cloud_run import ContainerProbes
from k2cr_analysis.platforms.cloud_run.gcloud_flags import FLAGS, NEWEST, OLDEST, lacks, major_version
from k2cr_analysis.rendering import RenderContext, render_workload
from k2cr_analysis.rendering.forms.flags_form import judged_script
from k2cr_analysis.rendering.spec.build import build
from tests.rendering.factory import assessed, container, job_of, probe, reference, workload

CONTEXT = RenderContext(project="p", region="us-central1")
IN_FOLDER = assessed(workload(container("app", working_dir="/srv")))
POOL = assessed(workload(container("app")), target="worker-pool", concurrency=None, billing=None)


def script(subject: WorkloadAssessment, version: int = NEWEST) -> str:
    return render_workload(subject, replace(CONTEXT, gcloud=version))["deploy.sh"]


def said(text: str) -> str:
    """The commands of a script."""
    return "\n".join(line for line in text.splitlines() if not line.startswith("#"))


def test_by_default_the_newest_flags_are_written_and_the_version_that_they_need_is_said() -> None:
    text = script(IN_FOLDER)
    assert "--workdir=/srv" in said(text)
    assert "Needs gcloud 575 or newer" in text


@pytest.mark.parametrize(("version", "form"), [(574, "replace"), (575, "deploy"), (588, "deploy")])
def test_a_flag_is_written_from_the_version_that_brought_it(version: int, form: str) -> None:
    assert re.search(rf"gcloud run (services )?{form} ", said(script(IN_FOLDER, version)))


def test_what_an_older_gcloud_lacks_is_named_with_its_version() -> None:
    assert "containers[app].workingDir (--workdir: gcloud 575, not 528)" in script(IN_FOLDER, 528)


@pytest.mark.parametrize(
    "subject", [assessed(workload(container("app"))), job_of(container("report"))], ids=["service", "job"]
)
def test_a_gcloud_without_containers_gets_the_file(subject: WorkloadAssessment) -> None:
    assert " replace " in said(script(subject, 450))
    assert " deploy " in said(script(subject, 528))


def test_a_readiness_probe_is_a_flag_from_573_and_goes_by_the_file_before() -> None:
    assert "--readiness-probe=httpGet.path=/healthcheck,httpGet.port=8080,periodSeconds=30" in script(reference(), 573)
    assert "successThreshold=1" in script(reference(), 573)
    assert " replace " in said(script(reference(), 572))
    assert "containers[proxy].readinessProbe (--readiness-probe: gcloud 573, not 572)" in script(reference(), 572)


def test_a_jobs_start_up_probe_is_a_flag_from_531_and_goes_by_the_file_before() -> None:
    one = job_of(container("report"), container("proxy", at=1))
    job = replace(one, fit=replace(one.fit, probes={"proxy": ContainerProbes(probe("tcp", 5432), None)}))
    assert "--startup-probe=tcpSocket.port=5432" in said(script(job, 531))
    assert " replace " in said(script(job, 528))
    assert "containers[proxy].startupProbe (--startup-probe: gcloud 531, not 528)" in script(job, 528)


def test_worker_pools_leave_beta_with_the_version_that_has_them() -> None:
    assert "gcloud run worker-pools replace" in said(script(POOL, 588))
    assert "gcloud beta run worker-pools replace" in said(script(POOL, 528))


def test_the_check_leaves_out_what_is_newer_and_compares_the_rest() -> None:
    text, newer = judged_script(build(IN_FOLDER, replace(CONTEXT, gcloud=528)))
    assert "gcloud run deploy" in said(text)
    assert "--workdir" not in said(text)
    assert [(g.flag, g.since, g.paths) for g in newer] == [("--workdir", 575, ("containers.app.workingDir",))]


def test_every_row_is_a_version_that_can_be_asked_for() -> None:
    assert all(OLDEST <= since <= NEWEST for since in FLAGS.values())
    assert [flag for flag in FLAGS if lacks(flag, NEWEST)] == []
    assert lacks("--image", OLDEST) is None


@pytest.mark.parametrize(
    ("text", "version"), [("588", 588), ("588.0.0", 588), (" 528.0 ", 528), ("new", None), ("5", None), ("", None)]
)
def test_versions_are_read_as_gcloud_writes_them(text: str, version: int | None) -> None:
    assert major_version(text) == version


@pytest.mark.parametrize("asked", ["newest", "300", "-1"])
def test_a_version_that_nobody_knows_is_refused(asked: Any) -> None:
    with pytest.raises(UsageError):
        _version(asked)
