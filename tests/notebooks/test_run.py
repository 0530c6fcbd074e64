"""Notebooks run: with plain papermill from any folder, in a kernel, and the same in the batch's own engine."""

from __future__ import annotations

import json
import subprocess
import sys

import nbformat
import papermill
import pytest
from papermill.exceptions import PapermillExecutionError

from k2cr_analysis.report.pages.shell import register
from k2cr_analysis.resources import bundled

DEMO = str(bundled("data", "demo"))
FRONTEND = "portal/Deployment/frontend"


def run(name, target, cwd, **parameters):
    """In this process; gives the executed notebook."""
    papermill.execute_notebook(
        str(bundled("notebooks") / name),
        str(target),
        parameters=parameters,
        engine_name=register(),
        progress_bar=False,
        cwd=str(cwd),
    )
    return nbformat.read(target, as_version=4)


def shown(notebook):
    """What a page shows: the HTML of every output, in order."""
    outputs = [o for cell in notebook.cells if cell.cell_type == "code" for o in cell.outputs]
    return [o.data.get("text/html") for o in outputs if o.output_type in ("display_data", "execute_result")]


def test_plain_papermill_writes_and_shows_the_deployment(tmp_path):
    command = [sys.executable, "-m", "papermill", str(bundled("notebooks") / "04_deploy.ipynb"), "out.ipynb"]
    parameters = ["-p", "snapshot", DEMO, "-y", json.dumps({"workloads": [FRONTEND], "out": "files"})]
    done = subprocess.run([*command, *parameters], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    folder = tmp_path / "files" / "portal--deployment--frontend"
    assert {"service.yaml", "deploy.sh", "mapping.md"} <= {path.name for path in folder.iterdir()}
    text = (tmp_path / "out.ipynb").read_text(encoding="utf-8")
    assert "--container" in text
    assert "serving.knative.dev/v1" in text


def test_a_kernel_and_the_batch_give_the_same_page(tmp_path):
    in_kernel, in_process = tmp_path / "kernel.ipynb", tmp_path / "process.ipynb"
    source = str(bundled("notebooks") / "02_candidate.ipynb")
    papermill.execute_notebook(source, str(in_kernel), progress_bar=False, cwd=str(tmp_path))
    mine = run("02_candidate.ipynb", in_process, tmp_path)
    assert shown(mine) == shown(nbformat.read(in_kernel, as_version=4))
    assert len(shown(mine)) > 10


@pytest.mark.parametrize("name", ["00_portfolio.ipynb", "01_explore.ipynb", "02_candidate.ipynb", "03_what_if.ipynb", "05_waves.ipynb", "06_verify.ipynb"])
def test_the_defaults_work_out_of_the_box(tmp_path, name):
    assert any("Made-up data" in html for html in shown(run(name, tmp_path / "out.ipynb", tmp_path)))


def test_all_workloads_that_move_can_be_deployed_at_once(tmp_path):
    run("04_deploy.ipynb", tmp_path / "out.ipynb", tmp_path, workloads="all", out=str(tmp_path / "files"))
    written = {path.name for path in (tmp_path / "files").iterdir()}
    assert "portal--deployment--frontend" in written
    assert "portal--deployment--backend" not in written


BAD = {
    "no such snapshot": ("00_portfolio.ipynb", {"snapshot": "/nowhere/at/all"}, "/nowhere/at/all"),
    "a snapshot that is a number": ("00_portfolio.ipynb", {"snapshot": 7}, "snapshot = 7"),
    "no such config": ("02_candidate.ipynb", {"config": "/nowhere/k2cr.toml"}, "/nowhere/k2cr.toml"),
    "no such workload": ("02_candidate.ipynb", {"workload": "portal/Deployment/frontent"}, FRONTEND),
    "no such workload to deploy": ("04_deploy.ipynb", {"workloads": ["no/Deployment/such"]}, "no/Deployment/such"),
    "a name in place of a list": ("04_deploy.ipynb", {"workloads": FRONTEND}, "list of ids"),
    "a grouping that there is not": ("01_explore.ipynb", {"by": "colour"}, "label:NAME"),
    "moved, and nothing measured": ("06_verify.ipynb", {"workloads": ["frontend"]}, "Parquet or CSV"),
    "a parameter that there is not": ("02_candidate.ipynb", {"workloads": FRONTEND}, "workloads"),
    "one that does not move": (
        "04_deploy.ipynb",
        {"workloads": ["portal/Deployment/backend"]},
        "durable-block-storage",
    ),
}


@pytest.mark.parametrize(("name", "parameters", "named"), BAD.values(), ids=BAD)
def test_a_wrong_parameter_gives_one_sentence_and_a_failed_run(tmp_path, name, parameters, named):
    target = tmp_path / "out.ipynb"
    with pytest.raises(PapermillExecutionError) as raised:
        run(name, target, tmp_path, **parameters)
    (error,) = [
        o
        for c in nbformat.read(target, 4).cells
        if c.cell_type == "code"
        for o in c.outputs
        if o.output_type == "error"
    ]
    (sentence,) = error.traceback
    assert named in sentence
    assert "\n" not in sentence
    assert "Traceback" not in str(raised.value)
    assert not (tmp_path / "rendered").exists()


def test_the_simulator_agrees_with_what_is_known(tmp_path):
    pages = shown(run("07_validation.ipynb", tmp_path / "out.ipynb", tmp_path))
    assert any("20 of 20 comparisons agree" in html for html in pages)
