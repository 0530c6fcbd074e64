"""Pages as single files: an executed notebook without its code, and the index. Nothing in them is loaded."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from k2cr_analysis.report import look
from k2cr_analysis.report.display import breaking
from k2cr_analysis.report.pages.around import Around
from k2cr_analysis.report.pages.toc import with_contents

_REPORT = Path(__file__).resolve().parent
_TEMPLATES = "templates"
HOME, RULES = "index.html", "rules.html"
_WORKLOAD = re.compile(r'<span class="workload">([^<]+)</span>')
_RULE = re.compile(r'<span class="rule">([^<]+)</span>')


def notebook_page(
    notebook: Any, *, title: str, source: str, parameters: Mapping[str, Any], around: Around | None = None
) -> str:
    """The HTML of an executed notebook (nbformat 4). ``source`` is the notebook's name, as the footer says it."""
    said = ", ".join(f"{key} = {_shown(value)}" for key, value in parameters.items()) or "its defaults"
    place = around or Around()
    page = {
        "title": title,
        "home": HOME,
        "crumbs": place.crumbs or (title,),
        "before": place.before,
        "after": place.after,
        "top": place.top,
        "bottom": place.bottom,
        "heading_cell": _heading_cell(notebook),
        "style": style(),
        "script": script(),
        "policy": policy(),
        "version": tool_version(),
        "notebook": source,
        "parameters": said,
    }
    html, _ = _exporter().from_notebook_node(notebook, resources={"page": page})
    return with_contents(str(html))


def _heading_cell(notebook: Any) -> int:
    """The cell that gives the page its heading: the first with code that sets no parameters."""
    own = {"parameters", "injected-parameters"}
    return next(
        (
            at
            for at, cell in enumerate(notebook.cells)
            if cell.cell_type == "code" and not own.intersection(cell.metadata.get("tags", []))
        ),
        -1,
    )


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
    environment.filters["breaking"] = breaking
    return environment.get_template(name).render(
        style=style(), script=script(), policy=policy(), version=tool_version(), resources=None, **values
    )


def linked(html: str, href_of: Mapping[str, str]) -> str:
    """Each workload's id that has a page becomes a link to it, and each rule one to what it says."""
    html = _RULE.sub(lambda m: f'<a href="{RULES}#{m[1]}">{m[1]}</a>', html)
    return _WORKLOAD.sub(lambda m: f'<a href="{href_of[m[1]]}">{m[1]}</a>' if m[1] in href_of else m[0], html)


@cache
def style() -> str:
    """The pieces' style and the page's own."""
    return look.style() + (_REPORT / _TEMPLATES / "style.css").read_text(encoding="utf-8")


@cache
def script() -> str:
    """The one script that pages have: tables that are sorted and filtered, copy buttons, and the plan by hand."""
    return "".join((_REPORT / _TEMPLATES / name).read_text(encoding="utf-8") for name in ("living.js", "page.js"))


@cache
def policy() -> str:
    """What a page may do: show itself. One script, known by its hash, and nothing from anywhere."""
    digest = base64.b64encode(hashlib.sha256(script().encode()).digest()).decode()
    own = f"img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    return f"default-src 'none'; {own}; base-uri 'none'; form-action 'none'"


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
        filters={"unframed": look.unframed},
    )
