"""What is rendered of public manifests is what the API takes; what it would refuse is not ready."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from k2cr_analysis.openapi.cloud_run import problems
from k2cr_analysis.rendering import render_what_is_taken
from k2cr_analysis.sources.manifests.reading import read_manifests
from k2cr_analysis.verdicts import assess
from tests.rendering.metamorphic import snapshot_of

MANIFESTS = Path(__file__).parents[3] / "shared" / "data" / "manifests"
SMALL = "GoogleCloudPlatform__microservices-demo"
FOLDERS = sorted(p.name for p in MANIFESTS.iterdir() if p.is_dir()) if MANIFESTS.exists() else []


@pytest.mark.skipif(not FOLDERS, reason="needs the public manifests beside the project")
@pytest.mark.parametrize("name", [pytest.param(n, marks=() if n == SMALL else pytest.mark.soak) for n in FOLDERS])
def test_every_rendered_spec_is_one_that_the_api_takes(name: str, tmp_path: Path) -> None:
    documents = [o.object for o in read_manifests([str(MANIFESTS / name)], keep_going=True).objects]
    assessment = assess(snapshot_of(documents), effort="quick")
    made = render_what_is_taken(assessment, (), tmp_path / "out")
    verdicts = {w.id: w.fit.verdict for w in assessment.workloads}
    assert {i: said for i, said in made.refused.items() if verdicts[i] == "ready"} == {}
    for folder in made.folders.values():
        (spec,) = (p for p in folder.iterdir() if p.name in ("service.yaml", "job.yaml", "worker-pool.yaml"))
        literals = json.loads((folder / "mapping.json").read_text())["placeholders"]
        assert problems(yaml.safe_load(spec.read_text()), literals) == [], folder.name
