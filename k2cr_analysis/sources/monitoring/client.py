"""Cloud Monitoring's client: one query over one interval, page after page, at a rate within the quota."""

from __future__ import annotations

import threading
import time
from datetime import datetime
from typing import Any, Final

from k2cr_analysis.errors import RemoteError
from k2cr_analysis.remote.clients import MONITORING, require
from k2cr_analysis.remote.credentials import Caller
from k2cr_analysis.remote.endpoints import endpoint
from k2cr_analysis.sources.monitoring.decode import Points, decode_page
from k2cr_analysis.sources.monitoring.queries import MetricQuery
from k2cr_analysis.sources.patience import PASSING_STATUSES, Patience

# The API's largest page, in points.
PAGE_POINTS: Final = 100_000
# Half of the usual quota of 6,000 queries a minute and project: others read too.
CALLS_PER_MINUTE: Final = 3000
_TIMEOUT_S: Final = 90.0


class Pace:
    """Lets one call through at a time, evenly spaced."""

    def __init__(self, per_minute: float) -> None:
        self._gap_s = 60 / per_minute
        self._lock = threading.Lock()
        self._next_s = 0.0

    def step(self) -> None:
        with self._lock:
            now = time.monotonic()
            wait_s = self._next_s - now
            self._next_s = max(now, self._next_s) + self._gap_s
        if wait_s > 0:
            time.sleep(wait_s)


class Monitoring:
    """Time series of one project. Safe to use from several threads."""

    def __init__(
        self,
        project: str,
        caller: Caller | None = None,
        patience: Patience | None = None,
        page_points: int = PAGE_POINTS,
    ) -> None:
        self._project = project
        self._patience = patience or Patience()
        self._page_points = page_points
        self._pace = Pace(CALLS_PER_MINUTE)
        self._client = _client(caller or Caller())

    def points(self, query: MetricQuery, cluster: str, location: str, start: datetime, end: datetime) -> Points:
        """The points of a query that end after ``start`` and not after ``end``; none where the metric does not exist.

        ``RemoteError`` where the API refuses, stays busy, or says that its answer is not whole.
        """
        found = Points()
        request: dict[str, Any] = {
            "name": f"projects/{self._project}",
            "filter": query.filter(cluster, location),
            "interval": {"start_time": start, "end_time": end},
            "aggregation": {
                "alignment_period": {"seconds": query.period_s},
                "per_series_aligner": query.aligner,
                "cross_series_reducer": query.reducer,
                "group_by_fields": [path for _, path in query.group_by],
            },
            "view": "FULL",
            "page_size": self._page_points,
        }
        while True:
            page = self._page(request, query)
            if page is None:
                return Points()
            decode_page(page, query, found)
            if not page.next_page_token:
                return found.within(start, end)
            request["page_token"] = page.next_page_token

    def _page(self, request: dict[str, Any], query: MetricQuery) -> Any:
        """One page as a raw message; None where the project has never had such a metric."""
        from google.api_core import exceptions
        from google.auth.exceptions import GoogleAuthError

        waits = self._patience.waits_s()
        while True:
            self._pace.step()
            asked_s = None
            try:
                pager = self._client.list_time_series(request=request, retry=None, timeout=_TIMEOUT_S)
                wrapper = next(iter(pager.pages))
                page = type(wrapper).pb(wrapper)
                trouble = _incomplete(page)
                if not trouble:
                    return page
            except exceptions.NotFound:
                return None
            except exceptions.GoogleAPICallError as error:
                if error.code not in PASSING_STATUSES:
                    raise _refused(query, self._project, error) from None
                trouble, asked_s = f"{int(error.code or 0)} {error.message}", _asked_s(error)
            except GoogleAuthError as error:
                raise _no_credentials(error) from None
            wait_s = next(waits, None)
            if wait_s is None:
                raise RemoteError(
                    ref="monitoring-not-answering",
                    found=f"{query.metric_type}: {trouble}, {self._patience.attempts} times",
                    expected="a whole answer of Cloud Monitoring",
                    do="run the same command again later: what was read is kept",
                )
            self._patience.wait(wait_s, asked_s)


def _client(caller: Caller) -> Any:
    require(MONITORING)
    from google.cloud.monitoring_v3 import MetricServiceClient

    moved = endpoint("MONITORING")
    if moved is None:
        return MetricServiceClient(credentials=caller.credentials())
    if not moved.is_plaintext:
        return MetricServiceClient(credentials=caller.credentials(), client_options={"api_endpoint": moved.address})
    import grpc  # type: ignore[import-untyped]
    from google.cloud.monitoring_v3.services.metric_service.transports import MetricServiceGrpcTransport

    channel = grpc.insecure_channel(moved.address, options=[("grpc.max_receive_message_length", -1)])
    return MetricServiceClient(transport=MetricServiceGrpcTransport(channel=channel))


def _incomplete(page: Any) -> str:
    """What an answer lacks, in words; empty where it is whole. Older clients do not know of unreachable regions."""
    unreachable = getattr(page, "unreachable", ())
    said = [error.message for error in page.execution_errors] + [f"{place} unreachable" for place in unreachable]
    return f"an answer that is not whole ({'; '.join(said)})" if said else ""


def _asked_s(error: Any) -> float | None:
    """The wait that the API asks for (``google.rpc.RetryInfo``), in seconds."""
    for detail in error.details:
        delay = getattr(detail, "retry_delay", None)
        if delay is not None:
            return float(delay.seconds + delay.nanos / 1e9)
    return None


def _refused(query: MetricQuery, project: str, error: Any) -> RemoteError:
    code = int(error.code or 0)
    mend = f"gcloud projects add-iam-policy-binding {project} --member=user:YOU --role=roles/monitoring.viewer"
    return RemoteError(
        ref="monitoring-refused",
        found=f"{query.metric_type}: {code} {error.message}",
        expected="the right to read the project's metrics" if code in (401, 403) else "an answer of Cloud Monitoring",
        do=mend if code in (401, 403) else "leave --project out to collect without metrics",
    )


def _no_credentials(error: Exception) -> RemoteError:
    return RemoteError(
        ref="no-google-credentials",
        found=str(error).splitlines()[0],
        expected="credentials that Google takes",
        do="gcloud auth application-default login",
    )
