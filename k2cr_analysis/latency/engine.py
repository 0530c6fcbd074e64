"""One run of the kernel: its arrays, their growth, and what they add up to at the end."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from k2cr_analysis.latency import kernels as k
from k2cr_analysis.latency.arrivals import ArrivalBlock
from k2cr_analysis.latency.estimates import LatencyRecord
from k2cr_analysis.latency.service import ServiceConfig
from k2cr_analysis.model.observed import FloatArray, IntArray

UNLIMITED = np.iinfo(np.int64).max
LEAST_EXPONENT, MOST_EXPONENT = -17, 21  # of the latency record: 8 us to 24 days
_NOTHING = ArrivalBlock(np.zeros(0), np.zeros(0), np.zeros(0, np.int64), np.zeros(0))
_KINDS = {"constant": k.CONSTANT, "exponential": k.EXPONENTIAL, "lognormal": k.LOGNORMAL, "table": k.TABLE}


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
    billed_instance_s: float


class WarmStart(NamedTuple):
    """A service that did not begin at time 0: instances that are ready then, and the load of the minute before."""

    instances: int
    mean_in_system: float
    mean_cores: float


class TooManyInstancesError(Exception):
    """The short cut is none here: the general kernel has to run this from the start."""


def has_short_cut(service: ServiceConfig) -> bool:
    """Whether the kernel without events can run a service: one request an instance, none waits, none is kept."""
    return service.scaling == "per-request" and service.concurrency == 1 and service.min_instances == 0


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
    ) -> None:
        self._service = service
        self._kernel = k.run_loss if short_cut and has_short_cut(service) else k.run
        self._ends_with_file = requests is None
        self._bucket_shift = 52 - record_bits
        ready = max(service.min_instances, warm.instances if warm else 0)
        self._state = _initial_state(service, seed, record_bits, ready)
        _begin(self._state, service, UNLIMITED if requests is None else requests, ready)
        if warm:
            _remember(self._state, warm)

    def feed(self, block: ArrivalBlock, end_s: float) -> bool:
        """Work off a block; False when the limit of requests is reached."""
        if self._ends_with_file:
            self._state.f[k.END_AT_LEAST] = end_s
        self._run(block, final=False)
        return bool(self._state.n[k.REQUESTS_LEFT] > 0)

    def drain(self) -> None:
        """No more arrivals: run until the last request has left."""
        self._run(_NOTHING, final=True)

    def _run(self, block: ArrivalBlock, *, final: bool) -> None:
        self._state.n[k.PERIOD], self._state.n[k.LEFT] = -1, 0
        self._state = self._state._replace(
            periods=np.column_stack((block.start_s, block.end_s, block.count, block.rate_per_s))
        )
        while True:
            needs = self._kernel(self._state, final)
            if needs == k.NEED_SLOTS and self._kernel is k.run_loss:
                raise TooManyInstancesError
            if needs == k.NEED_SLOTS:
                self._state = _with_more_slots(self._state, self._service)
            elif needs == k.NEED_REQUESTS:
                self._state = _with_more_requests(self._state)
            else:
                return

    def totals(self) -> Totals:
        f, n = self._state.f, self._state.n
        simulated_s = float(f[k.NOW])
        living = self._state.slot_i[:, k.STATE] != k.FREE
        alive_s = float((simulated_s - self._state.slot_f[living, k.BORN]).sum())
        starting = self._state.slot_i[:, k.STATE] == k.STARTING_STATE
        begun_s = float((simulated_s - self._state.slot_f[starting, k.BORN]).sum())
        return Totals(
            requests=int(n[k.REQUESTS]),
            served=int(n[k.SERVED]),
            rejected=int(n[k.REJECTED]),
            cold_starts=int(n[k.COLD]),
            instance_starts=int(n[k.STARTS]),
            instance_stops=int(n[k.STOPS]),
            simulated_s=simulated_s,
            live_s=float(f[k.AREA_LIVE]) + alive_s,
            active_s=float(f[k.AREA_ACTIVE]),
            in_flight_s=float(f[k.AREA_SYSTEM] - f[k.AREA_REJECTED]),
            starting_s=float(f[k.AREA_STARTING]) + begun_s,
            idle_min_s=float(f[k.AREA_IDLE_MIN]),
            billed_request_s=float(f[k.BILLED_REQUEST_S]),
            billed_instance_s=float(f[k.BILLED_INSTANCE_S]) + alive_s,
        )

    def latencies(self) -> LatencyRecord | None:
        """The record of all served requests; None where there are none."""
        state = self._state
        filled = int(np.count_nonzero(state.batch[:, 1]))
        if filled == 0:
            return None
        used = np.flatnonzero(state.histogram[:filled].any(axis=0))
        low, high = int(used[0]), int(used[-1]) + 1
        edges = (np.arange(low, high + 1) + int(state.n[k.C_HIST_FIRST])) << self._bucket_shift
        return LatencyRecord(
            edges_s=edges.view(np.float64),
            counts=state.histogram[:filled, low:high],
            sums_s=state.batch[:filled, 0],
            sizes=state.batch[:filled, 1].astype(np.int64),
            least_s=float(state.f[k.LATENCY_MIN]),
            most_s=float(state.f[k.LATENCY_MAX]),
        )


def _set_floats(f: FloatArray, service: ServiceConfig) -> None:
    sigma2 = math.log1p(service.service_cv**2)
    f[k.C_SERVICE_MEAN] = service.service_s
    f[k.C_SERVICE_A] = math.log(service.service_s) - sigma2 / 2.0 if service.service_s > 0.0 else -math.inf
    f[k.C_SERVICE_B] = math.sqrt(sigma2)
    f[k.C_CPU_SHARE] = service.cpu_s / service.service_s if service.service_s > 0.0 else 0.0
    f[k.C_CORES] = service.cpu_cores
    f[k.C_STARTUP] = service.startup_s
    f[k.C_IDLE] = service.idle_s
    f[k.C_PENDING] = service.pending_timeout_s
    f[k.C_TARGET_CPU] = service.target_cpu
    f[k.C_TARGET_CONCURRENCY] = service.target_concurrency
    f[k.C_WINDOW] = service.window_s
    f[k.C_TICK] = service.tick_s


def _set_integers(n: IntArray, service: ServiceConfig, record_bits: int) -> None:
    shift = 52 - record_bits
    n[k.C_SERVICE_KIND] = _KINDS[service.service_distribution]
    n[k.C_STARTUP_KIND] = _KINDS[service.startup_distribution]
    n[k.C_CONCURRENCY] = service.concurrency
    n[k.C_MIN] = service.min_instances
    n[k.C_MAX] = service.max_instances
    n[k.C_PER_REQUEST] = service.scaling == "per-request"
    n[k.C_CONTENDED] = service.cpu_s > 0.0 and service.concurrency > max(1.0, service.cpu_cores)
    n[k.C_HIST_SHIFT] = shift
    n[k.C_HIST_FIRST] = int(np.array([2.0**LEAST_EXPONENT]).view(np.int64)[0]) >> shift
    n[k.C_SCALES] = service.scaling == "cloud-run" and service.min_instances < service.max_instances


def _initial_state(service: ServiceConfig, seed: int, record_bits: int, ready: int) -> k.State:
    slots = min(service.max_instances, max(64, ready + 16))
    requests = 1024
    word = np.zeros(1)
    table = np.zeros(1) if service.service_table_s is None else np.ascontiguousarray(service.service_table_s)
    f, n = np.zeros(k.F_LENGTH), np.zeros(k.N_LENGTH, np.int64)
    _set_floats(f, service)
    _set_integers(n, service, record_bits)
    return k.State(
        f=f,
        n=n,
        rng=np.asarray(np.random.SeedSequence(seed).generate_state(3, np.uint64), dtype=np.uint64),
        table=table,
        periods=np.zeros((0, 4)),
        slot_f=np.zeros((slots, k.SLOT_F_WIDTH)),
        slot_i=_with_free(np.zeros((slots, k.SLOT_I_WIDTH), np.int64), 0, k.FREE_SLOT),
        cpu_key=np.zeros(slots * service.concurrency),
        cpu_item=np.zeros(slots * service.concurrency, np.int64),
        cpu_slots=np.zeros(slots, np.int64),
        request_f=np.zeros((requests, k.REQUEST_F_WIDTH)),
        request_i=_with_free(np.zeros((requests, k.REQUEST_I_WIDTH), np.int64), 0, k.FREE_LIST),
        heap_key=np.zeros(requests + slots),
        heap_item=np.zeros(requests + slots, np.int64),
        level=np.full(service.concurrency + 1, -1, np.int64),
        bits=np.zeros(_ages(slots) // k.BITS_A_WORD, np.int64),
        seq_slot=np.full(_ages(slots), -1, np.int64),
        seen=np.zeros((max(1, round(service.window_s / service.tick_s)), 2)),
        histogram=np.zeros((k.BATCHES, (MOST_EXPONENT - LEAST_EXPONENT) << record_bits), np.int64),
        batch=np.zeros((k.BATCHES, 2)),
        word_f=word,
        word_i=word.view(np.int64),
    )


def _remember(state: k.State, warm: WarmStart) -> None:
    """As if the same load had been there for a whole window."""
    ticks = len(state.seen)
    tick_s = state.f[k.C_TICK]
    ago_s = (ticks - 1 - np.arange(ticks)) * tick_s
    state.seen[:, 0] = -ago_s * warm.mean_in_system
    state.seen[:, 1] = -ago_s * warm.mean_cores
    if state.n[k.C_SCALES]:
        state.f[k.NEXT_TICK] = tick_s


def _begin(state: k.State, service: ServiceConfig, requests: int, ready: int) -> None:
    """Time 0: so many instances are ready and idle."""
    f, n = state.f, state.n
    n[k.REQUESTS_LEFT] = requests
    n[k.FREE_REQUESTS] = len(state.request_i)
    n[k.FREE_SLOTS] = len(state.slot_f) - ready
    n[k.OPEN_HEAD] = n[k.OPEN_TAIL] = -1
    n[k.LOWEST] = service.concurrency
    # Merging costs time: a run whose length is known begins with batches not far from their size at the end.
    n[k.BATCH_SIZE] = 1 if requests == UNLIMITED else max(1, requests // k.BATCHES**2)
    n[k.LIVE] = n[k.ROTATION] = n[k.NEXT_SEQ] = n[k.WISH] = ready
    f[k.NEXT_TICK] = math.inf
    f[k.NEXT_EXPIRY] = service.idle_s if ready else math.inf
    f[k.LATENCY_MIN] = math.inf
    state.slot_i[:, k.CPU_PLACE] = -1
    for slot in range(ready):
        state.slot_i[slot, k.STATE] = k.READY
        state.slot_i[slot, k.SEQ] = slot
        state.slot_i[slot, k.IN_ROTATION] = 1
        state.seq_slot[slot] = slot
        state.bits[slot // k.BITS_A_WORD] |= 1 << (slot % k.BITS_A_WORD)
        n[k.TOP_WORD] = slot // k.BITS_A_WORD


def _with_more_slots(state: k.State, service: ServiceConfig) -> k.State:
    before = len(state.slot_f)
    after = min(2 * before, service.max_instances)
    state.n[k.FREE_SLOTS] = after - before
    return state._replace(
        slot_f=_longer(state.slot_f, after),
        slot_i=_with_free(_longer(state.slot_i, after), before, k.FREE_SLOT),
        cpu_key=_longer(state.cpu_key, after * service.concurrency),
        cpu_item=_longer(state.cpu_item, after * service.concurrency),
        cpu_slots=_longer(state.cpu_slots, after),
        heap_key=_longer(state.heap_key, len(state.heap_key) + after - before),
        heap_item=_longer(state.heap_item, len(state.heap_item) + after - before),
        seq_slot=_longer(state.seq_slot, _ages(after), -1),
        bits=_longer(state.bits, _ages(after) // k.BITS_A_WORD),
    )


def _with_more_requests(state: k.State) -> k.State:
    before = len(state.request_i)
    after = 2 * before
    request_i = _with_free(_longer(state.request_i, after), before, k.FREE_LIST)
    request_i[:before, k.WAITING] = np.roll(state.request_i[:, k.WAITING], -int(state.n[k.PENDING_HEAD]))
    state.n[k.FREE_REQUESTS] = after - before
    state.n[k.PENDING_HEAD] = 0
    return state._replace(
        request_f=_longer(state.request_f, after),
        request_i=request_i,
        heap_key=_longer(state.heap_key, len(state.heap_key) + after - before),
        heap_item=_longer(state.heap_item, len(state.heap_item) + after - before),
    )


def _with_free(rows: IntArray, first: int, column: int) -> IntArray:
    """The rows from ``first`` on are free: their numbers on the stack in ``column``, the lowest on top."""
    free = np.arange(first, len(rows), dtype=np.int64)[::-1]
    rows[: len(free), column] = free
    return rows


def _ages(slots: int) -> int:
    """Numbers for ages: several times the slots, so that counting anew is rare; a multiple of a word's bits."""
    return 4 * max(64, -(-slots // 64) * 64)


def _longer(array: Any, length: int, fill: int = 0) -> Any:
    grown = np.full((length, *array.shape[1:]), fill, array.dtype)
    grown[: len(array)] = array
    return grown
