"""What services that have moved teach about the next ones: factors on start-up and service times, by image and runtime.

A calibration is a list of what was learned, a service each; the factors for a workload are worked out from it when
they are asked for. An image that was measured itself has its own factor, the geometric mean where several services run
it. The start of another image of the same *known* runtime has the geometric mean of those measured, drawn towards 1 the
more the fewer they are. A service time is that of its own image: what one application does in a request says nothing of
another.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from k2cr_analysis.latency.start_priors import start_prior
from k2cr_analysis.platforms.images import parse_image

_PRIOR_IMAGES = 2  # k2cr's own: so many images without a difference outweigh what a first one teaches


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
            found = _own(starts, image) or _of_runtime(starts, image)
            if found is not None:
                startup[name] = found[0]
                said.append(f"start of container {name}: x {found[0]:.2f}, calibrated with {found[1]}")
        of_requests = _own(services, images.get(ingress)) if ingress is not None else None
        if of_requests is not None:
            said.append(f"service time: x {of_requests[0]:.2f}, calibrated with {of_requests[1]}")
        return Corrections(startup, of_requests[0] if of_requests else 1.0, tuple(said))


def image_name(image: str | None) -> str:
    """An image without tag and digest: what stays the same from one release to the next."""
    return parse_image(image).without_version if image else ""


def runtime_of(image: str | None) -> str:
    return start_prior(image).runtime


def _own(known: Iterable[Factor], image: str | None) -> tuple[float, str] | None:
    name = image_name(image)
    found = [math.log(one.factor) for one in known if name and one.image == name]
    if not found:
        return None
    return math.exp(math.fsum(found) / len(found)), f"its own image on Cloud Run ({len(found)})"


def _of_runtime(known: Iterable[Factor], image: str | None) -> tuple[float, str] | None:
    """One image counts once, however many services run it; ``_PRIOR_IMAGES`` images of factor 1 are added."""
    prior = start_prior(image)
    if not image or not prior.known:
        return None
    by_image: dict[str, list[float]] = {}
    for one in known:
        if one.runtime == prior.runtime:
            by_image.setdefault(one.image, []).append(math.log(one.factor))
    if not by_image:
        return None
    means = [math.fsum(logs) / len(logs) for logs in by_image.values()]
    mean = math.fsum(means) / (len(means) + _PRIOR_IMAGES)
    return math.exp(mean), f"{prior.runtime} on Cloud Run ({len(means)} other images)"
