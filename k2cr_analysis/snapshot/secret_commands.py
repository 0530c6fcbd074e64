"""Secrets behind flags that only their program makes secret: ``mysql -pX``, ``redis-cli -a X``, ``curl -u user:X``.

And behind the keywords of SQL and Dockerfiles. Flags whose own name announces a secret are in ``secret_forms``.
"""

from __future__ import annotations

import re
from typing import Final

from k2cr_analysis.snapshot.secret_names import Secrecy, is_ordinary_value

REDACTED: Final = "<redacted>"

_MYSQL: Final = r"(?:mysql|mysqladmin|mysqldump|mysqlcheck|mysqlimport|mariadb|mariadb-admin|mariadb-dump)"
_SAME_COMMAND: Final = r"\b[^\n|;&]*?\s"
# What stands before the secret, and the secret.
_IN_A_SCRIPT: Final = tuple(
    re.compile(pattern, flags)
    for pattern, flags in (
        (rf"(\b{_MYSQL}{_SAME_COMMAND}-p[\"']?)([^\s\"']+)", 0),
        (rf"(\bredis-cli{_SAME_COMMAND}-a\s+[\"']?)([^\s\"']+)", 0),
        (rf"(\bsshpass{_SAME_COMMAND}-p\s*[\"']?)([^\s\"']+)", 0),
        (rf"(\b(?:docker|podman|helm){_SAME_COMMAND}-p\s+[\"']?)([^\s\"']+)", 0),
        (rf"(\b(?:curl|wget|http){_SAME_COMMAND}(?:-u|--user)[ =]?[\"']?[^\s:\"']*:)([^\s\"']+)", 0),
        (r"(--from-literal[ =][\"']?[\w./-]+=)([^\s\"']+)", 0),
        (r"(\becho\s+(?:-n\s+)?[\"']?)([^\s\"'|]+)(?=[\"']?\s*\|[^\n]*--password-stdin)", 0),
        (r"(\bIDENTIFIED\s+(?:WITH\s+\S+\s+)?BY\s+['\"])([^'\"]+)", re.IGNORECASE),
        (r"(\bPASSWORD\s+['\"])([^'\"]+)", re.IGNORECASE),
    )
)
_WORTH_A_LOOK: Final = re.compile(
    r"mysql|mariadb|redis-cli|sshpass|docker|podman|helm|curl|wget|http |IDENTIFIED|PASSWORD|from-literal", re.I
)
_ATTACHED: Final = re.compile(rf"{_MYSQL}")
_FLAG: Final = re.compile(r"--?([A-Za-z][\w.-]*)")
_PROGRAMS_OF_FLAG: Final = {"a": {"redis-cli"}, "p": {"sshpass", "docker", "podman", "helm"}}


def without_command_secrets(text: str) -> str:
    """The text with the secrets behind such flags and keywords replaced."""
    if not _WORTH_A_LOOK.search(text):
        return text
    for pattern in _IN_A_SCRIPT:
        text = pattern.sub(_cut, text)
    return text


def _cut(match: re.Match[str]) -> str:
    return match[0] if is_ordinary_value(match[2], Secrecy.PASSWORD) else f"{match[1]}{REDACTED}"


def flag_of(word: str) -> str:
    """The name of a flag that stands alone, its value being the next word; empty for all else."""
    match = _FLAG.fullmatch(word)
    return match[1] if match else ""


def is_secret_argument(programs: set[str], flag: str, word: str) -> bool:
    """Whether the word behind a flag is a secret, because of the program among the words of the command."""
    if word.startswith("-"):
        return False
    if flag in ("u", "user"):
        return not is_ordinary_value(word.partition(":")[2], Secrecy.PASSWORD)
    return bool(_PROGRAMS_OF_FLAG.get(flag, set()) & programs) and not is_ordinary_value(word, Secrecy.PASSWORD)


def secret_argument(flag: str, word: str) -> str:
    """Such a word without its secret; of ``user:password`` the user stays."""
    return f"{word.partition(':')[0]}:{REDACTED}" if flag in ("u", "user") else REDACTED


def is_attached_password(programs: set[str], word: str) -> bool:
    """``-pX`` of a MySQL client."""
    client = any(_ATTACHED.fullmatch(program) for program in programs)
    return client and word.startswith("-p") and len(word) > 2 and not is_ordinary_value(word[2:], Secrecy.PASSWORD)
