"""The arrays of one run: made for a service, and made longer when the kernel asks for room."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from k2cr_analysis.latency.kernels import state as k
from k2cr_analysis.latency.simulator.service import ServiceConfig
from k2cr_analysis.model.observed import IntArray

UNLIMITED = np.iinfo(np.int64).max
LEAST_EXPONENT, MOST_EXPONENT = -17, 21  # of the latency record: 8 us to 24 days
_KINDS = {"constant": k.CONSTANT, "exponential": k.EXPONENTIAL, "lognormal": k.LOGNORMAL, "table": k.TABLE}
_REQUESTS, _SLOTS, _FLEET = 1024, 64, 64
_CALLS = 2048  # instances that are told apart in ``State.calls``


def new_source(service: ServiceConfig, streams: k.WordArray, requests: int) -> k.Source:
    """Before the first block of arrivals."""
    sigma2 = math.log1p(service.service_cv**2)
    return k.Source(
        now=_record(
            k.ARRIVING,
            service_mean_s=service.service_s,
            service_mu=math.log(service.service_s) - sigma2 / 2.0 if service.service_s > 0.0 else -math.inf,
            service_sigma=math.sqrt(sigma2),
            service_kind=_KINDS[service.service_distribution],
            requests_left=requests,
        ),
        periods=np.zeros((0, 4)),
        table=np.zeros(1) if service.service_table_s is None else np.ascontiguousarray(service.service_table_s),
        rng=streams[:2].copy(),
    )


def new_record(bits: int, requests: int) -> k.Record:
    """``bits``: buckets in each power of two, as a power of two."""
    shift = 52 - bits
    return k.Record(
        now=_record(
            k.RECORDING,
            least_s=math.inf,
            # Merging costs time: a run whose length is known begins with batches not far from their size at the end.
            batch_size=1 if requests == UNLIMITED else max(1, requests // k.BATCHES**2),
            shift=shift,
            first=int(np.array([2.0**LEAST_EXPONENT]).view(np.int64)[0]) >> shift,
        ),
        histogram=np.zeros((k.BATCHES, (MOST_EXPONENT - LEAST_EXPONENT) << bits), np.int64),
        sums_s=np.zeros(k.BATCHES),
    )


def new_chunk() -> k.Chunk:
    return k.Chunk(np.zeros(k.CHUNK), np.zeros(k.CHUNK), np.zeros(k.CHUNK))


def new_fleet(service: ServiceConfig, streams: k.WordArray) -> k.Fleet:
    """Time 0, nothing runs. ``until_s`` has those in front that are never idle."""
    return k.Fleet(
        config=_config(service),
        now=_record(k.NOW, next_expiry_s=math.inf, next_turn_s=math.inf),
        total=_record(k.TOTAL),
        until_s=np.full(k.NEWEST + _FLEET, math.inf),
        born_s=np.zeros(_FLEET),
        rng=streams[2:].copy(),
    )


def new_state(service: ServiceConfig, streams: k.WordArray, ready: int) -> k.State:
    """Time 0: so many instances are ready and idle."""
    slots = min(service.max_instances, max(_SLOTS, ready + 16))
    state = k.State(
        config=_config(service),
        now=_record(
            k.NOW,
            next_tick_s=math.inf,
            next_expiry_s=service.idle_s if ready else math.inf,
            next_turn_s=service.life_s if ready else math.inf,
            live=ready,
            rotation=ready,
            wish=ready,
            next_age=ready,
            free_requests=_REQUESTS,
            free_slots=slots - ready,
            open_head=-1,
            open_tail=-1,
            lowest=service.concurrency,
            top_word=max(ready - 1, 0) // k.BITS_A_WORD,
        ),
        total=_record(k.TOTAL),
        slots=_with_free(np.zeros(slots, k.SLOT), 0, "free_slot"),
        requests=_with_free(np.zeros(_REQUESTS, k.REQUEST), 0, "free_request"),
        heap=np.zeros(_REQUESTS + slots, k.ENTRY),
        cpu=np.zeros(slots * service.concurrency, k.ENTRY),
        level=np.full(service.concurrency + 1, -1, np.int64),
        bits=np.zeros(_ages(slots) // k.BITS_A_WORD, np.int64),
        slot_of_age=np.full(_ages(slots), -1, np.int64),
        seen=np.zeros((max(1, round(service.window_s / service.tick_s)), 2)),
        calls=np.zeros((_CALLS, 2), np.int64),
        rng=streams[2:].copy(),
    )
    state.slots["place"] = -1
    numbers = np.arange(ready)
    state.slots["phase"][:ready] = k.READY
    state.slots["age"][:ready] = numbers
    state.slots["in_rotation"][:ready] = 1
    state.slots["cores"][:ready] = service.cpu_cores
    state.slots["boost_until_s"][:ready] = math.inf
    state.slots["retires_s"][:ready] = service.life_s
    state.slot_of_age[:ready] = numbers
    np.bitwise_or.at(state.bits, numbers // k.BITS_A_WORD, np.int64(1) << (numbers % k.BITS_A_WORD))
    return state


def with_more_slots(state: k.State) -> k.State:
    before = len(state.slots)
    most, concurrency = int(state.config["max_instances"]), int(state.config["concurrency"])
    after = min(2 * before, most)
    state.now["free_slots"] = after - before
    return state._replace(
        slots=_with_free(_longer(state.slots, after), before, "free_slot"),
        cpu=_longer(state.cpu, after * concurrency),
        heap=_longer(state.heap, len(state.heap) + after - before),
        slot_of_age=_longer(state.slot_of_age, _ages(after), -1),
        bits=_longer(state.bits, _ages(after) // k.BITS_A_WORD),
    )


def with_more_requests(state: k.State) -> k.State:
    before = len(state.requests)
    after = 2 * before
    requests = _with_free(_longer(state.requests, after), before, "free_request")
    requests["waiting"][:before] = np.roll(state.requests["waiting"], -int(state.now["pending_head"]))
    state.now["free_requests"] = after - before
    state.now["pending_head"] = 0
    return state._replace(requests=requests, heap=_longer(state.heap, len(state.heap) + after - before))


def _config(service: ServiceConfig) -> Any:
    contended = service.cpu_s > 0.0 and service.concurrency > max(1.0, service.cpu_cores)
    return _record(
        k.CONFIG,
        cpu_share=service.cpu_s / service.service_s if service.service_s > 0.0 else 0.0,
        cores=service.cpu_cores,
        boosted_cores=service.boosted_cpu_cores or service.cpu_cores,
        boost_s=service.boost_s if service.boosted_cpu_cores else 0.0,
        life_s=service.life_s,
        startup_s=service.startup_s,
        idle_s=service.idle_s,
        pending_s=service.pending_timeout_s,
        target_cpu=service.target_cpu,
        target_concurrency=service.target_concurrency,
        window_s=service.window_s,
        tick_s=service.tick_s,
        startup_kind=_KINDS[service.startup_distribution],
        concurrency=service.concurrency,
        min_instances=service.min_instances,
        max_instances=service.max_instances,
        per_request=service.scaling == "per-request",
        contended=contended,
        scales=service.scaling == "cloud-run" and service.min_instances < service.max_instances,
    )


def _record(kind: np.dtype[np.void], **values: float) -> Any:
    record = np.zeros(1, kind)[0]
    for name, value in values.items():
        record[name] = value
    return record


def _with_free(rows: Any, first: int, column: str) -> Any:
    """The rows from ``first`` on are free: their numbers on the stack in ``column``, the lowest on top."""
    free = np.arange(first, len(rows), dtype=np.int64)[::-1]
    rows[column][: len(free)] = free
    return rows


def _ages(slots: int) -> int:
    """Numbers for ages: several times the slots, so that counting anew is rare; a multiple of a word's bits."""
    return 4 * max(64, -(-slots // 64) * 64)


def _longer(array: Any, length: int, fill: int = 0) -> IntArray | Any:
    grown = np.zeros(length, array.dtype)
    grown[: len(array)] = array
    if fill:
        grown[len(array) :] = fill
    return grown
