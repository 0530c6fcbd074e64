"""How a piece of a report looks wherever it is shown: JupyterLab, VS Code, Colab, nbviewer, a page of HTML.

A notebook shows each piece by itself, so that each carries its style, scoped by the class ``k2cr``. Two things in
notebooks are in the way. MathJax takes ``$`` for the beginning of a formula: the frame's classes tell it to leave the
piece alone. And a notebook that is opened and not yet run (papermill's output) is not trusted, so that JupyterLab drops
``<style>``: what is told by shape and colour alone has a few inline styles too, which it keeps.

A page has the style once, in its head: :func:`unframed` takes off what a piece brought along.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_OPENS = '<div class="k2cr tex2jax_ignore mathjax_ignore">'
_CLASS = re.compile(r'<(\w+) class="([^"]+)"')
# Class -> the style that stays where <style> is dropped. Colours are read on a light and on a dark ground.
_INLINE = {
    "made-up": "border:1px solid #b8860b;padding:6px 10px;font-weight:bold",
    "under": "opacity:0.75",
    "tiles": "display:flex;flex-wrap:wrap;gap:10px",
    "sides": "display:flex;flex-wrap:wrap;gap:24px",
    "side": "flex:1 1 320px",
    "tile": "border:1px solid #8b98a5;padding:8px 12px",
    "value": "font-size:18px;font-weight:bold",
    "chip": "color:#ffffff;background-color:#5d6975;padding:1px 8px;font-weight:bold",
    "chip ready": "color:#ffffff;background-color:#0b6e57;padding:1px 8px;font-weight:bold",
    "chip changes": "color:#ffffff;background-color:#1769c9;padding:1px 8px;font-weight:bold",
    "chip change": "color:#ffffff;background-color:#1769c9;padding:1px 8px;font-weight:bold",
    "chip blocked": "color:#ffffff;background-color:#b23c10;padding:1px 8px;font-weight:bold",
    "chip blocker": "color:#ffffff;background-color:#b23c10;padding:1px 8px;font-weight:bold",
    "chip keep": "color:#ffffff;background-color:#5d6975;padding:1px 8px;font-weight:bold",
    "chip note": "border:1px solid #8b98a5;padding:1px 8px",
    "picture": "background-color:#ffffff",
}
_KEPT = re.compile(r' style="(?:' + "|".join(re.escape(css) for css in set(_INLINE.values())) + r')"')


@cache
def style() -> str:
    """The style of all pieces; every rule of it begins with the class ``k2cr``."""
    return Path(__file__).with_name("look.css").read_text(encoding="utf-8")


def framed(html: str) -> str:
    """A piece as a notebook takes it."""
    return f"{_OPENS}<style>{style()}</style>{_CLASS.sub(_with_style, html)}</div>"


def unframed(html: str) -> str:
    """The same piece for a page that has the style in its head."""
    opens = f"{_OPENS}<style>{style()}</style>"
    return _KEPT.sub("", html.removeprefix(opens).removesuffix("</div>")) if html.startswith(opens) else html


def _with_style(found: re.Match[str]) -> str:
    classes = found[2]
    css = _INLINE.get(classes) or _INLINE.get(classes.split()[0])
    return f'{found[0]} style="{css}"' if css else found[0]
