"""Life of a request: it arrives, is given a place, bound to a starting instance or waits; it leaves, or gives up."""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from k2cr_analysis.latency.kernels.compiled import compiled, inlined
from k2cr_analysis.latency.kernels.instances.ageing import comes_of_age, gone
from k2cr_analysis.latency.kernels.instances.life import becomes_idle, close_to_binding, start_instance
from k2cr_analysis.latency.kernels.instances.routing import delist, enlist, ready_place
from k2cr_analysis.latency.kernels.requests.recording import billed_s
from k2cr_analysis.latency.kernels.requests.sharing import begin
from k2cr_analysis.latency.kernels.state import READY, State


@inlined
def arrive(s: State, t: float, work_s: float) -> None:
    s.total.requests += 1
    slot = ready_place(s)
    bind = -1
    if slot < 0:
        per_request = s.config.per_request == 1
        if not per_request and s.now.open_head >= 0:
            bind = s.now.open_head
        elif s.now.live < s.config.max_instances:  # where none has a free place, each of them is at work or starts
            bind = start_instance(s, t)
        elif per_request or s.config.pending_s <= 0.0:
            s.total.rejected += 1
            return
    s.now.free_requests -= 1
    request = s.requests[s.now.free_requests].free_request
    s.requests[request].arrived_s = t
    s.requests[request].cpu_part_s = work_s * s.config.cpu_share
    s.requests[request].rest_s = work_s - s.requests[request].cpu_part_s
    s.now.in_system += 1
    s.now.peak = max(s.now.peak, s.now.in_system)
    if slot >= 0:
        delist(s, slot)
        _one_more(s, slot, t)
        enlist(s, slot)
        begin(s, request, slot, t)
    elif bind >= 0:
        _bind(s, request, bind)
    else:
        s.requests[(s.now.pending_head + s.now.pending_count) % len(s.requests)].waiting = request
        s.now.pending_count += 1


@inlined
def depart(s: State, request: int, t: float) -> float:
    """A request has its last byte; how long it took. [s]"""
    s.total.served += 1
    s.now.in_system -= 1
    slot = s.requests[request].slot
    _release(s, request)
    if s.now.pending_count > 0 and s.slots[slot].retiring == 0:
        begin(s, take_pending(s), slot, t)
        return t - s.requests[request].arrived_s
    listed = s.slots[slot].in_rotation == 1
    if listed:
        delist(s, slot)
    s.slots[slot].load -= 1
    if s.slots[slot].load == 0:
        s.now.active -= 1
        s.total.active_s += t - s.slots[slot].busy_since_s
        s.total.billed_request_s += billed_s(t - s.slots[slot].busy_since_s)
        _bill_once(s, slot, s.slots[slot].busy_since_s, t)
        if s.slots[slot].retiring == 1:
            gone(s, slot, t)
        else:
            becomes_idle(s, slot, t)
    if listed:
        enlist(s, slot)
    return t - s.requests[request].arrived_s


@compiled
def becomes_ready(s: State, slot: int, t: float) -> None:
    """Requests bound to it begin, then those that wait for a place."""
    if s.config.per_request == 1 or s.slots[slot].load < s.config.concurrency:
        close_to_binding(s, slot)
    s.now.starting -= 1
    s.total.starting_s += t - s.slots[slot].born_s
    s.slots[slot].phase = READY
    comes_of_age(s, slot, t)
    s.slots[slot].in_rotation = 1
    s.now.rotation += 1
    bound = s.slots[slot].load
    for place in range(bound):
        begin(s, s.cpu[slot * s.config.concurrency + place].what, slot, t)
    if bound == 0:
        s.total.billed_request_s += billed_s(t - s.slots[slot].born_s)
        _bill_once(s, slot, s.slots[slot].born_s, t)
    while s.now.pending_count > 0 and s.slots[slot].load < s.config.concurrency:
        _one_more(s, slot, t)
        s.total.cold += 1
        begin(s, take_pending(s), slot, t)
    if s.slots[slot].load == 0:
        becomes_idle(s, slot, t)
    enlist(s, slot)


@inlined
def _bill_once(s: State, slot: int, since_s: float, t: float) -> None:
    """From ``since_s`` to t, rounded up; what the step before it reached into is billed already."""
    since_s = max(since_s, s.slots[slot].billed_until_s)
    if t > since_s:
        span_s = billed_s(t - since_s)
        s.total.billed_once_s += span_s
        s.slots[slot].billed_until_s = since_s + span_s


@inlined
def give_up(s: State) -> None:
    """The request that has been pending for longest is rejected."""
    request = take_pending(s)
    _release(s, request)
    s.total.rejected += 1
    s.now.in_system -= 1
    s.total.rejected_s += s.now.clock_s - s.requests[request].arrived_s


@inlined
def take_pending(s: State) -> int:
    request = s.requests[s.now.pending_head].waiting
    s.now.pending_head = (s.now.pending_head + 1) % len(s.requests)
    s.now.pending_count -= 1
    return request


@inlined
def _release(s: State, request: int) -> None:
    s.requests[s.now.free_requests].free_request = request
    s.now.free_requests += 1


@inlined
def _one_more(s: State, slot: int, t: float) -> None:
    if s.slots[slot].load == 0:
        s.now.active += 1
        s.slots[slot].busy_since_s = t
    s.slots[slot].load += 1


@inlined
def _bind(s: State, request: int, slot: int) -> None:
    """The request will run on a starting instance: active from now on, billed from its birth on."""
    s.cpu[slot * s.config.concurrency + s.slots[slot].load].what = request
    if s.slots[slot].load == 0:
        s.now.active += 1
        s.total.active_s -= s.now.clock_s - s.slots[slot].born_s
    s.slots[slot].load += 1
    s.total.cold += 1
    if s.config.per_request == 0 and s.slots[slot].load >= s.config.concurrency:
        close_to_binding(s, slot)
