"""The hosts that a container's values name, with their ports, be they written together or apart."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from k2cr_analysis.model.addresses.address import Address, Span
from k2cr_analysis.model.addresses.given_values import values_of
from k2cr_analysis.model.addresses.grammar import Form, Mention, mentions
from k2cr_analysis.model.addresses.names import (
    NameRole,
    holds_port,
    is_weak_holder,
    listens_on,
    prefix_of,
    role_of_name,
)
from k2cr_analysis.model.addresses.value import Value
from k2cr_analysis.model.workload import Container, Workload

# Default ports of schemes, and of what a variable's words name, where neither the value nor a sibling tells one.
_PORT_OF_WORD: Mapping[str, int] = {
    "http": 80, "https": 443, "grpc": 443, "ws": 80, "wss": 443, "postgres": 5432, "postgresql": 5432, "pg": 5432,
    "psql": 5432, "mysql": 3306, "mariadb": 3306, "redis": 6379, "rediss": 6379, "memcached": 11211, "memcache": 11211,
    "mongodb": 27017, "mongo": 27017, "amqp": 5672, "amqps": 5671, "rabbitmq": 5672, "kafka": 9092, "nats": 4222,
    "ldap": 389, "ldaps": 636, "smtp": 25, "elasticsearch": 9200, "statsd": 8125, "zookeeper": 2181, "mqtt": 1883,
    "sqlserver": 1433, "oracle": 1521, "cassandra": 9042, "etcd": 2379,
}  # fmt: skip
_LISTENING = re.compile(r"(?:[a-z]+://)?(?:\*|\[?[\w.:\-]*\]?)?:(\d{2,5})/?")
_DIRECTIVE = re.compile(r"^\s*(?:listen|bind|listen_port|port)\s*[= ]\s*(?:[\w.*\[\]:\-]*:)?(\d{2,5})(?![\w.:])")


@dataclass(frozen=True, slots=True)
class Named:
    """A host that a value names. ``role`` and ``weak`` are what the value's name says of it (see ``names``).

    ``whole``: the value is nothing else. ``free``: the value is a line of a script, or of a file without keys.
    ``default_port``: of its scheme or of what the name's words name, where no port is written.
    """

    address: Address
    name: str
    role: NameRole
    weak: bool
    form: Form
    whole: bool
    free: bool
    has_path: bool
    query: str
    default_port: int | None

    @property
    def is_local(self) -> bool:
        host = self.address.host
        return host in ("localhost", "::1") or host.startswith("127.")

    @property
    def is_any(self) -> bool:
        return self.address.host in ("0.0.0.0", "::")  # noqa: S104 (read, not bound)


def named_hosts(workload: Workload, container: Container) -> tuple[Named, ...]:
    """Every host that the container's values name, each with its place; one place once."""
    values = list(values_of(workload, container))
    ports = {(v.group, prefix_of(v.name)): v for v in values if holds_port(v.name) and v.text.strip().isdigit()}
    found: dict[tuple[str, Span], Named] = {}
    for value in values:
        for mention in mentions(value.text):
            named = _named(value, mention, ports)
            key = (value.place.path, named.address.span or mention.span)
            before = found.get(key)
            if before is None or _tells(named) > _tells(before):
                found[key] = named
    return tuple(found.values())


def listening_ports(workload: Workload, container: Container) -> Iterator[tuple[int, str]]:
    """(port, where it is written) of what the container's own values say that it listens on."""
    for value in values_of(workload, container):
        role, text = role_of_name(value.name), value.text.strip()
        if listens_on(value.name) and text.isdigit():
            yield int(text), str(value.place)
        elif role in ("listens", "either"):
            for item in re.split(r"[,\s]+", text):
                match = _LISTENING.fullmatch(item)
                if match and (role == "listens" or _is_any(item)):
                    yield int(match[1]), str(value.place)
        elif value.free and value.place.kind == "config-map" and (match := _DIRECTIVE.match(value.text)):
            yield int(match[1]), str(value.place)


def _tells(named: Named) -> tuple[bool, bool]:
    """What is read twice counts as where most is known of it: a word with its flag, a value within one by its key."""
    return not named.free, named.role != "other"


def _is_any(item: str) -> bool:
    """``:8080``, ``0.0.0.0:8080``, ``*:8080``."""
    host = item.rpartition("://")[2].rpartition(":")[0]
    return host in ("", "*", "0.0.0.0", "[::]")  # noqa: S104


def _named(value: Value, mention: Mention, ports: Mapping[tuple[str, tuple[str, ...]], Value]) -> Named:
    port = mention.port
    if port is None and value.name:
        prefix = prefix_of(value.name)
        # A bare PORT is the container's own: a URL without a port has that of its scheme.
        sibling = ports.get((value.group, prefix)) if prefix or not mention.scheme else None
        port = int(sibling.text) if sibling else None
    shift = value.offset
    span = None if shift is None else (mention.span[0] + shift, mention.span[1] + shift)
    address = Address(mention.host, port, mention.scheme, value.place, value.whole, span)
    words = (mention.scheme or "", *prefix_of(value.name))
    return Named(
        address=address,
        name=value.name,
        role=role_of_name(value.name),
        weak=is_weak_holder(value.name),
        form=mention.form,
        whole=mention.whole,
        free=value.free,
        has_path=mention.has_path,
        query=mention.query,
        default_port=next((_PORT_OF_WORD[w] for w in words if w in _PORT_OF_WORD), None),
    )
