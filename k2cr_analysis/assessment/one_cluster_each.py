"""Two snapshots of one cluster are no fleet: its bill, its nodes and its workloads would count twice."""

from __future__ import annotations

from collections.abc import Iterable

from k2cr_analysis.errors import UsageError
from k2cr_analysis.snapshot import Snapshot


def check_distinct_clusters(snapshots: Iterable[Snapshot]) -> None:
    """Raises UsageError where two snapshots are of one cluster, by its own id or by project, location and name."""
    seen: dict[tuple[str | None, ...], Snapshot] = {}
    for snapshot in snapshots:
        origin = snapshot.provenance
        keys: list[tuple[str | None, ...]] = []
        if origin.cluster_uid:
            keys.append((origin.cluster_uid,))
        if origin.cluster and origin.location and origin.project:
            keys.append((origin.project, origin.location, origin.cluster))
        for key in keys:
            if key in seen:
                raise UsageError(
                    ref="one-cluster-twice",
                    found=f"{seen[key].path} and {snapshot.path} are both of the cluster {origin.cluster or key[0]}",
                    expected="one snapshot for each cluster of the fleet: else its bill counts twice",
                    do="leave one out; `k2cr diff` compares two snapshots of one cluster",
                )
            seen[key] = snapshot
