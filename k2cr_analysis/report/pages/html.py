"""Pages as single files: an executed notebook without its code, and the index. Nothing in them is loaded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

_REPORT = Path(__file__).resolve().parent
_TEMPLATES = "templates"
_WORKLOAD = re.compile(r'<span class="workload">([^<]+)</span>')


def notebook_page(
    notebook: Any, *, title: str, source: str, parameters: Mapping[str, Any], home: str = "index.html"
) -> str:
    """The HTML of an executed notebook (nbformat 4). ``source`` is the notebook's name, as the footer says it."""
    said = ", ".join(f"{key} = {_shown(value)}" for key, value in parameters.items()) or "its defaults"
    page = {
        "title": title,
        "home": home,
        "style": style(),
        "version": tool_version(),
        "notebook": source,
        "parameters": said,
    }
    html, _ = _exporter().from_notebook_node(notebook, resources={"page": page})
    return str(html)


def _shown(value: Any) -> str:
    """A parameter as the page says it: of a path its last part, so that a page is the same wherever it was made."""
    if isinstance(value, list):
        return ", ".join(_shown(one) for one in value)
    return Path(value).name if isinstance(value, str) and Path(value).is_absolute() else str(value)


def template_page(name: str, **values: Any) -> str:
    """A page from a template of this package alone, without a notebook."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_REPORT / _TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template(name).render(style=style(), version=tool_version(), resources=None, **values)


def linked(html: str, href_of: Mapping[str, str]) -> str:
    """Each workload's id that has a page becomes a link to it."""
    return _WORKLOAD.sub(lambda m: f'<a href="{href_of[m[1]]}">{m[1]}</a>' if m[1] in href_of else m[0], html)


@cache
def style() -> str:
    return (_REPORT / _TEMPLATES / "style.css").read_text(encoding="utf-8")


@cache
def tool_version() -> str:
    return version("k2cr-analysis")


@cache
def _exporter() -> Any:
    from nbconvert import HTMLExporter

    exporter: Any = HTMLExporter
    return exporter(
        template_name=_TEMPLATES,
        template_file="page.html.j2",
        extra_template_basedirs=[str(_REPORT)],
        exclude_anchor_links=True,
    )
