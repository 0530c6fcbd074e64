"""What the command of an exec probe asks, where it asks the container itself over the network.

``curl``, ``wget`` and the like ask a path by HTTP, ``grpc_health_probe`` asks gRPC's health service: Cloud Run's own
probes can ask the same. A command that does something else (``redis-cli ping``, ``cat /tmp/healthy``) has no such
counterpart.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

_OWN = r"(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\]|\$\(?\{?HOSTNAME\}?\)?)"
_GRPC = re.compile(rf"\bgrpc[_-]health[_-]probe\b.*?-addr[= ]?(?:{_OWN})?:(\d+)|\bcheck grpc (?:{_OWN})?:?(\d+)")
_GRPC_SERVICE = re.compile(r"-service[= ](\S+)")
_HTTP = re.compile(
    rf"\b(?:curl|wget|http|check http)\b.*?(?:(?P<tls>https)://|http://)?{_OWN}(?::(?P<port>\d+))?"
    r"(?P<path>/[^\s'\"|&;)]*)?"
)
_TCP = re.compile(rf"\b(?:nc|ncat)\b(?: -\w+)*(?: -w ?\d+)? {_OWN} (\d+)|/dev/tcp/{_OWN}/(\d+)")


@dataclass(frozen=True, slots=True)
class Asked:
    """``what`` is the path of HTTP or the service of gRPC; empty for TCP and for gRPC's whole server."""

    kind: Literal["http", "grpc", "tcp"]
    port: int
    what: str = ""

    def __str__(self) -> str:
        """As a field of a probe: ``httpGet: {path: /healthz, port: 8080}``."""
        if self.kind == "http":
            return f"httpGet: {{path: {self.what}, port: {self.port}}}"
        if self.kind == "grpc":
            return f"grpc: {{port: {self.port}{f', service: {self.what}' if self.what else ''}}}"
        return f"tcpSocket: {{port: {self.port}}}"


def asked_over_network(command: Sequence[str]) -> Asked | None:
    """What a command asks the container itself; None where it asks nothing, another host, or through TLS."""
    words = " ".join(command)
    if found := _GRPC.search(words):
        service = _GRPC_SERVICE.search(words)
        return Asked("grpc", int(found[1] or found[2]), service[1] if service else "")
    if (found := _HTTP.search(words)) and not found["tls"]:
        return Asked("http", int(found["port"] or 80), found["path"] or "/")
    if found := _TCP.search(words):
        return Asked("tcp", int(found[1] or found[2]))
    return None
