"""Which pages a report has, and how each is made: one notebook, run by papermill, written as one HTML file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from k2cr_analysis.atomic import write_whole
from k2cr_analysis.report.pages.html import tool_version
from k2cr_analysis.resources import bundled

PORTFOLIO, CANDIDATE, DEPLOY = "00_portfolio.ipynb", "02_candidate.ipynb", "04_deploy.ipynb"


@dataclass(frozen=True, slots=True)
class Page:
    """One page to make. ``name`` is its file without the suffix; ``facts``: the snapshots' hashes and the config's."""

    name: str
    title: str
    notebook: str
    parameters: dict[str, Any]
    workload: str | None
    facts: str

    @property
    def key(self) -> str:
        """Names everything that the page's content depends on."""
        text = (bundled("notebooks") / self.notebook).read_text(encoding="utf-8")
        told = json.dumps([tool_version(), text, self.parameters, self.facts], sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Record:
    """What became of a page. Lies beside it, so that a later run and other shards can tell what is done."""

    name: str
    title: str
    workload: str | None
    key: str
    state: Literal["done", "failed"]
    error: str | None = None


def candidate_name(workload_id: str, prefix: str = "") -> str:
    """``shop--deployment--web``, as `render` names folders; ``prefix`` tells the snapshots of a fleet apart."""
    return prefix + "--".join(workload_id.split("/")).lower().replace("*", "_")


def prefix_of(number: int, snapshots: int) -> str:
    """What tells the pages of the ``number``-th snapshot, from 1, from those of the others of a fleet."""
    return f"{number}--" if snapshots > 1 else ""


def is_done(page: Page, out: Path) -> bool:
    """The page is there, whole, and made from the same facts."""
    record = read_record(record_path(out, page.name))
    return (
        record is not None and record.state == "done" and record.key == page.key and html_path(out, page.name).is_file()
    )


def html_path(out: Path, name: str) -> Path:
    return out / f"{name}.html"


def record_path(out: Path, name: str) -> Path:
    return out / "pages" / f"{name}.json"


def read_record(path: Path) -> Record | None:
    """None where there is none, or one that a crash cut off."""
    try:
        return Record(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def write_record(out: Path, record: Record) -> None:
    path = record_path(out, record.name)
    write_whole(path, json.dumps(asdict(record), indent=1, sort_keys=True) + "\n")


def records(out: Path) -> list[Record]:
    """All records of a report's folder, by name."""
    found = (read_record(path) for path in sorted((out / "pages").glob("*.json")))
    return [record for record in found if record is not None]


def of_shard(pages: Sequence[Page], index: int, count: int) -> list[Page]:
    """Every ``count``-th page from the ``index``-th, counted from 0: each page is in one shard."""
    return list(pages[index::count])
