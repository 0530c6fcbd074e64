"""Runs a notebook's cells inside this process: papermill's bookkeeping, without a kernel to start for each page.

A batch has dozens of pages of one snapshot. A kernel costs seconds to start and would assess the snapshot again; here
the pages of a worker share what is already imported and assessed, and each gets an empty namespace. Under plain
papermill the same notebooks run in a kernel and give the same page (a test compares them).
"""

from __future__ import annotations

import io
import os
from contextlib import redirect_stderr, redirect_stdout
from types import ModuleType
from typing import Any

import nbformat
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from papermill.engines import Engine, papermill_engines
from traitlets.config import Config

NAME = "k2cr-in-process"
_output: Any = nbformat.v4.new_output


class InProcessEngine(Engine):  # type: ignore[misc]
    """Only the running is here; starting, saving and completing the page is papermill's base class."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **_: Any) -> None:
        shell = _fresh_shell()
        # A page takes a second, and papermill would write it after every cell: it is saved once, at its end.
        target, nb_man.output_path = nb_man.output_path, None
        for index, cell in enumerate(nb_man.nb.cells):
            if cell.cell_type != "code":
                continue
            nb_man.cell_start(cell, index)
            failed = _run(shell, cell, index + 1)
            if failed:
                nb_man.cell_exception(cell, index, exception=failed)
                break
            nb_man.cell_complete(cell, index)
        nb_man.output_path = target


def register() -> str:
    """Make the engine known to papermill, and give its name."""
    papermill_engines.register(NAME, InProcessEngine)
    return NAME


def _fresh_shell() -> Any:
    """This process's shell, emptied."""
    os.environ.setdefault("MPLBACKEND", "agg")
    config = Config()
    config.HistoryManager.enabled = False
    # A module of its own: IPython's default takes the place of __main__, which worker processes are started from.
    shell: Any = PageShell.instance(config=config, user_module=ModuleType("k2cr_page"))
    shell.reset(new_session=True)
    shell.sources = []
    return shell


class _Result(DisplayHook):
    """The value of a cell's last line: kept for the page instead of printed."""

    def write_output_prompt(self) -> None:
        return

    def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:
        shown: Any = self.shell
        shown.shown.append(_output("display_data", data=dict(format_dict), metadata=dict(md_dict or {})))

    def finish_displayhook(self) -> None:
        return

    def flush(self) -> None:
        """No output is numbered and kept, so there is none to drop; IPython would collect garbage at every page."""


class _Published(DisplayPublisher):
    """What a cell displays by itself."""

    def publish(self, data: Any, metadata: Any = None, **_: Any) -> None:  # type: ignore[override]
        self.shell.shown.append(_output("display_data", data=dict(data), metadata=dict(metadata or {})))


class PageShell(InteractiveShell):
    """IPython without a terminal or a kernel; ``shown`` are the outputs of the running cell."""

    displayhook_class = _Result
    display_pub_class = _Published

    def __init__(self, **settings: Any) -> None:
        self.shown: list[Any] = []
        self.sources: list[str] = []
        super().__init__(**settings)  # type: ignore[no-untyped-call]
        formatter: Any = self.display_formatter
        formatter.active_types = formatter.format_types


def _run(shell: Any, cell: Any, number: int) -> BaseException | None:
    shell.shown = []
    shell.sources.append(cell.source)
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        result = shell.run_cell(cell.source, store_history=False)
    failed: BaseException | None = result.error_before_exec or result.error_in_exec
    cell.execution_count = number
    if failed is not None:
        # IPython has printed the traceback; the error says it itself.
        cell.outputs = [*shell.shown, _error(shell, failed)]
        return failed
    streams = (("stdout", out.getvalue()), ("stderr", err.getvalue()))
    printed = [_output("stream", name=name, text=text) for name, text in streams if text]
    cell.outputs = [*printed, *shell.shown]
    return None


def _error(shell: Any, failed: BaseException) -> Any:
    said = getattr(failed, "_render_traceback_", None)
    if said is not None:
        lines = said()
    else:
        lines = shell.InteractiveTB.structured_traceback(type(failed), failed, failed.__traceback__)
    return _output("error", ename=type(failed).__name__, evalue=str(failed), traceback=lines)
