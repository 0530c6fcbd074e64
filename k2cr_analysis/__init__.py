"""k2cr: which GKE workloads can move to Cloud Run, what that saves, and the files to do it.

At a notebook:

    import k2cr_analysis as k

    a = k.assess("snapshot/")            # all workloads: fit, size, cost, latency, toil
    a["web"]                             # one of them, by its id or its short name
    k.portfolio(a); k.plan(a)            # the bill, and the waves
    k.recommend(a, "web")                # which configuration, and what it was chosen from
    k.render(a, ["shop/Deployment/web"], "out/")

Tables are DataFrames whose columns carry their units (``docs/glossary.md``); figures are in ``k.figures``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from k2cr_analysis.assessment.recommending.sliders import what_if
    from k2cr_analysis.comparison import diff
    from k2cr_analysis.config import load_config
    from k2cr_analysis.latency.simulator.one_service import simulate
    from k2cr_analysis.planning.sets.any_set import any_set
    from k2cr_analysis.pricing import cost
    from k2cr_analysis.rendering import render
    from k2cr_analysis.report import figures, tables
    from k2cr_analysis.report.face import assess, plan, portfolio, recommend
    from k2cr_analysis.snapshot import open_snapshot
    from k2cr_analysis.sources import collect
    from k2cr_analysis.sources.table_files import read_table_file

# Name -> where it lives. Imported when first used, so that importing the package takes no time.
_FACE = {
    "open_snapshot": "snapshot",
    "collect": "sources",
    "load_config": "config",
    "assess": "report.face",
    "plan": "report.face",
    "portfolio": "report.face",
    "render": "rendering",
    "cost": "pricing",
    "diff": "comparison",
    "simulate": "latency.simulator.one_service",
    "recommend": "report.face",
    "any_set": "planning.sets.any_set",
    "read_table_file": "sources.table_files",
    "what_if": "assessment.recommending.sliders",
    "figures": "report.figures",
    "tables": "report.tables",
}

__all__ = [
    "any_set", "assess", "collect", "cost", "diff", "figures", "load_config", "open_snapshot",
    "plan", "portfolio", "read_table_file", "recommend", "render", "simulate", "tables", "what_if",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _FACE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(f"{__name__}.{_FACE[name]}")
    found = getattr(module, name, None) or module
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
