"""Prometheus' HTTP API: a query over a range, in as many parts as the server's limits ask for.

Source: "Prometheus, HTTP API" (query, query_range, label values); its 11,000 points a series and its limit of samples
answer 400 and 422.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from k2cr_analysis.errors import RemoteError
from k2cr_analysis.remote.google_errors import PASSING_STATUSES, GoogleError, asked
from k2cr_analysis.sources.prometheus.access import Access, session
from k2cr_analysis.sources.retry import Busy, RetryPolicy

_TIMEOUT_S: Final = (10.0, 120.0)
_OK, _TOO_MUCH = 200, 422
_REFUSED: Final = (401, 403)
_NO_CREDENTIALS: Final = 401
_LIMITS: Final = ("exceeded maximum resolution", "too many samples", "would load too many", "limit")
_LEAST_STEPS: Final = 2
# To Thanos: rather no answer than a part; to VictoriaMetrics' cluster: likewise. The others do not mind.
_WHOLE: Final = {"partial_response": "false", "deny_partial_response": "1"}


class _TooMuch(Exception):  # noqa: N818 (an answer: the same is asked for in parts)
    """The server's limits do not allow the whole range at once."""


@dataclass(frozen=True, slots=True)
class Series:
    """One series: its labels, and its values by the second since 1970 at which they were asked for."""

    labels: Mapping[str, str]
    values: dict[int, float] = field(default_factory=dict)


class Prometheus:
    """One server."""

    def __init__(self, access: Access, retry: RetryPolicy | None = None) -> None:
        self._access = access
        self._retry = retry or RetryPolicy()
        self._session = session(access)

    def range(self, query: str, start: datetime, end: datetime, step_s: int) -> list[Series]:
        """The values of a query at ``start``, and every ``step_s`` after it until ``end``, both included."""
        found: dict[tuple[tuple[str, str], ...], Series] = {}
        for labels, values in self._range(query, start, end, step_s):
            key = tuple(sorted(labels.items()))
            found.setdefault(key, Series(labels)).values.update(values)
        return list(found.values())

    def at(self, query: str, moment: datetime) -> list[Series]:
        """The values of a query at one moment."""
        data = self._get("query", {"query": query, "time": str(moment.timestamp()), **_WHOLE})
        second = int(moment.timestamp())
        return [Series(one["metric"], {second: float(one["value"][1])}) for one in data.get("result") or ()]

    def label_values(self, label: str, start: datetime, end: datetime) -> list[str]:
        """The values of a label in a window; with ``__name__`` the metrics that there are."""
        given = {"start": str(start.timestamp()), "end": str(end.timestamp())}
        data = self._get(f"label/{label}/values", given)
        return sorted(str(value) for value in data) if isinstance(data, list) else []

    def _range(
        self, query: str, start: datetime, end: datetime, step_s: int
    ) -> list[tuple[Mapping[str, str], dict[int, float]]]:
        given = {
            "query": query,
            "start": str(start.timestamp()),
            "end": str(end.timestamp()),
            "step": str(step_s),
            **_WHOLE,
        }
        try:
            data = self._get("query_range", given)
        except _TooMuch as limit:
            steps = int((end - start).total_seconds()) // step_s
            if steps < _LEAST_STEPS:
                raise self._error(f"{limit}, for two moments alone", "a limit that lets one moment through") from None
            middle = start + timedelta(seconds=steps // 2 * step_s)
            after = middle + timedelta(seconds=step_s)
            return [*self._range(query, start, middle, step_s), *self._range(query, after, end, step_s)]
        return [
            (one["metric"], {round(float(moment)): float(value) for moment, value in one["values"]})
            for one in data.get("result") or ()
        ]

    def _get(self, what: str, given: Mapping[str, str]) -> Any:
        try:
            return self._retry.run(lambda: self._once(what, given))
        except Busy as busy:
            raise self._error(
                f"{busy.trouble}, {busy.tries} times", "an answer of Prometheus' HTTP API", "run the same command again"
            ) from None

    def _once(self, what: str, given: Mapping[str, str]) -> Any:
        import requests

        url = f"{self._access.url}/api/v1/{what}"
        try:
            reply = self._reply(lambda: self._session.get(url, params=dict(given), timeout=_TIMEOUT_S))
        except requests.exceptions.SSLError as error:
            do = "name the authority with --prometheus-ca, and a client's certificate with --prometheus-cert"
            raise self._error(_first(error), "a certificate that is trusted", do) from None
        except (requests.exceptions.ConnectionError, requests.exceptions.Timeout) as error:
            raise Busy(_first(error)) from None
        if reply.status_code in PASSING_STATUSES and reply.status_code != _TOO_MUCH:
            raise Busy(f"{reply.status_code} {reply.reason}", _seconds(reply.headers.get("Retry-After")))
        try:
            body = reply.json()
        except ValueError:
            raise self._no_prometheus(reply) from None
        said = str(body.get("error") or "") if isinstance(body, dict) else ""
        if reply.status_code == _OK and isinstance(body, dict) and body.get("status") == "success":
            lacking = _lacking(body)
            if lacking:
                raise Busy(f"an answer that is not whole ({lacking})")
            return body.get("data") or {}
        if any(word in said for word in _LIMITS):
            raise _TooMuch(said)
        if reply.status_code in _REFUSED:
            raise self._refused(reply.status_code, said)
        if not said:
            raise self._no_prometheus(reply)
        raise self._error(f"{reply.status_code} {said}", "an answer of Prometheus' HTTP API")

    def _reply(self, get: Callable[[], Any]) -> Any:
        """What the end answers; at Google's own, what is wrong with the credentials in our words."""
        if not self._access.is_google:
            return get()
        try:
            return asked(get)
        except GoogleError as error:
            if error.kind == "no-credentials":
                raise self._refused(_NO_CREDENTIALS, error.said) from None
            if isinstance(error.__context__, OSError):
                raise error.__context__ from None  # the connection's own trouble, told as at any other end
            raise Busy(error.said) from None

    def _refused(self, status: int, said: str) -> RemoteError:
        do = (
            "give roles/monitoring.viewer to who asks, or `gcloud auth application-default login`"
            if self._access.is_google
            else "set K2CR_PROMETHEUS_TOKEN, name --prometheus-header, or write user:password@ into the URL"
        )
        return self._error(f"{status} {said}".strip(), "the right to query", do)

    def _no_prometheus(self, reply: Any) -> RemoteError:
        what = "a web page" if reply.content.lstrip()[:1] == b"<" else "an answer that is not Prometheus'"
        return self._error(
            f"{reply.status_code}, {what}",
            "the address below which /api/v1/query_range answers",
            "Mimir answers below /prometheus, VictoriaMetrics' cluster below /select/0/prometheus, Managed Service for "
            "Prometheus at https://monitoring.googleapis.com/v1/projects/P/location/global/prometheus",
        )

    def _error(self, found: str, expected: str, do: str = "") -> RemoteError:
        return RemoteError(
            ref="prometheus-not-read",
            found=f"{self._access.url}: {found}",
            expected=expected,
            do=do or "see that the same address answers in a browser, then run the same command again",
        )


def _lacking(body: Mapping[str, Any]) -> str:
    """What an answer says that it lacks; empty where it is whole.

    Thanos warns of stores that did not answer, Prometheus of remote ends; what either remarks on a query itself begins
    with ``PromQL``. VictoriaMetrics' cluster says ``isPartial``.
    """
    said = [str(text) for text in body.get("warnings") or () if not str(text).startswith("PromQL")]
    if said:
        return "; ".join(said)[:200]
    return "isPartial" if body.get("isPartial") is True else ""


def _first(error: Exception) -> str:
    return str(error).splitlines()[0][:300]


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.replace(".", "", 1).isdecimal() else None
