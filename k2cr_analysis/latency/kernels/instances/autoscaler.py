"""How many instances the autoscaler wants: both its targets over its window, looked at every tick."""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

import math

from k2cr_analysis.latency.kernels.compiled import compiled, inlined
from k2cr_analysis.latency.kernels.instances.routing import rotate
from k2cr_analysis.latency.kernels.state import INF, State


@compiled
def scale(s: State, t: float) -> None:
    """Every tick: instances wanted by the means of CPU and of requests in the system over the window.

    ``seen[k % ticks]``: both integrals at tick k. Before the first request both stood still, so a window that reaches
    back beyond it counts nothing there.
    """
    ticks = s.seen.shape[0]
    oldest, last = s.now.ticks % ticks, (s.now.ticks + ticks - 1) % ticks
    system = (s.total.system_s - s.seen[oldest, 0]) / s.config.window_s
    cores = (s.total.cpu_s - s.seen[oldest, 1]) / s.config.window_s
    # Load comes back to instances at once: those in rotation follow the last tick where it saw more than the window.
    now_wanted = _wanted(
        s, (s.total.system_s - s.seen[last, 0]) / s.config.tick_s, (s.total.cpu_s - s.seen[last, 1]) / s.config.tick_s
    )
    s.seen[oldest, 0] = s.total.system_s
    s.seen[oldest, 1] = s.total.cpu_s
    s.now.ticks += 1
    wish = _wanted(s, system, cores)
    _note_calls(s, t, wish, now_wanted)
    if wish < s.now.wish:
        s.now.next_expiry_s = min(s.now.next_expiry_s, t)
    s.now.wish = wish
    if s.now.live > 0:  # from zero only a request starts an instance
        s.now.owed = wish
    if s.config.concurrency > 1:
        target = max(wish, now_wanted, 1)
        ready = s.now.live - s.now.starting
        if min(target, ready) != s.now.rotation:
            rotate(s, target)
    if s.now.in_system == 0 and system <= 0.0:
        s.now.next_tick_s = INF  # nothing to see until a request comes
    else:
        s.now.next_tick_s = t + s.config.tick_s


@compiled
def wake(s: State, t: float) -> None:
    """The first request after a time without: nothing was seen in the window, and the next tick comes."""
    for k in range(s.seen.shape[0]):
        s.seen[k, 0] = s.total.system_s
        s.seen[k, 1] = s.total.cpu_s
    s.now.next_tick_s = (math.floor(t / s.config.tick_s) + 1.0) * s.config.tick_s


@inlined
def _note_calls(s: State, t: float, wish: int, now_wanted: int) -> None:
    """The most instances of a block of a window that something called for, and that were used.

    Called for: by the autoscaler, or by requests in the system over what fewer instances hold. Used: those with a
    request since the last tick; where all that live are, those that would be in rotation.
    """
    by_places = (s.now.peak + s.config.concurrency - 1) // s.config.concurrency
    s.now.peak = s.now.in_system
    used = 0
    for age in range(s.now.next_age):
        slot = s.slot_of_age[age]
        if slot >= 0 and (s.slots[slot].load > 0 or s.slots[slot].idle_since_s > t - s.config.tick_s):
            used += 1
    called = max(wish, by_places)
    if used >= s.now.live:
        used = max(used, called, now_wanted)
    s.now.block_called = max(s.now.block_called, called)
    s.now.block_used = max(s.now.block_used, used)
    s.now.block_ticks += 1
    if s.now.block_ticks >= s.seen.shape[0]:
        most = s.calls.shape[0] - 1
        s.calls[min(s.now.block_called, most), 0] += 1
        s.calls[min(s.now.block_used, most), 1] += 1
        s.now.block_ticks, s.now.block_called, s.now.block_used = 0, 0, 0


@compiled
def _wanted(s: State, system: float, cores: float) -> int:
    """Instances for so many requests in the system and vCPUs in use, both at their targets."""
    by_cpu = math.ceil(cores / (s.config.cores * s.config.target_cpu) - 1e-9)
    by_concurrency = math.ceil(system / (s.config.concurrency * s.config.target_concurrency) - 1e-9)
    return min(max(int(max(by_cpu, by_concurrency)), s.config.min_instances), s.config.max_instances)
