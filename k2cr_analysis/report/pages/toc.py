"""The contents of a long page: headings get names to link to, and a list of them stands above the first."""

from __future__ import annotations

import re
from html import escape

_HEADING = re.compile(r"<h([23])(?: id=\"([^\"]*)\")?>(.*?)</h\1>", re.DOTALL)
_TAG = re.compile(r"<[^>]+>")
LEAST = 3  # headings from which on a list of them helps


def with_contents(html: str) -> str:
    """The same page with anchored headings, and before its first section the list of its sections."""
    seen: dict[str, int] = {}
    sections: list[tuple[str, str]] = []

    def anchored(found: re.Match[str]) -> str:
        level, given, inside = found.groups()
        words = _TAG.sub("", inside).strip()
        name = _once(given or _slug(words), seen)
        if level == "2":
            sections.append((name, words))
        link = f'<a class="anchor" href="#{escape(name)}" aria-label="Link to this section">#</a>'
        return f'<h{level} id="{escape(name)}">{inside}{link}</h{level}>'

    text = _HEADING.sub(anchored, html)
    first = text.find("<h2 ")
    if len(sections) < LEAST or first < 0:
        return text
    items = "".join(f'<li><a href="#{escape(name)}">{words}</a></li>' for name, words in sections)
    listed = f'<nav class="toc" aria-label="On this page"><strong>On this page</strong><ol>{items}</ol></nav>\n'
    return text[:first] + listed + text[first:]


def _slug(words: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-") or "section"


def _once(name: str, seen: dict[str, int]) -> str:
    seen[name] = seen.get(name, 0) + 1
    return name if seen[name] == 1 else f"{name}-{seen[name]}"
