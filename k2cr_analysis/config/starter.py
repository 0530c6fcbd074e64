"""What ``k2cr init`` puts into a team's own repository: a commented ``k2cr.toml``, the notebooks, a weekly run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from k2cr_analysis.errors import UsageError
from k2cr_analysis.resources import bundled

CONFIG_NAME = "k2cr.toml"


@dataclass(frozen=True, slots=True)
class Starter:
    """What was written, and what stood there already with another content and was left alone."""

    written: tuple[Path, ...]
    kept: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """The cluster that the repository is of, as its kubeconfig names it."""

    context: str
    project: str
    region: str


def write_starter(out: Path, *, overwrite: bool = False, place: Place | None = None) -> Starter:
    """Write the config to ``out`` (a folder, or a file that ends in ``.toml``), and ``notebooks/`` beside it.

    With them a ``.gitignore`` for what k2cr makes, and a workflow that collects, reports and compares every week.
    ``place`` fills in project, region and context; without it these stay comments and a name to replace.

    A file that is there already with another content is kept, unless ``overwrite``.

    Raises
    ------
    UsageError  the folder cannot be written.
    """
    written: list[Path] = []
    kept: list[Path] = []
    for content, target in _contents(out, place):
        try:
            if target.name == ".gitignore" and target.exists():
                continue  # a team's own, which is theirs to add to
            if target.exists() and not overwrite:
                if target.read_bytes() != content:
                    kept.append(target)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        except OSError as error:
            raise UsageError(
                ref="cannot-write", found=f"{target}: {error.strerror or error}", do="choose another place with --out"
            ) from error
        written.append(target)
    return Starter(tuple(written), tuple(kept))


def _contents(out: Path, place: Place | None) -> Iterator[tuple[bytes, Path]]:
    config = out if out.suffix == ".toml" else out / CONFIG_NAME
    settings = bundled("data", CONFIG_NAME).read_text(encoding="utf-8")
    yield (settings if place is None else _placed(settings, place)).encode(), config
    for notebook in sorted(bundled("notebooks").glob("*.ipynb")):
        yield notebook.read_bytes(), config.parent / "notebooks" / notebook.name
    yield _IGNORED.encode(), config.parent / ".gitignore"
    context = "CONTEXT" if place is None else place.context
    yield _WORKFLOW.replace("{context}", context).encode(), config.parent / ".github" / "workflows" / "k2cr.yml"


def _placed(settings: str, place: Place) -> str:
    """The template with its two lines on the project taken out of their comment."""
    lines = []
    for line in settings.splitlines():
        if line == "#[project]":
            line = line.removeprefix("#")
        elif line.startswith('#id = "'):
            line = f'id = "{place.project}"'
        elif line.startswith('#region = "'):
            line = f'region = "{place.region}"'
        lines.append(line)
    return "\n".join(lines) + "\n"


_IGNORED = """\
# What k2cr makes from snapshots; a snapshot holds names and figures of the cluster.
*.snapshot/
/report/
/rendered/
.ipynb_checkpoints/
"""

_WORKFLOW = """\
# Every Monday: collect, report, and compare with last week's snapshot. Set CONTEXT, and let the job sign in to Google
# Cloud as an account that may read (the roles are in k2cr's README), before it can run.
name: k2cr
on:
  schedule: [{cron: "0 5 * * 1"}]
  workflow_dispatch:
permissions: {contents: read, id-token: write}
jobs:
  report:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with: {python-version: "3.13"}
      - run: pip install 'k2cr-analysis[cloud]'
      - uses: actions/cache/restore@v4
        with: {path: last.snapshot, key: k2cr-last, restore-keys: k2cr-last}
      - run: k2cr collect --context "{context}" --out this.snapshot
      - run: k2cr report this.snapshot --out report --jobs 2
      - if: ${{ hashFiles('last.snapshot/snapshot.json') != '' }}
        run: k2cr diff last.snapshot this.snapshot --html report/diff.html
      - run: cat report/summary.md >> "$GITHUB_STEP_SUMMARY"
      - uses: actions/upload-artifact@v4
        with: {name: report, path: report}
      - run: rm -rf last.snapshot && mv this.snapshot last.snapshot
      - uses: actions/cache/save@v4
        with: {path: last.snapshot, key: "k2cr-last-${{ github.run_id }}"}
"""
