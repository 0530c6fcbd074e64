"""Makes one page: in a worker of the batch, or in the calling process."""

from __future__ import annotations

import contextlib
import io
import logging
import tempfile
import warnings
from pathlib import Path
from typing import Any

from k2cr_analysis.atomic import write_whole
from k2cr_analysis.report.pages.around import Around
from k2cr_analysis.report.pages.contents import Page, Record, html_path, write_record
from k2cr_analysis.report.pages.html import linked, notebook_page
from k2cr_analysis.resources import bundled

_NOTEBOOKS = "notebooks"


def make(page: Page, out: Path, links: dict[str, str], around: Around | None = None) -> Record:
    """Run the page's notebook and write its HTML and its record; a failed page says where it stopped."""
    notebook, error = _executed(page, out)
    html = notebook_page(notebook, title=page.title, source=page.notebook, parameters=page.parameters, around=around)
    path = html_path(out, page.name)
    write_whole(path, linked(html, {k: v for k, v in links.items() if k != page.workload}))
    record = Record(page.name, page.title, page.workload, page.key, "failed" if error else "done", error)
    write_record(out, record)
    return record


def _executed(page: Page, out: Path) -> tuple[Any, str | None]:
    import nbformat
    import papermill
    from papermill.exceptions import PapermillExecutionError

    from k2cr_analysis.report.pages.shell import register

    logging.getLogger("papermill").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "page.ipynb"
        error = None
        try:
            with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
                warnings.simplefilter("ignore")
                papermill.execute_notebook(
                    str(bundled(_NOTEBOOKS) / page.notebook),
                    str(target),
                    parameters=page.parameters,
                    engine_name=register(),
                    progress_bar=False,
                    cwd=str(out) if out.is_dir() else None,
                )
        except PapermillExecutionError as failed:
            error = f"{failed.ename}: {failed.evalue}" if failed.ename != "ParameterError" else str(failed.evalue)
        read: Any = nbformat.read
        return read(target, as_version=4), error
