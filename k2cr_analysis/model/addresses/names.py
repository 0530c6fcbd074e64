"""What the name of a variable, a flag or a key says about its value: whether it holds the address of something called.

A bare word (``redis``) is an address only where such a name stands before it. Names that say where the program itself
listens or is known (``LISTEN_ADDR``, ``PUBLIC_URL``, ``ALLOWED_HOSTS``) call nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise
from typing import Literal

NameRole = Literal["called", "either", "own", "listens", "image", "other"]

_HOLDERS = frozenset({
    "host", "hosts", "hostname", "hostnames", "hostaddr", "addr", "addrs", "address", "addresses", "endpoint",
    "endpoints", "server", "servers", "url", "urls", "uri", "uris", "broker", "brokers", "bootstrap", "dsn", "seeds",
    "peers", "upstream", "upstreams", "fqdn", "ip", "contactpoints", "sentinels", "proxypass", "hostport", "baseurl",
    "connectionstring", "memcacheds", "datasource",
})  # fmt: skip
# Words at the end of a name (after the flag's or variable's own separators) that are written together with others.
_ENDINGS = (
    "hostname", "hostaddr", "hosts", "host", "address", "addr", "endpoints", "endpoint", "servers", "server", "brokers",
    "url", "urls", "uri",
)  # fmt: skip
_NOT_ENDINGS = frozenset({"ghost", "vhost", "localhost", "curl", "observer", "webserver", "appserver", "fileserver"})
# Pairs of words that mean an address together, where the last alone does not.
_PAIRS = frozenset({
    ("host", "name"), ("server", "name"), ("broker", "list"), ("server", "list"), ("host", "list"), ("node", "list"),
    ("contact", "points"), ("zookeeper", "connect"), ("zk", "connect"), ("data", "source"), ("seed", "nodes"),
    ("redis", "nodes"), ("cluster", "nodes"), ("es", "nodes"), ("elasticsearch", "nodes"), ("proxy", "pass"),
    ("connection", "string"), ("initial", "cluster"), ("sentinel", "nodes"), ("zookeeper", "quorum"),
    ("connection", "strings"),
})  # fmt: skip
# Words that may follow the one that holds the address: DB_HOST_RO, REDIS_URL_1, API_URL_INTERNAL.
_MODIFIERS = frozenset({
    "internal", "private", "cluster", "local", "primary", "secondary", "replica", "replicas", "master", "slave", "read",
    "write", "reader", "writer", "ro", "rw", "prod", "dev", "staging", "test", "default", "main", "v", "list", "string",
    "base", "http", "https", "grpc", "tcp", "config", "value", "external",
})  # fmt: skip
# Words that say the value is the program's own address, or one that it only compares with.
_OWN = frozenset({
    "allowed", "allow", "cors", "origin", "origins", "trusted", "redirect", "redirects", "callback", "public",
    "whitelist", "allowlist", "blacklist", "noproxy", "virtual", "advertised", "advertise", "announce", "announced",
    "self", "own", "canonical", "cookie", "referer", "csrf",
})  # fmt: skip
_OWN_PAIRS = frozenset({
    ("no", "proxy"), ("server", "name"), ("virtual", "host"), ("pod", "ip"), ("host", "ip"), ("node", "ip"),
    ("advertised", "listeners"), ("auth", "host"),
})  # fmt: skip
# LOGGING_LEVEL_COM_ACME_SERVER=trace: a level, of a part of the program that may be called anything.
_LEVELS = frozenset({("logging", "level"), ("log", "level")})
_LISTENS = frozenset({
    "listen", "listens", "listener", "listeners", "listening", "bind", "binding", "binds", "receivers", "entrypoints",
    "entrypoint",
})  # fmt: skip
# Alone, or of the program as a whole, these say where it listens: --addr=:8080, HOST=0.0.0.0, HTTP_ADDR=:80.
_LISTENS_ALONE = frozenset({"host", "hostname", "addr", "address", "ip"})
_LISTENS_BEFORE = frozenset({
    "http", "https", "grpc", "web", "metrics", "health", "healthz", "admin", "debug", "pprof", "telemetry", "probe",
    "management", "app", "internal", "status", "monitoring", "server",
})  # fmt: skip
_IMAGES = frozenset({"image", "images", "tag", "version", "container", "digest", "chart"})
# Services that stand for others behind these names, where the word is a Service's: UPSTREAM=api, DB_SERVICE=mysql.
_WEAK = frozenset({"service", "svc", "master", "primary", "leader", "nodes", "gateway", "queue", "connect", "relay"})
_NO_SERVICE_BEFORE = frozenset(
    {"dd", "otel", "apm", "elastic", "sentry", "log", "trace", "tracing", "newrelic", "relic"}
)


@lru_cache(maxsize=16384)
def words_of_name(name: str) -> tuple[str, ...]:
    """``DB_HOST``, ``--db-host``, ``spring.redis.host``, ``redisHost[0]`` -> their words, in lower case, no digits."""
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name)
    spaced = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1 \2", spaced)
    found = [w.rstrip("0123456789") for w in re.split(r"[^A-Za-z0-9]+", spaced)]
    return tuple(w.lower() for w in found if w)


@lru_cache(maxsize=16384)
def role_of_name(name: str) -> NameRole:
    """``called``: the value is the address of something that is called. ``own`` and ``listens``: of the program itself.

    ``either``: it depends on the value (``HOST=0.0.0.0``, ``HOST=redis``). ``image``: what looks like host:port is an
    image's name and tag.
    """
    words = words_of_name(name)
    pairs = set(pairwise(words))
    if not words or pairs & _LEVELS:
        return "other"
    if set(words) & _LISTENS:
        return "listens"
    if words[-1] in _IMAGES and not _last_pair(words) & _PAIRS:
        return "image"
    if set(words) & _OWN or pairs & _OWN_PAIRS:
        return "own"
    short = name == "-h"  # of psql, redis-cli, mysql, pg_isready, mongo; others give help by it
    if not short and not _holds(words):
        return "other"
    alone = short or (words[-1] in _LISTENS_ALONE and (len(words) == 1 or set(words[:-1]) <= _LISTENS_BEFORE))
    return "either" if alone else "called"


def is_weak_holder(name: str) -> bool:
    """Whether a bare word behind this name is an address if a Service has that name: ``DB_SERVICE``."""
    words = words_of_name(name)
    last = words[-1] if words else ""
    return len(words) > 1 and last in _WEAK and not set(words[:-1]) & _NO_SERVICE_BEFORE


def holds_port(name: str) -> bool:
    words = _without(words_of_name(name), ("value", "number"))
    if not words or words[-1] in ("support", "export", "import", "report", "transport"):
        return False
    return words[-1].endswith("port")


def prefix_of(name: str) -> tuple[str, ...]:
    """The words before the one that holds the host or port: siblings such as DB_HOST and DB_PORT share it."""
    words = _without(words_of_name(name), (*_MODIFIERS, "name", "number"))
    if not words:
        return ()
    for ending in ("port", *_ENDINGS):
        if words[-1].endswith(ending):
            rest = words[-1].removesuffix(ending)
            return (*words[:-1], rest) if rest else words[:-1]
    return words[:-1]


def listens_on(name: str) -> bool:
    """Whether a port behind this name is one that the program itself listens on: ``LISTEN_PORT``, ``HTTP_PORT``."""
    words = _without(words_of_name(name), ("value", "number"))
    if not words or not holds_port(name):
        return False
    before = set(words[:-1]) if words[-1] == "port" else set()
    if words[-1] != "port":
        return words[-1] in ("httpport", "listenport", "serverport", "bindport")
    return not before or bool(before & _LISTENS) or before <= _LISTENS_BEFORE | {"server", "ui", "api", "rest"}


def _without(words: tuple[str, ...], endings: Iterable[str]) -> tuple[str, ...]:
    """The words without those at their end."""
    while words and words[-1] in endings:
        words = words[:-1]
    return words


def _last_pair(words: tuple[str, ...]) -> set[tuple[str, str]]:
    return {(words[-2], words[-1])} if len(words) > 1 else set()


def _holds(words: tuple[str, ...]) -> bool:
    left = list(words)
    while left:
        if _last_pair(tuple(left)) & _PAIRS:
            return True
        last = left[-1]
        if last in _HOLDERS or (last.endswith(_ENDINGS) and last not in _NOT_ENDINGS):
            return True
        if last not in _MODIFIERS:
            return False
        left.pop()
    return False
