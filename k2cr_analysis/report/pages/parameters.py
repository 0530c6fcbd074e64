"""A notebook's parameters, checked: one that is not right gives one sentence in the page, and the run fails."""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from k2cr_analysis.assessment.config_names import check_object_names
from k2cr_analysis.assessment.find import find_workload
from k2cr_analysis.assessment.over_a_fleet import counted_once
from k2cr_analysis.assessment.result import Assessment, WorkloadAssessment
from k2cr_analysis.config import load_config
from k2cr_analysis.errors import K2crError, UsageError
from k2cr_analysis.planning import Plan, Portfolio, plan_and_portfolio
from k2cr_analysis.report.pages.once import is_known, once
from k2cr_analysis.resources import bundled
from k2cr_analysis.snapshot.reader import PROVENANCE_FILE
from k2cr_analysis.verdicts import assess

# How a notebook's own cell of parameters begins, and the one that papermill puts behind it.
_OWN, _GIVEN = "# parameters", "# Parameters"
WORKLOAD_ID = re.compile(r"[^/]+/[A-Za-z]+/[^/]+")


def default_config(path: Path | None) -> Path | None:
    """The config that was named; else ``k2cr.toml`` of the working directory, where there is one."""
    here = Path("k2cr.toml")
    return path or (here if here.is_file() else None)


class ParameterError(Exception):
    """One sentence. A notebook shows it alone, without the stack of calls that nobody at a notebook can use."""

    def _render_traceback_(self) -> list[str]:
        """IPython's hook: what stands in the page in place of a traceback."""
        return [f"{self}"]


@contextmanager
def in_one_sentence() -> Iterator[None]:
    """Any :class:`K2crError` inside becomes a :class:`ParameterError`."""
    try:
        yield
    except K2crError as error:
        place = f"{error.where}: " if error.where and str(error.where) else ""
        wanted = f"; expected {error.expected}" if error.expected else ""
        way_out = f". To do: {error.do}" if error.do else ""
        raise ParameterError(f"{place}{error.found}{wanted}{way_out}.") from None


def _refuse_unknown() -> None:
    """A notebook that was given a parameter that it has not says so: papermill itself only warns."""
    cells = _cells()
    own = {name for cell in cells if cell.lstrip().startswith(_OWN) for name in _assigned(cell)}
    given = {name for cell in cells if cell.lstrip().startswith(_GIVEN) for name in _assigned(cell)}
    if own and given - own:
        raise UsageError(
            ref="no-such-parameter",
            found=f"{', '.join(sorted(given - own))}, which this notebook does not have",
            expected=f"some of {', '.join(sorted(own))}",
        )


def _cells() -> list[str]:
    """What the running notebook has run so far, in a kernel or in a page's shell."""
    from IPython.core.getipython import get_ipython

    shell: Any = get_ipython()
    return [] if shell is None else list(getattr(shell, "sources", None) or shell.user_ns.get("In", ()))


def _assigned(cell: str) -> set[str]:
    tree = ast.parse(cell)
    return {t.id for node in tree.body if isinstance(node, ast.Assign) for t in node.targets if isinstance(t, ast.Name)}


def assessed(snapshot: str | Path | None = None, config: str | Path | None = None) -> Assessment:
    """The assessment of one snapshot (default: the bundled demonstration) under a config file (default: none)."""
    return assessed_all(snapshot, config)[0]


def assessed_all(snapshot: Any = None, config: str | Path | None = None) -> list[Assessment]:
    """The assessments of one snapshot or of a list of them: a fleet."""
    several = [snapshot] if snapshot is None or isinstance(snapshot, str | Path) else snapshot
    with in_one_sentence():
        _refuse_unknown()
        if not isinstance(several, list | tuple) or not several or not all(_is_place(s) for s in several):
            raise UsageError(
                ref="not-a-snapshot-parameter",
                found=f"snapshot = {snapshot!r}",
                expected="a folder, or a list of folders",
            )
        if config is not None and not isinstance(config, str | Path):
            raise UsageError(
                ref="not-a-config-parameter", found=f"config = {config!r}", expected="the path of a k2cr.toml"
            )
        given = [_fingerprint(Path(s) if s else bundled("data", "demo"), config) for s in several]
        return counted_once(_named_rightly([_assess_once(*one) for one in given], given[0][2:]))


def workload(assessed_one: Assessment, workload_id: str) -> WorkloadAssessment:
    """The workload with this id; the nearest ids are named where there is none."""
    with in_one_sentence():
        return find_workload([assessed_one], str(workload_id))


def _is_place(value: Any) -> bool:
    return value is None or isinstance(value, str | Path)


def _fingerprint(snapshot: Path, config: str | Path | None) -> tuple[str, str, str, str]:
    """What an assessment depends on: a page of the same process is not made to assess the same snapshot again."""
    stated = snapshot / PROVENANCE_FILE
    content = hashlib.sha256(stated.read_bytes()).hexdigest() if stated.is_file() else ""
    text = Path(config).read_text(encoding="utf-8") if config is not None and Path(config).is_file() else ""
    return str(snapshot), content, "" if config is None else str(config), text


def _assess_once(snapshot: str, content: str, config: str, text: str) -> Assessment:
    def make() -> Assessment:
        return assess(Path(snapshot), load_config(Path(config)) if config else None, alone=False)

    return once(("assessment", snapshot, content, config, text), make)


def _named_rightly(assessments: list[Assessment], config: tuple[str, str]) -> list[Assessment]:
    """The assessments, where the config names only what is there; a fleet's pages are made one cluster at a time."""
    if not is_known(("named rightly", *config)):
        check_object_names(assessments[0].config, [a.cluster for a in assessments])
    return assessments


def assess_many(snapshots: Sequence[Path], config: Path | None) -> list[Assessment]:
    """As :func:`assessed_all`, with the errors that the command line words."""
    given = [_fingerprint(path, config) for path in snapshots]
    found = _named_rightly([_assess_once(*one) for one in given], given[0][2:])
    once(("named rightly", *given[0][2:]), lambda: True)
    return counted_once(found)


def decided(assessments: Sequence[Assessment]) -> tuple[Plan, Portfolio]:
    """The plan and the portfolio, worked out once for all pages of a process."""
    key = tuple((str(a.snapshot.get("sha256")), repr(a.config)) for a in assessments)
    return once(("decided", key), lambda: plan_and_portfolio(assessments))
