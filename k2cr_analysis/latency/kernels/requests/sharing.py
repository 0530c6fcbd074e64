"""Requests at work on an instance: the CPU part first, shared evenly among those in it, then the rest.

Processor sharing in virtual time: all requests of a slot progress alike, so the order in which their CPU parts end is
fixed when they begin, and a heap holds it. The slots stand in a heap of their own, by their next CPU departure.
"""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from k2cr_analysis.latency.kernels.compiled import inlined
from k2cr_analysis.latency.kernels.heaps import pop, push
from k2cr_analysis.latency.kernels.state import State


@inlined
def depart_at(s: State, t: float, item: int) -> None:
    """Something ends at t: a request, or the start of an instance (-1 - slot)."""
    push(s.heap, 0, s.now.completions, t, item)
    s.now.completions += 1


@inlined
def begin(s: State, request: int, slot: int, t: float) -> None:
    """A request starts to run on a ready instance."""
    s.requests[request].slot = slot
    cpu_part_s = s.requests[request].cpu_part_s
    if s.config.contended == 0:
        s.total.cpu_s += cpu_part_s
        depart_at(s, t + cpu_part_s / min(1.0, s.slots[slot].cores) + s.requests[request].rest_s, request)
        return
    n = s.slots[slot].on_cpu
    if n > 0:
        s.slots[slot].virtual += (t - s.slots[slot].virtual_at_s) * s.slots[slot].speed
    s.slots[slot].virtual_at_s = t
    push(s.cpu, slot * s.config.concurrency, n, s.slots[slot].virtual + cpu_part_s, request)
    s.slots[slot].on_cpu = n + 1
    _cpu_changed(s, slot, t)


@inlined
def cpu_departure(s: State, t: float) -> int:
    """The request whose CPU part ends next leaves its slot's CPU; -1 where its rest is still to come."""
    slot = s.slots[0].by_cpu
    first = slot * s.config.concurrency
    request = s.cpu[first].what
    n = s.slots[slot].on_cpu
    s.slots[slot].virtual = s.cpu[first].key
    s.slots[slot].virtual_at_s = t
    pop(s.cpu, first, n)
    s.slots[slot].on_cpu = n - 1
    s.total.cpu_s += s.requests[request].cpu_part_s
    _cpu_changed(s, slot, t)
    if s.requests[request].rest_s <= 0.0:
        return request
    depart_at(s, t + s.requests[request].rest_s, request)
    return -1


@inlined
def give_cores(s: State, slot: int, cores: float, t: float) -> None:
    """From t on the slot has so many vCPUs."""
    s.slots[slot].cores = cores
    if s.slots[slot].on_cpu > 0:
        s.slots[slot].virtual += (t - s.slots[slot].virtual_at_s) * s.slots[slot].speed
        s.slots[slot].virtual_at_s = t
        _cpu_changed(s, slot, t)


@inlined
def _cpu_changed(s: State, slot: int, t: float) -> None:
    """After a request joined or left the CPU of a slot: its speed, its next departure, its place among the slots."""
    n = s.slots[slot].on_cpu
    place = s.slots[slot].place
    if n == 0:
        s.slots[slot].virtual = 0.0  # the virtual clock starts afresh, which keeps its digits
        s.now.cpu_slots -= 1
        last = s.slots[s.now.cpu_slots].by_cpu
        s.slots[slot].place = -1
        if last != slot:
            _put(s, s.now.cpu_slots, place, last)
        return
    s.slots[slot].speed = min(1.0, s.slots[slot].cores / n)
    virtual_left = s.cpu[slot * s.config.concurrency].key - s.slots[slot].virtual
    s.slots[slot].next_cpu_s = t + virtual_left / s.slots[slot].speed
    if place < 0:
        place = s.now.cpu_slots
        s.now.cpu_slots += 1
    _put(s, s.now.cpu_slots, place, slot)


@inlined
def _put(s: State, n: int, i: int, slot: int) -> None:
    """Move a slot from place i of the n by next CPU departure to where it belongs."""
    key = s.slots[slot].next_cpu_s
    start = i
    while i > 0:
        parent = (i - 1) >> 1
        above = s.slots[parent].by_cpu
        if s.slots[above].next_cpu_s <= key:
            break
        s.slots[i].by_cpu = above
        s.slots[above].place = i
        i = parent
    if i == start:
        child = 2 * i + 1
        while child < n:
            below = s.slots[child].by_cpu
            if child + 1 < n and s.slots[s.slots[child + 1].by_cpu].next_cpu_s < s.slots[below].next_cpu_s:
                child += 1
                below = s.slots[child].by_cpu
            if s.slots[below].next_cpu_s >= key:
                break
            s.slots[i].by_cpu = below
            s.slots[below].place = i
            i = child
            child = 2 * i + 1
    s.slots[i].by_cpu = slot
    s.slots[slot].place = i
