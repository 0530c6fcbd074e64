"""Values in a line of a shell script, or of options: what stands behind flags and names, and hosts given to tools."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from k2cr_analysis.model.addresses.address import Place
from k2cr_analysis.model.addresses.value import Value

FLAG = re.compile(r"(-{1,2}[A-Za-z][\w.\-]*)(?:=(.*))?", re.DOTALL)
ASSIGNMENT = re.compile(r"([A-Za-z_][\w.\-]*)=(.+)", re.DOTALL)
_SPACE = re.compile(r"\s")
_WORD = re.compile(r"""(?:'[^'\n]*'|"[^"\n]*"|[^\s'"])+""")
_OPENS, _ENDS = "(`{", ");|&`}"
# Words behind which a command follows.
_BEFORE_COMMAND = frozenset({
    "do", "then", "else", "until", "while", "if", "!", "exec", "time", "sudo", "env", "&&", "||",
})  # fmt: skip
# Clients whose -h has the host written to it: mysql -hdb.
_CLIENTS = frozenset({"mysql", "mysqladmin", "mysqldump", "mariadb", "psql", "pg_isready", "pg_dump", "redis-cli"})
# The host stands alone: before its port, or as the last word.
_HOST_BEFORE_PORT = frozenset({"nc", "ncat", "netcat", "telnet"})
_HOST_LAST = frozenset({"nslookup", "ping", "host", "getent"})
_FETCH = frozenset({"curl", "wget"})
_FETCH_SWITCHES = re.compile(
    r"--(?:\w[\w-]*=.*|fail|silent|location|insecure|head|spider|quiet|no-.*)|-[fsSLkviIgqO]+-?"
)


@dataclass(frozen=True, slots=True)
class _Word:
    """A word without its quotes, where it begins, whether a command ends with it, and whether it had quotes."""

    text: str
    start: int
    ends: bool = False
    quoted: bool = False


def values_of_line(place: Place, whole: str, group: str, line: str, offset: int) -> Iterator[Value]:
    """``redis-cli -h redis``, ``DB_HOST=db app``, ``nc -z db 5432``, ``sh -c "psql -h db"``: each value by its name.

    ``line`` begins at ``offset`` of ``whole``.
    """
    words = list(_words(line, offset))
    shared = f"line {place.path} {group} {offset}"
    for word, following in pairwise((*words, _Word("", 0))):
        found = FLAG.fullmatch(word.text)
        if found and found[2]:
            yield _value(place, found[1], shared, found[2], whole, word.start + found.start(2))
        elif found and found[2] is None and following.text and not following.text.startswith("-"):
            yield Value(place, found[1], shared, following.text, whole, following.start)
        elif not found and (assigned := ASSIGNMENT.fullmatch(word.text)) and "://" not in assigned[1]:
            yield _value(place, assigned[1], shared, assigned[2], whole, word.start + assigned.start(2))
        elif word.quoted and _SPACE.search(word.text.strip()):
            yield from values_of_line(place, whole, group, word.text, word.start)
    for word in _hosts_by_place(words):
        yield Value(place, "host", shared, word.text, whole, word.start)


def _value(place: Place, name: str, group: str, text: str, whole: str, start: int) -> Value:
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        text, start = text[1:-1], start + 1
    return Value(place, name, group, text, whole, start)


def _words(line: str, offset: int) -> Iterator[_Word]:
    for match in _WORD.finditer(line):
        text, start = match[0], match.start() + offset
        while text and text[0] in _OPENS and not text.startswith("{{"):
            text, start = text[1:], start + 1
        bare = text.rstrip(_ENDS) if "$" not in text and not text.startswith(("'", '"')) else text.rstrip(";")
        ends = bare != text or text in ("&&", "||", "|", "&", ";")
        quoted = len(bare) > 1 and bare[0] == bare[-1] and bare[0] in "'\"" and bare[0] not in bare[1:-1]
        yield _Word(bare[1:-1], start + 1, ends, True) if quoted else _Word(bare or text, start, ends)


def _hosts_by_place(words: list[_Word]) -> Iterator[_Word]:
    """Hosts that no flag and no name tells of: words of tools that are given one."""
    for command in _commands(words):
        name = command[0].text.rpartition("/")[2]
        if name in _CLIENTS:
            glued = (w for w in command[1:] if w.text.startswith("-h") and len(w.text) > 2 and "=" not in w.text)
            yield from (_Word(w.text[2:], w.start + 2) for w in glued)
        elif name in _HOST_BEFORE_PORT:
            yield from (a for a, b in pairwise(command[1:]) if b.text.isdigit() and not a.text.startswith("-"))
        elif name in _HOST_LAST:
            yield from (w for w in command[2 if name == "getent" else 1 :][-1:] if not w.text.startswith("-"))
        elif name in _FETCH:
            for before, word in pairwise(command):
                is_first = before is command[0] or bool(_FETCH_SWITCHES.fullmatch(before.text))
                if is_first and not word.text.startswith("-") and "://" not in word.text:
                    yield _Word(word.text.partition("/")[0].partition("?")[0], word.start)


def _commands(words: list[_Word]) -> Iterator[list[_Word]]:
    """The words of each command of a line."""
    command: list[_Word] = []
    for word in words:
        if not command and (word.text in _BEFORE_COMMAND or ASSIGNMENT.fullmatch(word.text)):
            continue
        if word.text not in ("&&", "||", "|", "&", ";"):
            command.append(word)
        if word.ends and command:
            yield command
            command = []
    if command:
        yield command
