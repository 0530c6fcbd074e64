"""Pieces of a page: HTML that a notebook shows, escaped where it holds somebody's text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from k2cr_analysis.report.look import framed

_CODE = re.compile(r"`([^`]+)`")  # texts set off names as Markdown does

VERDICT_WORDS = {
    "ready": "ready to move",
    "changes": "moves after changes",
    "blocked": "blocked",
    "keep": "stays with the cluster",
}


@dataclass(frozen=True, slots=True)
class Html:
    """A piece of a page. A notebook shows it as HTML, a terminal as its plain text."""

    html: str
    text: str

    def _repr_html_(self) -> str:
        return framed(self.html) if self.html else ""

    def __repr__(self) -> str:
        return self.text


def joined(pieces: Iterable[Html]) -> Html:
    parts = list(pieces)
    return Html("".join(p.html for p in parts), "\n".join(p.text for p in parts))


def heading(title: str, under: str = "", *, level: int = 1) -> Html:
    small = f'<p class="under">{escape(under)}</p>' if under else ""
    return Html(f"<h{level}>{breaking(title)}</h{level}>{small}", f"{title}\n{under}".strip())


def breaking(name: str) -> str:
    """Escaped, and broken between the parts of a name where a line is too short, never inside a word or a number."""
    return re.sub(r"(?<!\d(?=[.-]\d))([/.-])(?=\w)", r"\1<wbr>", escape(name))


def anchored(title: str) -> Html:
    """A heading that :func:`anchors` can lead to."""
    return Html(f'<h2 id="{escape(title)}">{breaking(title)}</h2>', title)


def anchors(titles: Sequence[str]) -> Html:
    """Links to headings of the same page; nothing for a page of one."""
    if len(titles) < 2:
        return Html("", "")
    items = "".join(f'<li><a href="#{escape(title)}">{escape(title)}</a></li>' for title in titles)
    return Html(f'<ul class="anchors">{items}</ul>', "\n".join(titles))


def paragraph(text: str, *, kind: str = "") -> Html:
    return Html(f'<p class="{kind}">{with_code(text)}</p>' if kind else f"<p>{with_code(text)}</p>", text)


def note(text: str) -> Html:
    """Why something is not shown: absent data is said, not hidden."""
    return paragraph(text, kind="note")


def verdict_chip(verdict: str) -> str:
    return f'<span class="chip {escape(verdict)}">{escape(VERDICT_WORDS.get(verdict, verdict))}</span>'


@dataclass(frozen=True, slots=True)
class Tile:
    """One key figure: what it is, its value, and a line under it."""

    label: str
    value: str
    under: str = ""
    tone: str = ""  # good, bad or nothing


def tiles(items: Sequence[Tile]) -> Html:
    cells = "".join(
        f'<div class="tile {item.tone}"><div class="label">{escape(item.label)}</div>'
        f'<div class="value">{escape(item.value)}</div><div class="under">{escape(item.under)}</div></div>'
        for item in items
    )
    text = "\n".join(f"{item.label}: {item.value} {item.under}".rstrip() for item in items)
    return Html(f'<div class="tiles">{cells}</div>', text)


def code_file(name: str, text: str) -> Html:
    """A whole file, as it lies on disk."""
    shown = f'<div class="file"><div class="name">{escape(name)}</div><pre><code>{escape(text)}</code></pre></div>'
    return Html(shown, f"--- {name}\n{text}")


def folded(summary: str, inside: Html) -> Html:
    """Shown on demand."""
    return Html(f"<details><summary>{escape(summary)}</summary>{inside.html}</details>", f"{summary}\n{inside.text}")


def with_code(text: str) -> str:
    """A text as HTML; what stands between backticks, as texts set off names and commands, is code."""
    return _CODE.sub(r"<code>\1</code>", escape(text))


def bullets(lines: Iterable[str]) -> Html:
    items = list(lines)
    return Html(
        "<ul>" + "".join(f"<li>{with_code(line)}</li>" for line in items) + "</ul>", "\n".join(f"- {i}" for i in items)
    )


def made_up_label() -> Html:
    """Stands on every page that shows demonstration data."""
    text = "Made-up data: this is the bundled demonstration, an invented company. No figure here is anybody's."
    return Html(f'<div class="made-up" role="note">{escape(text)}</div>', text)
