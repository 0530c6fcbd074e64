"""Whose a pod is: by kube-state-metrics where it is scraped, else by the cluster's objects and the pod's name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from k2cr_analysis.model.objects.pod_names import POD_ENDINGS, workload_named
from k2cr_analysis.sources.monitoring.owners import Owner, Owners
from k2cr_analysis.sources.prometheus.client import Prometheus
from k2cr_analysis.sources.prometheus.counters import label
from k2cr_analysis.sources.prometheus.queries import JOB_OWNER, POD_OWNER, REPLICASET_OWNER


class PodOwners:
    """Finds the workload at the top of a pod, by what was scraped and by what the cluster's objects say."""

    def __init__(self, objects: Iterable[Mapping[str, Any]]) -> None:
        listed = list(objects)
        self._by_objects = Owners(listed)
        self._workloads = [found for obj in listed if (found := _workload(obj))]
        self._above: dict[tuple[str, str, str], Owner] = {}
        self._known: dict[tuple[str, str], Owner | None] = {}

    def learn(self, server: Prometheus, matchers: str, end: datetime, hours: int) -> None:
        """What kube-state-metrics said in the hours before ``end``."""
        for metric, kind, name in (
            (POD_OWNER, "Pod", "pod"),
            (REPLICASET_OWNER, "ReplicaSet", "replicaset"),
            (JOB_OWNER, "Job", "job_name"),
        ):
            for one in server.at(f"last_over_time({metric}{{{matchers}}}[{hours}h])", end):
                owner = one.labels.get("owner_kind", ""), one.labels.get("owner_name", "")
                if owner[1] and owner[0] not in ("<none>", "Node"):
                    self._above[label(one.labels, "namespace"), kind, label(one.labels, name)] = owner
        self._known.clear()

    def of(self, namespace: str, pod: str, container: str) -> Owner | None:
        """Kind and name of the workload; None where nothing tells."""
        if (namespace, pod) not in self._known:
            self._known[namespace, pod] = self._found(namespace, pod, container)
        return self._known[namespace, pod]

    def _found(self, namespace: str, pod: str, container: str) -> Owner | None:
        owner: Owner = ("Pod", pod)
        for _ in range(4):
            above = self._above.get((namespace, *owner))
            if above is None:
                break
            owner = above
        if owner[0] != "Pod":
            return owner
        by_object = self._by_objects.owner_of(namespace, "", pod)
        if by_object:
            return by_object
        named = workload_named(pod, [(kind, name) for place, kind, name in self._workloads if place == namespace])
        if named:
            return named
        return self._by_objects.owner_of(namespace, container, "") or None


def _workload(obj: Mapping[str, Any]) -> tuple[str, str, str] | None:
    metadata = obj.get("metadata") or {}
    owned = any(ref.get("controller", True) for ref in metadata.get("ownerReferences") or ())
    if owned or (obj.get("kind") not in POD_ENDINGS and obj.get("kind") != "Pod"):
        return None
    return str(metadata.get("namespace") or "default"), str(obj["kind"]), str(metadata.get("name"))
