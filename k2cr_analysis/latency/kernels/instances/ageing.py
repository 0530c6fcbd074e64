"""What its age brings to an instance: the end of its CPU boost, and the end of its life."""

from __future__ import annotations

from k2cr_analysis.latency.kernels.compiled import compiled, inlined
from k2cr_analysis.latency.kernels.instances.life import expire
from k2cr_analysis.latency.kernels.instances.routing import delist
from k2cr_analysis.latency.kernels.requests.sharing import give_cores
from k2cr_analysis.latency.kernels.state import INF, READY, State


@inlined
def comes_of_age(s: State, slot: int, t: float) -> None:
    """Ready at t, an instance is boosted for a while longer, and will be recycled after its time."""
    if s.config.boost_s > 0.0:
        s.slots[slot].cores = s.config.boosted_cores
        s.slots[slot].boost_until_s = t + s.config.boost_s
    s.slots[slot].retires_s = t + s.config.life_s
    s.now.next_turn_s = min(s.now.next_turn_s, s.slots[slot].boost_until_s, s.slots[slot].retires_s)


@compiled
def turn(s: State, t: float) -> None:
    """All that come of an age at t; and when the next one will."""
    s.now.next_turn_s = INF
    for age in range(s.now.next_age):
        slot = s.slot_of_age[age]
        if slot < 0 or s.slots[slot].phase != READY:
            continue
        if s.slots[slot].boost_until_s <= t:
            s.slots[slot].boost_until_s = INF
            give_cores(s, slot, s.config.cores, t)
        if s.slots[slot].retires_s <= t:
            s.slots[slot].retires_s = INF
            _retire(s, slot, t)
        s.now.next_turn_s = min(s.now.next_turn_s, s.slots[slot].boost_until_s, s.slots[slot].retires_s)


@inlined
def _retire(s: State, slot: int, t: float) -> None:
    """It works off its requests and is given no more."""
    if s.slots[slot].load == 0:
        gone(s, slot, t)
        return
    s.slots[slot].retiring = 1
    if s.slots[slot].in_rotation == 1:
        delist(s, slot)
        s.slots[slot].in_rotation = 0
        s.now.rotation -= 1


@compiled
def gone(s: State, slot: int, t: float) -> None:
    """A recycled instance ends; another one starts where the minimum, the autoscaler or a waiting request wants it."""
    expire(s, slot, t)
    wanted = max(s.config.min_instances, s.now.wish if s.now.wish > 1 else 0)
    if s.now.live < wanted or (s.now.pending_count > 0 and s.now.live < s.config.max_instances):
        s.now.owed = max(s.now.owed, s.now.live + 1)
