"""GPUs, TPUs and other devices that a pod asks for, whatever the words that it asks in."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from k2cr_analysis.platforms.cloud_run.gpu import GPUS

NVIDIA_GPU = "nvidia.com/gpu"
TPU = "google.com/tpu"


@dataclass(frozen=True, slots=True)
class Accelerator:
    """Devices of one resource that one container asks for.

    ``kinds`` are the kinds that will do (``nvidia-l4``, ...), by node selector, required node affinity or compute
    class alike; empty where none of them says. ``liked`` are those that preferred affinity names, ``refused`` those
    whose nodes required affinity keeps the pod off. ``sharing`` is how a
    node's device is shared between pods (``time-sharing``, ``mps``); ``partition`` the size of the part (``1g.5gb``) of
    one that is cut.
    """

    container: str
    resource: str  # nvidia.com/gpu, google.com/tpu, amd.com/gpu, a device plugin's own
    count: Decimal
    path: str  # $....containers[0].resources.limits['nvidia.com/gpu']
    kinds: frozenset[str] = frozenset()
    liked: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    kinds_at: tuple[str, ...] = ()  # where the kind is decided: what names it first
    sharing: str | None = None
    sharing_at: str | None = None
    partition: str | None = None

    @property
    def is_gpu(self) -> bool:
        return self.resource == NVIDIA_GPU

    @property
    def offered(self) -> tuple[str, ...]:
        """The kinds of Cloud Run's that will do, the smallest first; all that are not refused where none is named."""
        return tuple(kind for kind in GPUS if kind not in self.refused and (not self.kinds or kind in self.kinds))

    @property
    def kind(self) -> str | None:
        """The kind, where exactly one will do."""
        return next(iter(self.kinds)) if len(self.kinds) == 1 else None

    @property
    def on_cloud_run(self) -> str | None:
        """The kind that it gets on Cloud Run; None where Cloud Run has none of those that will do.

        Where several will do: the one that the pod prefers, else the smallest. Fit asks for it where none is named.
        """
        return next((kind for kind in self.offered if kind in self.liked), next(iter(self.offered), None))
