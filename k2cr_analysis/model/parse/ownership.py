"""What a controller in the input made is part of its owner, not a workload of its own.

Where the controller itself is not in the input (it may not be read, or a dump has only ReplicaSets or Pods), one of
what it made stands for all: the newest that runs. Old ReplicaSets of such a Deployment are no workloads.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from k2cr_analysis.model.cluster import OtherObject
from k2cr_analysis.model.parse.access import Raw, integer, mapping, objects, strings, text
from k2cr_analysis.model.parse.index import ObjectIndex, kind_of, name_of, namespace_of
from k2cr_analysis.platforms.gke.labels import REVISION

# Owners nest at most CronJob -> Job -> Pod or Deployment -> ReplicaSet -> Pod; more is a loop in the input.
_MAX_DEPTH = 8


def root_owner(raw: Raw, index: ObjectIndex, kinds: Mapping[str, str]) -> Raw:
    """The outermost controller in the input that owns ``raw``, or ``raw`` itself."""
    current = raw
    for _ in range(_MAX_DEPTH):
        owner = _owner(current, index, kinds)
        if owner is None or owner is raw:
            break
        current = owner
    return current


def _owner(raw: Raw, index: ObjectIndex, kinds: Mapping[str, str]) -> Raw | None:
    references = [r for _, r in objects(mapping(raw, "metadata"), "ownerReferences")]
    references.sort(key=lambda r: r.get("controller") is not True)
    for reference in references:
        kind = kind_of(reference)  # it has apiVersion and kind, as an object has
        if kind in kinds and (kind, str(reference.get("name"))) != (kind_of(raw), name_of(raw)):
            owner = index.get(kind, namespace_of(raw), str(reference.get("name") or ""))
            if owner is not None:
                return owner
    return None


class Ownership:
    """Leads from every object of the input to the workload that it is part of."""

    def __init__(self, found: Iterable[Raw], index: ObjectIndex, kinds: Mapping[str, str]) -> None:
        self._index, self._kinds = index, kinds
        made: dict[tuple[str, str, str], list[Raw]] = defaultdict(list)
        for raw in found:
            if kind_of(raw) in _MADE_KINDS and _owner(raw, index, kinds) is None:
                controller = _controller(raw, kinds)
                if controller:
                    made[(namespace_of(raw), *controller)].append(raw)
        self._stand_in: dict[tuple[str, str, str], Raw | None] = {}
        self.without_controller: list[OtherObject] = []
        for (namespace, kind, name), raws in sorted(made.items()):
            chosen = max(raws, key=_newness)
            stands = chosen if _runs(chosen) else None
            self._stand_in |= {_key(raw): stands for raw in raws}
            if stands is None or len(raws) > 1:
                self.without_controller.append(_told(namespace, kind, name, raws, stands))

    def root(self, raw: Raw) -> Raw | None:
        """The workload that an object is part of, itself where it is one; None for what is left of an old revision."""
        found = root_owner(raw, self._index, self._kinds)
        return self._stand_in.get(_key(found), found)

    def is_workload(self, raw: Raw) -> bool:
        """Whether an object is a workload by itself."""
        root = self.root(raw)
        return root is not None and _key(root) == _key(raw)


# What controllers make, and who it was that made it.
_MADE_KINDS = ("ReplicaSet", "Job", "Pod")


def _key(raw: Raw) -> tuple[str, str, str]:
    return kind_of(raw), namespace_of(raw), name_of(raw)


def _controller(raw: Raw, kinds: Mapping[str, str]) -> tuple[str, str] | None:
    for _, reference in objects(mapping(raw, "metadata"), "ownerReferences"):
        if reference.get("controller") is True and kind_of(reference) in kinds:
            return kind_of(reference), str(reference.get("name") or "")
    return None


def _runs(raw: Raw) -> bool:
    return kind_of(raw) != "ReplicaSet" or integer(mapping(raw, "spec"), "replicas") != 0


def _newness(raw: Raw) -> tuple[bool, int, str, str]:
    metadata = mapping(raw, "metadata")
    revision = strings(metadata.get("annotations")).get(REVISION, "")
    number = int(revision) if revision.isdecimal() else 0
    return _runs(raw), number, text(metadata, "creationTimestamp") or "", name_of(raw)


def _told(namespace: str, kind: str, name: str, raws: list[Raw], stands: Raw | None) -> OtherObject:
    made = sorted({kind_of(raw) for raw in raws})
    holds = f"not in the input; {len(raws)} objects that it made are ({', '.join(made)})"
    said = f"; {kind_of(stands)} {name_of(stands)} stands for them" if stands else "; none of them runs"
    how = f"kubectl get {kind.lower()} {name} --namespace {namespace} -o yaml | k2cr collect --manifests - --out SNAP"
    return OtherObject(f"{namespace}/{kind}/{name}", kind, holds + said, how)
