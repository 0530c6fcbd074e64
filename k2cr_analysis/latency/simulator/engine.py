"""One run of the kernels: what they are given, block by block, and what they add up to at the end."""

from __future__ import annotations

import math
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from k2cr_analysis.latency.kernels import state as k
from k2cr_analysis.latency.kernels.events import run
from k2cr_analysis.latency.kernels.loss import run_loss
from k2cr_analysis.latency.load.arrivals import ArrivalBlock
from k2cr_analysis.latency.simulator.estimates import LatencyRecord
from k2cr_analysis.latency.simulator.memory import (
    UNLIMITED,
    new_chunk,
    new_fleet,
    new_record,
    new_source,
    new_state,
    with_more_requests,
    with_more_slots,
)
from k2cr_analysis.latency.simulator.service import ServiceConfig
from k2cr_analysis.model.observed import FloatArray

_NOTHING = ArrivalBlock(np.zeros(0), np.zeros(0), np.zeros(0, np.int64), np.zeros(0))


class Totals(NamedTuple):
    """Counts, and sums over the time of the run [s]; ``live_s`` instance lives, ``in_flight_s`` of served requests."""

    requests: int
    served: int
    rejected: int
    cold_starts: int
    instance_starts: int
    instance_stops: int
    simulated_s: float
    live_s: float
    active_s: float
    in_flight_s: float
    starting_s: float
    idle_min_s: float
    billed_request_s: float
    billed_once_s: float
    billed_instance_s: float

    def since(self, before: Totals) -> Totals:
        changes: list[Any] = [now - then for now, then in zip(self, before, strict=True)]
        return Totals(*changes)


class Section(NamedTuple):
    """What a stretch of a run adds up to [s].

    ``working_s`` as billed: busy times, rounded up to 100 ms, no instant twice; ``calls`` float64[m, 2]: minutes in
    which so many instances were called for, and so many used; ``counts`` float64[n]: latencies in buckets of the whole
    record, whose middles are ``middles_s``.
    """

    seconds: float
    served: int
    rejected: int
    cold_starts: int
    starts: int
    stops: int
    live_s: float
    working_s: float
    starting_s: float
    idle_min_s: float
    billed_instance_s: float
    calls: FloatArray
    middles_s: FloatArray
    counts: FloatArray
    least_s: float
    most_s: float


class WarmStart(NamedTuple):
    """A service that did not begin at time 0: instances that are ready then, and the load of the minute before."""

    instances: int
    mean_in_system: float
    mean_cores: float


class TooManyInstancesError(Exception):
    """The short cut is none here: the general kernel has to run this from the start."""


def has_short_cut(service: ServiceConfig) -> bool:
    """Whether the kernel without events can run a service: one request an instance, none waits, none is kept."""
    ages = not math.isinf(service.life_s) or (service.boosted_cpu_cores is not None and service.cpu_cores < 1.0)
    return service.scaling == "per-request" and service.concurrency == 1 and service.min_instances == 0 and not ages


class Engine:
    """Gives the kernel more arrivals and more room when it asks, so that memory follows the load, not the requests."""

    def __init__(
        self,
        service: ServiceConfig,
        seed: int,
        requests: int | None,
        record_bits: int,
        *,
        short_cut: bool,
        warm: WarmStart | None = None,
        in_sections: bool = False,
    ) -> None:
        limit = UNLIMITED if requests is None else requests
        streams = np.asarray(np.random.SeedSequence(seed).generate_state(3, np.uint64), dtype=np.uint64)
        self._source = new_source(service, streams, limit)
        self._record = new_record(record_bits, limit)
        if in_sections:  # no intervals are asked for: all in one batch
            self._record.now["batch_size"] = UNLIMITED
        self._chunk = new_chunk()
        self._before: Totals | None = None
        self._state: k.State | k.Fleet
        if short_cut and has_short_cut(service):
            self._state = new_fleet(service, streams)
        else:
            self._state = new_state(service, streams, max(service.min_instances, warm.instances if warm else 0))
            if warm:
                _remember(self._state, warm)

    def feed(self, block: ArrivalBlock) -> bool:
        """Work off a block; False when the limit of requests is reached."""
        self._run(block, final=False)
        return bool(self._source.now["requests_left"] > 0)

    def drain(self, end_s: float) -> None:
        """No more arrivals: run until the last request has left, and until ``end_s`` if all arrivals were taken."""
        if self._source.now["requests_left"] > 0:
            self._state.now["end_at_least_s"] = end_s
        self._run(_NOTHING, final=True)

    def _run(self, block: ArrivalBlock, *, final: bool) -> None:
        self._source.now["period"], self._source.now["left"] = -1, 0
        self._source = self._source._replace(
            periods=np.column_stack((block.start_s, block.end_s, block.count, block.rate_per_s))
        )
        if isinstance(self._state, k.Fleet):
            if run_loss(self._state, self._source, self._record, self._chunk, final) == k.NEED_SLOTS:
                raise TooManyInstancesError
            return
        while True:
            needs = run(self._state, self._source, self._record, self._chunk, final)
            if needs == k.NEED_SLOTS:
                self._state = with_more_slots(self._state)
            elif needs == k.NEED_REQUESTS:
                self._state = with_more_requests(self._state)
            else:
                return

    def totals(self) -> Totals:
        total, simulated_s = self._state.total, float(self._state.now["clock_s"])
        alive_s = begun_s = active_s = billed_s = once_s = 0.0
        if isinstance(self._state, k.State):
            slots = self._state.slots
            lived_s = simulated_s - slots["born_s"]
            alive_s = float(lived_s[slots["phase"] != k.FREE].sum())
            begun_s = float(lived_s[slots["phase"] == k.STARTING].sum())
            busy_s = np.where(slots["load"] > 0, simulated_s - slots["busy_since_s"], 0.0)
            active_s = float(busy_s[slots["phase"] != k.FREE].sum())
            billed_s = float(busy_s[slots["phase"] == k.READY].sum()) + begun_s
            unbilled_s = np.clip(simulated_s - slots["billed_until_s"], 0.0, busy_s)
            once_s = float(unbilled_s[slots["phase"] == k.READY].sum()) + begun_s
        return Totals(
            requests=int(total["requests"]),
            served=int(total["served"]),
            rejected=int(total["rejected"]),
            cold_starts=int(total["cold"]),
            instance_starts=int(total["starts"]),
            instance_stops=int(total["stops"]),
            simulated_s=simulated_s,
            live_s=float(total["live_s"]) + alive_s,
            active_s=float(total["active_s"]) + active_s,
            in_flight_s=float(total["system_s"] - total["rejected_s"]),
            starting_s=float(total["starting_s"]) + begun_s,
            idle_min_s=float(total["idle_min_s"]),
            billed_request_s=float(total["billed_request_s"]) + billed_s,
            billed_once_s=float(total["billed_once_s"]) + once_s,
            billed_instance_s=float(total["billed_instance_s"]) + alive_s,
        )

    def skip(self) -> None:
        """Leave out what came since the last section: a warm-up."""
        self._before = self.totals()
        self._calls_since()
        self._begin_record()

    def section(self) -> Section:
        """What came since the last section, up to the last event; the record of latencies begins anew."""
        now, before = self.totals(), self._before
        self._before = now
        change = now if before is None else now.since(before)
        counts, least_s, most_s = self._latencies_since()
        seconds = max(change.simulated_s, 1e-9)
        return Section(
            seconds=seconds,
            served=change.served,
            rejected=change.rejected,
            cold_starts=change.cold_starts,
            starts=change.instance_starts,
            stops=change.instance_stops,
            live_s=change.live_s,
            working_s=min(max(0.0, change.billed_once_s - change.starting_s), change.live_s - change.starting_s),
            starting_s=change.starting_s,
            idle_min_s=change.idle_min_s,
            billed_instance_s=change.billed_instance_s,
            calls=self._calls_since(),
            middles_s=self._middles_s(),
            counts=counts,
            least_s=least_s,
            most_s=most_s,
        )

    def _calls_since(self) -> FloatArray:
        """Since this was last asked."""
        if isinstance(self._state, k.Fleet):
            return np.zeros((1, 2))
        since = self._state.calls.astype(np.float64)
        self._state.calls[:] = 0
        return since

    def _latencies_since(self) -> tuple[FloatArray, float, float]:
        """Counts by bucket, the least and the most: of the record, and of what still stands in the chunk."""
        now, histogram = self._record.now, self._record.histogram
        filled = int(now["batch"]) + 1
        counts = histogram[:filled].sum(axis=0).astype(np.float64)
        taken = int(self._state.now["taken"])
        waiting = self._chunk.took_s[:taken]
        buckets = (waiting.view(np.int64) >> int(now["shift"])) - int(now["first"])
        np.add.at(counts, np.clip(buckets, 0, len(counts) - 1), 1.0)
        least_s = min(float(now["least_s"]), *waiting) if taken else float(now["least_s"])
        most_s = max(float(now["most_s"]), *waiting) if taken else float(now["most_s"])
        self._begin_record()
        return counts, least_s, most_s

    def _begin_record(self) -> None:
        now, filled = self._record.now, int(self._record.now["batch"]) + 1
        self._record.histogram[:filled] = 0
        self._record.sums_s[:filled] = 0.0
        now["batch"], now["in_batch"], now["least_s"], now["most_s"] = 0, 0, math.inf, 0.0
        self._state.now["taken"] = 0

    def _middles_s(self) -> FloatArray:
        return _middles_s(
            self._record.histogram.shape[1], int(self._record.now["first"]), int(self._record.now["shift"])
        )

    def latencies(self) -> LatencyRecord | None:
        """The record of all served requests; None where there are none."""
        now, histogram = self._record.now, self._record.histogram
        filled = int(now["batch"]) + int(now["in_batch"] > 0)
        if filled == 0:
            return None
        used = np.flatnonzero(histogram[:filled].any(axis=0))
        low, high = int(used[0]), int(used[-1]) + 1
        edges = (np.arange(low, high + 1) + int(now["first"])) << int(now["shift"])
        counts = histogram[:filled, low:high]
        return LatencyRecord(
            edges_s=edges.view(np.float64),
            counts=counts,
            sums_s=self._record.sums_s[:filled],
            sizes=counts.sum(axis=1),
            least_s=float(now["least_s"]),
            most_s=float(now["most_s"]),
        )


@cache
def _middles_s(buckets: int, first: int, shift: int) -> FloatArray:
    edges = (np.arange(buckets + 1) + first) << shift
    bounds = edges.view(np.float64)
    return np.asarray((bounds[:-1] + bounds[1:]) / 2.0)


def _remember(state: k.State, warm: WarmStart) -> None:
    """As if the same load had been there for a whole window."""
    ticks = len(state.seen)
    tick_s = float(state.config["tick_s"])
    ago_s = (ticks - 1 - np.arange(ticks)) * tick_s
    state.seen[:, 0] = -ago_s * warm.mean_in_system
    state.seen[:, 1] = -ago_s * warm.mean_cores
    if state.config["scales"]:
        state.now["next_tick_s"] = tick_s
