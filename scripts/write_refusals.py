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
workload is named, and the others are (exit code 5). The same spec goes through them when a workload is assessed
(`k2cr_analysis/verdicts.py`): what is refused there is never `ready`, whatever `k2cr.toml` says of a rule, and the
finding `refused-by-cloud-run` says it, unless a rule of its own does. Rows marked *source* are asked of the manifests
before.

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
