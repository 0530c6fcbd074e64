"""The simulation: from event to event."""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from k2cr_analysis.latency.kernels.compiled import Kernel, cached, inlined
from k2cr_analysis.latency.kernels.heaps import pop
from k2cr_analysis.latency.kernels.instances.ageing import turn
from k2cr_analysis.latency.kernels.instances.autoscaler import scale, wake
from k2cr_analysis.latency.kernels.instances.life import expire_idle, start_instance
from k2cr_analysis.latency.kernels.requests.arriving import fill
from k2cr_analysis.latency.kernels.requests.recording import record
from k2cr_analysis.latency.kernels.requests.serving import arrive, becomes_ready, depart, give_up
from k2cr_analysis.latency.kernels.requests.sharing import cpu_departure
from k2cr_analysis.latency.kernels.state import (
    CHUNK,
    DONE,
    INF,
    NEED_ARRIVALS,
    NEED_REQUESTS,
    NEED_SLOTS,
    SAME_INSTANT_S,
    Chunk,
    Record,
    Source,
    State,
)


@cached
def run(digest: int) -> Kernel:
    """The kernel of events; ``digest`` is mentioned and no more."""

    def events(s: State, source: Source, into: Record, chunk: Chunk, final: bool) -> int:
        """Work off the events of these arrivals; ``final``: no more will come, so drain. Says why it returns."""
        scales = s.config.scales == 1 and digest > 0
        while True:
            needs = _needs(s, source, chunk, final)
            if needs != DONE:
                return needs
            if s.now.owed > s.now.live:
                start_instance(s, s.now.clock_s)
                continue
            s.now.owed = 0

            arrival_t = chunk.arrive_s[s.now.chunk_place]
            event_t = s.heap[0].key if s.now.completions > 0 else INF
            cpu_t = s.slots[s.slots[0].by_cpu].next_cpu_s if s.now.cpu_slots > 0 else INF
            pending_t = INF
            if s.now.pending_count > 0:
                pending_t = s.requests[s.requests[s.now.pending_head].waiting].arrived_s + s.config.pending_s
            other_t = min(s.now.next_expiry_s, pending_t, s.now.next_tick_s, s.now.next_turn_s)
            departure_t = min(event_t, cpu_t)
            if arrival_t == INF and s.now.in_system == 0 and min(departure_t, other_t) > s.now.end_at_least_s:
                break

            if departure_t < INF and departure_t <= min(arrival_t, other_t) + SAME_INSTANT_S:
                _advance(s, departure_t)
                request = _next_completion(s) if event_t <= cpu_t else cpu_departure(s, departure_t)
                if request >= 0:
                    chunk.took_s[s.now.taken] = depart(s, request, s.now.clock_s)
                    s.now.taken += 1
                    if s.now.taken == CHUNK:
                        _record(s, into, chunk)
            elif other_t <= arrival_t:
                _advance(s, other_t)
                _other_event(s, pending_t, other_t)
            else:
                _advance(s, arrival_t)
                if scales and s.now.next_tick_s == INF:
                    wake(s, arrival_t)
                arrive(s, arrival_t, chunk.work_s[s.now.chunk_place])
                s.now.chunk_place += 1
        _record(s, into, chunk)
        _advance(s, s.now.end_at_least_s)
        return DONE

    return events


@inlined
def _needs(s: State, source: Source, chunk: Chunk, final: bool) -> int:
    """What the caller must give before the next event; DONE where nothing is needed."""
    if s.now.chunk_place == s.now.chunk_end:
        s.now.chunk_place = 0
        s.now.chunk_end = fill(source, chunk)
        if s.now.chunk_end == 0:
            if not final and source.now.requests_left > 0:
                return NEED_ARRIVALS
            chunk.arrive_s[0] = INF
            s.now.chunk_end = 1
    if s.now.free_requests == 0:
        return NEED_REQUESTS
    if s.now.free_slots == 0 and s.now.live < s.config.max_instances:
        return NEED_SLOTS
    return DONE


@inlined
def _advance(s: State, t: float) -> None:
    """Integrals up to t of the counts that change with each request; those of instances are sums of spans."""
    dt = t - s.now.clock_s
    if dt <= 0.0:
        return
    s.total.system_s += s.now.in_system * dt
    if s.now.active < s.config.min_instances:
        s.total.idle_min_s += (s.config.min_instances - s.now.active) * dt
    s.now.clock_s = t


@inlined
def _next_completion(s: State) -> int:
    """Take what stands first in the heap: the request that leaves; -1 where an instance became ready."""
    item = s.heap[0].what
    pop(s.heap, 0, s.now.completions)
    s.now.completions -= 1
    if item >= 0:
        return item
    becomes_ready(s, -1 - item, s.now.clock_s)
    return -1


@inlined
def _other_event(s: State, pending_t: float, other_t: float) -> None:
    if pending_t <= other_t:
        give_up(s)
    elif s.now.next_expiry_s <= other_t:
        expire_idle(s, s.now.clock_s)
    elif s.now.next_turn_s <= other_t:
        turn(s, s.now.clock_s)
    else:
        scale(s, s.now.clock_s)


@inlined
def _record(s: State, into: Record, chunk: Chunk) -> None:
    record(into, chunk, s.now.taken)
    s.now.taken = 0
