"""Verdicts of workloads of 31 other public repositories, none of which the rules were written from.

The table holds places and labels alone; each label was checked against its manifest by eye. ``K2CR_UNSEEN`` names a
folder with the repositories, ``owner/name`` below it, at the commits of the table (``git clone
https://github.com/OWNER/NAME``); without it the table is not compared.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from k2cr_analysis.fit import Fit
from k2cr_analysis.snapshot.redaction.redact import redact
from tests.fit.cluster import fits_of
from tests.fit.test_golden import documents_of

TABLE = Path(__file__).parent / "golden" / "unseen.csv"
ROWS = list(csv.DictReader(TABLE.open(encoding="utf-8")))
REPOSITORIES = os.environ.get("K2CR_UNSEEN", "")


@cache
def fits_in(repository: str, where: str) -> Mapping[str, Fit]:
    place = Path(REPOSITORIES, repository, where)
    files = [place] if place.is_file() else place.rglob("*")
    found = sorted(f for f in files if f.suffix in (".yaml", ".yml", ".json"))
    return fits_of(redact(d)[0] for f in found for d in documents_of(f))


@pytest.mark.skipif(not REPOSITORIES, reason="K2CR_UNSEEN names no folder with the repositories")
@pytest.mark.parametrize(
    "row",
    ROWS if REPOSITORIES else ROWS[:1],
    ids=lambda r: f"{r['repository']}:{r['where'].rpartition('/')[2]}:{r['id']}",
)
def test_unseen_workload_gets_its_label(row: dict[str, str]) -> None:
    fit = fits_in(row["repository"], row["where"])[row["id"]]
    assert (fit.verdict, fit.target, fit.ingress_container or "") == (
        row["verdict"],
        row["target"],
        row["ingress_container"],
    )
    assert {f.rule for f in fit.findings if f.severity != "note"} == set(row["findings"].split())


def test_the_table_is_of_many_repositories_and_has_every_verdict() -> None:
    assert len(ROWS) >= 150
    assert len({row["repository"] for row in ROWS}) >= 20
    assert {row["verdict"] for row in ROWS} == {"ready", "changes", "blocked", "keep"}
    assert {row["target"] for row in ROWS} == {"service", "worker-pool", "job", "none"}
