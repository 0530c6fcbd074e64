"""Secrets that are told by the place that they have in a file: columns of a table, values of a map of users."""

from __future__ import annotations

import csv
import io
import re
from typing import Final

from k2cr_analysis.snapshot.redaction.secret_commands import REDACTED
from k2cr_analysis.snapshot.redaction.secret_names import Secrecy, is_ordinary_value, secrecy

_TABLES: Final = {".csv": ",", ".tsv": "\t"}
# Files of the form ``user=password``, a line each: users.properties, passwords.txt.
_USER_FILE: Final = re.compile(
    r"(?:\w+[._-])?(?:users?|passwords?|logins?|accounts?)\.(?:properties|conf|cfg|txt|ini|list|db)", re.IGNORECASE
)
_USER_LINE: Final = re.compile(r"^([ \t]*[\w.@-]+[ \t]*[=:][ \t]*)([^\s#,]+)(.*)$", re.MULTILINE)
_USER_MAP: Final = re.compile(
    r"^(?P<indent>[ ]*)(?:users|basicAuthUsers|logins|passwords)[ ]*:[ ]*\n"
    r"(?P<lines>(?:(?P=indent)[ ]+[\w.@-]+:[ ]+\S+[ ]*\n?)+)",
    re.MULTILINE,
)
_MAP_LINE: Final = re.compile(r"^([ ]+)([\w.@-]+)(:[ ]+)(\S+)", re.MULTILINE)
# A map below ``users`` with one of these is about one user, or about users as such.
_FIELDS: Final = frozenset({
    "name", "id", "uid", "gid", "role", "roles", "group", "groups", "enabled", "email", "type", "limit", "max", "min",
    "path", "file", "url", "host", "port", "database", "schema", "table", "default", "shell", "home", "count", "cpu",
    "memory", "image", "service", "namespace", "version", "replicas",
})  # fmt: skip


# INSERT INTO users (name, password) VALUES ('bob', 'x'), ('eve', 'y')
_INSERT: Final = re.compile(
    r"(\bINSERT\s+INTO\s+[\w.`\"\[\]]+\s*\()([^()]+)(\)\s*VALUES\s*)((?:\((?:[^()']|'(?:[^']|'')*')*\)\s*,?\s*)+)",
    re.IGNORECASE,
)
_TUPLE: Final = re.compile(r"\(((?:[^()']|'(?:[^']|'')*')*)\)")
_SQL_VALUE: Final = re.compile(r"\s*(?:'(?:[^']|'')*'|[^,']*)\s*(?:,|$)")


def without_inserted_secrets(text: str) -> str:
    """The text of SQL without what it inserts into columns that are named like secrets."""
    return _INSERT.sub(_insert, text) if "insert" in text.lower() else text


def _insert(match: re.Match[str]) -> str:
    names = [name.strip(' `"[]\n\t') for name in match[2].split(",")]
    secret = [number for number, name in enumerate(names) if secrecy(name) is not Secrecy.NONE]
    if not secret:
        return match[0]

    def row(found: re.Match[str]) -> str:
        values = [one.rstrip(", ") for one in _SQL_VALUE.findall(found[1]) if one.strip()]
        for number in secret:
            if number < len(values) and not is_ordinary_value(values[number].strip(" '"), Secrecy.SECRET):
                values[number] = f" '{REDACTED}'" if number else f"'{REDACTED}'"
        return f"({','.join(values)})"

    return f"{match[1]}{match[2]}{match[3]}{_TUPLE.sub(row, match[4])}"


def without_column_secrets(text: str, name: str) -> str:
    """The text of a file ``name`` without passwords that only their place tells; the rest is as it was."""
    ending = name[name.rfind(".") :].lower() if "." in name else ""
    if ending in _TABLES:
        return _without_columns(text, _TABLES[ending])
    if _USER_FILE.fullmatch(name):
        return _USER_LINE.sub(_user_line, text)
    text = without_inserted_secrets(text)
    return _USER_MAP.sub(_user_map, text) if "\n" in text else text


def _without_columns(text: str, delimiter: str) -> str:
    rows = list(csv.reader(io.StringIO(text), delimiter=delimiter))
    secret = [i for i, column in enumerate(rows[0] if rows else ()) if secrecy(column.strip()) is not Secrecy.NONE]
    if not secret:
        return text
    for row in rows[1:]:
        for index in secret:
            if index < len(row) and not is_ordinary_value(row[index].strip(), Secrecy.SECRET):
                row[index] = REDACTED
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return out.getvalue()


def _user_line(match: re.Match[str]) -> str:
    keep = is_ordinary_value(match[2], Secrecy.PASSWORD)
    return match[0] if keep else f"{match[1]}{REDACTED}{match[3]}"


def _user_map(match: re.Match[str]) -> str:
    lines = list(_MAP_LINE.finditer(match["lines"]))
    if any(line[2].lower() in _FIELDS for line in lines):
        return match[0]
    kept = _MAP_LINE.sub(_map_line, match["lines"])
    return match[0].replace(match["lines"], kept)


def _map_line(line: re.Match[str]) -> str:
    return line[0] if is_ordinary_value(line[4], Secrecy.PASSWORD) else f"{line[1]}{line[2]}{line[3]}{REDACTED}"
