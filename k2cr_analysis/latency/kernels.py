"""The compiled part of the simulator: plain functions over arrays, and the only code that knows numba.

Time advances from event to event. At one instant departures and starts that end go first, then pending requests that
run out of time, instances that expire, the autoscaler, and arrivals last. Two times within a nanosecond are one
instant, so that 0.1 + 0.2 meets 0.3.

All of it stands in one file, since numba's cache of a function does not notice a change in another file.

State is handed in as one tuple of arrays and kept by the caller, so that a run can stop when it needs more arrivals or
more room, and go on where it was.
"""

# An element of an array is Any to numpy's stubs, and numba's know neither _nrt nor forceinline.
# mypy: disable-error-code="no-any-return,arg-type,call-overload"
from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
import numpy.typing as npt
from numba import njit

from k2cr_analysis.model.observed import FloatArray, IntArray

WordArray = npt.NDArray[np.uint64]

# Nothing is allocated in here, so numba's reference counts would only cost time (a third of a microsecond a request).
_Kernel = TypeVar("_Kernel", bound=Callable[..., Any])


def _compiled(function: _Kernel) -> _Kernel:
    return cast(_Kernel, njit(_nrt=False, error_model="numpy")(function))


def _inlined(function: _Kernel) -> _Kernel:
    return cast(_Kernel, njit(_nrt=False, error_model="numpy", forceinline=True)(function))


def _cached(function: _Kernel) -> _Kernel:
    try:
        return cast(_Kernel, njit(_nrt=False, error_model="numpy", cache=True)(function))
    except RuntimeError:  # neither the package's folder nor the user's cache can be written: compile in each process
        return _compiled(function)


INF = np.inf
SAME_INSTANT_S = 1e-9

# --- scalars that are floats: State.f
(
    NOW, NEXT_ARRIVAL, ARRIVAL_CLOCK, NEXT_TICK, END_AT_LEAST, AREA_SYSTEM, AREA_REJECTED, AREA_LIVE, AREA_ACTIVE,
    AREA_STARTING, AREA_IDLE_MIN, AREA_CPU, NEXT_EXPIRY, BILLED_REQUEST_S, BILLED_INSTANCE_S, LATENCY_MIN, LATENCY_MAX,
    LAST_DEPARTURE,
) = range(18)  # fmt: skip
SCALARS_F = 18

# --- scalars that are integers: State.n
(
    PERIOD, LEFT, HAVE_ARRIVAL, REQUESTS_LEFT, REQUESTS, SERVED, REJECTED, COLD, STARTS, STOPS, IN_SYSTEM, LIVE, ACTIVE,
    STARTING, ROTATION, WISH, OWED, TICKS, COMPLETIONS, CPU_SLOTS, FREE_REQUESTS, FREE_SLOTS, PENDING_HEAD,
    PENDING_COUNT, OPEN_HEAD, OPEN_TAIL, NEXT_SEQ, TOP_WORD, LOWEST, BATCH, BATCH_SIZE,
) = range(31)  # fmt: skip
SCALARS_N = 31

# --- columns of slot_f and slot_i
(IDLE_SINCE, BORN, BUSY_SINCE, VIRTUAL, VIRTUAL_AT, SPEED, NEXT_CPU, _SF_SPARE) = range(8)
(STATE, LOAD, SEQ, PREVIOUS, FOLLOWING, IN_ROTATION, CPU_COUNT, CPU_PLACE, FREE_SLOT) = range(9)
SLOT_F_WIDTH, SLOT_I_WIDTH = 8, 9
FREE, STARTING_STATE, READY = 0, 1, 2

# --- columns of request_f and request_i
ARRIVED, CPU_PART, REST = 0, 1, 2
ON_SLOT, FREE_LIST, WAITING = 0, 1, 2
REQUEST_F_WIDTH, REQUEST_I_WIDTH = 3, 3

# --- configuration: behind the scalars of State.f and State.n
F_LENGTH, N_LENGTH = SCALARS_F + 12, SCALARS_N + 10
(C_SERVICE_MEAN, C_SERVICE_A, C_SERVICE_B, C_CPU_SHARE, C_CORES, C_STARTUP, C_IDLE, C_PENDING, C_TARGET_CPU,
 C_TARGET_CONCURRENCY, C_WINDOW, C_TICK) = range(SCALARS_F, F_LENGTH)  # fmt: skip
(C_SERVICE_KIND, C_STARTUP_KIND, C_CONCURRENCY, C_MIN, C_MAX, C_PER_REQUEST, C_CONTENDED, C_HIST_SHIFT, C_HIST_FIRST,
 C_SCALES) = range(SCALARS_N, N_LENGTH)  # fmt: skip
CONSTANT, EXPONENTIAL, LOGNORMAL, TABLE = 0, 1, 2, 3

# --- why a kernel returns
DONE, NEED_ARRIVALS, NEED_SLOTS, NEED_REQUESTS = 0, 1, 2, 3

BATCHES = 64
BITS_A_WORD = 32


class State(NamedTuple):
    """The arrays of one run.

    Scalars and configuration by name: ``f``, ``n``; three streams of random words: ``rng``; ``periods``: start, end,
    count, rate. An instance is a *slot*, one row of ``slot_f`` and ``slot_i``. ``cpu_key``, ``cpu_item``: CPU heap of
    each slot (virtual finish time, request), ``concurrency`` places long; before a slot is ready: the requests bound to
    it. ``cpu_slots``: slots by the time of their next CPU departure, an indexed heap. A request in the system is one
    row of ``request_f`` and ``request_i``. ``heap_key``, ``heap_item``: departures (request >= 0) and instances that
    become ready (-1 - slot). ``level``: first slot of each load; ``bits``: idle slots by age; ``seq_slot``: age ->
    slot. ``seen``: what the autoscaler remembers. ``histogram``, ``batch`` (sum, count): the latency record.
    ``word_f`` and ``word_i`` are one word, seen as a float and as bits. The stack of free requests, the ring of
    pending ones and the stack of free slots stand in columns of their own, beside rows they have nothing to do with:
    each array more costs a second to compile.
    """

    f: FloatArray
    n: IntArray
    rng: WordArray
    table: FloatArray
    periods: FloatArray
    slot_f: FloatArray
    slot_i: IntArray
    cpu_key: FloatArray
    cpu_item: IntArray
    cpu_slots: IntArray
    request_f: FloatArray
    request_i: IntArray
    heap_key: FloatArray
    heap_item: IntArray
    level: IntArray
    bits: IntArray
    seq_slot: IntArray
    seen: FloatArray
    histogram: IntArray
    batch: FloatArray
    word_f: FloatArray
    word_i: IntArray


# ---------------------------------------------------------------- random numbers
# SplitMix64 (Steele, Lea, Flood 2014): one word of state for each stream, so that arrivals, service times and
# start-up times of two configurations are the same draws (common random numbers).
# Exponential draws: ziggurat of Marsaglia and Tsang (2000), 256 layers, 53 bits.
_R = 7.69711747013104972
_V = 3.949659822581572e-3


def _ziggurat() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    k, w, f = np.zeros(256), np.zeros(256), np.zeros(256)
    scale = 2.0**53
    d = t = _R
    q = _V / math.exp(-d)
    k[0], k[1] = d / q * scale, 0.0
    w[0], w[255] = q / scale, d / scale
    f[0], f[255] = 1.0, math.exp(-d)
    for i in range(254, 0, -1):
        d = -math.log(_V / d + math.exp(-d))
        k[i + 1] = d / t * scale
        t = d
        f[i] = math.exp(-d)
        w[i] = d / scale
    return k, w, f


_ZK, _ZW, _ZF = _ziggurat()
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_M1 = np.uint64(0xBF58476D1CE4E5B9)
_M2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)
_LOW8 = np.uint64(255)
_UNIT = 2.0**-53


@_inlined
def _word(rng: WordArray, stream: int) -> np.uint64:
    rng[stream] += _GOLDEN
    z = rng[stream]
    z = (z ^ (z >> _S30)) * _M1
    z = (z ^ (z >> _S27)) * _M2
    return z ^ (z >> _S31)


@_inlined
def _uniform(rng: WordArray, stream: int) -> float:
    return (np.float64(np.int64(_word(rng, stream) >> _S11)) + 0.5) * _UNIT


@_compiled
def _exponential_edge(rng: WordArray, stream: int, layer: int, x: float) -> float:
    """The rare rest of the ziggurat: the tail, the edge of a layer. Below 0: draw again."""
    if layer == 0:
        return _R - math.log(_uniform(rng, stream))
    if _ZF[layer] + _uniform(rng, stream) * (_ZF[layer - 1] - _ZF[layer]) < math.exp(-x):
        return x
    return -1.0


@_inlined
def _exponential(rng: WordArray, stream: int) -> float:
    while True:
        z = _word(rng, stream)
        layer = z & _LOW8
        j = np.float64(np.int64(z >> _S11))
        x = j * _ZW[layer]
        if j < _ZK[layer]:
            return x
        x = _exponential_edge(rng, stream, np.int64(layer), x)
        if x >= 0.0:
            return x


@_compiled
def _normal(rng: WordArray, stream: int) -> float:
    """Standard normal: polar method of Marsaglia."""
    while True:
        u = 2.0 * _uniform(rng, stream) - 1.0
        v = 2.0 * _uniform(rng, stream) - 1.0
        q = u * u + v * v
        if 0.0 < q < 1.0:
            return u * math.sqrt(-2.0 * math.log(q) / q)


@_compiled
def _from_table(rng: WordArray, stream: int, table: FloatArray) -> float:
    """Even strata of a measured distribution, linear between their middles."""
    place = _uniform(rng, stream) * len(table) - 0.5
    if place <= 0.0:
        return table[0]
    low = int(place)
    if low >= len(table) - 1:
        return table[len(table) - 1]
    return table[low] + (place - low) * (table[low + 1] - table[low])


@_inlined
def _service(s: State) -> float:
    kind = s.n[C_SERVICE_KIND]
    if kind == EXPONENTIAL:
        return s.f[C_SERVICE_MEAN] * _exponential(s.rng, 1)
    if kind == CONSTANT:
        return s.f[C_SERVICE_MEAN]
    if kind == LOGNORMAL:
        return math.exp(s.f[C_SERVICE_A] + s.f[C_SERVICE_B] * _normal(s.rng, 1))
    return _from_table(s.rng, 1, s.table)


# ---------------------------------------------------------------- arrivals
@_inlined
def _next_arrival(s: State) -> bool:
    """The next arrival, whatever its kind: a period holds a count (uniform), a rate (Poisson), or is one instant."""
    if s.n[REQUESTS_LEFT] <= 0:
        return False
    while True:
        left = s.n[LEFT]
        if left > 0:
            # The least of ``left`` uniform instants in what remains of the period.
            remaining = s.periods[s.n[PERIOD], 1] - s.f[ARRIVAL_CLOCK]
            if remaining > 0.0:
                x = _exponential(s.rng, 0) / left
                s.f[ARRIVAL_CLOCK] += remaining * (-math.expm1(-x) if x > 1e-3 else x * (1.0 - x * (0.5 - x / 6.0)))
            s.n[LEFT] = left - 1
            break
        if left < 0:
            s.f[ARRIVAL_CLOCK] += _exponential(s.rng, 0) / s.periods[s.n[PERIOD], 3]
            if s.f[ARRIVAL_CLOCK] < s.periods[s.n[PERIOD], 1]:
                break
        s.n[PERIOD] += 1
        if s.n[PERIOD] >= len(s.periods):
            s.n[LEFT] = 0
            return False
        s.f[ARRIVAL_CLOCK] = s.periods[s.n[PERIOD], 0]
        s.n[LEFT] = int(s.periods[s.n[PERIOD], 2])
    s.f[NEXT_ARRIVAL] = s.f[ARRIVAL_CLOCK]
    s.n[REQUESTS_LEFT] -= 1
    return True


# ---------------------------------------------------------------- what is recorded
@_inlined
def _bucket(s: State, latency: float) -> int:
    """The bucket of a latency is its first bits: 2^k even buckets in each power of two."""
    s.word_f[0] = latency
    k = (s.word_i[0] >> s.n[C_HIST_SHIFT]) - s.n[C_HIST_FIRST]
    return min(max(k, 0), s.histogram.shape[1] - 1)


@_compiled
def _merge_batches(s: State) -> None:
    """Two neighbours become one batch, of twice the size: memory stays, however long the run."""
    first, last = _bucket(s, s.f[LATENCY_MIN]), _bucket(s, s.f[LATENCY_MAX])
    half = BATCHES // 2
    for b in range(half):
        s.batch[b, 0] = s.batch[2 * b, 0] + s.batch[2 * b + 1, 0]
        s.batch[b, 1] = s.batch[2 * b, 1] + s.batch[2 * b + 1, 1]
        for k in range(first, last + 1):
            s.histogram[b, k] = s.histogram[2 * b, k] + s.histogram[2 * b + 1, k]
    for b in range(half, BATCHES):
        s.batch[b, 0] = 0.0
        s.batch[b, 1] = 0
        for k in range(first, last + 1):
            s.histogram[b, k] = 0
    s.n[BATCH] = half
    s.n[BATCH_SIZE] *= 2


@_inlined
def _record(s: State, latency: float) -> None:
    b = s.n[BATCH]
    s.batch[b, 0] += latency
    s.batch[b, 1] += 1
    s.histogram[b, _bucket(s, latency)] += 1
    s.f[LATENCY_MIN] = min(s.f[LATENCY_MIN], latency)
    s.f[LATENCY_MAX] = max(s.f[LATENCY_MAX], latency)
    if s.batch[b, 1] >= s.n[BATCH_SIZE]:
        s.n[BATCH] = b + 1
        if b + 1 >= BATCHES:
            _merge_batches(s)


@_inlined
def _advance(s: State, t: float) -> None:
    """Integrals up to t of the counts that change with each request; those of instances are sums of spans."""
    dt = t - s.f[NOW]
    if dt <= 0.0:
        return
    s.f[AREA_SYSTEM] += s.n[IN_SYSTEM] * dt
    if s.n[ACTIVE] < s.n[C_MIN]:
        s.f[AREA_IDLE_MIN] += (s.n[C_MIN] - s.n[ACTIVE]) * dt
    s.f[NOW] = t


@_inlined
def _billed(seconds: float) -> float:
    """Rounded up to 100 ms, as Cloud Run bills; a millionth is forgiven to rounding."""
    return math.ceil(seconds * 10.0 - 1e-6) / 10.0


# ---------------------------------------------------------------- heaps
@_inlined
def _push(keys: FloatArray, items: IntArray, base: int, n: int, key: float, item: int) -> None:
    """Binary heap of (key, item) with n entries, from ``base`` on."""
    i = n
    while i > 0:
        parent = (i - 1) >> 1
        if keys[base + parent] <= key:
            break
        keys[base + i] = keys[base + parent]
        items[base + i] = items[base + parent]
        i = parent
    keys[base + i] = key
    items[base + i] = item


@_inlined
def _pop(keys: FloatArray, items: IntArray, base: int, n: int) -> None:
    """Take off the least of n entries: the gap sinks to the bottom, the last one rises from there.

    Fewer comparisons that no one can foretell than moving the last one down from the top.
    """
    n -= 1
    i = 0
    child = 1
    while child < n:
        child += keys[base + child + 1] < keys[base + child]
        keys[base + i] = keys[base + child]
        items[base + i] = items[base + child]
        i = child
        child = 2 * i + 1
    if i == n:
        return
    _push(keys, items, base, i, keys[base + n], items[base + n])


@_inlined
def _place_cpu_slot(s: State, n: int, i: int, slot: int) -> None:
    """Move a slot from place i of the indexed heap to where its next CPU departure belongs."""
    key = s.slot_f[slot, NEXT_CPU]
    start = i
    while i > 0:
        parent = (i - 1) >> 1
        above = s.cpu_slots[parent]
        if s.slot_f[above, NEXT_CPU] <= key:
            break
        s.cpu_slots[i] = above
        s.slot_i[above, CPU_PLACE] = i
        i = parent
    if i == start:
        child = 2 * i + 1
        while child < n:
            if child + 1 < n and s.slot_f[s.cpu_slots[child + 1], NEXT_CPU] < s.slot_f[s.cpu_slots[child], NEXT_CPU]:
                child += 1
            below = s.cpu_slots[child]
            if s.slot_f[below, NEXT_CPU] >= key:
                break
            s.cpu_slots[i] = below
            s.slot_i[below, CPU_PLACE] = i
            i = child
            child = 2 * i + 1
    s.cpu_slots[i] = slot
    s.slot_i[slot, CPU_PLACE] = i


@_inlined
def _cpu_changed(s: State, slot: int, t: float) -> None:
    """After a request joined or left the CPU of a slot: its speed, its next departure, its place among the slots."""
    n = s.slot_i[slot, CPU_COUNT]
    place = s.slot_i[slot, CPU_PLACE]
    if n == 0:
        s.slot_f[slot, VIRTUAL] = 0.0  # the virtual clock starts afresh, which keeps its digits
        s.n[CPU_SLOTS] -= 1
        last = s.cpu_slots[s.n[CPU_SLOTS]]
        s.slot_i[slot, CPU_PLACE] = -1
        if last != slot:
            _place_cpu_slot(s, s.n[CPU_SLOTS], place, last)
        return
    s.slot_f[slot, SPEED] = min(1.0, s.f[C_CORES] / n)
    s.slot_f[slot, NEXT_CPU] = (
        t + (s.cpu_key[slot * s.n[C_CONCURRENCY]] - s.slot_f[slot, VIRTUAL]) / s.slot_f[slot, SPEED]
    )
    if place < 0:
        place = s.n[CPU_SLOTS]
        s.n[CPU_SLOTS] += 1
    _place_cpu_slot(s, s.n[CPU_SLOTS], place, slot)


# ---------------------------------------------------------------- idle instances: newest first
@_inlined
def _highest_bit(word: int) -> int:
    bit = 0
    if word >= 1 << 16:
        word >>= 16
        bit += 16
    if word >= 1 << 8:
        word >>= 8
        bit += 8
    if word >= 1 << 4:
        word >>= 4
        bit += 4
    if word >= 1 << 2:
        word >>= 2
        bit += 2
    if word >= 1 << 1:
        bit += 1
    return bit


@_inlined
def _set_bit(s: State, seq: int) -> None:
    word = seq >> 5
    s.bits[word] |= 1 << (seq & 31)
    if word > s.n[TOP_WORD]:
        s.n[TOP_WORD] = word


@_inlined
def _clear_bit(s: State, seq: int) -> None:
    s.bits[seq >> 5] &= ~(1 << (seq & 31))


@_inlined
def _newest_idle(s: State) -> int:
    top = s.n[TOP_WORD]
    while top > 0 and s.bits[top] == 0:
        top -= 1
    s.n[TOP_WORD] = top
    if s.bits[top] == 0:
        return -1
    return s.seq_slot[top * BITS_A_WORD + _highest_bit(s.bits[top])]


# ---------------------------------------------------------------- instances in rotation, by load
@_inlined
def _list(s: State, slot: int) -> None:
    """Enter a ready instance among those that can be given a request: by its load; idle ones by age."""
    load = s.slot_i[slot, LOAD]
    if load == 0:
        _set_bit(s, s.slot_i[slot, SEQ])
        return
    if load >= s.n[C_CONCURRENCY]:
        return
    head = s.level[load]
    s.slot_i[slot, PREVIOUS] = -1
    s.slot_i[slot, FOLLOWING] = head
    if head >= 0:
        s.slot_i[head, PREVIOUS] = slot
    s.level[load] = slot
    if load < s.n[LOWEST]:
        s.n[LOWEST] = load


@_inlined
def _unlist(s: State, slot: int) -> None:
    load = s.slot_i[slot, LOAD]
    if load == 0:
        _clear_bit(s, s.slot_i[slot, SEQ])
        return
    if load >= s.n[C_CONCURRENCY]:
        return
    before, after = s.slot_i[slot, PREVIOUS], s.slot_i[slot, FOLLOWING]
    if before >= 0:
        s.slot_i[before, FOLLOWING] = after
    else:
        s.level[load] = after
    if after >= 0:
        s.slot_i[after, PREVIOUS] = before


@_inlined
def _ready_place(s: State) -> int:
    """Where a request goes: the newest idle instance, the least loaded, one out of rotation; -1 where all are full."""
    slot = _newest_idle(s)
    if slot >= 0:
        return slot
    concurrency = s.n[C_CONCURRENCY]
    while s.n[LOWEST] < concurrency:
        if s.level[s.n[LOWEST]] >= 0:
            return s.level[s.n[LOWEST]]
        s.n[LOWEST] += 1
    if s.n[LIVE] - s.n[STARTING] > s.n[ROTATION]:
        for seq in range(s.n[NEXT_SEQ] - 1, -1, -1):
            slot = s.seq_slot[seq]
            if (
                slot >= 0
                and s.slot_i[slot, STATE] == READY
                and s.slot_i[slot, IN_ROTATION] == 0
                and s.slot_i[slot, LOAD] < concurrency
            ):
                s.slot_i[slot, IN_ROTATION] = 1
                s.n[ROTATION] += 1
                _list(s, slot)
                return slot
    return -1


@_compiled
def _rotate(s: State, target: int) -> None:
    """Let the newest ``target`` ready instances take requests; older ones only when those are full."""
    kept = 0
    for seq in range(s.n[NEXT_SEQ] - 1, -1, -1):
        slot = s.seq_slot[seq]
        if slot < 0 or s.slot_i[slot, STATE] != READY:
            continue
        wanted = 1 if kept < target else 0
        kept += wanted
        if wanted == s.slot_i[slot, IN_ROTATION]:
            continue
        if wanted == 1:
            _list(s, slot)
        else:
            _unlist(s, slot)
        s.slot_i[slot, IN_ROTATION] = wanted
        s.n[ROTATION] += 2 * wanted - 1


# ---------------------------------------------------------------- life of an instance
@_compiled
def _renumber(s: State) -> None:
    """Ages are numbers that only grow; when they are used up the living are counted anew, in their order."""
    for word in range(len(s.bits)):
        s.bits[word] = 0
    s.n[TOP_WORD] = 0
    fresh = 0
    for seq in range(len(s.seq_slot)):
        slot = s.seq_slot[seq]
        if slot < 0:
            continue
        s.seq_slot[seq] = -1
        s.seq_slot[fresh] = slot
        s.slot_i[slot, SEQ] = fresh
        if s.slot_i[slot, STATE] == READY and s.slot_i[slot, LOAD] == 0 and s.slot_i[slot, IN_ROTATION] == 1:
            _set_bit(s, fresh)
        fresh += 1
    s.n[NEXT_SEQ] = fresh


@_compiled
def _new_slot(s: State, t: float) -> int:
    if s.n[NEXT_SEQ] >= len(s.seq_slot):
        _renumber(s)
    s.n[FREE_SLOTS] -= 1
    slot = s.slot_i[s.n[FREE_SLOTS], FREE_SLOT]
    seq = s.n[NEXT_SEQ]
    s.n[NEXT_SEQ] += 1
    s.seq_slot[seq] = slot
    s.slot_i[slot, SEQ] = seq
    s.slot_i[slot, LOAD] = 0
    s.slot_i[slot, CPU_COUNT] = 0
    s.slot_i[slot, CPU_PLACE] = -1
    s.slot_i[slot, IN_ROTATION] = 0
    s.slot_f[slot, BORN] = t
    s.slot_f[slot, BUSY_SINCE] = t
    s.slot_f[slot, VIRTUAL] = 0.0
    s.slot_f[slot, VIRTUAL_AT] = t
    s.n[LIVE] += 1
    return slot


@_compiled
def _start_instance(s: State, t: float) -> int:
    slot = _new_slot(s, t)
    takes = s.f[C_STARTUP]
    if s.n[C_STARTUP_KIND] == EXPONENTIAL:
        takes *= _exponential(s.rng, 2)
    s.slot_i[slot, STATE] = STARTING_STATE
    s.n[STARTING] += 1
    s.n[STARTS] += 1
    s.f[NEXT_EXPIRY] = min(s.f[NEXT_EXPIRY], t)  # one more lives: another may go
    _push(s.heap_key, s.heap_item, 0, s.n[COMPLETIONS], t + takes, -1 - slot)
    s.n[COMPLETIONS] += 1
    # Last in the queue of those that still have room for bound requests.
    tail = s.n[OPEN_TAIL]
    s.slot_i[slot, PREVIOUS] = tail
    s.slot_i[slot, FOLLOWING] = -1
    if tail >= 0:
        s.slot_i[tail, FOLLOWING] = slot
    else:
        s.n[OPEN_HEAD] = slot
    s.n[OPEN_TAIL] = slot
    return slot


@_inlined
def _close_to_binding(s: State, slot: int) -> None:
    before, after = s.slot_i[slot, PREVIOUS], s.slot_i[slot, FOLLOWING]
    if before >= 0:
        s.slot_i[before, FOLLOWING] = after
    else:
        s.n[OPEN_HEAD] = after
    if after >= 0:
        s.slot_i[after, PREVIOUS] = before
    else:
        s.n[OPEN_TAIL] = before


@_inlined
def _becomes_idle(s: State, slot: int, t: float) -> None:
    s.slot_f[slot, IDLE_SINCE] = t
    s.f[NEXT_EXPIRY] = min(s.f[NEXT_EXPIRY], t + s.f[C_IDLE])


@_compiled
def _expire(s: State, slot: int, t: float) -> None:
    if s.slot_i[slot, IN_ROTATION] == 1:
        _unlist(s, slot)
        s.n[ROTATION] -= 1
    s.seq_slot[s.slot_i[slot, SEQ]] = -1
    s.slot_i[slot, STATE] = FREE
    s.slot_i[s.n[FREE_SLOTS], FREE_SLOT] = slot
    s.n[FREE_SLOTS] += 1
    s.n[LIVE] -= 1
    s.n[STOPS] += 1
    s.f[AREA_LIVE] += t - s.slot_f[slot, BORN]
    s.f[BILLED_INSTANCE_S] += max(60.0, t - s.slot_f[slot, BORN])  # Cloud Run bills a minute at least


@_compiled
def _expire_idle(s: State, t: float) -> None:
    """End what has been idle for too long, the longest idle first, and look again when the next one may be.

    NEXT_EXPIRY is a lower bound: an instance that was used again in between moves it on. Instances that the minimum or
    the autoscaler wants stay; but the autoscaler's last one goes by idleness alone.
    """
    kept = max(s.n[C_MIN], s.n[WISH] if s.n[WISH] > 1 else 0)
    s.f[NEXT_EXPIRY] = INF
    while s.n[LIVE] > kept:
        oldest = -1
        for seq in range(s.n[NEXT_SEQ]):
            slot = s.seq_slot[seq]
            if (
                slot >= 0
                and s.slot_i[slot, STATE] == READY
                and s.slot_i[slot, LOAD] == 0
                and (oldest < 0 or s.slot_f[slot, IDLE_SINCE] < s.slot_f[oldest, IDLE_SINCE])
            ):
                oldest = slot
        if oldest < 0:
            return
        if s.slot_f[oldest, IDLE_SINCE] + s.f[C_IDLE] > t:
            s.f[NEXT_EXPIRY] = s.slot_f[oldest, IDLE_SINCE] + s.f[C_IDLE]
            return
        _expire(s, oldest, t)


# ---------------------------------------------------------------- life of a request
@_inlined
def _begin(s: State, request: int, slot: int, t: float) -> None:
    """A request starts to run on a ready instance: its CPU part first, then the rest."""
    s.request_i[request, ON_SLOT] = slot
    if s.n[C_CONTENDED] == 0:
        s.f[AREA_CPU] += s.request_f[request, CPU_PART]
        finish = t + s.request_f[request, CPU_PART] / min(1.0, s.f[C_CORES]) + s.request_f[request, REST]
        _push(s.heap_key, s.heap_item, 0, s.n[COMPLETIONS], finish, request)
        s.n[COMPLETIONS] += 1
        return
    n = s.slot_i[slot, CPU_COUNT]
    if n > 0:
        s.slot_f[slot, VIRTUAL] += (t - s.slot_f[slot, VIRTUAL_AT]) * s.slot_f[slot, SPEED]
    s.slot_f[slot, VIRTUAL_AT] = t
    _push(
        s.cpu_key,
        s.cpu_item,
        slot * s.n[C_CONCURRENCY],
        n,
        s.slot_f[slot, VIRTUAL] + s.request_f[request, CPU_PART],
        request,
    )
    s.slot_i[slot, CPU_COUNT] = n + 1
    _cpu_changed(s, slot, t)


@_compiled
def _becomes_ready(s: State, slot: int, t: float) -> None:
    if s.n[C_PER_REQUEST] == 1 or s.slot_i[slot, LOAD] < s.n[C_CONCURRENCY]:
        _close_to_binding(s, slot)
    s.n[STARTING] -= 1
    s.f[AREA_STARTING] += t - s.slot_f[slot, BORN]
    s.slot_i[slot, STATE] = READY
    s.slot_i[slot, IN_ROTATION] = 1
    s.n[ROTATION] += 1
    bound = s.slot_i[slot, LOAD]
    for place in range(bound):
        _begin(s, s.cpu_item[slot * s.n[C_CONCURRENCY] + place], slot, t)
    if bound == 0:
        s.f[BILLED_REQUEST_S] += _billed(t - s.slot_f[slot, BORN])
    while s.n[PENDING_COUNT] > 0 and s.slot_i[slot, LOAD] < s.n[C_CONCURRENCY]:
        if s.slot_i[slot, LOAD] == 0:
            s.n[ACTIVE] += 1
            s.slot_f[slot, BUSY_SINCE] = t
        s.slot_i[slot, LOAD] += 1
        s.n[COLD] += 1
        _begin(s, _take_pending(s), slot, t)
    if s.slot_i[slot, LOAD] == 0:
        _becomes_idle(s, slot, t)
    _list(s, slot)


@_inlined
def _take_pending(s: State) -> int:
    request = s.request_i[s.n[PENDING_HEAD], WAITING]
    s.n[PENDING_HEAD] = (s.n[PENDING_HEAD] + 1) % len(s.request_i)
    s.n[PENDING_COUNT] -= 1
    return request


@_inlined
def _depart(s: State, request: int, t: float) -> None:
    _record(s, t - s.request_f[request, ARRIVED])
    s.n[SERVED] += 1
    s.n[IN_SYSTEM] -= 1
    slot = s.request_i[request, ON_SLOT]
    s.request_i[s.n[FREE_REQUESTS], FREE_LIST] = request
    s.n[FREE_REQUESTS] += 1
    if s.n[PENDING_COUNT] > 0:
        _begin(s, _take_pending(s), slot, t)
        return
    listed = s.slot_i[slot, IN_ROTATION] == 1
    if listed:
        _unlist(s, slot)
    s.slot_i[slot, LOAD] -= 1
    if s.slot_i[slot, LOAD] == 0:
        s.n[ACTIVE] -= 1
        s.f[AREA_ACTIVE] += t - s.slot_f[slot, BUSY_SINCE]
        s.f[BILLED_REQUEST_S] += _billed(t - s.slot_f[slot, BUSY_SINCE])
        _becomes_idle(s, slot, t)
    if listed:
        _list(s, slot)


@_inlined
def _arrive(s: State, t: float) -> None:
    s.n[REQUESTS] += 1
    takes = _service(s)
    slot = _ready_place(s)
    bind = -1
    if slot < 0:
        if s.n[C_PER_REQUEST] == 0 and s.n[OPEN_HEAD] >= 0:
            bind = s.n[OPEN_HEAD]
        elif (s.n[ACTIVE] if s.n[C_PER_REQUEST] == 1 else s.n[LIVE]) < s.n[C_MAX]:
            bind = _start_instance(s, t)
        elif s.n[C_PER_REQUEST] == 1 or s.f[C_PENDING] <= 0.0:
            s.n[REJECTED] += 1
            return
    s.n[FREE_REQUESTS] -= 1
    request = s.request_i[s.n[FREE_REQUESTS], FREE_LIST]
    s.request_f[request, ARRIVED] = t
    s.request_f[request, CPU_PART] = takes * s.f[C_CPU_SHARE]
    s.request_f[request, REST] = takes - s.request_f[request, CPU_PART]
    s.n[IN_SYSTEM] += 1
    if slot >= 0:
        listed_load = s.slot_i[slot, LOAD]
        _unlist(s, slot)
        if listed_load == 0:
            s.n[ACTIVE] += 1
            s.slot_f[slot, BUSY_SINCE] = t
        s.slot_i[slot, LOAD] = listed_load + 1
        _list(s, slot)
        _begin(s, request, slot, t)
    elif bind >= 0:
        s.cpu_item[bind * s.n[C_CONCURRENCY] + s.slot_i[bind, LOAD]] = request
        if s.slot_i[bind, LOAD] == 0:
            s.n[ACTIVE] += 1
        s.slot_i[bind, LOAD] += 1
        s.n[COLD] += 1
        if s.n[C_PER_REQUEST] == 0 and s.slot_i[bind, LOAD] >= s.n[C_CONCURRENCY]:
            _close_to_binding(s, bind)
    else:
        s.request_i[(s.n[PENDING_HEAD] + s.n[PENDING_COUNT]) % len(s.request_i), WAITING] = request
        s.n[PENDING_COUNT] += 1


# ---------------------------------------------------------------- the autoscaler
@_compiled
def _wanted(s: State, system: float, cores: float) -> int:
    """Instances for so many requests in the system and vCPUs in use, both at their targets."""
    by_cpu = math.ceil(cores / (s.f[C_CORES] * s.f[C_TARGET_CPU]) - 1e-9)
    by_concurrency = math.ceil(system / (s.n[C_CONCURRENCY] * s.f[C_TARGET_CONCURRENCY]) - 1e-9)
    return min(max(int(max(by_cpu, by_concurrency)), s.n[C_MIN]), s.n[C_MAX])


@_compiled
def _scale(s: State, t: float) -> None:
    """Every tick: instances wanted by the means of CPU and of requests in the system over the window.

    s.seen[k % ticks]: both integrals at tick k. Before the first request both stood still, so a window that reaches
    back beyond it counts nothing there.
    """
    ticks = s.seen.shape[0]
    oldest, last = s.n[TICKS] % ticks, (s.n[TICKS] + ticks - 1) % ticks
    system = (s.f[AREA_SYSTEM] - s.seen[oldest, 0]) / s.f[C_WINDOW]
    cores = (s.f[AREA_CPU] - s.seen[oldest, 1]) / s.f[C_WINDOW]
    # Load comes back to instances at once: those in rotation follow the last tick where it saw more than the window.
    now_wanted = _wanted(
        s, (s.f[AREA_SYSTEM] - s.seen[last, 0]) / s.f[C_TICK], (s.f[AREA_CPU] - s.seen[last, 1]) / s.f[C_TICK]
    )
    s.seen[oldest, 0] = s.f[AREA_SYSTEM]
    s.seen[oldest, 1] = s.f[AREA_CPU]
    s.n[TICKS] += 1
    wish = _wanted(s, system, cores)
    if wish < s.n[WISH]:
        s.f[NEXT_EXPIRY] = min(s.f[NEXT_EXPIRY], t)
    s.n[WISH] = wish
    if s.n[LIVE] > 0:  # from zero only a request starts an instance
        s.n[OWED] = wish
    if s.n[C_CONCURRENCY] > 1:
        target = max(wish, now_wanted, 1)
        ready = s.n[LIVE] - s.n[STARTING]
        if min(target, ready) != s.n[ROTATION]:
            _rotate(s, target)
    if s.n[IN_SYSTEM] == 0 and system <= 0.0:
        s.f[NEXT_TICK] = INF  # nothing to see until a request comes
    else:
        s.f[NEXT_TICK] = t + s.f[C_TICK]


@_compiled
def _wake(s: State, t: float) -> None:
    for k in range(s.seen.shape[0]):
        s.seen[k, 0] = s.f[AREA_SYSTEM]
        s.seen[k, 1] = s.f[AREA_CPU]
    s.f[NEXT_TICK] = (math.floor(t / s.f[C_TICK]) + 1.0) * s.f[C_TICK]


# ---------------------------------------------------------------- the loop
@_inlined
def _cpu_departure(s: State, t: float) -> int:
    """The request whose CPU part ends next leaves its slot's CPU; -1 where its rest is still to come."""
    slot = s.cpu_slots[0]
    first = slot * s.n[C_CONCURRENCY]
    request = s.cpu_item[first]
    n = s.slot_i[slot, CPU_COUNT]
    s.slot_f[slot, VIRTUAL] = s.cpu_key[first]
    s.slot_f[slot, VIRTUAL_AT] = t
    _pop(s.cpu_key, s.cpu_item, first, n)
    s.slot_i[slot, CPU_COUNT] = n - 1
    s.f[AREA_CPU] += s.request_f[request, CPU_PART]
    _cpu_changed(s, slot, t)
    if s.request_f[request, REST] <= 0.0:
        return request
    _push(s.heap_key, s.heap_item, 0, s.n[COMPLETIONS], t + s.request_f[request, REST], request)
    s.n[COMPLETIONS] += 1
    return -1


@_inlined
def _next_completion(s: State) -> int:
    """Take what stands first in the heap: the request that leaves; -1 where an instance became ready."""
    item = s.heap_item[0]
    _pop(s.heap_key, s.heap_item, 0, s.n[COMPLETIONS])
    s.n[COMPLETIONS] -= 1
    if item >= 0:
        return item
    _becomes_ready(s, -1 - item, s.f[NOW])
    return -1


@_inlined
def _give_up(s: State) -> None:
    """The request that has been pending for longest is rejected."""
    request = _take_pending(s)
    s.request_i[s.n[FREE_REQUESTS], FREE_LIST] = request
    s.n[FREE_REQUESTS] += 1
    s.n[REJECTED] += 1
    s.n[IN_SYSTEM] -= 1
    s.f[AREA_REJECTED] += s.f[NOW] - s.request_f[request, ARRIVED]


@_inlined
def _needs(s: State, final: bool) -> int:
    """What the caller must give before the next event; DONE where nothing is needed."""
    if s.n[HAVE_ARRIVAL] == 0:
        if _next_arrival(s):
            s.n[HAVE_ARRIVAL] = 1
        elif final or s.n[REQUESTS_LEFT] <= 0:
            s.n[HAVE_ARRIVAL] = 2
            s.f[NEXT_ARRIVAL] = INF
        else:
            return NEED_ARRIVALS
    if s.n[FREE_REQUESTS] == 0:
        return NEED_REQUESTS
    if s.n[FREE_SLOTS] == 0 and s.n[LIVE] < s.n[C_MAX]:
        return NEED_SLOTS
    return DONE


@_inlined
def _other_event(s: State, pending_t: float, other_t: float) -> None:
    if pending_t <= other_t:
        _give_up(s)
    elif s.f[NEXT_EXPIRY] <= other_t:
        _expire_idle(s, s.f[NOW])
    else:
        _scale(s, s.f[NOW])


@_cached
def run(s: State, final: bool) -> int:
    """Work off the events of these arrivals; ``final``: no more will come, so drain. Says why it returns."""
    scales = s.n[C_SCALES] == 1
    while True:
        needs = _needs(s, final)
        if needs != DONE:
            return needs
        if s.n[OWED] > s.n[LIVE]:
            _start_instance(s, s.f[NOW])
            continue
        s.n[OWED] = 0

        arrival_t = s.f[NEXT_ARRIVAL]
        event_t = s.heap_key[0] if s.n[COMPLETIONS] > 0 else INF
        cpu_t = s.slot_f[s.cpu_slots[0], NEXT_CPU] if s.n[CPU_SLOTS] > 0 else INF
        pending_t = INF
        if s.n[PENDING_COUNT] > 0:
            pending_t = s.request_f[s.request_i[s.n[PENDING_HEAD], WAITING], ARRIVED] + s.f[C_PENDING]
        other_t = min(s.f[NEXT_EXPIRY], pending_t, s.f[NEXT_TICK])
        departure_t = min(event_t, cpu_t)
        if s.n[HAVE_ARRIVAL] == 2 and s.n[IN_SYSTEM] == 0 and min(departure_t, other_t) > s.f[END_AT_LEAST]:
            break

        if departure_t < INF and departure_t <= min(arrival_t, other_t) + SAME_INSTANT_S:
            _advance(s, departure_t)
            request = _next_completion(s) if event_t <= cpu_t else _cpu_departure(s, departure_t)
            if request >= 0:
                _depart(s, request, s.f[NOW])
        elif other_t <= arrival_t:
            _advance(s, other_t)
            _other_event(s, pending_t, other_t)
        else:
            _advance(s, arrival_t)
            if scales and s.f[NEXT_TICK] == INF:
                _wake(s, arrival_t)
            _arrive(s, arrival_t)
            s.n[HAVE_ARRIVAL] = 0
    _advance(s, s.f[END_AT_LEAST])
    return DONE


# ---------------------------------------------------------------- the same, for one request at a time and no queue
@_inlined
def _ended(s: State, born: float, at: float) -> None:
    s.n[STOPS] += 1
    s.f[AREA_LIVE] += at - born
    s.f[BILLED_INSTANCE_S] += max(60.0, at - born)


@_compiled
def _end_expired(s: State, t: float) -> float:
    """Take out what expired up to t; when the next one may, if none is used again before."""
    until, born = s.heap_key, s.cpu_key
    idle_s = s.f[C_IDLE]
    kept = 0
    next_expiry = INF
    for i in range(s.n[LIVE]):
        ends = until[i] + idle_s
        if ends <= t:
            _ended(s, born[i], ends)
            continue
        until[kept] = until[i]
        born[kept] = born[i]
        kept += 1
        next_expiry = min(next_expiry, ends)
    s.n[LIVE] = kept
    return next_expiry


@_compiled
def _close_loss(s: State, end: float) -> None:
    """What is left at the end, and the sums that follow from the others."""
    _end_expired(s, end)
    for i in range(s.n[LIVE]):
        s.f[AREA_LIVE] += end - s.cpu_key[i]
        s.f[BILLED_INSTANCE_S] += end - s.cpu_key[i]
    s.n[LIVE] = 0
    s.n[COLD] = s.n[STARTS]
    s.n[SERVED] = s.n[REQUESTS] - s.n[REJECTED]
    s.f[AREA_SYSTEM] = s.f[AREA_ACTIVE]
    s.f[NOW] = end


@_cached
def run_loss(s: State, final: bool) -> int:
    """:func:`run` where each instance holds one request, none waits and none is kept: from arrival to arrival.

    When a request comes it is known until when each instance is busy, and so when each expires: no events are needed
    between arrivals. Instances stand in ``heap_key`` (busy until) and ``cpu_key`` (born), oldest first. Looking for
    the newest idle one takes as many steps as instances live, so this pays for a few dozen; beyond the room of
    these arrays it asks for more (NEED_SLOTS), and the caller runs the general kernel from the start.
    """
    until, born = s.heap_key, s.cpu_key
    room = min(s.n[C_MAX], len(born))
    share = s.f[C_CPU_SHARE]
    stretch = share / min(1.0, s.f[C_CORES]) + (1.0 - share)
    idle_s = s.f[C_IDLE]
    next_expiry = s.f[NEXT_EXPIRY]
    active_s, billed_s, last = 0.0, 0.0, s.f[LAST_DEPARTURE]
    while _next_arrival(s):
        t = s.f[NEXT_ARRIVAL]
        s.n[REQUESTS] += 1
        latency = _service(s) * stretch
        if t >= next_expiry:
            next_expiry = _end_expired(s, t)
        # Without branches among the newest few: which of them is the first idle one cannot be foretold.
        place = -1
        older = max(0, s.n[LIVE] - 4)
        for i in range(older, s.n[LIVE]):
            place = i if until[i] <= t + SAME_INSTANT_S else place
        if place < 0:
            for i in range(older):
                place = i if until[i] <= t + SAME_INSTANT_S else place
        if place < 0:
            place = s.n[LIVE]
            if place >= room:
                if room < s.n[C_MAX]:
                    return NEED_SLOTS
                s.n[REJECTED] += 1
                continue
            starts_for = s.f[C_STARTUP]
            if s.n[C_STARTUP_KIND] == EXPONENTIAL:
                starts_for *= _exponential(s.rng, 2)
            s.f[AREA_STARTING] += starts_for
            latency += starts_for
            born[place] = t
            s.n[STARTS] += 1
            s.n[LIVE] += 1
            next_expiry = min(next_expiry, t + latency + idle_s)
        until[place] = t + latency
        active_s += latency
        billed_s += _billed(latency)
        last = max(last, t + latency)
        _record(s, latency)
    s.f[NEXT_EXPIRY] = next_expiry
    s.f[AREA_ACTIVE] += active_s
    s.f[BILLED_REQUEST_S] += billed_s
    s.f[LAST_DEPARTURE] = last
    if not final and s.n[REQUESTS_LEFT] > 0:
        return NEED_ARRIVALS
    _close_loss(s, max(last, s.f[END_AT_LEAST]))
    return DONE
