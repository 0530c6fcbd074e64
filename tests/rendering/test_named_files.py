"""What a page or a finding sends its reader to is there: the file, and the step of a script."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from k2cr_analysis.config import Config
from k2cr_analysis.rendering import context_of, render_workload
from k2cr_analysis.rendering.select import can_render
from k2cr_analysis.verdicts import assess
from tests.rendering.metamorphic import snapshot_of

CLAIMS = Path(__file__).parent / "claims"
NAMED = re.compile(
    r"\b((?:prepare|deploy|network|scheduler|preflight|rollback|trigger|fill)\.sh|values\.env|(?:main|imports)\.tf|"
    r"(?:service|worker-pool|job|url-map|gke-internal-lb|cloudbuild)\.yaml|(?:cutover|mapping)\.md)\b"
    r"(?: (in|out|callers|back|refresh)\b)?"
)


def missing(files: Mapping[str, str], where: str, text: str) -> Iterator[str]:
    for match in NAMED.finditer(text):
        name, step = match[1], match[2]
        around = text[max(0, match.start() - 60) : match.end() + 30]
        if name not in files:
            yield f"{where} names {name}, which is not written: {around!r}"
        elif step and name.endswith(".sh") and not re.search(rf"^\s*{step}\)|== {step} ", files[name], re.MULTILINE):
            yield f"{where} names the step {step} of {name}: {around!r}"


@pytest.mark.parametrize("name", sorted(p.stem for p in CLAIMS.glob("*.yaml")))
def test_every_file_and_step_that_is_named_is_there(name: str) -> None:
    documents = list(yaml.safe_load_all((CLAIMS / f"{name}.yaml").read_text()))
    assessment = assess(snapshot_of(documents), Config(), effort="quick")
    context = context_of(assessment)
    found: list[str] = []
    for one in (w for w in assessment.workloads if can_render(w)):
        files = dict(render_workload(one, context))
        said = [(f"finding {f.rule}", f"{f.message} {f.remediation}") for f in one.findings]
        said += [(file, text) for file, text in files.items() if file != "mapping.json"]
        found += [line for where, text in said for line in missing(files, where, text)]
    assert found == []


def test_a_file_that_is_not_there_is_noticed() -> None:
    files = {"network.sh": "case $1 in\n  in) way_in ;;\nesac\n"}
    assert list(missing(files, "a", "run ./network.sh in")) == []
    assert len(list(missing(files, "a", "./network.sh out, then url-map.yaml"))) == 2
