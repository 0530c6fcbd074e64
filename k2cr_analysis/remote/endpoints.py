"""Where the remote ends are: Google's own addresses, or those that the environment names.

``K2CR_ENDPOINT_MONITORING``, ``_BILLING``, ``_BIGQUERY``, ``_RUN``, ``_CONTAINER`` (Private Service Connect, regional
endpoints, test servers): ``https://HOST[:PORT]`` is TLS with the usual credentials; ``http://`` is plaintext without
any, on the loopback alone.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from k2cr_analysis.errors import UsageError

# For gRPC. A plaintext channel stays on this machine: a proxy of the environment has no part in it.
PLAINTEXT_CHANNEL: Final = (("grpc.max_receive_message_length", -1), ("grpc.enable_http_proxy", 0))

_HTTP2_GREETING: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"
_GREETING_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """``address`` is host and port; ``is_plaintext`` means no TLS and no credentials."""

    address: str
    is_plaintext: bool

    @property
    def url(self) -> str:
        return f"{'http' if self.is_plaintext else 'https'}://{self.address}"


def endpoint(api: str) -> Endpoint | None:
    """The address of an API (``MONITORING``, ``BILLING``, ``BIGQUERY``) that the environment names; else None.

    ``UsageError`` for what is no such address, and for plaintext to another machine.
    """
    variable = f"K2CR_ENDPOINT_{api}"
    text = os.environ.get(variable)
    if not text:
        return None
    parts = urlsplit(text)
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.path not in ("", "/") or parts.query:
        raise _refused(f"{variable}={text}", "https://HOST[:PORT]")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise _refused(f"{variable}={text}", "https://, or http:// to this machine's loopback")
    return Endpoint(parts.netloc, parts.scheme == "http")


def is_reached(api: str) -> bool:
    """Whether an API may be asked by the way: not where others are moved to this machine, and it is not."""
    others = (endpoint(other) for other in ("MONITORING", "BILLING", "BIGQUERY"))
    return endpoint(api) is not None or not any(other and other.is_plaintext for other in others)


def speaks_http2(address: str) -> bool:
    """Whether a plaintext end speaks HTTP/2, and so gRPC; an HTTP/1 server answers the greeting with words.

    Source: RFC 9113, sections 3.4 and 6.5: either side begins with a SETTINGS frame, whose fourth byte is 4.
    """
    parts = urlsplit(f"//{address}")
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 80), timeout=_GREETING_S) as end:
            end.sendall(_HTTP2_GREETING)
            return end.recv(4, socket.MSG_WAITALL)[3:] == b"\4"
    except OSError:
        return True  # whatever is wrong there, the call itself will say


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _refused(found: str, expected: str) -> UsageError:
    return UsageError(ref="not-an-endpoint", found=found, expected=expected, do="set it so, or unset the variable")
