"""A kustomization that was named is built; one that would fetch or run something is told, and so are those deeper down."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from k2cr_analysis.snapshot import KUSTOMIZATION
from k2cr_analysis.sources.manifests.kustomizations import needs_more_than_files
from k2cr_analysis.sources.manifests.reading import read_manifests

DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata: {name: app}
spec: {selector: {matchLabels: {app: app}}, template: {metadata: {labels: {app: app}}, spec: {containers: [{name: app, image: app}]}}}
"""
PROD = "namespace: prod\nresources: [../base]\nimages: [{name: app, newName: gcr.io/shop/app, newTag: '7'}]\n"
needs_kubectl = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, text in (
        ("base/kustomization.yaml", "resources: [app.yaml]\n"),
        ("base/app.yaml", DEPLOYMENT),
        ("prod/kustomization.yaml", PROD),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@needs_kubectl
def test_a_named_kustomization_is_built(tree: Path) -> None:
    read = read_manifests([str(tree / "prod")], keep_going=False)
    [found] = read.objects
    assert found.object["metadata"]["namespace"] == "prod"
    assert found.object["spec"]["template"]["spec"]["containers"][0]["image"] == "gcr.io/shop/app:7"
    assert not read.skipped


def test_deeper_ones_are_read_as_files_and_told_with_the_line_that_builds_them(tree: Path) -> None:
    read = read_manifests([str(tree)], keep_going=False)
    assert [o.object["metadata"].get("namespace") for o in read.objects] == [None]
    told = {n.file: n.do for n in read.skipped if n.ref == KUSTOMIZATION}
    assert told == {
        str(tree / folder / "kustomization.yaml"): f"`kubectl kustomize {tree / folder} | k2cr collect --manifests - "
        "--out SNAP`"
        for folder in ("base", "prod")
    }


@pytest.mark.parametrize(
    "content",
    [
        "resources: ['https://example.com/app.yaml']",
        "resources: ['github.com/acme/app//deploy?ref=v1']",
        "resources: ['git@github.com:acme/app.git']",
        "resources: [not-there]",
        "bases: ['ssh://git@example.com/app']",
        "components: ['https://example.com/c']",
        "helmCharts: [{name: redis, repo: 'https://charts.example.com'}]",
        "generators: [plugin.yaml]",
        "transformers: [plugin.yaml]",
        "resources: [app.yaml]\npatches: [{path: 'https://example.com/p.yaml'}]",
        "resources: [app.yaml]\nopenapi: {path: 'https://example.com/s.json'}",
        "configMapGenerator: [{name: a, files: ['x=https://example.com/a.txt']}]",
    ],
)
@pytest.mark.parametrize("where", ["base", "prod"], ids=["in a base", "in itself"])
def test_what_would_be_fetched_or_run_is_told_and_not_built(tree: Path, content: str, where: str) -> None:
    (tree / where / "kustomization.yaml").write_text(content + "\n")
    (tree / where / "plugin.yaml").write_text("apiVersion: x/v1\nkind: P\nmetadata: {name: p}\n")
    (tree / where / "app.yaml").write_text(DEPLOYMENT)
    assert needs_more_than_files(tree / "prod")
    read = read_manifests([str(tree / "prod"), str(tree / "base" / "app.yaml")], keep_going=False)
    [notice] = [n for n in read.skipped if n.ref == KUSTOMIZATION and "prod" in str(n.file)]
    assert "it was not built" in notice.found


def test_files_alone_need_nothing_more(tree: Path) -> None:
    assert needs_more_than_files(tree / "prod") is None
