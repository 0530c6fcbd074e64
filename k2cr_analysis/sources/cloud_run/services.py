"""The services of a project on Cloud Run, as manifests; and since when the revision that serves is there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from k2cr_analysis.errors import Location, RemoteError
from k2cr_analysis.platforms.cloud_run.annotations import RUN_GROUP, SERVING_GROUP
from k2cr_analysis.remote.credentials import LOG_IN, Caller, project_role, switch_on
from k2cr_analysis.remote.google_errors import GoogleError
from k2cr_analysis.snapshot.objects import SnapshotObject
from k2cr_analysis.snapshot.provenance import Redaction
from k2cr_analysis.snapshot.redaction.redact import redact
from k2cr_analysis.sources.cluster_api.discovery import Served
from k2cr_analysis.sources.cluster_api.listed_kinds import Resource
from k2cr_analysis.sources.cluster_api.read import KindObjects
from k2cr_analysis.sources.rest import RestApi
from k2cr_analysis.sources.retry import RetryPolicy

_ADDRESS: Final = f"https://{RUN_GROUP}"
_LOCATION: Final = "cloud.googleapis.com/location"
_PAGES: Final = 1000
API_OFF: Final = "cloud-run-off"  # where it is off, nothing runs


@dataclass(frozen=True, slots=True)
class RunService:
    """``manifest``: of ``serving.knative.dev/v1``, as the API gives it. ``revision``: the one that serves."""

    name: str
    location: str
    manifest: Mapping[str, Any]
    revision: str | None

    @property
    def concurrency(self) -> int | None:
        spec = ((self.manifest.get("spec") or {}).get("template") or {}).get("spec") or {}
        found = spec.get("containerConcurrency")
        return found if isinstance(found, int) and not isinstance(found, bool) else None

    @property
    def as_object(self) -> dict[str, Any]:
        """What a snapshot keeps of it: what a person wrote. Its namespace is its region, where its name is unique."""
        metadata = self.manifest.get("metadata") or {}
        kept = {key: metadata[key] for key in ("labels", "annotations") if metadata.get(key)}
        return {
            "apiVersion": self.manifest["apiVersion"],
            "kind": self.manifest["kind"],
            "metadata": {"name": self.name, "namespace": self.location, **kept},
            "spec": self.manifest.get("spec") or {},
        }


class CloudRun:
    """The Run API of one project."""

    def __init__(self, project: str, caller: Caller | None = None, retry: RetryPolicy | None = None) -> None:
        self._project = project
        self._caller = caller or Caller()
        self._api = RestApi("RUN", _ADDRESS, self._caller, retry)

    def services(self) -> list[RunService]:
        """All services of the project, in the order of their regions and names; ``RemoteError`` where it is refused."""
        found: list[RunService] = []
        query: dict[str, str] = {}
        for _ in range(_PAGES):
            body = self._get(f"/v1/projects/{self._project}/locations/-/services", query)
            if body.get("unreachable"):
                raise self._failed(f"a list without {', '.join(map(str, body['unreachable']))}", "run it again later")
            found += [one for item in body.get("items") or () if (one := _service(item))]
            token = (body.get("metadata") or {}).get("continue")
            if not token:
                break
            query = {"continue": str(token)}
        return sorted(found, key=lambda one: (one.location, one.name))

    def serving_since(self, service: RunService) -> datetime | None:
        """When the revision that serves was made; None where the API does not say."""
        if service.revision is None:
            return None
        path = f"/v1/projects/{self._project}/locations/{service.location}/revisions/{service.revision}"
        try:
            body = self._api.get(path)
        except GoogleError as error:
            if error.kind == "not-found":
                return None
            raise self._worded(error) from None
        return _moment((body.get("metadata") or {}).get("creationTimestamp"))

    def _get(self, path: str, query: Mapping[str, str]) -> dict[str, Any]:
        try:
            return self._api.get(path, query)
        except GoogleError as error:
            raise self._worded(error) from None

    def _worded(self, error: GoogleError) -> RemoteError:
        if error.kind == "api-off":
            return self._failed(error.told, switch_on(RUN_GROUP, self._project), API_OFF)
        if error.kind == "no-credentials":
            return self._failed(error.told, LOG_IN)
        if error.kind == "no-right":
            return self._failed(error.told, project_role(self._project, "roles/run.viewer", self._caller))
        return self._failed(error.told, error.remedy)

    def _failed(self, found: str, do: str, ref: str = "cloud-run-not-read") -> RemoteError:
        expected = "the project's services, of the Cloud Run Admin API"
        return RemoteError(ref=ref, found=f"Cloud Run of {self._project}: {found}", expected=expected, do=do)


def objects_of(services: Iterable[RunService], redaction: Redaction) -> KindObjects:
    """The services as objects of a snapshot, without what looks like a secret."""
    kind = Served(Resource(SERVING_GROUP, "services"), f"{SERVING_GROUP}/v1", "Service")
    clean = [redact(one.as_object, redaction) for one in services]
    objects = tuple(SnapshotObject(found, Location(f"{_ADDRESS}{kind.path}")) for found, _ in clean)
    return KindObjects(kind, objects, redacted_values=sum(gone for _, gone in clean))


def _service(item: Any) -> RunService | None:
    if not isinstance(item, dict):
        return None
    metadata, status = item.get("metadata") or {}, item.get("status") or {}
    location = (metadata.get("labels") or {}).get(_LOCATION)
    if not metadata.get("name") or not location:
        return None
    manifest = {"apiVersion": f"{SERVING_GROUP}/v1", "kind": "Service"} | item
    traffic = [one for one in status.get("traffic") or () if isinstance(one, dict) and one.get("percent")]
    busiest = max(traffic, key=lambda one: one["percent"], default={})
    revision = busiest.get("revisionName") or status.get("latestReadyRevisionName")
    return RunService(str(metadata["name"]), str(location), manifest, str(revision) if revision else None)


def _moment(text: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
