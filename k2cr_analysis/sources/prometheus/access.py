"""Where a Prometheus is, and who asks it: the address without secrets, and what goes with each request."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from k2cr_analysis.errors import InputError, Location, UsageError
from k2cr_analysis.remote.credentials import Caller
from k2cr_analysis.remote.endpoints import is_loopback

TOKEN_VARIABLE: Final = "K2CR_PROMETHEUS_TOKEN"  # noqa: S105 (a name)
# Managed Service for Prometheus answers at https://monitoring.googleapis.com/v1/projects/P/location/global/prometheus.
_GOOGLE_HOST: Final = "monitoring.googleapis.com"


@dataclass(frozen=True, slots=True)
class Access:
    """``url``: without user info; ``headers`` and ``user`` are secrets and are shown nowhere.

    ``certificate``: files of a client's certificate and key; ``authority``: a file of certificates to trust.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    user: tuple[str, str] | None = field(default=None, repr=False)
    certificate: tuple[str, str] | None = None
    authority: str | None = None
    caller: Caller = field(default_factory=Caller)
    folder: Path | None = None  # of answers, in the server's place

    @property
    def is_google(self) -> bool:
        return urlsplit(self.url).hostname == _GOOGLE_HOST


def access_of(
    url: str,
    *,
    headers: Sequence[str] = (),
    certificate: Path | None = None,
    key: Path | None = None,
    authority: Path | None = None,
    caller: Caller | None = None,
) -> Access:
    """The access that options name; ``url`` may be a folder of answers.

    ``headers``: each ``Name: value``; a bearer token may stand in ``K2CR_PROMETHEUS_TOKEN``, a user and password in the
    URL. ``UsageError`` for what is no such thing, and where a secret would go over an unencrypted line to another
    machine.
    """
    if Path(url).is_dir():
        return Access(url, folder=Path(url))
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise UsageError(
            ref="not-a-prometheus",
            found=f"--prometheus {_without_user(url)}",
            expected="http:// or https://HOST[:PORT][/PATH], below which /api/v1/query_range answers",
            do="kubectl --namespace monitoring port-forward service/prometheus 9090, then --prometheus "
            "http://localhost:9090",
        )
    sent = dict(_header(text) for text in headers)
    token = os.environ.get(TOKEN_VARIABLE)
    if token:
        sent.setdefault("Authorization", f"Bearer {token}")
    user = (parts.username or "", parts.password or "") if parts.username or parts.password else None
    if (sent or user) and parts.scheme == "http" and not is_loopback(parts.hostname):
        raise UsageError(
            ref="secret-in-the-open",
            found=f"credentials for {_without_user(url)}, which is not encrypted",
            expected="https://, or http:// to this machine",
            do="use https://, or a port-forward to localhost",
        )
    files = [file for file in (certificate, key, authority) if file is not None]
    for file in files:
        if not file.is_file():
            raise InputError(
                ref="cannot-read",
                where=Location(str(file)),
                found="no such file",
                expected="a PEM file",
                do="check --prometheus-cert, --prometheus-key and --prometheus-ca",
            )
    pair = (str(certificate), str(key or certificate)) if certificate else None
    address = _without_user(url).rstrip("/").removesuffix("/api/v1")
    return Access(address, sent, user, pair, str(authority) if authority else None, caller or Caller())


def session(access: Access) -> Any:
    """A ``requests.Session`` with all that the access says; Google's own end gets Google's credentials."""
    import requests

    made: Any
    if access.is_google and "Authorization" not in access.headers:
        from google.auth.transport.requests import AuthorizedSession

        authorized: Any = AuthorizedSession  # without types
        made = authorized(access.caller.credentials())
    else:
        made = requests.Session()
    if is_loopback(urlsplit(access.url).hostname or ""):
        made.trust_env = False  # as kubectl: a proxy of the environment is not for this machine itself
    made.headers.update({"Accept": "application/json", "User-Agent": "k2cr", **access.headers})
    made.auth = access.user
    made.cert = access.certificate
    made.verify = access.authority or True
    return made


def _without_user(url: str) -> str:
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}" if rest else url


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise UsageError(
            ref="not-a-header",
            found="--prometheus-header without a colon",
            expected='"Name: value", such as "X-Scope-OrgID: team-a"',
        )
    return name.strip(), value.strip()
