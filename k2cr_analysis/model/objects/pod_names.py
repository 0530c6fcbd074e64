"""How controllers name the pods that they make: what stands behind the name of the workload at the top.

Source: kubernetes.io, "ReplicaSet", "StatefulSet" (ordinals), "CronJob" (the minute of its schedule behind a Job's
name); apimachinery's ``rand`` for the five characters at the end.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

POD_ENDINGS: Final[Mapping[str, str]] = {
    "Deployment": r"-[a-z0-9]{1,10}-[a-z0-9]{5}",
    "ReplicaSet": r"-[a-z0-9]{5}",
    "DaemonSet": r"-[a-z0-9]{5}",
    "StatefulSet": r"-\d+",
    "CronJob": r"-\d{8,10}(-\d+)?-[a-z0-9]{5}",
    "Job": r"(-\d+)?-[a-z0-9]{5}",
}


def workload_named(pod: str, workloads: Iterable[tuple[str, str]]) -> tuple[str, str] | None:
    """Of the workloads of its namespace (kind, name) the one that a pod of this name is of: the longest name."""
    named = [
        (kind, name)
        for kind, name in workloads
        if pod == name or re.fullmatch(re.escape(name) + POD_ENDINGS.get(kind, "(?!)"), pod)
    ]
    return max(named, key=lambda found: len(found[1]), default=None)
