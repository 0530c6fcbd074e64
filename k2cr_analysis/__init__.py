"""k2cr: which GKE workloads can move to Cloud Run, what that saves, and the files to do it.

At a notebook:

    import k2cr_analysis as k

    a = k.assess("snapshot/")            # all workloads: fit, size, cost, latency, toil
    k.portfolio(a); k.plan(a)            # the bill, and the waves
    k.render(a, ["shop/Deployment/web"], "out/")

Tables are DataFrames whose columns carry their units (``docs/glossary.md``); figures are in ``k.figures``.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from k2cr_analysis.assessment import assess, recommend
    from k2cr_analysis.config import load_config
    from k2cr_analysis.cost import cost
    from k2cr_analysis.diff import diff
    from k2cr_analysis.latency.one_service import simulate
    from k2cr_analysis.plan import plan, portfolio
    from k2cr_analysis.render import render
    from k2cr_analysis.report import figures, tables
    from k2cr_analysis.snapshot import open_snapshot
    from k2cr_analysis.sources import collect

# Name -> where it lives. Imported when first used, so that importing the package takes no time.
_FACE = {
    "open_snapshot": "snapshot",
    "collect": "sources",
    "load_config": "config",
    "assess": "assessment",
    "plan": "plan",
    "portfolio": "plan",
    "render": "render",
    "cost": "cost",
    "diff": "diff",
    "simulate": "latency.one_service",
    "recommend": "assessment",
    "figures": "report.figures",
    "tables": "report.tables",
}

__all__ = [
    "assess", "collect", "cost", "diff", "figures", "load_config", "open_snapshot",
    "plan", "portfolio", "recommend", "render", "simulate", "tables",
]  # fmt: skip


class _Face(ModuleType):
    """The package as a person at a notebook meets it.

    ``plan``, ``render``, ``cost`` and ``diff`` are functions here, and folders too: importing a folder would put the
    module in the function's place, so that the names are properties, which an import cannot overwrite.
    """

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *__all__})


def _property(name: str) -> property:
    def get(_package: ModuleType) -> Any:
        module = importlib.import_module(f"{__name__}.{_FACE[name]}")
        return module if _FACE[name].endswith(f".{name}") else getattr(module, name)

    def keep(_package: ModuleType, _module: object) -> None:
        """The import system sets a submodule on its package; the face stays as it is."""

    return property(get, keep)


for _name in _FACE:
    setattr(_Face, _name, _property(_name))
sys.modules[__name__].__class__ = _Face
