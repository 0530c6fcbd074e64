"""Which instance gets a request: the newest idle one, else the least loaded of those in rotation.

Idle instances are bits by age; the others stand in lists by load.
"""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from k2cr_analysis.latency.kernels.compiled import compiled, inlined
from k2cr_analysis.latency.kernels.state import BITS_A_WORD, READY, State


@inlined
def ready_place(s: State) -> int:
    """Where a request goes: the newest idle instance, the least loaded, one out of rotation; -1 where all are full."""
    slot = _newest_idle(s)
    if slot >= 0:
        return slot
    concurrency = s.config.concurrency
    while s.now.lowest < concurrency:
        if s.level[s.now.lowest] >= 0:
            return s.level[s.now.lowest]
        s.now.lowest += 1
    if s.now.live - s.now.starting > s.now.rotation:
        for age in range(s.now.next_age - 1, -1, -1):
            slot = s.slot_of_age[age]
            if (
                slot >= 0
                and s.slots[slot].phase == READY
                and s.slots[slot].in_rotation == 0
                and s.slots[slot].retiring == 0
                and s.slots[slot].load < concurrency
            ):
                s.slots[slot].in_rotation = 1
                s.now.rotation += 1
                enlist(s, slot)
                return slot
    return -1


@compiled
def rotate(s: State, target: int) -> None:
    """Let the newest ``target`` ready instances take requests; older ones only when those are full."""
    kept = 0
    for age in range(s.now.next_age - 1, -1, -1):
        slot = s.slot_of_age[age]
        if slot < 0 or s.slots[slot].phase != READY or s.slots[slot].retiring == 1:
            continue
        wanted = 1 if kept < target else 0
        kept += wanted
        if wanted == s.slots[slot].in_rotation:
            continue
        if wanted == 1:
            enlist(s, slot)
        else:
            delist(s, slot)
        s.slots[slot].in_rotation = wanted
        s.now.rotation += 2 * wanted - 1


@inlined
def enlist(s: State, slot: int) -> None:
    """Enter a ready instance among those that can be given a request: by its load; idle ones by age."""
    load = s.slots[slot].load
    if load == 0:
        mark_idle(s, s.slots[slot].age)
        return
    if load >= s.config.concurrency:
        return
    head = s.level[load]
    s.slots[slot].previous = -1
    s.slots[slot].next = head
    if head >= 0:
        s.slots[head].previous = slot
    s.level[load] = slot
    if load < s.now.lowest:
        s.now.lowest = load


@inlined
def delist(s: State, slot: int) -> None:
    load = s.slots[slot].load
    if load == 0:
        age = s.slots[slot].age
        s.bits[age >> 5] &= ~(1 << (age & 31))
        return
    if load >= s.config.concurrency:
        return
    before, after = s.slots[slot].previous, s.slots[slot].next
    if before >= 0:
        s.slots[before].next = after
    else:
        s.level[load] = after
    if after >= 0:
        s.slots[after].previous = before


@inlined
def mark_idle(s: State, age: int) -> None:
    word = age >> 5
    s.bits[word] |= 1 << (age & 31)
    if word > s.now.top_word:
        s.now.top_word = word


@inlined
def _newest_idle(s: State) -> int:
    top = s.now.top_word
    while top > 0 and s.bits[top] == 0:
        top -= 1
    s.now.top_word = top
    if s.bits[top] == 0:
        return -1
    return s.slot_of_age[top * BITS_A_WORD + _highest_bit(s.bits[top])]


@inlined
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
