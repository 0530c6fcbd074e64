"""``preflight.sh``: what it says of a project that is as wanted, of one that is not, and of one that it cannot read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from k2cr_analysis.rendering import RenderContext, render_workload, write_folders
from tests.rendering.factory import assessed, container, exposure, reference, route, workload
from tests.rendering.stand_in import HOWS, Fault, StandIn, fill_in
from tests.rendering.test_scripts import CONTEXT, folder_of

ELSEWHERE = assessed(
    workload(
        container("app", image="us-docker.pkg.dev/tools/images/app:1"),
        exposures=(exposure("web", 8080, routes=[route("shop.example.co.jp", "/", "web")]),),
    )
)
AGENT = "serviceAccount:service-1@serverless-robot-prod.iam.gserviceaccount.com"
# Part of a command -> what gcloud answers.
FINE = {
    "services list": "run.googleapis.com\niam.googleapis.com\ncompute.googleapis.com\ncertificatemanager.googleapis.com\n"
    "iap.googleapis.com\ndns.googleapis.com\nsecretmanager.googleapis.com\nartifactregistry.googleapis.com",
    "subnets describe": "10.8.0.0/24\tTrue",
    "run.allowedIngress": "internal;internal-and-cloud-load-balancing\t",
    "allowedPolicyMemberDomains": "",
    "restrictLoadBalancerCreationForTypes": "\tINTERNAL_TCP_UDP",
    "spec.rules[].enforce": "False",
    "project-info": "BACKEND_SERVICES,3.0,75.0\nURL_MAPS,1,50\nFORWARDING_RULES,0.0,40.0\nSTATIC_ADDRESSES,1,8",
    "quotas info describe": "asia-northeast1,1000\nus-central1,200000000000\n,20000",
    "managed-zones list": "example.co.jp.",
    "repositories get-iam-policy": f"{{'members': ['{AGENT}'], 'role': 'roles/artifactregistry.reader'}}",
    "services describe": "shop/frontend",
}  # fmt: skip


def said(tmp_path: Path, answers: dict[str, str | None], subject: object = ELSEWHERE) -> list[str]:
    """The lines; ``None``: the command fails."""
    folder = write_folders(tmp_path / "out", [(subject, render_workload(subject, CONTEXT))])[0]  # type: ignore[list-item, arg-type]
    fill_in(folder)
    programs = tmp_path / "bin"
    programs.mkdir()
    cases = [
        f"  *{key.replace('[', chr(92) + '[').replace(' ', chr(92) + ' ')}*) {'exit 1' if text is None else f'cat {programs}/{number}'} ;;"
        for number, (key, text) in enumerate(answers.items())
    ]
    for number, text in enumerate(answers.values()):
        (programs / str(number)).write_text(f"{text}\n")
    for name, script in (("gcloud", ['case "$*" in', *cases, "esac"]), ("kubectl", []), ("curl", ["exit 1"])):
        (programs / name).write_text("\n".join(["#!/bin/bash", *script]) + "\n")
        (programs / name).chmod(0o755)
    stand_in = StandIn(tmp_path / "other")
    ran = stand_in.run(folder / "preflight.sh", PATH=f"{programs}:/usr/bin:/bin")
    assert ran.code in (0, 1), ran.said
    assert (ran.code == 1) == ("MEND" in ran.said)
    return ran.said.splitlines()


def test_a_project_that_is_as_wanted_has_nothing_to_mend(tmp_path: Path) -> None:
    lines = said(tmp_path, dict(FINE))
    assert [line for line in lines if line.startswith("MEND")] == []
    for what in (
        "API run.googleapis.com",
        "policy run.allowedIngress",
        "DNS zone of shop.example.co.jp",
        "quota URL_MAPS",
    ):
        assert any(line.startswith(f"ok    {what}") for line in lines), (what, lines)


@pytest.mark.parametrize(
    ("key", "answer", "expected"),
    [
        ("services list", "", "MEND  API run.googleapis.com: ./prepare.sh"),
        ("run.allowedIngress", "internal\t", "MEND  policy run.allowedIngress: allows internal, and not internal-and"),
        ("restrictLoadBalancerCreationForTypes", "\tGLOBAL_EXTERNAL_MANAGED_HTTP_HTTPS", "MEND  policy compute.restrict"),
        ("spec.rules[].enforce", "True", "MEND  policy iam.disableServiceAccountCreation"),
        ("project-info", "BACKEND_SERVICES,75.0,75.0", "MEND  quota BACKEND_SERVICES: 75.0 of 75.0"),
        ("repositories get-iam-policy", "none", "MEND  images of tools/images for Cloud Run: gcloud artifacts repositories add-iam"),
        ("quotas info describe", "us-central1,9000\n,200000000000", "MEND  quota CpuAllocPerProjectRegion: 10000 are wanted, 9000 are"),
        ("quotas info describe", "europe-west1,200000000000", "?     quota CpuAllocPerProjectRegion: it cannot be read"),
        ("services describe", "other/web", "MEND  name frontend: it is taken"),
        ("subnets describe", "10.8.0.0/28\tTrue", "MEND  subnet run: 10 instances want a /26 or larger, it is a /28"),
        ("managed-zones list", "co.jp.example.", "?     DNS zone of shop.example.co.jp"),
    ],
)  # fmt: skip
def test_what_is_not_as_wanted_is_told_with_what_mends_it(key: str, answer: str, expected: str, tmp_path: Path) -> None:
    assert any(line.startswith(expected) for line in said(tmp_path, {**FINE, key: answer})), expected


@pytest.mark.parametrize("key", [k for k in FINE if k != "services describe"])
@pytest.mark.parametrize("answer", [None, "odd words a[$(touch PWNED)]"])
def test_what_cannot_be_read_or_understood_is_never_fine(key: str, answer: str | None, tmp_path: Path) -> None:
    fine = said(tmp_path, dict(FINE))
    (tmp_path / "again").mkdir()
    lines = said(tmp_path / "again", {**FINE, key: answer})
    assert sum(line.startswith("ok") for line in lines) < sum(line.startswith("ok") for line in fine)
    assert not list(tmp_path.rglob("PWNED"))


@pytest.mark.soak
@pytest.mark.parametrize("how", [how for how in HOWS if not how.startswith("killed")])
def test_whatever_fails_it_goes_on_to_the_end_and_changes_nothing(how: str, tmp_path: Path) -> None:
    stand_in = StandIn(tmp_path)
    folder = folder_of(tmp_path / "out", reference(), CONTEXT)
    calls = len(stand_in.run(folder / "preflight.sh").calls)
    for at in range(calls):
        ran = stand_in.run(folder / "preflight.sh", fault=Fault(at, how))  # type: ignore[arg-type]
        assert ran.code in (0, 1) and len(ran.calls) >= calls - 1, f"{at}: {ran.said}"
        assert stand_in.made == {}


def test_addresses_that_are_taken_are_counted(tmp_path: Path) -> None:
    egress = replace(reference(), workload=replace(reference().workload))
    lines = said(tmp_path, {**FINE, "addresses list": "28\n28\n26", "instances list": "a\nb\nc"}, egress)
    assert "ok    free addresses of run for 40" in lines
    (tmp_path / "again").mkdir()
    lines = said(
        tmp_path / "again", {**FINE, "addresses list": "25\n26", "instances list": "\n".join("a" * 40)}, egress
    )
    assert any(line.startswith("MEND  free addresses of run: 40 are wanted") for line in lines), lines


def test_no_project_no_claim_about_other_projects(tmp_path: Path) -> None:
    nowhere = RenderContext(project=None, region="us-central1")
    assert "for Cloud Run" not in render_workload(ELSEWHERE, nowhere)["preflight.sh"]
