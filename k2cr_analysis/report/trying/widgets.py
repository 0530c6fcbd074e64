"""Whether somebody is there to move a slider, and the pieces that sliders are made of."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

from k2cr_analysis.report.display import Html

_NAME_WIDTH, _WIDTH = "7.5rem", "24rem"


def has_widgets() -> bool:
    """ipywidgets is there, and a person at the kernel: what runs a notebook as a batch takes no input from anybody."""
    if importlib.util.find_spec("ipywidgets") is None:
        return False
    from IPython.core.getipython import get_ipython

    shell: Any = get_ipython()
    return bool(getattr(getattr(shell, "kernel", None), "_allow_stdin", False))


def ipywidgets() -> Any:
    """The library, which is there only where somebody installed it."""
    return importlib.import_module("ipywidgets")


def control(kind: str, name: str, value: Any, **options: Any) -> Any:
    """An ipywidgets control with its name before it; what it shows is drawn when a slider is let go."""
    library = ipywidgets()
    if kind.endswith("Slider"):
        options.setdefault("continuous_update", False)
    return getattr(library, kind)(
        value=value,
        description=name,
        style={"description_width": _NAME_WIDTH},
        layout=library.Layout(width=_WIDTH, max_width="100%"),
        **options,
    )


def show_again(piece: Html) -> None:
    """What is drawn anew when a slider moves."""
    import IPython.display

    display: Any = IPython.display.display
    display(piece)
