"""What services that have moved teach about the next ones: factors on start-up and service times, by image and runtime.

A calibration is a list of what was learned, a service each; the factors for a workload are worked out from it when
they are asked for. An image that was measured itself has its own factor; another one of the same runtime has the
geometric mean of those measured, since factors multiply.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from k2cr_analysis.latency.startup import start_prior
from k2cr_analysis.platforms.images import parse_image


@dataclass(frozen=True, slots=True)
class Factor:
    """Measured over predicted, of one image. ``samples``: instance starts, or requests, that it rests on."""

    image: str  # without tag and digest
    runtime: str
    factor: float
    samples: int


@dataclass(frozen=True, slots=True)
class Learned:
    """From one service: each container whose start counted, and the requests."""

    workload: str
    service: str
    startup: tuple[Factor, ...]
    service_time: Factor | None


@dataclass(frozen=True, slots=True)
class Corrections:
    """The factors for one workload. ``startup``: container -> factor. ``said``: where they come from."""

    startup: Mapping[str, float] = field(default_factory=dict)
    service_time: float = 1.0
    said: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Calibration:
    """``Calibration()`` has learned nothing and changes nothing."""

    learned: tuple[Learned, ...] = ()

    def with_learned(self, new: Learned) -> Calibration:
        """The same, with ``new`` in place of what this service taught before."""
        others = [one for one in self.learned if (one.workload, one.service) != (new.workload, new.service)]
        return Calibration(tuple(sorted([*others, new], key=lambda one: (one.workload, one.service))))

    def corrections(self, images: Mapping[str, str | None], ingress: str | None) -> Corrections:
        """The factors for a workload: its containers' images, and which container takes the requests."""
        starts = [one for each in self.learned for one in each.startup]
        services = [each.service_time for each in self.learned if each.service_time is not None]
        startup, said = {}, []
        for name, image in sorted(images.items()):
            found = _factor(starts, image)
            if found is not None:
                startup[name] = found[0]
                said.append(f"start of container {name}: x {found[0]:.2f}, calibrated with {found[1]}")
        of_requests = _factor(services, images.get(ingress)) if ingress is not None else None
        if of_requests is not None:
            said.append(f"service time: x {of_requests[0]:.2f}, calibrated with {of_requests[1]}")
        return Corrections(startup, of_requests[0] if of_requests else 1.0, tuple(said))


def image_name(image: str | None) -> str:
    """An image without tag and digest: what stays the same from one release to the next."""
    return parse_image(image).without_version if image else ""


def runtime_of(image: str | None) -> str:
    return start_prior(image).runtime


def _factor(known: Iterable[Factor], image: str | None) -> tuple[float, str] | None:
    name, runtime = image_name(image), runtime_of(image)
    if not name:
        return None
    own = [one.factor for one in known if one.image == name]
    alike = own or [one.factor for one in known if one.runtime == runtime]
    if not alike:
        return None
    mean = math.exp(math.fsum(math.log(factor) for factor in alike) / len(alike))
    return mean, f"its own image on Cloud Run ({len(own)})" if own else f"{runtime} on Cloud Run ({len(alike)})"
