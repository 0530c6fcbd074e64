"""What is heavy is imported when it is needed, not when k2cr starts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import k2cr_analysis

HEAVY = (
    "pandas",
    "pyarrow",
    "duckdb",
    "numba",
    "numpy",
    "matplotlib",
    "papermill",
    "nbconvert",
    "kubernetes",
    "google.cloud",
)

WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: nginx, ports: [{containerPort: 8080}]}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
"""


@pytest.mark.parametrize("module", ["k2cr_analysis", "k2cr_analysis.cli"])
def test_importing_is_light(module: str):
    code = f"import sys, {module}; print([m for m in {HEAVY!r} if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_every_name_of_the_face_can_be_had():
    code = "import k2cr_analysis as k; print([n for n in k.__all__ if getattr(k, n, None) is None])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_no_name_is_a_function_and_a_folder():
    package = Path(k2cr_analysis.__file__).parent
    folders = {p.name for p in package.iterdir() if p.is_dir() and p.name != "__pycache__"}
    assert not folders & set(k2cr_analysis.__all__)


# What each verb needs to read and work out; what it shows its result with comes after.
VERBS = {
    "collect --manifests": ("k2cr_analysis.sources.manifests.reading", "k2cr_analysis.sources.collection"),
    "assess": ("k2cr_analysis.assessment", "k2cr_analysis.report.json.documents"),
    "plan": ("k2cr_analysis.planning", "k2cr_analysis.report.json.plan_document"),
    "render": ("k2cr_analysis.rendering",),
}
NOTEBOOKS = ("IPython", "ipykernel", "jupyter_client", "jupyterlab", "matplotlib", "nbconvert", "papermill", "numba")


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_loads_neither_jupyter_nor_matplotlib_nor_numba(verb: str):
    modules = ", ".join(VERBS[verb])
    code = f"import sys, {modules}; print([m for m in {NOTEBOOKS!r} if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_a_snapshot_without_requests_is_assessed_without_numba(tmp_path):
    """numba is imported where something is simulated, and nowhere else."""
    (tmp_path / "web.yaml").write_text(WEB)
    code = (
        "import sys; from k2cr_analysis.cli import main; "
        f"sys.argv = ['k2cr', 'collect', '--manifests', '{tmp_path / 'web.yaml'}', '--out', '{tmp_path / 'snap'}']\n"
        "try: main()\nexcept SystemExit: pass\n"
        "import k2cr_analysis as k; "
        f"found = k.assess('{tmp_path / 'snap'}'); k.plan(found); "
        f"k.render(found, ['default/Deployment/web'], '{tmp_path / 'out'}'); "
        "print([m for m in ('numba', 'matplotlib', 'IPython', 'papermill') if m in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.splitlines()[-1] == "[]"
