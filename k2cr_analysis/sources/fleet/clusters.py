"""The clusters of a project: by GKE's own list, else by those that are measured and those of the kubeconfig."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from k2cr_analysis.errors import K2crError, RemoteError
from k2cr_analysis.remote.credentials import Caller, project_role, switch_on
from k2cr_analysis.remote.endpoints import endpoint
from k2cr_analysis.remote.google_errors import PASSING_STATUSES
from k2cr_analysis.sources.live import LiveCluster
from k2cr_analysis.sources.retry import Busy, RetryPolicy

_GKE: Final = "https://container.googleapis.com"
_TIMEOUT_S: Final = 60.0
_OK: Final = 200


@dataclass(frozen=True, slots=True, order=True)
class ClusterName:
    project: str
    location: str
    name: str

    @property
    def context(self) -> str:
        """As ``gcloud container clusters get-credentials`` names it."""
        return f"gke_{self.project}_{self.location}_{self.name}"


@dataclass(frozen=True, slots=True)
class Found:
    """``said``: where GKE's own list could not be read, why, and what was taken in its place."""

    clusters: tuple[ClusterName, ...]
    said: str = ""


def clusters_of(
    project: str, contexts: Sequence[str], end: datetime, caller: Caller, retry: RetryPolicy | None = None
) -> Found:
    """All clusters of a project. ``contexts``: those of the kubeconfig; ``end``: the hour before it is asked about.

    ``RemoteError`` where neither GKE's list nor anything else names one.
    """
    try:
        return Found(tuple(sorted(_listed(project, caller, retry or RetryPolicy()))))
    except RemoteError as error:
        known = {name for context in contexts if (name := _named(context, project))}
        known |= _measured(project, end, caller, retry)
        if not known:
            raise
        said = f"{error.found}; the clusters are those that are measured, and those of the kubeconfig ({error.do})"
        return Found(tuple(sorted(known)), said)


def context_of(cluster: ClusterName, contexts: Iterable[str]) -> str:
    """The kubeconfig's context for a cluster: gcloud's own, else one of the Connect gateway.

    ``RemoteError`` where there is none.
    """
    there = sorted(contexts)
    gateway = [
        c for c in there if c.startswith(f"connectgateway_{cluster.project}_") and c.endswith(f"_{cluster.name}")
    ]
    for context in (cluster.context, *gateway):
        if context in there:
            return context
    raise RemoteError(
        ref="no-context-of-the-cluster",
        found=f"no context of the cluster {cluster.name} in {cluster.location} in the kubeconfig",
        expected=cluster.context,
        do="this writes one into your kubeconfig, and changes nothing else: gcloud container clusters get-credentials "
        f"{cluster.name} --location={cluster.location} --project={cluster.project} (a private cluster: with "
        "--dns-endpoint or --internal-ip, or by gcloud container fleet memberships get-credentials)",
    )


def _named(context: str, project: str) -> ClusterName | None:
    live = LiveCluster.of_context(context, None, None, None, None, Caller())
    if live.project != project or not live.cluster or not live.location:
        return None
    return ClusterName(project, live.location, live.cluster)


def _measured(project: str, end: datetime, caller: Caller, retry: RetryPolicy | None) -> set[ClusterName]:
    from k2cr_analysis.sources.monitoring.client import Monitoring

    try:
        found = Monitoring(project, caller, retry).clusters(end)
    except K2crError:
        return set()
    return {ClusterName(project, location, name) for name, location in found}


def _listed(project: str, caller: Caller, retry: RetryPolicy) -> list[ClusterName]:
    moved = endpoint("CONTAINER")
    session = _session(caller, is_plaintext=bool(moved and moved.is_plaintext))
    url = f"{moved.url if moved else _GKE}/v1/projects/{project}/locations/-/clusters"
    try:
        answer = retry.run(lambda: _once(session, url))
    except Busy as busy:
        raise _failed(project, f"{busy.trouble}, {busy.tries} times", "run the same command again later") from None
    status, body = answer
    if status != _OK:
        said = str((body.get("error") or {}).get("message") or "") if isinstance(body.get("error"), dict) else ""
        off = "has not been used" in said or "is disabled" in said
        do = (
            switch_on("container.googleapis.com", project)
            if off
            else project_role(project, "roles/container.clusterViewer", caller)
        )
        raise _failed(project, f"{status} {said}".strip(), do)
    if body.get("missingZones"):
        zones = ", ".join(map(str, body["missingZones"]))
        raise _failed(project, f"a list without the zones {zones}", "run the same command again later")
    return [ClusterName(project, str(one["location"]), str(one["name"])) for one in body.get("clusters") or ()]


def _once(session: Any, url: str) -> tuple[int, dict[str, Any]]:
    import google.auth.exceptions
    import requests

    try:
        reply = session.get(url, timeout=_TIMEOUT_S)
    except (requests.exceptions.RequestException, google.auth.exceptions.TransportError) as error:
        raise Busy(str(error).splitlines()[0][:200]) from None
    if reply.status_code in PASSING_STATUSES:
        raise Busy(f"{reply.status_code} {reply.reason}")
    try:
        body = reply.json()
    except ValueError:
        body = {}
    return reply.status_code, body if isinstance(body, dict) else {}


def _session(caller: Caller, *, is_plaintext: bool) -> Any:
    import requests

    if is_plaintext:
        plain = requests.Session()
        plain.trust_env = False
        return plain
    from google.auth.transport.requests import AuthorizedSession

    authorized: Any = AuthorizedSession  # without types
    return authorized(caller.credentials())


def _failed(project: str, found: str, do: str) -> RemoteError:
    return RemoteError(
        ref="clusters-not-listed",
        found=f"the clusters of {project}: {found}",
        expected="GKE's list of the project's clusters, or a --fleet FILE that names them",
        do=do,
    )
