"""Life of an instance: start, requests bound to it meanwhile, idleness, end."""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from k2cr_analysis.latency.kernels.compiled import compiled, inlined
from k2cr_analysis.latency.kernels.draws import exponential, next_word
from k2cr_analysis.latency.kernels.instances.routing import delist, mark_idle
from k2cr_analysis.latency.kernels.requests.sharing import depart_at
from k2cr_analysis.latency.kernels.state import EXPONENTIAL, FREE, INF, READY, STARTING, Fleet, State
from k2cr_analysis.platforms.cloud_run.billing import LEAST_BILLED_S


@compiled
def startup_s(s: State | Fleet) -> float:
    """How long the next instance takes to start. [s]"""
    takes_s = s.config.startup_s
    if s.config.startup_kind == EXPONENTIAL:
        takes_s *= exponential(next_word(s.rng, 0))
    s.total.starts += 1
    return takes_s


@compiled
def start_instance(s: State, t: float) -> int:
    slot = _new_slot(s, t)
    s.slots[slot].phase = STARTING
    s.now.starting += 1
    s.now.next_expiry_s = min(s.now.next_expiry_s, t)  # one more lives: another may go
    depart_at(s, t + startup_s(s), -1 - slot)
    # Last in the queue of those that still have room for bound requests.
    tail = s.now.open_tail
    s.slots[slot].previous = tail
    s.slots[slot].next = -1
    if tail >= 0:
        s.slots[tail].next = slot
    else:
        s.now.open_head = slot
    s.now.open_tail = slot
    return slot


@inlined
def close_to_binding(s: State, slot: int) -> None:
    before, after = s.slots[slot].previous, s.slots[slot].next
    if before >= 0:
        s.slots[before].next = after
    else:
        s.now.open_head = after
    if after >= 0:
        s.slots[after].previous = before
    else:
        s.now.open_tail = before


@inlined
def becomes_idle(s: State, slot: int, t: float) -> None:
    s.slots[slot].idle_since_s = t
    s.now.next_expiry_s = min(s.now.next_expiry_s, t + s.config.idle_s)


@compiled
def expire_idle(s: State, t: float) -> None:
    """End what has been idle for too long, the longest idle first, and look again when the next one may be.

    ``next_expiry_s`` is a lower bound: an instance that was used again in between moves it on. Instances that the
    minimum or the autoscaler wants stay; but the autoscaler's last one goes by idleness alone.
    """
    kept = max(s.config.min_instances, s.now.wish if s.now.wish > 1 else 0)
    s.now.next_expiry_s = INF
    while s.now.live > kept:
        oldest = -1
        for age in range(s.now.next_age):
            slot = s.slot_of_age[age]
            if (
                slot >= 0
                and s.slots[slot].phase == READY
                and s.slots[slot].load == 0
                and (oldest < 0 or s.slots[slot].idle_since_s < s.slots[oldest].idle_since_s)
            ):
                oldest = slot
        if oldest < 0:
            return
        if s.slots[oldest].idle_since_s + s.config.idle_s > t:
            s.now.next_expiry_s = s.slots[oldest].idle_since_s + s.config.idle_s
            return
        expire(s, oldest, t)


@inlined
def ended(s: State | Fleet, born_s: float, t: float) -> None:
    s.total.stops += 1
    s.total.live_s += t - born_s
    s.total.billed_instance_s += max(float(LEAST_BILLED_S), t - born_s)


@compiled
def expire(s: State, slot: int, t: float) -> None:
    if s.slots[slot].in_rotation == 1:
        delist(s, slot)
        s.now.rotation -= 1
    s.slot_of_age[s.slots[slot].age] = -1
    s.slots[slot].phase = FREE
    s.slots[s.now.free_slots].free_slot = slot
    s.now.free_slots += 1
    s.now.live -= 1
    ended(s, s.slots[slot].born_s, t)


@inlined
def _new_slot(s: State, t: float) -> int:
    if s.now.next_age >= len(s.slot_of_age):
        _renumber(s)
    s.now.free_slots -= 1
    slot = s.slots[s.now.free_slots].free_slot
    s.slot_of_age[s.now.next_age] = slot
    s.slots[slot].age = s.now.next_age
    s.now.next_age += 1
    s.slots[slot].load = 0
    s.slots[slot].on_cpu = 0
    s.slots[slot].place = -1
    s.slots[slot].in_rotation = 0
    s.slots[slot].retiring = 0
    s.slots[slot].cores = s.config.cores
    s.slots[slot].boost_until_s = INF
    s.slots[slot].retires_s = INF
    s.slots[slot].idle_since_s = -INF  # it never was: what stood in the slot before it may have been a moment ago
    s.slots[slot].born_s = t
    s.slots[slot].busy_since_s = t
    s.slots[slot].billed_until_s = t
    s.slots[slot].virtual = 0.0
    s.slots[slot].virtual_at_s = t
    s.now.live += 1
    return slot


@compiled
def _renumber(s: State) -> None:
    """Ages are numbers that only grow; when they are used up the living are counted anew, in their order."""
    for word in range(len(s.bits)):
        s.bits[word] = 0
    s.now.top_word = 0
    fresh = 0
    for age in range(len(s.slot_of_age)):
        slot = s.slot_of_age[age]
        if slot < 0:
            continue
        s.slot_of_age[age] = -1
        s.slot_of_age[fresh] = slot
        s.slots[slot].age = fresh
        if s.slots[slot].phase == READY and s.slots[slot].load == 0 and s.slots[slot].in_rotation == 1:
            mark_idle(s, fresh)
        fresh += 1
    s.now.next_age = fresh
