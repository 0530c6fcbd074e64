"""Words for bash and for gcloud: quoting that holds for any value, and gcloud's ``^DELIM^`` lists."""

from __future__ import annotations

import re
from collections.abc import Sequence

_PLAIN = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]")
_DELIMITERS = (",", "|", "@", "#", ";", "~", "%", "!", "@@", "|#|", ";;;", "~@~#~")


def quote(text: str) -> str:
    """One bash word that means exactly ``text``: plain, in single quotes, or ``$'...'`` for control characters."""
    if _PLAIN.fullmatch(text):
        return text
    if _CONTROL.search(text):
        escaped = text.replace("\\", "\\\\").replace("'", "\\'")
        return "$'" + _CONTROL.sub(_escape, escaped) + "'"
    return "'" + text.replace("'", "'\\''") + "'"


def _escape(match: re.Match[str]) -> str:
    named = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}
    # By bytes, so that the word means the same whatever the locale of the shell.
    return named.get(match[0]) or "".join(f"\\x{byte:02x}" for byte in match[0].encode())


def flag(name: str, value: str) -> str:
    """``--name=value``, quoted; the = form holds for values that begin with a hyphen."""
    return f"--{name}={quote(value)}"


def gcloud_list(items: Sequence[str]) -> str:
    """Items as one value of a gcloud list or dictionary flag; ``gcloud topic escaping``.

    The plain comma where gcloud reads that back as the same items, else the first delimiter that does.
    """
    for delimiter in _delimiters():
        text = delimiter.join(items)
        # gcloud takes one trailing delimiter away, so an empty or delimiter-like last item needs one more.
        text += delimiter if text.endswith(delimiter) or not text else ""
        written = text if delimiter == "," else f"^{delimiter}^{text}"
        if as_gcloud_reads(written) == list(items):
            return written
    raise AssertionError("a numbered delimiter always works")


def _delimiters() -> Sequence[str]:
    return (*_DELIMITERS, *(f"~~{n}~~" for n in range(1000)))


def as_gcloud_reads(value: str) -> list[str]:
    """gcloud's own reading of a list flag (calliope/arg_parsers.py: ArgList.__call__, _SplitOnDelim)."""
    delimiter = ","
    if value.startswith("^") and "^" in value[1:]:
        delimiter, value = value[1:].split("^", 1)
        if not delimiter:
            return []
    if not value:
        return []
    if not value.endswith(delimiter):
        value += delimiter
    return value.split(delimiter)[:-1]
