"""The price of many configurations for many workloads at once, hour by hour, with the prices taken out of the sums.

In an hour with ``x`` requests of ``s`` seconds, ``k`` at a time, instances are active for ``a = x s / k`` seconds, and
``m`` min instances are idle for ``max(3600 m - a, 0)`` (the rules of ``one_shape``, hour by hour). Only the number of
requests differs from hour to hour, so over a window

    active = s / k * (sum of x)
    idle   = n 3600 m - s / k * (sum of the n smallest x),    n = hours with x < 3600 m k / s

which needs the sorted requests of a workload and their running sum, once for all configurations. CPU, memory, billing
mode and prices then multiply two numbers. Brute force takes workloads x configurations x hours steps; this takes
workloads x (hours + configurations), with the same results, and other prices (a region, a discount) one multiplication.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from k2cr_analysis.model.cloud_run import ServiceShape
from k2cr_analysis.model.observed import FloatArray, IntArray
from k2cr_analysis.model.prices import Tariff
from k2cr_analysis.platforms.billing import GIB, HOURS_PER_MONTH

_HOUR_S = 3600.0
_METERS = (
    "run.request.cpu.active", "run.request.memory.active", "run.request.cpu.idle", "run.request.memory.idle",
    "run.request.count", "run.instance.cpu", "run.instance.memory",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class HourlyWork:
    """``requests`` float64[workloads, hours], each row sorted; ``running_sum`` has a 0 before it; ``service_s``
    float64[workloads]: the billed time of a request, rounded up to 100 ms. ``months``: of 730 h in the window."""

    requests: FloatArray
    running_sum: FloatArray
    service_s: FloatArray

    @classmethod
    def of(cls, requests: FloatArray, service_s: FloatArray) -> HourlyWork:
        """``requests`` float64[workloads, hours] in any order of the hours."""
        ordered = np.sort(requests, axis=1)
        before = np.zeros((len(ordered), 1))
        return cls(ordered, np.concatenate([before, np.cumsum(ordered, axis=1)], axis=1), service_s)

    @property
    def months(self) -> float:
        return int(self.requests.shape[1]) / float(HOURS_PER_MONTH)

    def active_s(self, concurrency: int) -> FloatArray:
        """Instance seconds with a request, float64[workloads]."""
        active: FloatArray = self.service_s / concurrency * self.running_sum[:, -1]
        return active

    def idle_s(self, concurrency: int, min_instances: int) -> FloatArray:
        """Instance seconds that min instances wait for a request, float64[workloads]."""
        if not min_instances:
            return np.zeros(len(self.requests))
        kept_s = _HOUR_S * min_instances
        below: IntArray = np.count_nonzero(self.requests < (kept_s * concurrency / self.service_s)[:, None], axis=1)
        used_s = self.service_s / concurrency * self.running_sum[np.arange(len(below)), below]
        idle: FloatArray = below * kept_s - used_s
        return idle


def grid_months(work: HourlyWork, shapes: Sequence[ServiceShape], tariff: Tariff) -> FloatArray:
    """What each workload costs a month in each configuration, before the free tier, float64[workloads, shapes].

    ``shapes``: services, request- or instance-based. InputError where the price book lacks a price.
    """
    rates = {meter: float(tariff.prices.require(meter, tariff.region, tariff.cud).rate) for meter in _METERS}
    found = np.empty((len(work.requests), len(shapes)))
    by_scaling: dict[tuple[int, int], list[int]] = defaultdict(list)
    for number, shape in enumerate(shapes):
        by_scaling[shape.concurrency or 1, shape.min_instances].append(number)
    fees = work.running_sum[:, -1] * rates["run.request.count"]
    for (concurrency, min_instances), numbers in by_scaling.items():
        seconds = np.stack([work.active_s(concurrency), work.idle_s(concurrency, min_instances)], axis=1)
        per_second = np.array([_per_second(shapes[n], rates) for n in numbers]).T
        found[:, numbers] = seconds @ per_second
        by_request = [n for n in numbers if shapes[n].billing == "request"]
        found[:, by_request] += fees[:, None]
    return found / work.months


def _per_second(shape: ServiceShape, rates: dict[str, float]) -> tuple[float, float]:
    """(an active second, an idle second) of one instance."""
    cores, gib = float(shape.cpu_cores), shape.memory_bytes / float(GIB)
    if shape.billing == "instance":
        running = cores * rates["run.instance.cpu"] + gib * rates["run.instance.memory"]
        return running, running
    active = cores * rates["run.request.cpu.active"] + gib * rates["run.request.memory.active"]
    return active, cores * rates["run.request.cpu.idle"] + gib * rates["run.request.memory.idle"]
