"""A Google API by plain REST: one GET at Google's address or at the one that the environment names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from k2cr_analysis.remote.credentials import Caller
from k2cr_analysis.remote.endpoints import endpoint
from k2cr_analysis.remote.google_errors import PASSING_STATUSES
from k2cr_analysis.sources.retry import Busy, RetryPolicy

_TIMEOUT_S: Final = 60.0
_OK: Final = 200


class NotGiven(Exception):  # noqa: N818 (an answer, which callers put into their own words)
    """An answer that is none; ``status`` 0: the end stayed busy, or did not answer."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(f"{status} {said}".strip() if status else said)
        self.status = status
        self.said = said

    @property
    def is_api_off(self) -> bool:
        return "has not been used" in self.said or "is disabled" in self.said


class RestApi:
    """``name``: as the environment variable has it (``RUN`` in ``K2CR_ENDPOINT_RUN``); ``address``: Google's own."""

    def __init__(self, name: str, address: str, caller: Caller, retry: RetryPolicy | None = None) -> None:
        moved = endpoint(name)
        self._address = moved.url if moved else address
        self._session = _session(caller, is_plaintext=bool(moved and moved.is_plaintext))
        self._retry = retry or RetryPolicy()

    def get(self, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The JSON object at a path; ``NotGiven`` where there is none."""
        try:
            return self._retry.run(lambda: self._once(path, query or {}))
        except Busy as busy:
            raise NotGiven(0, f"{busy.trouble}, {busy.tries} times") from None

    def _once(self, path: str, query: Mapping[str, str]) -> dict[str, Any]:
        import google.auth.exceptions
        import requests

        try:
            reply = self._session.get(f"{self._address}{path}", params=dict(query), timeout=_TIMEOUT_S)
        except (requests.exceptions.RequestException, google.auth.exceptions.TransportError) as error:
            raise Busy(str(error).splitlines()[0][:200]) from None
        except google.auth.exceptions.GoogleAuthError as error:
            raise NotGiven(401, str(error).splitlines()[0]) from None
        if reply.status_code in PASSING_STATUSES:
            raise Busy(f"{reply.status_code} {reply.reason}")
        try:
            body = reply.json()
        except ValueError:
            what = "a web page" if reply.content.lstrip()[:1] == b"<" else "no JSON"
            raise NotGiven(reply.status_code, f"an answer that is {what}") from None
        if reply.status_code != _OK or not isinstance(body, dict):
            raise NotGiven(reply.status_code, _said(body))
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
