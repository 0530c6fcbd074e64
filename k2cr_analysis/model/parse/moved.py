"""Which workloads run on Cloud Run already: by the labels that render writes, else by a service's name and images."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from k2cr_analysis.model.own_labels import NAMESPACE_LABEL, WORKLOAD_LABEL, label_value
from k2cr_analysis.model.parse.access import Raw, mapping, strings
from k2cr_analysis.model.parse.index import name_of
from k2cr_analysis.model.parse.others import runs_on_cloud_run
from k2cr_analysis.model.parse.pod.templates import containers_in
from k2cr_analysis.model.routing.controllers import repository_of

_LOCATION: Final = "cloud.googleapis.com/location"


@dataclass(frozen=True, slots=True)
class OnCloudRun:
    """A service, job or worker pool of Cloud Run, as far as it can be recognised."""

    name: str
    kind: str  # service, job, workerpool
    location: str
    labels: tuple[str | None, str | None]  # namespace and workload, as render labels them
    repositories: frozenset[str]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}" + (f" in {self.location}" if self.location else "")


def on_cloud_run(found: Iterable[Raw]) -> tuple[OnCloudRun, ...]:
    """What of a snapshot's objects runs on Cloud Run."""
    made = []
    for raw in found:
        if not runs_on_cloud_run(raw):
            continue
        labels = strings(mapping(raw, "metadata").get("labels"))
        made.append(
            OnCloudRun(
                name_of(raw),
                str(raw.get("kind") or "").lower(),
                labels.get(_LOCATION, ""),
                (labels.get(NAMESPACE_LABEL), labels.get(WORKLOAD_LABEL)),
                frozenset(repository_of(str(c["image"])) for c in containers_in(raw)),
            )
        )
    return tuple(sorted(made, key=lambda one: (one.name, one.location)))


def moved_to(namespace: str, name: str, images: Sequence[str | None], known: Iterable[OnCloudRun]) -> tuple[str, ...]:
    """The ones that a workload became, in words. A name alone is no evidence: an image must be the workload's too."""
    own = (label_value(namespace), label_value(name))
    repositories = {repository_of(image) for image in images if image}
    found = []
    for one in known:
        shares = bool(one.repositories & repositories)
        if one.labels == own or (one.labels == (None, None) and shares and one.name in _names(namespace, name)):
            found.append(str(one))
    return tuple(found)


def _names(namespace: str, name: str) -> tuple[str, ...]:
    """The names that render gives by itself."""
    return name, f"{namespace}-{name}"
