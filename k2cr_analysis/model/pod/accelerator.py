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
    class alike; empty where none of them says. ``liked`` are those that preferred affinity names. ``sharing`` is how a
    node's device is shared between pods (``time-sharing``, ``mps``); ``partition`` the size of the part (``1g.5gb``) of
    one that is cut.
    """

    container: str
    resource: str  # nvidia.com/gpu, google.com/tpu, amd.com/gpu, a device plugin's own
    count: Decimal
    path: str  # $....containers[0].resources.limits['nvidia.com/gpu']
    kinds: frozenset[str] = frozenset()
    liked: frozenset[str] = frozenset()
    kinds_at: str | None = None  # where the kinds are written
    sharing: str | None = None
    sharing_at: str | None = None
    partition: str | None = None

    @property
    def is_gpu(self) -> bool:
        return self.resource == NVIDIA_GPU

    @property
    def is_offered(self) -> bool:
        """Cloud Run has a GPU of one of the kinds that will do, or the manifest does not say which."""
        return not self.kinds or bool(self.kinds & set(GPUS))

    @property
    def kind(self) -> str | None:
        """The kind, where exactly one will do."""
        return next(iter(self.kinds)) if len(self.kinds) == 1 else None

    @property
    def on_cloud_run(self) -> str | None:
        """The kind that it gets on Cloud Run; None where Cloud Run has none of those that will do.

        Where the manifest does not say: the one that the pod prefers, else the smallest. Fit asks for it then.
        """
        will_do = self.kinds or self.liked & set(GPUS) or set(GPUS)
        return next((kind for kind in GPUS if kind in will_do), None)
