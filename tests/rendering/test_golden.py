"""The reference case, file by file: what a reader sees. ``K2CR_WRITE_GOLDEN=1`` writes the files anew, for review in the diff."""

import os
from pathlib import Path

import pytest

from k2cr_analysis.config import Config
from k2cr_analysis.config.settings import Project
from k2cr_analysis.rendering import RenderContext, render_workload
from tests.rendering.factory import backend_on_gke, container, env, job_of, reference

GOLDEN = Path(__file__).parent / "golden"
CONTEXT = RenderContext(
    project="shop-prod",
    project_number="123456789012",
    region="asia-northeast1",
    config=Config(project=Project(id="shop-prod", number="123456789012", network="prod", subnet="run-tokyo")),
    assessed={a.id: a for a in (reference(), backend_on_gke())},
)
CASES = {
    "reference": reference(),
    "cronjob": job_of(container("report", env=[env("TZ", "Asia/Tokyo")], args=("--daily",)), name="report"),
}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_files_are_as_reviewed(case: str) -> None:
    files = render_workload(CASES[case], CONTEXT)
    folder = GOLDEN / case
    if os.environ.get("K2CR_WRITE_GOLDEN"):
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text)
    assert {p.name: p.read_text() for p in folder.iterdir()} == dict(files)
