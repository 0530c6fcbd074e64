"""The simulation where each instance holds one request, none waits and none is kept: from arrival to arrival.

When a request comes it is known until when each instance is busy, and so when each expires: no events are needed
between arrivals. Looking for the newest idle instance takes as many steps as instances live, so this pays for a few
dozen; beyond the room of these arrays it asks for more (NEED_SLOTS), and the caller runs :mod:`events` from the start.

Instances stand oldest first: ``until`` they are busy, and ``born``. The newest six are in registers: which of them is
the first idle one no branch can foretell, and a store that the next request reads would cost more than the rest.
"""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from k2cr_analysis.latency.kernels.compiled import Kernel, cached, compiled, inlined
from k2cr_analysis.latency.kernels.instances.life import ended, startup_s
from k2cr_analysis.latency.kernels.requests.arriving import fill
from k2cr_analysis.latency.kernels.requests.recording import BILLED_STEPS_A_S, billed_steps, record
from k2cr_analysis.latency.kernels.state import (
    DONE,
    INF,
    NEED_ARRIVALS,
    NEED_SLOTS,
    NEWEST,
    SAME_INSTANT_S,
    Chunk,
    Fleet,
    Record,
    Source,
)
from k2cr_analysis.model.observed import FloatArray

_Newest = tuple[float, float, float, float, float, float]


@cached
def run_loss(digest: int) -> Kernel:
    """The kernel without events; ``digest`` is mentioned and no more."""

    def from_arrival_to_arrival(s: Fleet, source: Source, into: Record, chunk: Chunk, final: bool) -> int:
        """As :func:`events.run`. ``until_s`` begins with six that are never idle, ahead of the oldest."""
        until, born = s.until_s, s.born_s
        room = min(s.config.max_instances, len(born))
        stretch = s.config.cpu_share / min(1.0, s.config.cores) + (1.0 - s.config.cpu_share)
        while digest > 0:
            many = fill(source, chunk)
            if many == 0:
                break
            taken = 0
            newest = _newest(until, s.now.live)
            for i in range(many):
                t = chunk.arrive_s[i]
                if t >= s.now.next_expiry_s:
                    _keep(until, s.now.live, newest)
                    _end_expired(s, t)
                    newest = _newest(until, s.now.live)
                latency_s = chunk.work_s[i] * stretch
                is_given, newest = _given_to_newest(newest, t + SAME_INSTANT_S, t + latency_s)
                if not is_given:
                    place = _older_idle(until, s.now.live, t + SAME_INSTANT_S)
                    if place >= 0:
                        until[place] = t + latency_s
                    elif s.now.live < room:
                        _keep(until, s.now.live, newest)
                        latency_s = _started(s, t, latency_s)
                        newest = _newest(until, s.now.live)
                    elif room < s.config.max_instances:
                        return NEED_SLOTS
                    else:
                        s.total.rejected += 1
                        continue
                chunk.took_s[taken] = latency_s
                taken += 1
            _keep(until, s.now.live, newest)
            s.total.requests += many
            s.total.billed_request_s += _billed_s(chunk, taken)
            record(into, chunk, taken)
        if not final and source.now.requests_left > 0:
            return NEED_ARRIVALS
        _close(s, into)
        return DONE

    return from_arrival_to_arrival


@inlined
def _newest(until: FloatArray, live: int) -> _Newest:
    """The newest first."""
    return (until[live + 5], until[live + 4], until[live + 3], until[live + 2], until[live + 1], until[live])


@inlined
def _keep(until: FloatArray, live: int, newest: _Newest) -> None:
    until[live + 5], until[live + 4], until[live + 3], until[live + 2], until[live + 1], until[live] = newest


@inlined
def _given_to_newest(newest: _Newest, t: float, done_s: float) -> tuple[bool, _Newest]:
    """The first of them that is idle at t is busy until ``done_s``; and whether there was one."""
    a, b, c, d, e, f = newest
    in_a, in_b, in_c, in_d, in_e, in_f = a <= t, b <= t, c <= t, d <= t, e <= t, f <= t
    up_to_b = in_a | in_b
    up_to_c = up_to_b | in_c
    up_to_d = up_to_c | in_d
    up_to_e = up_to_d | in_e
    return up_to_e | in_f, (
        done_s if in_a else a,
        done_s if in_b & (not in_a) else b,
        done_s if in_c & (not up_to_b) else c,
        done_s if in_d & (not up_to_c) else d,
        done_s if in_e & (not up_to_d) else e,
        done_s if in_f & (not up_to_e) else f,
    )


@inlined
def _older_idle(until: FloatArray, live: int, t: float) -> int:
    """The place in ``until`` of the newest idle one of the rest; -1 where all are busy."""
    place = -1
    for i in range(NEWEST, live):
        place = i if until[i] <= t else place
    return place


@compiled
def _started(s: Fleet, t: float, work_s: float) -> float:
    """A new instance has the request; how long that takes, its start included. [s]"""
    starts_s = startup_s(s)
    done_s = t + work_s + starts_s
    s.born_s[s.now.live] = t
    s.until_s[NEWEST + s.now.live] = done_s
    s.now.live += 1
    s.total.starting_s += starts_s
    s.now.next_expiry_s = min(s.now.next_expiry_s, done_s + s.config.idle_s)
    return work_s + starts_s


@compiled
def _end_expired(s: Fleet, t: float) -> None:
    """Take out what expired up to t; and when the next one may, if none is used again before."""
    kept = 0
    s.now.next_expiry_s = INF
    for i in range(s.now.live):
        ends_s = s.until_s[NEWEST + i] + s.config.idle_s
        if ends_s <= t:
            ended(s, s.born_s[i], ends_s)
            continue
        s.until_s[NEWEST + kept] = s.until_s[NEWEST + i]
        s.born_s[kept] = s.born_s[i]
        kept += 1
        s.now.next_expiry_s = min(s.now.next_expiry_s, ends_s)
    s.now.live = kept


@compiled
def _billed_s(chunk: Chunk, taken: int) -> float:
    steps = 0.0
    for i in range(taken):
        steps += billed_steps(chunk.took_s[i])
    return steps / BILLED_STEPS_A_S


@compiled
def _close(s: Fleet, into: Record) -> None:
    """What is left at the end, and the sums that follow from the others. Again: no change."""
    end_s = max(s.now.clock_s, s.now.end_at_least_s)
    for i in range(s.now.live):
        end_s = max(end_s, s.until_s[NEWEST + i])
    # What ends with the last request lives on, as in `events`, where a departure goes before an expiry.
    _end_expired(s, end_s if s.now.end_at_least_s >= end_s else end_s - SAME_INSTANT_S)
    for i in range(s.now.live):
        s.total.live_s += end_s - s.born_s[i]
        s.total.billed_instance_s += end_s - s.born_s[i]
    s.now.live = 0
    s.total.cold = s.total.starts
    s.total.served = s.total.requests - s.total.rejected
    active_s = 0.0
    for b in range(len(into.sums_s)):
        active_s += into.sums_s[b]
    s.total.active_s = active_s
    s.total.system_s = active_s
    s.now.clock_s = end_s
