#!/usr/bin/env python3
"""Write ``docs/refusals.md`` from the table of what the Cloud Run API refuses beyond its schema."""

from __future__ import annotations

from pathlib import Path

from k2cr_analysis.openapi.refusals import NOT_KNOWN, REFUSALS

PAGE = Path(__file__).parents[1] / "docs" / "refusals.md"
HEAD = """\
# What the Cloud Run API refuses

Made by `scripts/write_refusals.py` from `k2cr_analysis/openapi/refusals/`. Types of fields are checked against the
discovery document (`data/schemas/`, refreshed by `scripts/refresh_cloud_run_schema.py`); these rows are what its
types do not say. Every file that `k2cr render` writes goes through all of them: what is refused is not written, the
workload is named, and the others are. Rows marked *source* are asked of the manifests too, as the finding `refused-
by-cloud-run`; for others a rule of their own speaks.

| row | what the API takes | asked of | source, read |
|---|---|---|---|
"""


def page() -> str:
    """The whole page."""
    rows = [
        f"| `{r.id}` | {r.takes} | {'source, files' if r.carried else 'files'} | <{r.source.url}>, {r.source.read} |"
        for r in REFUSALS.values()
    ]
    unknown = [f"- {one}" for one in NOT_KNOWN]
    return HEAD + "\n".join([*rows, "", "## What the table does not know", "", *unknown]) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
