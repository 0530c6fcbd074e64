"""Secrets behind flags that only their program makes secret: ``mysql -pX``, ``redis-cli -a X``, ``curl -u user:X``.

And behind the keywords of SQL and Dockerfiles. Flags whose own name announces a secret are in ``secret_forms``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from k2cr_analysis.snapshot.redaction.secret_names import Secrecy, is_ordinary_value, secrecy

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
        (rf"(\bldap\w+{_SAME_COMMAND}-w\s+[\"']?)([^\s\"']+)", 0),
        (rf"(\b(?:sqlcmd|bcp|zip|unzip){_SAME_COMMAND}-P\s*[\"']?)([^\s\"']+)", 0),
        (rf"(\b(?:mongo\w*|cqlsh|az\s+login|clickhouse-client){_SAME_COMMAND}-p\s+[\"']?)([^\s\"']+)", 0),
        (rf"(\bmysqladmin{_SAME_COMMAND}password\s+[\"']?)([^\s\"']+)", 0),
        (r"(\bhtpasswd\s+-\w*b\w*\s+(?:-\w+\s+)*\S+\s+\S+\s+[\"']?)([^\s\"']+)", 0),
        (rf"(\bopenssl\s+enc{_SAME_COMMAND}-k\s+[\"']?)([^\s\"']+)", 0),
        (rf"(\bopenssl{_SAME_COMMAND}pass:)([^\s\"']+)", 0),
        (r"(\bvault\s+login\s+(?:-\S+\s+)*[\"']?)([^\s\"'-][^\s\"'=]*)(?=[\s\"']|$)", 0),
        (rf"(\bsmbclient{_SAME_COMMAND}-U\s*[^\s%]+%)([^\s\"']+)", 0),
        (r"(\bmc\s+(?:alias\s+set|config\s+host\s+add)\s+\S+\s+\S+\s+\S+\s+[\"']?)([^\s\"']+)", 0),
        (r"(--(?:with-token|password-stdin)[^\n|;&]*<<<\s*[\"']?)([^\s\"']+)", 0),
        # Files of settings: nginx, HAProxy, Redis, Postfix.
        (r"(\buser\s+\S+\s+(?:insecure-)?password\s+)(\S+)", 0),
        (r"(\bstats\s+auth\s+[^\s:]+:)(\S+)", 0),
        (r"(^user\s+\S+\s+on\s+(?:\S+\s+)*?[>#])(\S+)", re.MULTILINE),
        (r"(^\[?[\w.-]+\]?:[0-9]+[ \t]+[^\s:]+:)(\S+)$", re.MULTILINE),
        (r"(\bIDENTIFIED\s+(?:WITH\s+\S+\s+)?BY\s+['\"])([^'\"]+)", re.IGNORECASE),
        (r"(\bPASSWORD\s+['\"])([^'\"]+)", re.IGNORECASE),
    )
)
# A name between quotes or behind a directive, and the value after it: PHP, nginx.
_NAMED: Final = tuple(
    re.compile(pattern, flags)
    for pattern, flags in (
        (r"(\(\s*[\"']([\w.-]+)[\"']\s*,\s*[\"'])([^\"'\n]+)(?=[\"'])", 0),
        (r"([\"']([\w.-]+)[\"']\s*(?:\]\s*=(?!=)|=>)\s*[\"'])([^\"'\n]+)(?=[\"'])", 0),
        (r"(\bset\s+\$(\w+)\s+[\"']?)([^\s\"';]+)", 0),
        (r"(\b(?:\w+_set_header|add_header|fastcgi_param|uwsgi_param)\s+([\w-]+)\s+[\"']?)([^\n\"';]+)", 0),
    )
)
_WORTH_A_LOOK: Final = re.compile(
    r"[\"']|mysql|mariadb|redis-cli|sshpass|docker|podman|helm|curl|wget|http |IDENTIFIED|PASSWORD|from-literal|ldap"
    r"|sqlcmd|bcp|zip|mongo|cqlsh|login|clickhouse|htpasswd|openssl|smbclient|\bmc |<<<|stats auth|user |:[0-9]+[ \t]"
    r"|header|param|set",
    re.I,
)
_ATTACHED: Final = re.compile(rf"{_MYSQL}")
_FLAG: Final = re.compile(r"--?([A-Za-z][\w.-]*)")
_PROGRAMS_OF_FLAG: Final = {
    "a": {"redis-cli"},
    "p": {"sshpass", "docker", "podman", "helm", "az", "mongo", "mongosh", "mongodump", "mongorestore", "cqlsh"},
    "P": {"sqlcmd", "bcp"},
    "w": {"ldapsearch", "ldapmodify", "ldapadd", "ldapwhoami"},
}
_ASK_WITH_USER: Final = frozenset({"curl", "wget", "http", "https", "httpie"})
_HOST_AND_PORT: Final = re.compile(r"[A-Za-z0-9.-]+:[0-9]{2,5}(?:/\S*)?|\[[0-9a-fA-F:]+\]:[0-9]{2,5}")
# Behind -p, of whatever program: letters and digits mixed, but no name with a number at its end, no path, no port.
_LIKE_A_PASSWORD: Final = re.compile(
    r"(?![A-Za-z]+(?:[-_][A-Za-z]+)*[-_]?v?[0-9]{1,3}$)(?=\S*[A-Za-z])(?=\S*[0-9])[^\s/:.,=${}]{8,}"
)


def without_command_secrets(text: str) -> str:
    """The text with the secrets behind such flags and keywords replaced."""
    if not _WORTH_A_LOOK.search(text):
        return text
    for pattern in _IN_A_SCRIPT:
        text = pattern.sub(_cut, text)
    for pattern in _NAMED:
        text = pattern.sub(_cut_named, text)
    return text


def without_secret_words(words: Sequence[str]) -> list[str]:
    """The words of a command without those that only their place in it makes secret: ``vault login X``."""
    joined = " ".join(words)
    cut = without_command_secrets(joined)
    found = cut.split(" ")
    return found if cut != joined and len(found) == len(words) else list(words)


def _cut_named(match: re.Match[str]) -> str:
    sureness = secrecy(match[2])
    if sureness is Secrecy.NONE or REDACTED in match[3] or is_ordinary_value(match[3], sureness):
        return match[0]
    return f"{match[1]}{REDACTED}"


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
        return _holds_password(programs, word)
    if flag == "p" and _LIKE_A_PASSWORD.fullmatch(word):
        return True
    return bool(_PROGRAMS_OF_FLAG.get(flag, set()) & programs) and not is_ordinary_value(word, Secrecy.PASSWORD)


def _holds_password(programs: set[str], word: str) -> bool:
    """Whether ``user:password`` stands behind ``-u``; a URL, or a host and its port, does not."""
    if "://" in word:
        return False  # user info in it is found by its form
    if not programs & _ASK_WITH_USER and _HOST_AND_PORT.fullmatch(word):
        return False
    return not is_ordinary_value(word.partition(":")[2], Secrecy.PASSWORD)


def secret_argument(flag: str, word: str) -> str:
    """Such a word without its secret; of ``user:password`` the user stays."""
    return f"{word.partition(':')[0]}:{REDACTED}" if flag in ("u", "user") else REDACTED


def is_attached_password(programs: set[str], word: str) -> bool:
    """``-pX`` of a MySQL client."""
    client = any(_ATTACHED.fullmatch(program) for program in programs)
    return client and word.startswith("-p") and len(word) > 2 and not is_ordinary_value(word[2:], Secrecy.PASSWORD)
