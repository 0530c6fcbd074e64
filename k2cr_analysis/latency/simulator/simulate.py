"""Replay requests through Cloud Run's autoscaler: the typed layer around the compiled kernel.

Routing. A request goes to the newest idle instance; where none is idle, to the least loaded one with a free place.
Only as many instances as the autoscaler wants, the newest, are in rotation; the others are used when those are full,
and so they become idle and expire. Where no ready instance has a place a request is *bound* to a starting one, a new
one if need be, and runs there when it is ready; at ``max_instances`` it waits its turn, at most the pending timeout.

Not modelled: placement, noisy neighbours, fewer requests than ``concurrency`` while an instance's CPU is busy, idle
instances that Cloud Run ends early.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from k2cr_analysis.latency.load.arrivals import ArrivalSource
from k2cr_analysis.latency.simulator.estimates import Estimate
from k2cr_analysis.latency.simulator.service import ServiceConfig

if TYPE_CHECKING:
    from k2cr_analysis.latency.simulator.engine import Engine

FULL_RECORD_BITS = 9  # 512 buckets in each power of two: 0.1 to 0.2 % wide


@dataclass(frozen=True, slots=True)
class Run:
    """What a run adds up to. Latencies are of served requests, from arrival to last byte, waiting in them. [s]

    ``cold_starts`` served requests that waited for a start. ``mean_active_instances`` those with a request, running or
    waiting for the start. ``starting_s`` all start-up times; ``idle_min_s`` instances below ``min_instances`` that had
    nothing to do. ``billable_request_s`` starts and busy times, each rounded up to 100 ms; ``billable_instance_s``
    whole lives, a minute at least. Latencies are None where nothing was served.
    """

    requests: int
    served: int
    rejected: int
    cold_starts: int
    instance_starts: int
    instance_stops: int
    simulated_s: float
    mean_s: Estimate | None
    p50_s: Estimate | None
    p95_s: Estimate | None
    p99_s: Estimate | None
    mean_instances: float
    mean_active_instances: float
    mean_in_flight: float
    starting_s: float
    idle_min_s: float
    billable_request_s: float
    billable_instance_s: float

    def as_contract(self) -> dict[str, Any]:
        """The names and units of ``k2cr simulate --format json``."""
        latencies: dict[str, Any] = {}
        named = (("mean_ms", self.mean_s), ("p50_ms", self.p50_s), ("p95_ms", self.p95_s), ("p99_ms", self.p99_s))
        for name, estimate in named:
            latencies[name] = None if estimate is None else estimate.value * 1000.0
            latencies[f"{name}_ci"] = None
            if estimate is not None and estimate.low is not None and estimate.high is not None:
                latencies[f"{name}_ci"] = [estimate.low * 1000.0, estimate.high * 1000.0]
        return {
            "requests": self.requests,
            "served": self.served,
            "rejected": self.rejected,
            "cold_starts": self.cold_starts,
            "instance_starts": self.instance_starts,
            **latencies,
            "mean_instances": self.mean_instances,
            "mean_active_instances": self.mean_active_instances,
            "mean_in_flight": self.mean_in_flight,
            "billable_instance_s": {"request": self.billable_request_s, "instance": self.billable_instance_s},
            "simulated_s": self.simulated_s,
        }


def simulate(
    arrivals: ArrivalSource,
    service: ServiceConfig,
    *,
    seed: int = 1,
    requests: int | None = None,
    record_bits: int = FULL_RECORD_BITS,
) -> Run:
    """Replay ``arrivals`` (the first ``requests`` of them) through ``service``, until the last one has left.

    Equal arguments give equal results to the last bit. Arrivals, service times and start-up times are three streams of
    random numbers, so that two services see the same requests under one seed. ``record_bits``: buckets of the latency
    record in each power of two, as a power of two.
    """
    from k2cr_analysis.latency.simulator.engine import TooManyInstancesError  # numba is slow to import

    try:
        engine = _run(arrivals, service, seed, requests, record_bits, short_cut=True)
    except TooManyInstancesError:
        engine = _run(arrivals, service, seed, requests, record_bits, short_cut=False)
    return summary_of(engine)


def _run(
    arrivals: ArrivalSource,
    service: ServiceConfig,
    seed: int,
    requests: int | None,
    record_bits: int,
    *,
    short_cut: bool,
) -> Engine:
    from k2cr_analysis.latency.simulator.engine import Engine

    engine = Engine(service, seed, requests, record_bits, short_cut=short_cut)
    for block in arrivals.blocks:
        if not engine.feed(block):
            break
    engine.drain(arrivals.ends_at())
    return engine


def summary_of(engine: Engine) -> Run:
    """What a run that has been drained adds up to."""
    total = engine.totals()
    whole_s = max(total.simulated_s, 1e-300)
    record = engine.latencies()
    p50, p95, p99 = record.quantiles((0.5, 0.95, 0.99)) if record else (None, None, None)
    return Run(
        requests=total.requests,
        served=total.served,
        rejected=total.rejected,
        cold_starts=total.cold_starts,
        instance_starts=total.instance_starts,
        instance_stops=total.instance_stops,
        simulated_s=total.simulated_s,
        mean_s=record.mean() if record else None,
        p50_s=p50,
        p95_s=p95,
        p99_s=p99,
        mean_instances=total.live_s / whole_s,
        mean_active_instances=total.active_s / whole_s,
        mean_in_flight=total.in_flight_s / whole_s,
        starting_s=total.starting_s,
        idle_min_s=total.idle_min_s,
        billable_request_s=total.billed_request_s,
        billable_instance_s=total.billed_instance_s,
    )
