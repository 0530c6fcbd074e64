"""A Google API by plain REST: one GET at Google's address or at the one that the environment names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from k2cr_analysis.remote.credentials import Caller
from k2cr_analysis.remote.endpoints import endpoint
from k2cr_analysis.remote.google_errors import GoogleError, kind_of
from k2cr_analysis.sources.retry import Busy, RetryPolicy, unless_busy

_TIMEOUT_S: Final = 60.0
_OK: Final = 200


class RestApi:
    """``name``: as the environment variable has it (``RUN`` in ``K2CR_ENDPOINT_RUN``); ``address``: Google's own."""

    def __init__(self, name: str, address: str, caller: Caller, retry: RetryPolicy | None = None) -> None:
        moved = endpoint(name)
        self._address = moved.url if moved else address
        self._session = _session(caller, is_plaintext=bool(moved and moved.is_plaintext))
        self._retry = retry or RetryPolicy()

    def get(self, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The JSON object at a path; ``GoogleError`` where there is none, of kind ``busy`` after the last try."""
        try:
            return self._retry.run(lambda: self._once(path, query or {}))
        except Busy as busy:
            raise GoogleError("busy", f"{busy.trouble}, {busy.tries} times") from None

    def _once(self, path: str, query: Mapping[str, str]) -> dict[str, Any]:
        url, given = f"{self._address}{path}", dict(query)
        return unless_busy(lambda: _body(self._session.get(url, params=given, timeout=_TIMEOUT_S)))


def _body(reply: Any) -> dict[str, Any]:
    """The object of an answer; ``GoogleError`` for any other."""
    code = int(reply.status_code)
    try:
        body = reply.json()
    except ValueError:
        what = "a web page" if reply.content.lstrip()[:1] == b"<" else "no JSON"
        said = str(reply.reason) if kind_of(code, "") == "busy" else f"an answer that is {what}"
        kind = "a-page" if what == "a web page" and code == _OK else kind_of(code, said)
        raise GoogleError(kind, said, 0 if kind == "a-page" else code) from None
    if code != _OK or not isinstance(body, dict):
        said = _said(body) or str(reply.reason)
        raise GoogleError(kind_of(code, said), said, code)
    return body


def _said(body: Any) -> str:
    error = body.get("error") if isinstance(body, dict) else None
    return str(error.get("message") or "") if isinstance(error, dict) else ""


def _session(caller: Caller, *, is_plaintext: bool) -> Any:
    import requests

    if is_plaintext:
        plain = requests.Session()
        plain.trust_env = False
        return plain
    from google.auth.transport.requests import AuthorizedSession

    authorized: Any = AuthorizedSession  # without types
    return authorized(caller.credentials())
