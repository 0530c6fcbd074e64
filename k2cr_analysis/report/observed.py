"""The traffic of one workload, read again from the snapshot for its page."""

from __future__ import annotations

from pathlib import Path

from k2cr_analysis.assessment.result import Assessment
from k2cr_analysis.model.observed import TrafficProfile
from k2cr_analysis.queries import traffic
from k2cr_analysis.report.once import once
from k2cr_analysis.resources import bundled
from k2cr_analysis.snapshot import open_snapshot


def profile_of(snapshot: str | Path | None, assessed: Assessment, workload_id: str) -> TrafficProfile | None:
    """Requests over the window; None where the snapshot has none of this workload."""
    return profiles(snapshot, assessed).get(workload_id)


def profiles(snapshot: str | Path | None, assessed: Assessment) -> dict[str, TrafficProfile]:
    """Traffic of every workload of the snapshot (default: the bundled demonstration)."""
    path = Path(snapshot or bundled("data", "demo"))
    services = {key: found[0].id for key, found in assessed.cluster.by_service.items() if len(found) == 1}
    key = ("traffic", assessed.snapshot.get("sha256"), tuple(sorted(services.items())))
    return once(key, lambda: traffic(open_snapshot(path), services))
