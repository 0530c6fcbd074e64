"""What the kernels know between two events: records by name, and arrays of records.

Tuples by what a function touches, since it is compiled with all that it is given: :class:`State` (or :class:`Fleet`) of
the service, :class:`Source` of its requests, :class:`Record` of its latencies; :class:`Chunk` carries from one to the
next.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from k2cr_analysis.model.observed import FloatArray, IntArray

WordArray = npt.NDArray[np.uint64]
Records = Any  # an element of a structured array is Any to numpy's stubs

INF = np.inf
SAME_INSTANT_S = 1e-9
CHUNK = 512
BATCHES = 64
BITS_A_WORD = 32
NEWEST = 6  # instances that the short cut holds in registers

# --- why a kernel returns
DONE, NEED_ARRIVALS, NEED_SLOTS, NEED_REQUESTS = 0, 1, 2, 3
# --- distributions
CONSTANT, EXPONENTIAL, LOGNORMAL, TABLE = 0, 1, 2, 3
# --- Slot.phase
FREE, STARTING, READY = 0, 1, 2


def _record(floats: str, integers: str) -> np.dtype[np.void]:
    return np.dtype([(name, "f8") for name in floats.split()] + [(name, "i8") for name in integers.split()])


CONFIG = _record(
    "cpu_share cores boosted_cores boost_s startup_s idle_s life_s pending_s target_cpu target_concurrency "
    "window_s tick_s",
    "startup_kind concurrency min_instances max_instances per_request contended scales",
)
# ``chunk_place``, ``chunk_end``: the next of the chunk's arrivals, and how many it holds; ``taken``: latencies in it.
# ``owed``: instances that the autoscaler wants at this instant; ``rotation``: those that requests are given to first.
# ``pending_head``, ``pending_count``: the ring of waiting requests; ``open_head``, ``open_tail``: starting instances
# with room for bound requests; ``next_age``: of the next instance; ``top_word``: above it no bit is set;
# ``lowest``: below it no level has an instance; ``next_turn_s``: no instance turns of age before; ``peak``: most
# requests in the system since the last tick; ``block_called``, ``block_used``: most instances since the block began.
NOW = _record(
    "clock_s next_tick_s next_expiry_s next_turn_s end_at_least_s",
    "chunk_place chunk_end taken in_system live active starting rotation wish owed ticks completions cpu_slots "
    "free_requests free_slots pending_head pending_count open_head open_tail next_age top_word lowest "
    "peak block_ticks block_called block_used",
)
# ``billed_request_s``: busy times, each rounded up by itself; ``billed_once_s``: what two of them share counts once.
# Integrals over time [s]: of requests in the system, of those then rejected, of instances, of vCPUs in use.
TOTAL = _record(
    "system_s rejected_s live_s active_s starting_s idle_min_s cpu_s billed_request_s billed_once_s billed_instance_s",
    "requests served rejected cold starts stops",
)
# An instance. ``cores``: more until ``boost_until_s``; from ``retires_s`` on it is given nothing.
# ``virtual``: CPU that each of its requests has had since the CPU was last idle, as of ``virtual_at_s``;
# ``previous``, ``next``: in the list of its load; ``place``: among the slots by next CPU departure, -1 where idle.
# ``free_slot`` and ``by_cpu`` hold a stack and a heap of slot numbers beside rows they have nothing to do with.
SLOT = _record(
    "idle_since_s born_s busy_since_s billed_until_s cores boost_until_s retires_s virtual virtual_at_s speed "
    "next_cpu_s",
    "phase load age previous next in_rotation retiring on_cpu place free_slot by_cpu",
)
# A request in the system. ``free_request`` and ``waiting`` hold a stack and a ring of request numbers likewise.
REQUEST = _record("arrived_s cpu_part_s rest_s", "slot free_request waiting")
# An entry of a heap: requests by time of departure; instances that become ready as -1 - slot.
ENTRY = _record("key", "what")
ARRIVING = _record("clock_s service_mean_s service_mu service_sigma", "service_kind period left requests_left")
RECORDING = _record("least_s most_s", "batch in_batch batch_size shift first")


class State(NamedTuple):
    """The service. ``heap``: departures and readiness; ``cpu``: a heap for each slot, ``concurrency`` places long: its
    requests by virtual finish time, or the requests bound to it before it is ready. ``level``: first slot of each
    load; ``bits``: idle slots by age; ``slot_of_age``: -1 where it is gone; ``seen``: both integrals at the last ticks;
    ``calls``: blocks of a window in which at most so many instances were called for, and so many used.
    """

    config: Records
    now: Records
    total: Records
    slots: Records
    requests: Records
    heap: Records
    cpu: Records
    level: IntArray
    bits: IntArray
    slot_of_age: IntArray
    seen: FloatArray
    calls: IntArray
    rng: WordArray


class Fleet(NamedTuple):
    """The service where an instance holds one request and none waits: until when each is busy, and since when it is."""

    config: Records
    now: Records
    total: Records
    until_s: FloatArray
    born_s: FloatArray
    rng: WordArray


class Source(NamedTuple):
    """Where requests come from. ``periods``: start, end, count, rate; ``table``: even strata of the service time."""

    now: Records
    periods: FloatArray
    table: FloatArray
    rng: WordArray


class Record(NamedTuple):
    """Latencies of what was served: a histogram and a sum for each batch of requests."""

    now: Records
    histogram: IntArray
    sums_s: FloatArray


class Chunk(NamedTuple):
    """Requests on their way in: arrival and service time; and latencies on their way out. [s]"""

    arrive_s: FloatArray
    work_s: FloatArray
    took_s: FloatArray
