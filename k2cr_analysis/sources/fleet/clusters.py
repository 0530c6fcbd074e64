"""The clusters of a project: by GKE's own list, else by those that are measured and those of the kubeconfig."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from k2cr_analysis.errors import K2crError, RemoteError
from k2cr_analysis.remote.credentials import LOG_IN, Caller, project_role, switch_on
from k2cr_analysis.remote.google_errors import GoogleError
from k2cr_analysis.sources.live import LiveCluster
from k2cr_analysis.sources.rest import RestApi
from k2cr_analysis.sources.retry import RetryPolicy

_GKE: Final = "https://container.googleapis.com"


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
    try:
        body = RestApi("CONTAINER", _GKE, caller, retry).get(f"/v1/projects/{project}/locations/-/clusters")
    except GoogleError as error:
        remedies = {
            "api-off": switch_on("container.googleapis.com", project),
            "no-credentials": LOG_IN,
            "no-right": project_role(project, "roles/container.clusterViewer", caller),
        }
        raise _failed(project, error.told, remedies.get(error.kind, error.remedy)) from None
    if body.get("missingZones"):
        zones = ", ".join(map(str, body["missingZones"]))
        raise _failed(project, f"a list without the zones {zones}", "run the same command again later")
    return [ClusterName(project, str(one["location"]), str(one["name"])) for one in body.get("clusters") or ()]


def _failed(project: str, found: str, do: str) -> RemoteError:
    return RemoteError(
        ref="clusters-not-listed",
        found=f"the clusters of {project}: {found}",
        expected="GKE's list of the project's clusters, or a --fleet FILE that names them",
        do=do,
    )
