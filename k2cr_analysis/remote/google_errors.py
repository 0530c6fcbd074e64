"""What went wrong at one of Google's APIs, in the few kinds that a person can do something about.

The one place that knows the exceptions of Google's client libraries, and what a status means.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal, TypeVar

_T = TypeVar("_T")

Kind = Literal["not-found", "no-right", "api-off", "no-credentials", "busy", "a-page", "failed"]
LATER = "run the same command again later"

# Statuses that pass by themselves: too many requests, time-outs, failures of a server or of what stands before it.
PASSING_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})

_FORBIDDEN = 403
_LONGEST_LINE = 200
# An API that is switched off answers 403 as one that may not be read.
_OFF = re.compile(r"SERVICE_DISABLED|has not been used in project|it is disabled")


# What gRPC says of an end that speaks HTTP/1, as proxies and their login pages do.
_NO_GRPC = re.compile(r"Failed parsing HTTP/2|Trying to connect an http1\.x server")


class GoogleError(Exception):
    """``kind`` says what can be done, ``said`` is the API's own first line, ``code`` its HTTP status (0: none),
    ``asked_s`` how long it asked to wait (``google.rpc.RetryInfo``), in seconds."""

    def __init__(self, kind: Kind, said: str, code: int = 0, asked_s: float | None = None) -> None:
        super().__init__(said)
        self.kind, self.said, self.code, self.asked_s = kind, said, code, asked_s

    @property
    def remedy(self) -> str:
        """What to do where nothing better is known of the API."""
        if self.kind == "a-page":
            return (
                "see that no proxy or login page stands between here and the API: log in to it, or go past it with "
                "HTTPS_PROXY and NO_PROXY; then run the same command again"
            )
        return LATER

    @property
    def told(self) -> str:
        """The status, where there is one, and what was said."""
        return f"{self.code or ''} {self.said}".strip()


def asked(call: Callable[[], _T]) -> _T:
    """The result of a call to one of Google's client libraries; its errors as :class:`GoogleError`."""
    import requests
    from google.api_core import exceptions
    from google.auth.exceptions import GoogleAuthError, TransportError
    from google.protobuf.json_format import ParseError

    try:
        return call()
    except exceptions.GoogleAPICallError as error:
        code = int(error.code or 0)
        if _NO_GRPC.search(str(error)):
            raise GoogleError("a-page", "an answer that is not gRPC", 0) from None
        raise GoogleError(
            kind_of(code, str(error)), _first_line(error.message or error), code, _asked_s(error)
        ) from None
    except TransportError as error:  # the end that gives tokens did not answer
        raise GoogleError("busy", _first_line(error)) from None
    except GoogleAuthError as error:
        raise GoogleError("no-credentials", _first_line(error)) from None
    except (requests.exceptions.JSONDecodeError, ParseError):
        raise GoogleError("a-page", "an answer that is not JSON") from None
    except requests.exceptions.SSLError as error:  # a kind of ConnectionError, which waiting does not mend
        raise GoogleError("failed", _first_line(error)[:_LONGEST_LINE]) from None
    except (requests.exceptions.ConnectionError, requests.exceptions.Timeout) as error:
        raise GoogleError("busy", _first_line(error)[:_LONGEST_LINE]) from None
    except (exceptions.GoogleAPIError, OSError) as error:
        raise GoogleError("failed", _first_line(error)) from None


def kind_of(code: int, said: str) -> Kind:
    """What an HTTP status and the words beside it mean."""
    if code in PASSING_STATUSES:
        return "busy"
    if code == _FORBIDDEN and _OFF.search(said):
        return "api-off"
    kinds: dict[int, Kind] = {401: "no-credentials", 403: "no-right", 404: "not-found"}
    return kinds.get(code, "failed")


def _first_line(said: object) -> str:
    return (str(said).splitlines() or [type(said).__name__])[0]


def _asked_s(error: object) -> float | None:
    for detail in getattr(error, "details", ()):
        delay = getattr(detail, "retry_delay", None)
        if delay is not None:
            return float(delay.seconds + delay.nanos / 1e9)
    return None
