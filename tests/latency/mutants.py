"""Mutants of the kernels: one comparison, sign, constant or minimum flipped at a time, and the simulations judge it.

Run by ``test_mutants.py`` in a process without numba (``NUMBA_DISABLE_JIT=1``): the kernels are then plain functions
whose code is exchanged in place, so that a mutant costs a few small simulations and no compilation. A mutant
is killed where a run differs from :mod:`tests.latency.reference_simulator`, fails, or does not end.
"""

from __future__ import annotations

import importlib
import math
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from itertools import islice
from typing import Any

import numpy as np

from k2cr_analysis.latency.kernels import draws, holding, state

# A row of a structured array has attributes only where it is a record.
for _name in ("CONFIG", "NOW", "TOTAL", "SLOT", "REQUEST", "ENTRY", "ARRIVING", "RECORDING"):
    setattr(state, _name, np.dtype((np.record, getattr(state, _name))))

from k2cr_analysis.latency.kernels.instances import life  # noqa: E402
from k2cr_analysis.latency.kernels.requests import arriving, recording  # noqa: E402
from k2cr_analysis.latency.load.arrivals import ArrivalBlock, Arrivals, counted, modulated, poisson  # noqa: E402
from k2cr_analysis.latency.simulator import memory  # noqa: E402
from k2cr_analysis.latency.simulator.engine import Engine  # noqa: E402
from k2cr_analysis.latency.simulator.service import ServiceConfig  # noqa: E402
from tests.latency.mixtures import fleet, mixture  # noqa: E402
from tests.latency.reference_draws import exponential, from_table, is_settled, normal, uniform, words  # noqa: E402
from tests.latency.reference_holding import held  # noqa: E402
from tests.latency.reference_simulator import Outcome, ReferenceSimulator, calls_of  # noqa: E402
from tests.mutation import flipped, mutants_of  # noqa: E402

KERNELS = (
    "draws", "events", "heaps", "holding", "loss",
    "instances.ageing", "instances.autoscaler", "instances.life", "instances.routing",
    "requests.arriving", "requests.recording", "requests.serving", "requests.sharing",
)  # fmt: skip
ENTRIES = ("run", "run_loss", "hold")  # functions that make a kernel
LIMIT_S = 5.0  # of CPU, for one simulation
BITS = 9
BOUNDARIES = "--boundaries"
FEW = "--few"
QUICK = (
    "comes as it goes",
    "comes as one leaves",
    "boost of none",
    "a short boost",
    "in blocks",
    "one as the boost ends",
    "one waits",
)


# --- what judges


def _words() -> list[int]:
    """The ends of the range, some of the middle, and 60 that one draw of an exponential does not settle."""
    chosen = [0, 1, 1 << 11, 2**63, 2**64 - 1]
    for word in islice(words(7), 12_000):
        if len(chosen) < 25 or not is_settled(word):
            chosen.append(word)
    return chosen[:85]


WORDS = _words()
TABLES = tuple(np.arange(1.0, n + 1.0) ** 2 for n in (1, 2, 7))

# Little room at first, so that more is asked for, and ages are counted anew, in small simulations.
_FIRST_REQUESTS, _FIRST_SLOTS = 4, 2
memory._REQUESTS, memory._SLOTS = _FIRST_REQUESTS, _FIRST_SLOTS
memory._ages = lambda slots: 32 * (1 + slots // 32)
memory._CALLS = 12  # as many instances are told apart
Case = tuple[Arrivals, dict[str, Any], int | None]
Expected = tuple[Outcome, int]  # and the most requests that were in the system at a time

SHARED: dict[str, Any] = {"concurrency": 4, "cpu_cores": 1.0, "service_s": 0.4, "cpu_s": 0.3, "startup_s": 2.0}
_TABLE = np.sort(np.random.default_rng(5).lognormal(-1.5, 0.8, 16))
_AT = np.array([0.0, 1.0, 2.0])
INSTANTS = Arrivals([ArrivalBlock(_AT, _AT, np.ones(3, np.int64), np.zeros(3))])
COUPLE = counted(np.array([2, 0, 0, 0]), 4.0)
BURSTS = modulated(np.array([2.0, 9.0, 0.5, 0.0, 12.0, 2.0]), 6.0)
LUMPS = counted(np.array([0, 24, 3, 50, 0, 0, 0, 0, 12, 1]), 5.0)
_CROWDS = np.repeat([0.0, 2.0, 2.5, 4.0, 8.0, 10.0, 12.5], [70, 70, 3, 9, 40, 64, 2])
CROWDS = Arrivals([ArrivalBlock(_CROWDS, _CROWDS, np.ones(len(_CROWDS), np.int64), np.zeros(len(_CROWDS)))])
PAUSES = counted(np.array([3, 0, 0, 0, 0, 5, 0, 0, 0, 1, 0, 0]), 2.5)
SPIKES = counted(np.array([70, 0, 0, 0, 0, 0, 75, 0]), 1.0)


def _instants(*at: tuple[float, int]) -> Arrivals:
    """So many requests at each instant; the window ends with the last one, which may have none."""
    when = np.array([t for t, _ in at])
    counts = np.array([n for _, n in at], np.int64)
    return Arrivals([ArrivalBlock(when, when, counts, np.zeros(len(at)))], float(when[-1]))


# All sums of these times are exact, so that what comes and what ends meet at one instant.
EXACT: dict[str, Any] = {
    "service_s": 1.0,
    "service_distribution": "constant",
    "cpu_s": 0.0,
    "concurrency": 1,
    "startup_s": 0.5,
    "max_instances": 20,
}
AS_IT_GOES = _instants((0.0, 1), (3.5, 1), (8.0, 1), (16.0, 0))
AS_ONE_LEAVES = _instants((0.0, 9), (1.5, 9), (2.5, 8), (9.0, 1), (12.5, 0))
SINCE_ONE_INSTANT = _instants((5.0, 2), (10.0, 2), (40.0, 1), (90.0, 0))
THREE_FOR_A_MOMENT = _instants(*((2.0 * n, 3) for n in range(45)))
TWO_FULL = _instants((0.0, 6), (2.5, 3), (9.0, 1))
ONE_OUT = _instants((0.0, 3), (2.875, 2), (3.0625, 1), (3.5, 2), (30.0, 0))
BOOSTED = _instants((0.0, 1), (30.0, 3), (60.0, 0))
_PARTS = np.array([0.0, 2.0, 4.0])
IN_BLOCKS = Arrivals(
    [
        ArrivalBlock(_PARTS + at, np.array([0.0, 4.0, 6.0]) + at, np.array([3, 5, 4], np.int64), np.zeros(3))
        for at in (0.0, 6.0, 12.0)
    ]
)
SERVICES: dict[str, tuple[Arrivals, dict[str, Any]]] = {
    "several share CPU": (BURSTS, dict(SHARED, max_instances=6, min_instances=2)),
    "grows and shrinks": (LUMPS, dict(SHARED, idle_s=6.0, startup_s=1.0, window_s=10.0)),
    "gives up": (LUMPS, dict(SHARED, concurrency=1, max_instances=2, pending_timeout_s=2.5, idle_s=5.0)),
    "waits for ever": (LUMPS, dict(SHARED, concurrency=2, max_instances=2, pending_timeout_s=math.inf, idle_s=5.0)),
    "boost": (BURSTS, dict(SHARED, boosted_cpu_cores=2.0, boost_s=3.0, idle_s=5.0, cpu_cores=1.0)),
    "recycled": (BURSTS, dict(SHARED, life_s=7.0, min_instances=2, max_instances=8)),
    "recycled, waiting": (BURSTS, dict(SHARED, concurrency=2, life_s=5.0, max_instances=3, pending_timeout_s=20.0)),
    "recycled, a queue": (LUMPS, dict(SHARED, concurrency=2, life_s=3.0, max_instances=2, pending_timeout_s=math.inf, startup_s=0.5)),
    "recycled at zero": (LUMPS, dict(SHARED, concurrency=2, life_s=2.0, max_instances=30, startup_s=0.5)),
    "per request": (LUMPS, dict(SHARED, scaling="per-request", max_instances=30, idle_s=6.0)),
    "per request, full": (LUMPS, dict(SHARED, scaling="per-request", max_instances=4, idle_s=2.0, concurrency=2)),
    "one waits": (COUPLE, {"service_s": 6.0, "service_distribution": "constant", "cpu_s": 0.0, "concurrency": 1, "max_instances": 1, "startup_s": 0.5, "pending_timeout_s": 3.0}),
    "at one instant": (INSTANTS, {"service_s": 1.0, "service_distribution": "constant", "cpu_s": 0.0, "concurrency": 1, "min_instances": 1, "max_instances": 1, "pending_timeout_s": 0.0}),
    "one each": (LUMPS, dict(SHARED, concurrency=1, max_instances=200, idle_s=3.0, startup_s=0.5)),
    "by concurrency": (BURSTS, dict(SHARED, target_cpu=math.inf, target_concurrency=0.3, max_instances=40)),
    "table": (BURSTS, dict(SHARED, service_distribution="table", service_table_s=_TABLE, idle_s=5.0)),
    "lognormal": (LUMPS, dict(SHARED, service_distribution="lognormal", cpu_s=0.4, startup_distribution="exponential", max_instances=9)),
    "constant": (LUMPS, dict(SHARED, service_distribution="constant", max_instances=9, cpu_s=0.0)),
    "a burst between two ticks": (SPIKES, dict(SHARED, service_s=0.3, cpu_s=0.0, window_s=10.0, tick_s=2.0, max_instances=100)),
    "crowds at one instant": (CROWDS, dict(SHARED, concurrency=1, cpu_s=0.0, service_s=0.3, startup_s=0.5, max_instances=150, idle_s=2.5, window_s=2.0, tick_s=1.0)),
    "crowds that share": (CROWDS, dict(SHARED, concurrency=2, service_s=0.2, cpu_s=0.1, startup_s=0.3, max_instances=90, idle_s=1.2, window_s=2.0, tick_s=1.0, target_concurrency=1.0)),
    "asleep between": (PAUSES, dict(SHARED, service_s=0.4, cpu_s=0.0, startup_s=0.5, window_s=3.0, tick_s=3.0, idle_s=2.0)),
    "no wait": (LUMPS, dict(SHARED, concurrency=3, max_instances=3, pending_timeout_s=0.0)),
    "steady": (poisson(9.0), dict(SHARED, concurrency=8, max_instances=12, min_instances=1)),
    "comes as it goes": (AS_IT_GOES, dict(EXACT, idle_s=2.0)),
    "comes as one leaves": (AS_ONE_LEAVES, dict(EXACT, idle_s=6.0)),
    "idle since one instant": (SINCE_ONE_INSTANT, dict(EXACT, min_instances=1, idle_s=4.0)),
    "a third for a moment": (THREE_FOR_A_MOMENT, dict(EXACT, service_s=0.25, min_instances=2, idle_s=0.5, startup_s=0.25, window_s=2.0, tick_s=1.0)),
    "recycled often": (poisson(2.0), dict(SHARED, concurrency=2, min_instances=3, max_instances=6, life_s=1.5, startup_s=0.3)),
    "full and out of rotation": (TWO_FULL, dict(EXACT, service_s=6.0, concurrency=2, target_cpu=math.inf, target_concurrency=4.0, window_s=2.0, tick_s=1.0, idle_s=20.0)),
    "one each, one out of rotation": (ONE_OUT, dict(EXACT, service_s=0.25, target_cpu=math.inf, target_concurrency=4.0, window_s=2.0, tick_s=1.0, idle_s=4.0)),
    "by CPU": (LUMPS, dict(SHARED, concurrency=1, target_concurrency=math.inf, target_cpu=0.3, max_instances=30, idle_s=3.0, window_s=4.0, tick_s=1.0)),
    "boost of none": (BURSTS, dict(SHARED, concurrency=1, cpu_cores=0.5, boosted_cpu_cores=2.0, boost_s=0.0, idle_s=2.0)),
    "a short boost": (BURSTS, dict(SHARED, concurrency=1, cpu_cores=0.5, boosted_cpu_cores=2.0, boost_s=0.3, idle_s=2.0)),
    "one as the boost ends": (BOOSTED, dict(SHARED, concurrency=4, cpu_cores=0.5, boosted_cpu_cores=2.0, boost_s=1.0, service_s=3.0, cpu_s=2.5, service_distribution="constant", idle_s=3.0, max_instances=1)),
    "in blocks": (IN_BLOCKS, dict(SHARED, concurrency=1, cpu_s=0.0, idle_s=2.0)),
    "in blocks, so many": (IN_BLOCKS, dict(SHARED, concurrency=1, cpu_s=0.0, idle_s=2.0)),
    "many": (SPIKES, dict(SHARED, concurrency=1, max_instances=300, idle_s=0.3, startup_s=1.0, window_s=2.0, tick_s=1.0)),
}  # fmt: skip
FLEETS: dict[str, tuple[Arrivals, dict[str, Any]]] = {
    "enough": (poisson(2.0), {"service_s": 1.0, "cpu_s": 0.2, "cpu_cores": 0.5, "concurrency": 1, "startup_s": 0.5, "startup_distribution": "exponential", "idle_s": 4.0, "max_instances": 9, "scaling": "per-request"}),
    "too few": (poisson(9.0), {"service_s": 1.0, "cpu_s": 0.2, "cpu_cores": 0.5, "concurrency": 1, "startup_s": 0.5, "idle_s": 4.0, "max_instances": 9, "scaling": "per-request"}),
    "comes as it goes": (AS_IT_GOES, dict(EXACT, idle_s=2.0, scaling="per-request")),
    "comes as one leaves": (AS_ONE_LEAVES, dict(EXACT, idle_s=6.0, scaling="per-request")),
    "goes with the run": (_instants((0.0, 1), (4.0, 0)), dict(EXACT, idle_s=2.5, scaling="per-request")),
    "quiet": (poisson(0.3), {"service_s": 0.6, "cpu_s": 0.2, "cpu_cores": 0.5, "concurrency": 1, "startup_s": 0.7, "idle_s": 1.0, "max_instances": 3, "scaling": "per-request"}),
}  # fmt: skip
_REQUESTS = 110
# Mixtures that kill what the services above let live, found by trying.
MIXTURES = (0, 5, 10, 12, 19, 20, 27, 29)
FLEET_MIXTURES = (0, 2, 20, 34, 44)


def _limit_of(name: str, arrivals: Arrivals) -> int | None:
    """Loads of counts end by themselves, but for one that is cut in the midst of a count."""
    if name.endswith("so many"):
        return 18
    return _REQUESTS if math.isinf(float(arrivals.blocks[0].end_s[-1])) or arrivals is BURSTS else None


def _run(case: Case, *, short_cut: bool = False) -> tuple[Outcome, Engine]:
    arrivals, given, limit = case
    engine = Engine(ServiceConfig(**given), 3, limit, BITS, short_cut=short_cut)
    for block in arrivals.blocks:
        if not engine.feed(block):
            break
    engine.drain(0.0 if limit else arrivals.ends_at())
    totals = engine.totals()._asdict()
    served = totals.pop("served")
    calls = {} if short_cut else calls_of(engine._state.calls)
    return Outcome(latencies_s=list(engine._chunk.took_s[:served]), **totals, **calls), engine


def _expected(case: Case, *, short_cut: bool = False) -> Expected:
    arrivals, given, limit = case
    reference = ReferenceSimulator(ServiceConfig(**given), 3)
    found = reference.run(arrivals, limit)
    found.called, found.used = ([min(n, memory._CALLS - 1) for n in of] for of in (found.called, found.used))
    # Sections alone ask what is billed once, and they never take the short cut.
    return replace(found, billed_once_s=0.0) if short_cut else found, reference.most_in_system


def _differ(found: Outcome, expected: Outcome, *, in_order: bool) -> bool:
    ours, theirs = asdict(found), asdict(expected)
    if [ours.pop(n) for n in ("called", "used")] != [theirs.pop(n) for n in ("called", "used")]:
        return True
    one, other = ours.pop("latencies_s"), theirs.pop("latencies_s")
    if not in_order:
        one, other = sorted(one), sorted(other)
    same = len(one) == len(other) and np.allclose(one, other, rtol=1e-7, atol=1e-9)
    return not same or any(not math.isclose(ours[n], theirs[n], rel_tol=1e-7, abs_tol=1e-6) for n in theirs)


def _recorded_otherwise(engine: Engine, latencies: list[float]) -> bool:
    """The batches of latencies and their histograms against a plain count of the same latencies."""
    record, size = engine._record, int(engine._record.now["batch_size"])
    many = math.ceil(len(latencies) / size)
    if many > state.BATCHES or (len(latencies) > state.BATCHES and 2 * many < state.BATCHES // 2):
        return True
    for batch in range(state.BATCHES):
        part = np.array(latencies[batch * size : (batch + 1) * size])
        places = (part.view(np.int64) >> (52 - BITS)) - int(record.now["first"]) if len(part) else np.zeros(0, int)
        counts = np.bincount(places, minlength=record.histogram.shape[1])
        if not math.isclose(record.sums_s[batch], part.sum(), rel_tol=1e-9, abs_tol=1e-12):
            return True
        if not np.array_equal(counts, record.histogram[batch]):
            return True
    return not (record.now["least_s"] == min(latencies) and record.now["most_s"] == max(latencies))


def _inconsistent(engine: Engine, most_in_system: int) -> bool:
    """Whether counts, lists and room at the end are not those of the instances that live then."""
    s = engine._state
    assert isinstance(s, state.State)
    live = np.flatnonzero(s.slots["phase"] != state.FREE)
    starting = [int(i) for i in live if s.slots[i].phase == state.STARTING]
    listed = [int(i) for i in live if s.slots[i].phase == state.READY and s.slots[i].in_rotation == 1]
    by_age = [int(i) for i in s.slot_of_age if i >= 0]
    idle = {int(s.slots[i].age) for i in listed if s.slots[i].load == 0}
    bits = {32 * word + bit for word in range(len(s.bits)) for bit in range(32) if s.bits[word] >> bit & 1}
    open_ones = []
    place = int(s.now.open_head)
    while place >= 0 and len(open_ones) <= len(starting):
        open_ones.append(place)
        place = int(s.slots[place].next)
    counts = (
        s.now.live, s.now.starting, s.now.rotation, s.now.active, s.now.free_slots, s.now.free_requests,
        s.now.completions, s.now.cpu_slots, s.now.pending_count, s.now.in_system,
    )  # fmt: skip
    count = len(s.slots) - len(live)
    return (
        counts != (len(live), len(starting), len(listed), 0, count, len(s.requests), len(starting), 0, 0, 0)
        or sorted(by_age) != sorted(int(i) for i in live)
        or any(s.slot_of_age[s.slots[i].age] != i for i in live)
        or bits != idle
        or open_ones != [i for i in by_age if i in starting]
        or len(s.requests) != _room(_FIRST_REQUESTS, most_in_system)
    )


def _room(first: int, most: int) -> int:
    """Doubled as soon as all of it is taken."""
    while first <= most:
        first *= 2
    return first


class _TooLongError(BaseException):
    pass


def _too_long(*_: object) -> None:
    raise _TooLongError


def _fails(check: Callable[[], bool]) -> bool:
    """Whether it says so, raises, or does not end."""
    signal.setitimer(signal.ITIMER_VIRTUAL, LIMIT_S)
    try:
        return check()
    except (Exception, _TooLongError):
        return True
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def differs(case: Case, expected: Expected, short_cut: bool) -> bool:
    """Whether the kernels give another outcome, fail, do not end, or leave what does not fit together."""
    table = case[1].get("service_table_s", ())
    # Some leave at one instant, in any order.
    constant = case[1].get("service_distribution") == "constant" or len(table) == 1
    outcome, most_in_system = expected

    def check() -> bool:
        found, engine = _run(case, short_cut=short_cut)
        # The short cut's instances that never were used or live on stand in the same totals.
        if _differ(found, outcome, in_order=not short_cut and not constant):
            return True
        return not short_cut and (
            _recorded_otherwise(engine, found.latencies_s) or _inconsistent(engine, most_in_system)
        )

    return _fails(check)


def draws_differ() -> bool:
    """The draws by themselves, those among them that one word does not settle."""
    rng = np.array([5, 6, 7], np.uint64)
    if [int(draws.next_word(rng, 1)) for _ in range(3)] != list(islice(words(6), 3)):
        return True
    for word in WORDS:
        z = np.uint64(word)
        ours = [draws.uniform(z), draws.exponential(z), draws.normal(z), *(draws.from_table(z, t) for t in TABLES)]
        theirs = [uniform(word), exponential(word), normal(word), *(from_table(word, t) for t in TABLES)]
        if not np.allclose(ours, theirs, rtol=1e-13, atol=0.0):
            return True
    return False


def recording_differs() -> bool:
    """Latencies in pieces of any size, the shortest and the longest beyond what is told apart, counted once more."""
    draw = np.random.default_rng(11)
    into, chunk = memory.new_record(3, memory.UNLIMITED), memory.new_chunk()
    into = into._replace(now=into.now.view(np.dtype((np.record, into.now.dtype))))
    all_s: list[float] = []
    for many in (0, 1, 5, 60, 1, 511, 512, 30):
        took_s = np.exp2(draw.uniform(-20.0, 23.0, many))
        chunk.took_s[:many] = took_s
        all_s += list(took_s)
        recording.record(into, chunk, many)
        size = 1
        while len(all_s) >= state.BATCHES * size:
            size *= 2
        now = into.now
        if (now.batch_size, now.batch, now.in_batch) != (size, len(all_s) // size, len(all_s) % size):
            return True
        if all_s and (now.least_s, now.most_s) != (min(all_s), max(all_s)):
            return True
        for batch in range(state.BATCHES):
            part = all_s[batch * size : (batch + 1) * size]
            counts = np.bincount([_bucket(x, 3) for x in part], minlength=into.histogram.shape[1])
            if not np.array_equal(counts, into.histogram[batch]) or not math.isclose(
                into.sums_s[batch], sum(part), rel_tol=1e-9, abs_tol=1e-12
            ):
                return True
    steps = [(0.0, 0), (0.05, 1), (0.1, 1), (0.1000000001, 1), (0.11, 2), (2.34, 24)]
    return any(recording.billed_steps(s) != n or not math.isclose(recording.billed_s(s), n / 10) for s, n in steps)


def _bucket(latency_s: float, bits: int) -> int:
    """Even parts of each power of two, from the least to the most that are told apart."""
    fraction, exponent = math.frexp(latency_s)  # 0.5 to 1
    place = ((exponent - 1 - memory.LEAST_EXPONENT) << bits) + int((2.0 * fraction - 1.0) * 2**bits)
    return min(max(place, 0), ((memory.MOST_EXPONENT - memory.LEAST_EXPONENT) << bits) - 1)


def holding_differs() -> bool:
    draw = np.random.default_rng(3)
    for idle_steps, before, steps in ((2.4, 3, 9), (5.0, 0, 12), (1.0, 2, 7)):
        of = draw.integers(0, 5, steps)
        used = draw.exponential(1.0, (5, 6)) * np.array([30.0, 9.0, 3.0, 0.4, 0.02, 0.0])
        called = used * draw.uniform(0.0, 1.0, (5, 6))
        used[0] = 0.0
        called[0] = 0.0
        live, starts = np.ones(steps), np.ones(steps)
        holding.hold(of, called, used, idle_steps, before, live, starts)
        if not np.allclose(
            (live - 1.0, starts - 1.0), held(of, called, used, idle_steps, before), rtol=1e-6, atol=1e-9
        ):
            return True
    return False


def arriving_differs() -> bool:
    """Many of one period, whose parts of what remains are small, to more digits than a latency has."""
    source = memory.new_source(ServiceConfig(service_s=1.0), np.array([9, 8], np.uint64), 2_500)
    source = source._replace(
        now=source.now.view(np.dtype((np.record, source.now.dtype))), periods=np.array([[0.0, 1.0, 4_000.0, 0.0]])
    )
    source.now.period, source.now.left = 0, 4_000
    chunk, drawn, clock_s, left = memory.new_chunk(), words(9), 0.0, 4_000
    while (many := arriving.fill(source, chunk)) > 0:
        for at_s in chunk.arrive_s[:many]:
            clock_s += (1.0 - clock_s) * -math.expm1(-exponential(next(drawn)) / left)
            left -= 1
            if not math.isclose(at_s, clock_s, rel_tol=1e-9):
                return True
    return left != 1_500


def ages_differ() -> bool:
    """The living counted anew, without a gap before them and with gaps: the same ones in the same order."""
    for case in (
        (INSTANTS, dict(EXACT, min_instances=3), 0),
        (AS_ONE_LEAVES, dict(EXACT, min_instances=3, idle_s=0.5), None),
    ):
        _, engine = _run(case)
        s = engine._state
        assert isinstance(s, state.State)
        living = [int(i) for i in s.slot_of_age if i >= 0]
        idle = [n for n, i in enumerate(living) if s.slots[i].load == 0 and s.slots[i].in_rotation == 1]
        life._renumber(s)
        bits = [32 * word + bit for word in range(len(s.bits)) for bit in range(32) if s.bits[word] >> bit & 1]
        if [int(i) for i in s.slot_of_age if i >= 0] != living or s.now.next_age != len(living) or bits != idle:
            return True
        if [int(s.slots[i].age) for i in living] != list(range(len(living))):
            return True
    return False


# Kernels that are judged by themselves.
DIRECT = {
    "draws": draws_differ, "holding": holding_differs, "requests.recording": recording_differs,
    "requests.arriving": arriving_differs, "instances.life": ages_differ,
}  # fmt: skip
SIMULATED_TOO = ("requests.arriving", "instances.life")


class Judge:
    """What of the simulations below a kernel has a part in, with what the reference gives; the last to kill goes first."""

    def __init__(self, kernel: str) -> None:
        self.direct = DIRECT.get(kernel)
        self.short_cut = kernel == "loss"
        cases: dict[str, Case] = {}
        if self.short_cut:
            cases = {name: (a, g, _limit_of(name, a)) for name, (a, g) in FLEETS.items()}
            cases |= {f"fleet {seed}": fleet(seed) for seed in FLEET_MIXTURES}
        elif self.direct is None or kernel in SIMULATED_TOO:
            cases = {name: (a, g, _limit_of(name, a)) for name, (a, g) in SERVICES.items()}
            cases |= {f"mixture {seed}": mixture(seed) for seed in MIXTURES}
        if FEW in sys.argv:
            cases = {name: case for name, case in cases.items() if name in QUICK}
        self.cases = list(cases.items())
        self.expected = {name: _expected(case, short_cut=self.short_cut) for name, case in cases.items()}

    def kills(self) -> str | None:
        """The case that differs; None where all agree."""
        if self.direct is not None and _fails(self.direct):
            return self.direct.__name__
        for place, (name, case) in enumerate(self.cases):
            if differs(case, self.expected[name], self.short_cut):
                self.cases.insert(0, self.cases.pop(place))
                return name
        return None


def survivors(names: list[str], boundaries: bool = False) -> tuple[int, list[str]]:
    """(how many mutants there were, those that no simulation tells from the kernels)."""
    np.seterr(all="ignore")
    signal.signal(signal.SIGVTALRM, _too_long)
    many, alive = 0, []
    for wanted in names:
        name, _, only = (wanted, "", "") if wanted in KERNELS else wanted.rpartition(".")
        judge = Judge(name)
        if judge.kills() is not None:
            raise AssertionError(f"the kernels differ from the reference without a mutation: {judge.kills()}")
        module = importlib.import_module(f"k2cr_analysis.latency.kernels.{name}")
        for what, function_name, code in list(mutants_of(module, boundaries, ENTRIES, ("_ziggurat",))):
            if only and function_name != only:
                continue
            with flipped(module, function_name, code):
                killed = judge.kills() is not None
            many += 1
            if not killed:
                alive.append(what)
                sys.stderr.write(f"alive: {what}\n")
    return many, alive


def main() -> None:
    names = [name for name in sys.argv[1:] if name not in (BOUNDARIES, FEW)]
    total, left = survivors(names or list(KERNELS), BOUNDARIES in sys.argv)
    sys.stdout.write("\n".join([f"{total} mutants", *left]) + "\n")
