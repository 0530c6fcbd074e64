"""Verdict, target, ingress container and the findings that matter of real workloads, labelled by reading their manifests.

``golden/verdicts.csv`` holds places and labels alone; the manifests are public ones that stand beside the repository.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from k2cr_analysis.fit import Fit
from k2cr_analysis.snapshot.redaction.redact import redact
from tests.fit.cluster import SHARED, fits_of

MANIFESTS = SHARED / "data" / "manifests"
TABLE = Path(__file__).parent / "golden" / "verdicts.csv"
ROWS = list(csv.DictReader(TABLE.open(encoding="utf-8")))
# Folders that are one application with folders below; the others are read without what stands below them.
WHOLE = {
    row["where"]
    for row in ROWS
    if row["where"].startswith(
        (
            "GoogleCloudPlatform__microservices",
            "GoogleCloudPlatform__bank",
            "stefanprodan",
            "prometheus-operator",
            "BuoyantIO",
            "dapr",
        )
    )
}

pytestmark = pytest.mark.skipif(not MANIFESTS.is_dir(), reason="the public manifests are not beside the repository")


@cache
def fits_in(where: str) -> dict[str, Fit]:
    place = MANIFESTS / where
    found = [place] if place.is_file() else place.rglob("*") if where in WHOLE else place.iterdir()
    documents: list[dict[str, Any]] = []
    for file in sorted(p for p in found if p.suffix in (".yaml", ".yml", ".json")):
        documents += documents_of(file)
    # As a snapshot holds them: what looks like a secret is taken out, and that too can decide.
    return dict(fits_of(redact(d)[0] for d in documents))


def documents_of(file: Path) -> list[dict[str, Any]]:
    """The objects of a file, those of a List among them; none of a file that is not YAML."""
    try:
        todo = [
            d for d in yaml.load_all(file.read_text(errors="replace"), Loader=yaml.CSafeLoader) if isinstance(d, dict)
        ]
    except yaml.YAMLError:
        return []
    flat: list[dict[str, Any]] = []
    for one in todo:
        items = one.get("items") if one.get("kind") == "List" else [one]
        flat += [
            d for d in items or [] if isinstance(d, dict) and d.get("kind") and isinstance(d.get("metadata"), dict)
        ]
    return flat


@pytest.mark.parametrize("row", ROWS, ids=lambda r: f"{r['where'].rpartition('/')[2]}:{r['id']}")
def test_real_workload_gets_its_label(row: dict[str, str]) -> None:
    fit = fits_in(row["where"])[row["id"]]
    assert (fit.verdict, fit.target, fit.ingress_container or "") == (
        row["verdict"],
        row["target"],
        row["ingress_container"],
    )
    assert {f.rule for f in fit.findings if f.severity != "note"} == set(row["findings"].split())


def test_the_table_is_large_and_has_every_verdict() -> None:
    assert len(ROWS) >= 120
    assert {row["verdict"] for row in ROWS} == {"ready", "changes", "blocked", "keep"}
