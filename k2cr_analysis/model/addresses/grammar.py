"""Hosts that a text names, with the letters where each stands: URLs, data source names, host lists, pairs, host:port.

Only the form is judged here. Whether a word that has the form of a host is one, its name tells (``names``) and the
cluster's Services.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from k2cr_analysis.model.addresses.address import Span
from k2cr_analysis.model.addresses.names import role_of_name

# url: behind a scheme. dsn: within a data source name. pair: behind ``host=`` within a text of several pairs.
# host-port: ``web:80``. bare: nothing but the host, or a list of hosts.
Form = Literal["url", "dsn", "pair", "host-port", "bare"]

_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?"
_HOST = rf"(?:\[[0-9A-Fa-f:.]+\]|{_LABEL}(?:\.{_LABEL})*\.?)"
_PORT = r"\d{1,5}(?!\d)"
_URL = re.compile(r"(?<![A-Za-z0-9+.\-])([A-Za-z][A-Za-z0-9+.\-]*(?::[A-Za-z][A-Za-z0-9+\-]*){0,4}):(/{2,3})")
_AUTHORITY = re.compile(r"[^\s/?#'\"`\\|]*")
_HOST_PORT = re.compile(rf"({_HOST})(?::({_PORT}))?")
_DSN = re.compile(rf"@(?:tcp|tcp4|tcp6)\(({_HOST})(?::({_PORT}))?\)")
_ORACLE = re.compile(rf"jdbc:oracle:[a-z]+:[^@\s]*@(?://)?({_HOST})(?::({_PORT}))?")
_PAIR = re.compile(r"(?:^|[\s;,&?'\"])(-{0,2}[A-Za-z][\w.\-]*(?: [A-Za-z]+)?)\s*=\s*([^\s;'\"&]+)")
_HOST_KEYS = frozenset({
    "host", "hostaddr", "hostname", "server", "servers", "addr", "address", "data source", "datasource", "endpoint",
    "endpoints", "network address", "bootstrap.servers", "brokers",
})  # fmt: skip
_PORT_KEYS = frozenset({"port"})
_LOOSE = re.compile(rf"(?<![A-Za-z0-9_.\-/:$%{{}}\]])({_HOST}):({_PORT})(?![A-Za-z0-9_.\-:@])")
_ITEM = re.compile(rf"\s*(?:tcp:)?({_HOST})(?:\\[\w$-]+)?(?::({_PORT}))?\s*")  # SQL Server: host\INSTANCE
# host:port:weight, as ketama and some clients of Redis have it.
_WEIGHED = re.compile(rf"\s*({_HOST}):({_PORT}):\d+\s*")
# A target of gRPC without slashes for an authority: dns:api:9090, dns:/api. Source: github.com/grpc/grpc, naming.md.
_TARGET = re.compile(rf"\s*(dns|passthrough|xds|kubernetes):/?({_HOST})(?::({_PORT}))?\s*")
# A URL of the page's own scheme, and user:password@host without one, where they are the whole text.
_NO_SCHEME = re.compile(rf"\s*(?://(?:[^\s/@]*@)?|[^\s/@:,]+:(?!//)[^\s@,]*@)({_HOST})(?::({_PORT}))?(?:[/?#]\S*)?\s*")
# The full name of a Service, or of a pod of a headless one, wherever it stands: its form leaves no doubt.
_FULL_NAME = re.compile(
    rf"(?<![A-Za-z0-9_.\-/:@%{{}}$*])((?:{_LABEL}\.){{2,3}}svc(?:\.cluster\.local)?)\.?(?::({_PORT}))?"
    r"(?![A-Za-z0-9_\-]|\.[A-Za-z0-9])"
)
# Behind these a name is what a server calls itself, or a certificate's.
_NAMES_ITSELF = re.compile(r"(?:\bserver_name\b[^;]*|\bCN\s*=\s*|\balt_?names?\b.*|\bDNS\.\d+\s*=\s*)$", re.IGNORECASE)
_INCOMPLETE = frozenset("${%<*(:-_.=+~")
# Words of a Java data source before the one that names the database.
_WRAPPERS = frozenset({"jdbc", "r2dbc", "pool", "proxy", "log4jdbc", "p6spy", "tracing", "otel", "aws-wrapper"})
# Behind these no host follows, or one that is no caller's business.
_NO_HOST = frozenset({
    "unix", "file", "gs", "s3", "s3a", "gcs", "secret", "sm", "arn", "data", "docker", "oci", "git", "ssh", "ko",
    "classpath", "projects", "vault", "azure", "abfs", "abfss", "wasb", "wasbs", "berglas", "spiffe", "sqlite",
    "sqlite3", "env", "exec", "k8s", "kubernetes", "jar", "urn", "about", "chrome", "ipv4", "bigquery", "memory", "mem",
    "balancer",
})  # fmt: skip
_NAME_BEHIND_THIRD_SLASH = frozenset({"dns", "passthrough", "grpc", "k8s", "kubernetes", "xds"})
_AUTHORITY_OF_RESOLVER = frozenset({"dns", "xds"})  # dns://authority/name


@dataclass(frozen=True, slots=True)
class Mention:
    """A host in a text. ``whole``: the text holds nothing else but a list of hosts."""

    host: str  # in lower case, without a final dot
    port: int | None
    scheme: str | None
    span: Span
    port_span: Span | None
    form: Form
    whole: bool = False
    has_path: bool = False
    query: str = ""  # what a URL asks for behind its "?"

    @property
    def is_local(self) -> bool:
        return self.host in ("localhost", "::1") or self.host.startswith("127.")

    @property
    def is_any(self) -> bool:
        """The address that stands for all of the program's own."""
        return self.host in ("0.0.0.0", "::", "")  # noqa: S104 (read, not bound)


@lru_cache(maxsize=16384)
def mentions(text: str) -> tuple[Mention, ...]:
    """Every host in a text that its form shows, in the order of their places; bare words only where they are all."""
    taken: list[Span] = []
    found: list[Mention] = []
    for way in (_targets, _urls, _data_source_names, _pairs, _loose):
        for mention in way(text):
            if not any(start < mention.span[1] and mention.span[0] < end for start, end in taken):
                found.append(mention)
                taken.append(mention.span)
        taken += _schemes(text) if way is _urls else []
    if not found or all(m.form == "host-port" for m in found):
        listed = tuple(_list(text))
        if listed:
            return listed
    for mention in _full_names(text):
        if not any(start < mention.span[1] and mention.span[0] < end for start, end in taken):
            found.append(mention)
    return tuple(sorted(found, key=lambda m: m.span))


def _targets(text: str) -> Iterator[Mention]:
    if match := _TARGET.fullmatch(text):
        yield _mention(_HOST_PORT.match(text, match.start(2)) or match, match[1], "url")
    elif (match := _NO_SCHEME.fullmatch(text)) and _has_letter(match[1]):
        yield replace(_mention(match, None, "host-port" if match[2] else "bare", has_path=True), whole=True)


def _full_names(text: str) -> Iterator[Mention]:
    for match in _FULL_NAME.finditer(text):
        if not _NAMES_ITSELF.search(text, 0, match.start()):
            yield _mention(match, None, "host-port" if match.group(2) else "bare")


def _urls(text: str) -> Iterator[Mention]:
    for match in _URL.finditer(text):
        scheme, slashes = _scheme(match.group(1).lower()), match.group(2)
        if scheme.startswith("unix") or "+unix" in scheme or scheme in _NO_HOST - _NAME_BEHIND_THIRD_SLASH:
            continue
        start = match.end()
        if slashes == "///":
            if scheme not in _NAME_BEHIND_THIRD_SLASH:
                continue
        elif scheme in _AUTHORITY_OF_RESOLVER:
            slash = text.find("/", start)
            start = slash + 1 if slash >= 0 else start
        authority = _AUTHORITY.match(text, start)
        end = authority.end() if authority else start
        at = text.rfind("@", start, end)
        tail = text[end : end + 400].split()[0] if text[end : end + 400].split() else ""
        query = tail.partition("?")[2]
        yield from _hosts_of(text, at + 1 if at >= 0 else start, end, scheme, query)


def _hosts_of(text: str, start: int, end: int, scheme: str, query: str) -> Iterator[Mention]:
    """The hosts of an authority, separated by commas."""
    while start < end and (match := _HOST_PORT.match(text, start, end)):
        after = text[match.end() : match.end() + 1]
        # The scheme of a URL that follows in a list, or a name that is only put together when the program runs.
        if after in _INCOMPLETE:
            return
        if match.group(1)[0] != "_":
            yield _mention(match, scheme, "url", has_path=text[end : end + 1] == "/", query=query)
        if after != ",":
            return
        start = match.end() + 1


def _scheme(chain: str) -> str:
    """``jdbc:mysql:replication`` -> mysql; ``url:http`` -> http."""
    words = chain.split(":")
    return next((w for w in words if w not in _WRAPPERS), words[-1]) if words[0] in _WRAPPERS else words[-1]


def _schemes(text: str) -> list[Span]:
    """The letters of URLs before their path, so that nothing within them is read again."""
    spans = []
    for match in _URL.finditer(text):
        authority = _AUTHORITY.match(text, match.end())
        end = authority.end() if authority else match.end()
        following = _URL.search(text, match.end(), end + 3)
        spans.append((match.start(), min(end, following.start()) if following else end))
    return spans


def _data_source_names(text: str) -> Iterator[Mention]:
    for match in _DSN.finditer(text):
        yield _mention(match, None, "dsn")
    for match in _ORACLE.finditer(text):
        yield _mention(match, "oracle", "dsn")


def _pairs(text: str) -> Iterator[Mention]:
    """``host=db port=5432``, ``Server=tcp:db,1433;Database=x``, ``-Dredis.host=cache``."""
    pairs = [(m.group(1).lower(), m) for m in _PAIR.finditer(text)]
    if len(pairs) < 2 and not any(key.startswith("-d") for key, _ in pairs):
        return
    ports = [m for key, m in pairs if key in _PORT_KEYS and m.group(2).isdigit()]
    for key, match in pairs:
        bare_key = key.removeprefix("-d").strip("-") if key.startswith("-") else key
        if bare_key not in _HOST_KEYS and role_of_name(bare_key) != "called":
            continue
        start, value = match.start(2), match.group(2)
        if "://" in value:
            continue
        for item in re.finditer(r"[^,]+", value):
            found = _ITEM.fullmatch(value, item.start(), item.end())
            if not found or found.group(1).isdigit():
                continue
            mention = _shifted(_mention(found, None, "pair"), start)
            follows = value[item.end() + 1 :].partition(",")[0]
            if mention.port is None and follows.isdigit():  # SQL Server's own form: host,port
                mention = replace(mention, port=int(follows))
            elif mention.port is None and len(ports) == 1:
                mention = replace(mention, port=int(ports[0].group(2)), port_span=ports[0].span(2))
            yield mention


def _loose(text: str) -> Iterator[Mention]:
    for match in _LOOSE.finditer(text):
        if _has_letter(match.group(1)):
            yield _mention(match, None, "host-port")


def _list(text: str) -> Iterator[Mention]:
    """The hosts of a text that is nothing but a list of them; nothing where one item is no host."""
    separator = next((s for s in ",;|" if s in text), None)
    spans = [m.span() for m in re.finditer(rf"[^{separator}]+" if separator else r"\S+", text)]
    found: list[Mention] = []
    for start, end in spans:
        match = _ITEM.fullmatch(text, start, end) or _WEIGHED.fullmatch(text, start, end)
        # Words beside each other are a sentence, unless their form says more.
        if match and not separator and len(spans) > 1 and not match.group(2) and "." not in match.group(1):
            return
        if match and not _has_letter(match.group(1)):
            return
        if not match:
            path = _HOST_PORT.match(text, start, end)  # host/path, of one label only with a port
            last = end == spans[-1][1] and all(m.port for m in found)  # ZooKeeper: a:2181,b:2181/path
            if not last or not path or text[path.end() : path.end() + 1] != "/":
                return
            if not path.group(2) and "." not in path.group(1):
                return
            found.append(_mention(path, None, "host-port" if path.group(2) else "bare", has_path=True))
            continue
        found.append(_mention(match, None, "host-port" if match.group(2) else "bare"))
    yield from (replace(m, whole=True) for m in found if m.host)


def _mention(
    match: re.Match[str], scheme: str | None, form: Form, *, has_path: bool = False, query: str = ""
) -> Mention:
    host = match.group(1)
    end = match.end(1) - (1 if host.endswith(".") else 0)
    port = int(match.group(2)) if match.group(2) else None
    return Mention(
        host.lower().rstrip(".").strip("[]"),
        port if port is None or 0 < port < 65536 else None,
        scheme,
        (match.start(1), end),
        match.span(2) if match.group(2) else None,
        form,
        has_path=has_path,
        query=query,
    )


def _has_letter(host: str) -> bool:
    """Whether a host may be one: a name has a letter, an address its dots or colons."""
    return any(c.isalpha() for c in host) or host.count(".") == 3 or host.startswith("[")


def _shifted(mention: Mention, by: int) -> Mention:
    start, end = mention.span
    port = mention.port_span
    return replace(mention, span=(start + by, end + by), port_span=(port[0] + by, port[1] + by) if port else None)
