"""Hosts in the configuration of nginx: what is passed on to, and the servers of an upstream.

The name of an ``upstream`` is no host: ``proxy_pass http://api`` leads to the block ``upstream api`` where it stands.
Source: nginx.org, ngx_http_proxy_module and ngx_http_upstream_module.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_PASS = re.compile(
    r"(?<![\w$#])((?:proxy|grpc|fastcgi|uwsgi|scgi|memcached)_pass)(\s+)(['\"]?)([^\s;'\"]+)\3\s*;", re.MULTILINE
)
_UPSTREAM = re.compile(r"(?<![\w$#])upstream\s+([^\s{]+)\s*\{([^{}]*)\}")
_SERVER = re.compile(r"(?<![\w$#])server\s+([^\s;{}]+)[^;{}]*;")
_SET = re.compile(r"(?<![\w$#])set\s+\$(\w+)\s+(['\"]?)([^\s;'\"]+)\2\s*;")
_PASSED_VARIABLE = re.compile(r"^(?:\w+://)?\$\{?(\w+)\}?(?=[:/]|$)")
_COMMENT = re.compile(r"(?m)^[ \t]*#.*$")
_HOST = re.compile(r"^(?:\w+://)?([^:/]+)")
# (what the word is, the word, where it begins)
Host = tuple[str, str, int]


def is_nginx(text: str) -> bool:
    """Whether a text is nginx's: it passes requests on, or has an upstream."""
    return bool(_PASS.search(text) or (_UPSTREAM.search(text) and _SERVER.search(text)))


def hosts_of_nginx(text: str) -> tuple[list[Host], str]:
    """The hosts that directives name, each as the value of its directive, and the text with blanks in their place.

    What names an upstream, or a variable, is neither.
    """
    bare = _COMMENT.sub(lambda m: " " * len(m[0]), text)
    servers, passed = [*_of_upstreams(bare)], [*_of_passes(bare), *_of_variables(bare)]
    named = {m[1] for m in _UPSTREAM.finditer(bare)}
    hosts = [*servers, *(h for h in passed if (m := _HOST.match(h[1])) and m[1] not in named and "$" not in m[1])]
    for _, word, at in (*servers, *passed):
        bare = f"{bare[:at]}{' ' * len(word)}{bare[at + len(word) :]}"
    return sorted(hosts, key=lambda h: h[2]), bare


def _of_upstreams(text: str) -> Iterator[Host]:
    for block in _UPSTREAM.finditer(text):
        for match in _SERVER.finditer(text, block.start(2), block.end(2)):
            yield "upstream_server", match[1], match.start(1)


def _of_passes(text: str) -> Iterator[Host]:
    for match in _PASS.finditer(text):
        yield match[1] if match[1] == "proxy_pass" else f"{match[1]}_server", match[4], match.start(4)


def _of_variables(text: str) -> Iterator[Host]:
    """Variables that stand where a host does in what is passed on to."""
    passed = {v[1] for m in _PASS.finditer(text) if (v := _PASSED_VARIABLE.match(m[4]))}
    for match in _SET.finditer(text):
        if match[1] in passed:
            yield f"{match[1]}_server", match[3], match.start(3)
