"""Cloud Monitoring's client: one query over one interval, page after page, at a rate within the quota."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from k2cr_analysis.errors import RemoteError
from k2cr_analysis.remote.clients import MONITORING, require
from k2cr_analysis.remote.credentials import Caller, no_credentials, project_role, switch_on
from k2cr_analysis.remote.endpoints import PLAINTEXT_CHANNEL, endpoint
from k2cr_analysis.remote.google_errors import GoogleError
from k2cr_analysis.sources.monitoring.decode import Points, decode_page
from k2cr_analysis.sources.monitoring.descriptors import Descriptor
from k2cr_analysis.sources.monitoring.queries import PROJECT_ID, USAGE_QUERIES, MetricQuery
from k2cr_analysis.sources.retry import Busy, RetryPolicy, unless_busy

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
    """Time series of one project, or of those in its metrics scope. Safe to use from several threads.

    ``owner``: the cluster's own project, whose series alone are taken where a series names a cluster.
    """

    def __init__(
        self,
        project: str,
        caller: Caller | None = None,
        retry: RetryPolicy | None = None,
        page_points: int = PAGE_POINTS,
        owner: str | None = None,
    ) -> None:
        self._project = project
        self._owner = owner or project
        self._caller = caller or Caller()
        self._retry = retry or RetryPolicy()
        self._page_points = page_points
        self._pace = Pace(CALLS_PER_MINUTE)
        self._client = _client(self._caller)

    def descriptor(self, metric_type: str) -> Descriptor:
        """What a metric is; nothing is assumed where the API does not say."""
        name = f"projects/{self._project}/metricDescriptors/{metric_type}"
        try:
            found = self._asked(
                lambda client: client.get_metric_descriptor(name=name, retry=None, timeout=_TIMEOUT_S), metric_type
            )
        except GoogleError as error:
            gone = error.kind == "not-found"
            return Descriptor(exists=not gone, is_told=gone)  # of any other trouble reading its series will tell
        return Descriptor(
            labels=tuple(sorted(label.key for label in found.labels)),
            resources=tuple(sorted(found.monitored_resource_types)),
        )

    def points(
        self,
        query: MetricQuery,
        cluster: str,
        location: str,
        start: datetime,
        end: datetime,
        descriptor: Descriptor | None = None,
    ) -> Points:
        """The points of a query that end after ``start`` and not after ``end``; none where the metric does not exist.

        ``RemoteError`` where the API refuses, stays busy, or says that its answer is not whole.
        """
        found = Points()
        descriptor = descriptor or Descriptor()
        request: dict[str, Any] = {
            "name": f"projects/{self._project}",
            "filter": descriptor.filter(query, cluster, location),
            "interval": {"start_time": start, "end_time": end},
            "aggregation": {
                "alignment_period": {"seconds": query.period_s},
                "per_series_aligner": query.aligner,
                "cross_series_reducer": query.reducer,
                "group_by_fields": descriptor.group_by(query),
            },
            "view": "FULL",
            "page_size": self._page_points,
        }
        while True:
            try:
                page = self._asked(partial(_page, request), query.metric_type)
            except GoogleError as error:
                if error.kind == "not-found":
                    return Points()
                raise _refused(query.metric_type, self._project, self._caller, error) from None
            decode_page(page, query, found)
            if not page.next_page_token:
                return self._own(query, found).within(start, end)
            request["page_token"] = page.next_page_token

    def _own(self, query: MetricQuery, found: Points) -> Points:
        names = [name for name, _ in query.group_by]
        if not query.names_cluster or PROJECT_ID not in names:
            return found
        return found.of_project(names.index(PROJECT_ID), self._owner)

    def clusters(self, end: datetime) -> list[tuple[str, str]]:
        """(name, location) of the clusters that the project has measured in the hour before ``end``."""
        query = USAGE_QUERIES[0]
        request: dict[str, Any] = {
            "name": f"projects/{self._project}",
            "filter": f'metric.type = "{query.metric_type}" AND resource.type = "{query.resource_type}"',
            "interval": {"start_time": end - timedelta(hours=1), "end_time": end},
            "aggregation": {
                "alignment_period": {"seconds": 3600},
                "per_series_aligner": query.aligner,
                "cross_series_reducer": query.reducer,
                "group_by_fields": ["resource.labels.cluster_name", "resource.labels.location"],
            },
            "view": "FULL",
            "page_size": self._page_points,
        }
        try:
            page = self._asked(partial(_page, request), query.metric_type)
        except GoogleError as error:
            if error.kind == "not-found":
                return []
            raise _refused(query.metric_type, self._project, self._caller, error) from None
        labels = (series.resource.labels for series in page.time_series)
        return sorted({(found["cluster_name"], found["location"]) for found in labels if "cluster_name" in found})

    def no_such_cluster(self, cluster: str, location: str, end: datetime) -> RemoteError:
        """The error where no metric of a cluster was found: with the clusters that have some."""
        others = [f"{name} in {place}" for name, place in self.clusters(end)]
        known = (
            f"; the project has metrics of {', '.join(others)}" if others else "; the project has metrics of no cluster"
        )
        switch = f"gcloud container clusters update {cluster} --location={location} --monitoring=SYSTEM"
        return RemoteError(
            ref="no-metrics-of-the-cluster",
            found=f"no metrics of cluster {cluster} in {location}{known}",
            expected="the cluster's own name and location: a zone for a zonal cluster, a region for a regional one",
            do="name them with --cluster and --location (and --project); where they are right, its system metrics are "
            f"switched off, and this changes the cluster: {switch}",
        )

    def _asked(self, call: Callable[[Any], Any], metric_type: str) -> Any:
        """The answer to a call, made again while the API is busy; what waiting does not change is raised as it is."""
        is_renewed = False

        def attempt() -> Any:
            nonlocal is_renewed
            self._pace.step()
            try:
                return unless_busy(lambda: call(self._client))
            except _Incomplete as incomplete:
                raise Busy(str(incomplete)) from None
            except GoogleError as error:
                if error.code == 0 and error.kind == "no-credentials":
                    raise no_credentials(error) from None
                if error.kind != "no-credentials" or is_renewed:
                    raise
            self._client, is_renewed = _client(self._caller), True  # the token has expired: with a new one
            return attempt()

        try:
            return self._retry.run(attempt)
        except Busy as busy:
            raise RemoteError(
                ref="monitoring-not-answering",
                found=f"{metric_type}: {busy.trouble}, {busy.tries} times",
                expected="a whole answer of Cloud Monitoring",
                do="run the same command again later",
            ) from None


class _Incomplete(Exception):  # noqa: N818 (an answer, which is asked for again)
    """An answer that says of itself that it is not whole."""


def _page(request: dict[str, Any], client: Any) -> Any:
    """One page as a raw message."""
    pager = client.list_time_series(request=request, retry=None, timeout=_TIMEOUT_S)
    wrapper = next(iter(pager.pages))
    page = type(wrapper).pb(wrapper)
    lacking = _lacking(page)
    if lacking:
        raise _Incomplete(f"an answer that is not whole ({lacking})")
    return page


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

    channel = grpc.insecure_channel(moved.address, options=PLAINTEXT_CHANNEL)
    return MetricServiceClient(transport=MetricServiceGrpcTransport(channel=channel))


def _lacking(page: Any) -> str:
    """What an answer lacks, in words; empty where it is whole. Older clients do not know of unreachable regions."""
    unreachable = getattr(page, "unreachable", ())
    return "; ".join([*(error.message for error in page.execution_errors), *(f"{p} unreachable" for p in unreachable)])


def _refused(metric_type: str, project: str, caller: Caller, error: GoogleError) -> RemoteError:
    mends = {
        "no-right": project_role(project, "roles/monitoring.viewer", caller),
        "no-credentials": project_role(project, "roles/monitoring.viewer", caller),
        "api-off": switch_on("monitoring.googleapis.com", project),
    }
    mend = mends.get(error.kind)
    return RemoteError(
        ref="monitoring-refused",
        found=f"{metric_type}: {error.told}",
        expected="the right to read the project's metrics" if mend else "an answer of Cloud Monitoring",
        do=error.remedy
        if error.kind == "a-page"
        else mend or "see that --project is the cluster's own, or leave it out to collect without metrics",
    )
