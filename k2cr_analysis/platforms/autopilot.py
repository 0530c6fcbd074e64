"""How GKE bills pods by themselves: Autopilot's compute classes, and what it makes of a pod's requests.

The least, the most and the ratios of Balanced and Scale-Out could not be read again: they are not here, and pods of
those classes are billed at what they request. What ephemeral storage costs is known in one region alone.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from k2cr_analysis.platforms.source import Source

_REQUESTS = Source(
    "https://docs.cloud.google.com/kubernetes-engine/docs/concepts/autopilot-resource-requests", "2026-11-23"
)
_CLASSES = Source("https://docs.cloud.google.com/kubernetes-engine/docs/concepts/autopilot-compute-classes", None)
_IN_STANDARD = Source(
    "https://docs.cloud.google.com/kubernetes-engine/docs/how-to/autopilot-classes-standard-clusters", None
)
_POD_FAMILY = Source("https://docs.cloud.google.com/kubernetes-engine/docs/concepts/about-custom-compute-classes", None)

MIB = Decimal(1) / 1024  # in GiB

# Built into GKE and always billed by pod, in clusters of both modes: class -> (family of pods, whether Spot).
POD_CLASSES: Annotated[dict[str, tuple[str, bool]], _IN_STANDARD] = {
    "autopilot": ("general-purpose", False),
    "autopilot-spot": ("general-purpose", True),
    "autopilot-arm": ("general-purpose-arm", False),
    "autopilot-arm-spot": ("general-purpose-arm", True),
}
# Classes of Autopilot clusters: by pod, with the family; by node with a premium.
BY_POD: Annotated[dict[str, str], _CLASSES] = {"": "general-purpose", "Balanced": "balanced", "Scale-Out": "scale-out"}
BY_NODE: Annotated[tuple[str, ...], _CLASSES] = ("Performance", "Accelerator")
# spec.priorities[].podFamily of a class of the cluster's own: billed by pod; a rule for hardware is billed by node.
POD_FAMILIES: Annotated[tuple[str, ...], _POD_FAMILY] = ("general-purpose", "general-purpose-arm")

# Of a container that requests nothing: vCPU, GiB.
DEFAULT: Annotated[tuple[Decimal, Decimal], _REQUESTS] = (Decimal("0.5"), Decimal(2))
DEFAULT_OF_DAEMON_SET: Annotated[tuple[Decimal, Decimal], _REQUESTS] = (Decimal("0.05"), 100 * MIB)
# Of a general-purpose pod, in clusters with bursting (made on 1.30.2 or later).
MIN_POD: Annotated[tuple[Decimal, Decimal], _REQUESTS] = (Decimal("0.05"), 52 * MIB)
MAX_POD: Annotated[tuple[Decimal, Decimal], _REQUESTS] = (Decimal(30), Decimal(110))
GIB_PER_VCPU: Annotated[tuple[Decimal, Decimal], _REQUESTS] = (Decimal(1), Decimal("6.5"))
