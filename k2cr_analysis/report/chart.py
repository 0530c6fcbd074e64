"""One picture: its finding as the title, a text for those who cannot see it, and vector graphics inside the page.

The matplotlib figure is at hand as ``chart.figure``. Colours are told apart with every common colour vision, and no
meaning is carried by colour alone.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from k2cr_analysis.errors import UsageError
from k2cr_analysis.report.look import framed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, MUTED, GRID = "#1d2733", "#5c6b7a", "#e3e8ee"
GKE, CLOUD_RUN = "#7a8794", "#1769c9"  # today, and after the move
GAIN, LOSS = "#0f7b62", "#c4491d"
VERDICT_COLOURS = {"ready": "#0f7b62", "changes": "#1769c9", "blocked": "#c4491d", "keep": "#9aa5b1"}
SERIES = ("#1769c9", "#e59a13", "#0f7b62", "#c4491d", "#8a5ab5", "#4aa5c4", "#7a8794", "#b5547d", "#667d2a", "#a0733d")

_STYLE: Any = {
    "figure.dpi": 100,
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "axes.edgecolor": GRID,
    "axes.labelcolor": MUTED,
    "axes.labelsize": 9,
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": INK,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "k2cr",
}
# Layout is made with the font that travels with matplotlib, so that it is the same everywhere; a page shows its own.
_LAYOUT_FONT = "DejaVu Sans"
_PAGE_FONTS = "system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif"
WIDTH_IN = 8.6


@dataclass(frozen=True, slots=True)
class Chart:
    """``title`` states the finding; ``text`` says in words what the picture shows."""

    figure: Figure
    title: str
    text: str

    def svg(self) -> str:
        """The picture as SVG; the same chart gives the same bytes."""
        import matplotlib as mpl

        out = io.StringIO()
        with mpl.rc_context(_STYLE):
            self.figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
        return out.getvalue().replace(f"'{_LAYOUT_FONT}'", _PAGE_FONTS)

    def save(self, path: str | Path) -> Path:
        """Write the picture as SVG or PNG, as the file's name ends; PNG on white, at 200 dots per inch."""
        import matplotlib as mpl

        target = Path(path)
        kind = target.suffix.lower()
        if kind == ".svg":
            target.write_text(self.svg(), encoding="utf-8")
        elif kind == ".png":
            with mpl.rc_context(_STYLE):
                self.figure.savefig(target, dpi=200, facecolor="white", metadata={"Software": None})
        else:
            raise UsageError(
                ref="not-a-picture", found=f"{target.name}", expected="a file whose name ends in .svg or .png"
            )
        return target

    def _repr_html_(self) -> str:
        return framed(self.html)

    @property
    def html(self) -> str:
        """The picture with its title, as a piece of a page."""
        data = base64.b64encode(self.svg().encode()).decode()
        picture = f'<img class="picture" alt="{escape(self.text)}" src="data:image/svg+xml;base64,{data}">'
        caption = f"<figcaption>{escape(self.title)}</figcaption>"
        frame = f'<div class="scroll" tabindex="0" role="group" aria-label="{escape(self.title)}">{picture}</div>'
        return f'<figure class="chart">{caption}{frame}</figure>'

    def __repr__(self) -> str:
        return f"{self.title}\n{self.text}"


@contextmanager
def canvas(height_in: float, panels: int = 1, **grid: Any) -> Iterator[tuple[Figure, list[Axes]]]:
    """A figure with its axes side by side, in the house's style; nothing of pyplot's state is touched."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(WIDTH_IN, height_in), layout="constrained")
        axes = figure.subplots(1, panels, squeeze=False, **grid)
        yield figure, list(axes[0])
