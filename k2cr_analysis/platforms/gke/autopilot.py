"""How GKE bills pods by themselves: Autopilot's compute classes, and what it makes of a pod's requests.

The least, the most and the ratios of Balanced and Scale-Out are those that Google's own cost calculator quotes from the
documentation. What ephemeral storage costs is known in one region alone; elsewhere it is said to be missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from k2cr_analysis.platforms.source import Source, skills

_REQUESTS = Source(
    "https://docs.cloud.google.com/kubernetes-engine/docs/concepts/autopilot-resource-requests", "2026-11-23"
)
_CALCULATOR = Source(
    "https://github.com/GoogleCloudPlatform/autopilot-cost-calculator/blob/df3a5b7/config.ini",
    "2026-11-30",
    "quotes autopilot-resource-requests",
)
# The opening names Scale-Out; what is billed by node is in a reading of google/skills.
_CLASSES = Source(
    "https://docs.cloud.google.com/kubernetes-engine/docs/concepts/autopilot-compute-classes",
    "2026-12-01",
    "its opening",
)
_ALL_CLASSES = skills(
    "skills/cloud/google-cloud-solution-rag-enterprise-search-gke-sqldb/references/related-documentation.md"
)
_BY_NODE = Source(
    "https://docs.cloud.google.com/kubernetes-engine/docs/concepts/autopilot-compute-classes",
    "2026-11-23",
    "google/skills",
)
_ACCELERATOR = Source(
    "https://docs.cloud.google.com/kubernetes-engine/docs/concepts/autopilot-compute-classes",
    None,
    unconfirmed="not confirmed: the name Accelerator is in no stored copy; billed by pod it would cost too little",
)
_IN_STANDARD = Source(
    "https://docs.cloud.google.com/kubernetes-engine/docs/how-to/autopilot-classes-standard-clusters",
    "2026-11-30",
    "google/skills 1af7775, gke-cost-optimization",
)

MIB = Decimal(1) / 1024  # in GiB

ARM_SUFFIX = "-arm"  # of a family of pods
# Built into GKE and always billed by pod, in clusters of both modes: class -> (family of pods, whether Spot).
POD_CLASSES: Annotated[dict[str, tuple[str, bool]], _IN_STANDARD] = {
    "autopilot": ("general-purpose", False),
    "autopilot-spot": ("general-purpose", True),
    "autopilot-arm": ("general-purpose-arm", False),
    "autopilot-arm-spot": ("general-purpose-arm", True),
}
# Classes of Autopilot clusters: by pod, with the family; by node with a premium.
BY_POD: Annotated[dict[str, str], _CLASSES, _ALL_CLASSES] = {
    "": "general-purpose",
    "Balanced": "balanced",
    "Scale-Out": "scale-out",
}
BY_NODE: Annotated[tuple[str, ...], _BY_NODE, _ACCELERATOR] = ("Performance", "Accelerator")

# Of a container that requests nothing: vCPU, GiB, GiB of ephemeral storage.
DEFAULT: Annotated[tuple[Decimal, Decimal], _REQUESTS] = (Decimal("0.5"), Decimal(2))
DEFAULT_OF_DAEMON_SET: Annotated[tuple[Decimal, Decimal], _REQUESTS] = (Decimal("0.05"), 100 * MIB)
DEFAULT_STORAGE: Annotated[Decimal, _REQUESTS] = Decimal(1)
DEFAULT_STORAGE_OF_DAEMON_SET: Annotated[Decimal, _REQUESTS] = 100 * MIB


@dataclass(frozen=True, slots=True)
class PodRange:
    """What a pod of a class may request: ``least`` and ``most`` (vCPU, GiB), and the GiB a vCPU, least and most.

    What is below is raised to it, and the smaller side of a ratio to the other; what is above is refused.
    """

    least: tuple[Decimal, Decimal]
    most: tuple[Decimal, Decimal]
    gib_per_vcpu: tuple[Decimal, Decimal]


_QUARTER = Decimal("0.25")
RANGES: Annotated[Mapping[str, PodRange], _REQUESTS, _CALCULATOR] = {
    # In clusters with bursting (made on 1.30.2 or later).
    "general-purpose": PodRange((Decimal("0.05"), 52 * MIB), (Decimal(30), Decimal(110)), (Decimal(1), Decimal("6.5"))),
    "balanced": PodRange((_QUARTER, Decimal("0.5")), (Decimal(222), Decimal(851)), (Decimal(1), Decimal(8))),
    "scale-out": PodRange((_QUARTER, Decimal(1)), (Decimal(54), Decimal(216)), (Decimal(4), Decimal(4))),
    "scale-out-arm": PodRange((_QUARTER, Decimal(1)), (Decimal(43), Decimal(172)), (Decimal(4), Decimal(4))),
}
