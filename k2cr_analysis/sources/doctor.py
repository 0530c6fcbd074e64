"""Whether what collect needs can be read: one small call to each source, and the line that mends what cannot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from k2cr_analysis.errors import K2crError
from k2cr_analysis.platforms.billing import CLOUD_RUN
from k2cr_analysis.remote.endpoints import is_reached
from k2cr_analysis.resources import bundled
from k2cr_analysis.sources.catalog.client import read_skus
from k2cr_analysis.sources.cluster_api.connection import ApiServer, Refused
from k2cr_analysis.sources.cluster_api.read import kinds_of
from k2cr_analysis.sources.live import LiveCluster
from k2cr_analysis.sources.retry import RetryPolicy

# A doctor does not wait for long.
_RETRY = RetryPolicy(attempts=2, invitations=1, longest_asked_s=5.0)
# How a command begins that does more than read, and what it changes.
_CHANGING = {
    "kubectl apply": "the cluster",
    "gcloud container clusters update": "the cluster",
    "gcloud services enable": "the project",
    "gcloud projects add-iam-policy-binding": "the project's rights",
    "bq query": "the dataset's rights",
}


@dataclass(frozen=True, slots=True)
class Check:
    """``mend``: a command, or one sentence; empty where all is well."""

    what: str
    is_well: bool
    found: str
    mend: str = ""

    @property
    def changes(self) -> str:
        """What ``mend`` changes, where it is a command that does more than read."""
        return next((what for start, what in _CHANGING.items() if self.mend.startswith(start)), "")


def examine(live: LiveCluster, billing_table: str | None, *, with_catalog: bool = False) -> Iterator[Check]:
    """The checks, one source after the other; bill and catalogue only where they are asked about."""
    if live.context:
        yield from _cluster(live)
    else:
        yield Check("cluster", False, "no --context, and no current one in the kubeconfig", _credentials_line(live))
    if live.has_metrics:
        yield _checked("metrics", lambda: _metrics(live))
    else:
        do = "name --project, --cluster and --location"
        yield Check("metrics", False, "project, cluster or location is not known", do)
    if live.project and is_reached("RUN"):
        yield _checked("cloud run", lambda: _moved(live))
    if billing_table is not None:
        yield _checked("bill", lambda: _bill(live, billing_table))
    if with_catalog:
        yield _checked("prices", lambda: _prices(live))


def _credentials_line(live: LiveCluster) -> str:
    named = (live.cluster or "CLUSTER", live.location or "LOCATION", live.project or "PROJECT")
    return "gcloud container clusters get-credentials {} --location={} --project={}".format(*named)


def _rbac_line() -> str:
    role = bundled("data") / "rbac.yaml"
    binding = "kubectl create clusterrolebinding k2cr-reader --clusterrole=k2cr-reader"
    return f'kubectl apply -f {role} && {binding} --user="$(gcloud config get account)"'


def _prices(live: LiveCluster) -> str:
    skus = read_skus((CLOUD_RUN,), "USD", live.caller, _RETRY)
    return f"{sum(1 for _ in skus)} SKUs of Cloud Run"


def _cluster(live: LiveCluster) -> Iterator[Check]:
    try:
        server = ApiServer(live.context, live.kubeconfig, _RETRY)
        kinds, gaps = kinds_of(server)
    except K2crError as error:
        yield Check("cluster", False, error.found, error.do or _credentials_line(live))
        return
    except Refused as refused:
        yield Check("cluster", False, refused.message or f"the cluster answered {refused.status}", _rbac_line())
        return
    yield Check("cluster", True, f"it serves {len(kinds)} of the kinds that are read")
    for gap in gaps:
        yield Check("cluster", False, str(gap), "see `kubectl get apiservices` for an API whose server is down")
    for kind in kinds:
        try:
            server.get(kind.path, {"limit": 1})
        except Refused as refused:
            yield Check(f"cluster: {kind.resource}", False, refused.message or str(refused.status), _rbac_line())
        except K2crError as error:
            yield Check(f"cluster: {kind.resource}", False, error.found, error.do)


def _metrics(live: LiveCluster) -> str:
    from k2cr_analysis.sources.monitoring.client import Monitoring
    from k2cr_analysis.sources.monitoring.queries import USAGE_QUERIES

    end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
    monitoring = Monitoring(live.project or "", live.caller, _RETRY)
    query = USAGE_QUERIES[0]
    points = monitoring.points(query, live.cluster or "", live.location or "", end - timedelta(hours=1), end)
    if not points.labels:
        raise monitoring.no_such_cluster(live.cluster or "", live.location or "", end)
    return f"{len(points.labels)} containers of workloads in one hour"


def _moved(live: LiveCluster) -> str:
    from k2cr_analysis.sources.cloud_run.services import CloudRun

    return f"{len(CloudRun(live.project or '', live.caller, _RETRY).services())} services run there already"


def _bill(live: LiveCluster, table: str) -> str:
    from k2cr_analysis.sources.billing_export.client import BillingExport

    end = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=3)
    return str(BillingExport(table, end - timedelta(days=1), end, live.project, live.caller).plan())


def _checked(what: str, call: Callable[[], str]) -> Check:
    try:
        return Check(what, True, call())
    except K2crError as error:
        return Check(what, False, error.found, error.do)
