"""Every flipped comparison, sign, constant or minimum in the kernels changes a simulation: see ``mutants.py``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
# All of the package but holding, which has its own test below.
KERNELS = (
    "draws", "events", "heaps", "loss",
    "instances.ageing", "instances.autoscaler", "instances.life", "instances.routing",
    "requests.arriving", "requests.recording", "requests.serving", "requests.sharing",
)  # fmt: skip
# `tests` is no package: a name for it, so that the child reads this one.
CHILD = (
    "import sys, types\n"
    f"package = types.ModuleType('tests'); package.__path__ = [{str(TESTS)!r}]; sys.modules['tests'] = package\n"
    "from tests.latency.mutants import main; main()"
)


def alive(*kernels: str) -> set[str]:
    """What is flipped and changes nothing."""
    command = [sys.executable, "-c", CHILD, *kernels]
    shown = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, "NUMBA_DISABLE_JIT": "1"}
    )
    first, *rest = shown.stdout.splitlines()
    assert int(first.split()[0]) > 0
    return {line for line in rest if line}


# What changes nothing that a simulation could show, and why.
EQUIVALENT = {
    "events.run: 0 -> 1 in digest > 0": "a digest is a large number",
    "events._needs: 1 -> 2 in s.now.chunk_end = 1": "the run ends before a second place of the last chunk is looked at",
    "events._needs: source.now.requests_left > 0 -> source.now.requests_left <= 0 in not final and source.now.requests_left > 0": "feed stops by itself",
    "events._needs: 0 -> 1 in source.now.requests_left > 0": "feed stops by itself",
    "events._needs: 0 -> 1 in s.now.free_requests == 0": "room is made one request earlier or later",
    "events._advance: dt <= 0.0 -> dt < 0.0 in if dt <= 0.0:": "over no time each integral grows by 0",
    "events._advance: s.now.active < s.config.min_instances -> s.now.active <= s.config.min_instances in if s.now.active < s.config.min_instances:": "as many as the least: none of them is idle, and 0 is added",
    "events._next_completion: 1 -> 2 in -1": "any negative number says that nobody leaves",
    "draws._exponential_edge: _ZF[layer] + uniform(mixed(z)) * (_ZF[layer - 1] - _ZF[layer]) < math.exp(-x) -> _ZF[layer] + uniform(mixed(z)) * (_ZF[layer - 1] - _ZF[layer]) <= math.exp(-x) in if _ZF[layer] + uniform(mixed(z)) * (_ZF[layer - 1] - _ZF[layer]) < math.exp(-x):": "no draw falls on the edge itself",
    "draws._exponential_edge: j < _ZK[layer] -> j <= _ZK[layer] in if j < _ZK[layer]:": "no whole number is at the edge of a layer but 0, where both ways give 0",
    "draws.exponential: j < _ZK[layer] -> j <= _ZK[layer] in x if j < _ZK[layer] else _exponential_edge(word, layer, x)": "as above",
    "draws.normal: 0.0 < q < 1.0 -> 0.0 <= q < 1.0 in if 0.0 < q < 1.0:": "no draw is at the middle of the circle: a uniform is an odd multiple of half a unit",
    "serving.arrive: 1 -> 2 in -1": "any negative number says that it is bound to none",
    "serving._bill_once: t > since_s -> t >= since_s in if t > since_s:": "no time is billed as none",
    "draws.from_table: place <= 0.0 -> place < 0.0 in if place <= 0.0:": "at the place 0 both give the first value",
    "heaps.push: heap[base + parent].key <= key -> heap[base + parent].key < key in if heap[base + parent].key <= key:": "equals leave in any order",
    "heaps.pop: heap[base + child + 1].key < heap[base + child].key -> heap[base + child + 1].key <= heap[base + child].key in child += heap[base + child + 1].key < heap[base + child].key": "equals leave in any order",
    "heaps.pop: i < n -> i <= n in if i < n:": "the last one is put where it stands",
    "ageing.gone: s.now.live < s.config.max_instances -> s.now.live <= s.config.max_instances in s.now.pending_count > 0 and s.now.live < s.config.max_instances": "one has just ended: fewer than the most live",
    "autoscaler.scale: s.now.ticks + ticks -> s.now.ticks - ticks in s.now.ticks + ticks - 1": "the same place of the ring",
    "autoscaler.scale: wish < s.now.wish -> wish <= s.now.wish in if wish < s.now.wish:": "to look at the idle ones earlier changes nothing",
    "autoscaler.scale: s.now.live - s.now.starting -> s.now.live + s.now.starting in ready = s.now.live - s.now.starting": "to rotate more often changes nothing",
    "autoscaler.wake: 0 -> 1 in (k, 0)": "requests in the system stood still over the whole window already",
    "routing.ready_place: s.now.lowest < concurrency -> s.now.lowest <= concurrency in while s.now.lowest < concurrency:": "none stands in the list of full ones",
    "routing.ready_place: s.now.live - s.now.starting > s.now.rotation -> s.now.live - s.now.starting >= s.now.rotation in if s.now.live - s.now.starting > s.now.rotation:": "to look for one out of rotation where there is none finds none",
    "routing.ready_place: s.now.live - s.now.starting -> s.now.live + s.now.starting in s.now.live - s.now.starting > s.now.rotation": "to look for one out of rotation where there is none finds none",
    "routing.ready_place: s.now.next_age - 1 -> s.now.next_age + 1 in range(s.now.next_age - 1, -1, -1)": "beyond the last age nobody is",
    "routing.ready_place: 1 -> 2 in s.now.next_age - 1": "the newest is always in rotation",
    "routing.ready_place: 1 -> 2 in -1": "any negative number says that there is none; and the last age was looked at",
    "routing.rotate: s.now.next_age - 1 -> s.now.next_age + 1 in range(s.now.next_age - 1, -1, -1)": "beyond the last age nobody is",
    "routing.rotate: 1 -> 2 in -1": "the last of the ages is free unless all are used up",
    "routing.enlist: 1 -> 2 in -1": "any negative number says that there is none",
    "routing.enlist: load < s.now.lowest -> load <= s.now.lowest in if load < s.now.lowest:": "the same value",
    "routing.mark_idle: word > s.now.top_word -> word >= s.now.top_word in if word > s.now.top_word:": "the same value",
    "routing._newest_idle: top > 0 -> top >= 0 in top > 0 and s.bits[top] == 0": "the word at -1 is the last, which is empty where all below are",
    "routing._newest_idle: 1 -> 2 in -1": "any negative number says that there is none",
    "life.start_instance: min(s.now.next_expiry_s, t) -> max(s.now.next_expiry_s, t) in s.now.next_expiry_s = min(s.now.next_expiry_s, t)": "where one starts, none is idle or as many are wanted as live",
    "life.start_instance: 1 -> 2 in -1": "any negative number says that there is none",
    "life.becomes_idle: t + s.config.idle_s -> t - s.config.idle_s in min(s.now.next_expiry_s, t + s.config.idle_s)": "a lower bound: it is looked at again",
    "life.expire_idle: 1 -> 2 in -1": "any negative number says that there is none",
    "life.expire: 1 -> 2 in -1": "any negative number says that there is none",
    "life._new_slot: s.now.next_age >= len(s.slot_of_age) -> s.now.next_age < len(s.slot_of_age) in if s.now.next_age >= len(s.slot_of_age):": "to count anew earlier changes nothing",
    "life._new_slot: 1 -> 2 in -1": "any negative number says that there is none",
    "life._new_slot: 0 -> 1 in s.slots[slot].in_rotation = 0": "set when it is ready; nobody asks before",
    "life._new_slot: 0.0 -> 0.5 in s.slots[slot].virtual = 0.0": "a virtual clock may begin anywhere",
    "life._renumber: 0 -> 1 in s.now.top_word = 0": "where to look down from; one word too high is empty",
    "life._renumber: 1 -> 2 in -1": "any negative number says that there is none",
    "loss.run_loss: digest > 0 -> digest >= 0 in while digest > 0:": "a digest is a large number",
    "loss.run_loss: 0 -> 1 in digest > 0": "a digest is a large number",
    "loss.run_loss: place >= 0 -> place > 0 in if place >= 0:": "a place is never the first: six stand ahead of the oldest",
    "loss.run_loss: 0 -> 1 in place >= 0": "a place is never the first: six stand ahead of the oldest",
    "loss.run_loss: source.now.requests_left > 0 -> source.now.requests_left >= 0 in not final and source.now.requests_left > 0": "feed stops by itself",
    "loss.run_loss: 0 -> 1 in source.now.requests_left > 0": "feed stops by itself",
    "loss._given_to_newest: a <= t -> a < t in (a <= t, b <= t, c <= t, d <= t, e <= t, f <= t)": "nothing ends at the edge of what counts as one instant",
    "loss._given_to_newest: b <= t -> b < t in (a <= t, b <= t, c <= t, d <= t, e <= t, f <= t)": "nothing ends at the edge of what counts as one instant",
    "loss._given_to_newest: c <= t -> c < t in (a <= t, b <= t, c <= t, d <= t, e <= t, f <= t)": "nothing ends at the edge of what counts as one instant",
    "loss._given_to_newest: d <= t -> d < t in (a <= t, b <= t, c <= t, d <= t, e <= t, f <= t)": "nothing ends at the edge of what counts as one instant",
    "loss._given_to_newest: e <= t -> e < t in (a <= t, b <= t, c <= t, d <= t, e <= t, f <= t)": "nothing ends at the edge of what counts as one instant",
    "loss._given_to_newest: f <= t -> f < t in (a <= t, b <= t, c <= t, d <= t, e <= t, f <= t)": "nothing ends at the edge of what counts as one instant",
    "loss._older_idle: 1 -> 2 in -1": "any negative number says that there is none",
    "loss._older_idle: until[i] <= t -> until[i] < t in i if until[i] <= t else place": "nothing ends at the edge of what counts as one instant",
    "loss._started: done_s + s.config.idle_s -> done_s - s.config.idle_s in min(s.now.next_expiry_s, done_s + s.config.idle_s)": "a lower bound: it is looked at again",
    "arriving._of_count: x > 0.001 -> x >= 0.001 in -math.expm1(-x) if x > 0.001 else x * (1.0 - x * (0.5 - x / 6.0))": "no draw is at the edge",
    "arriving._of_rate: clock_s >= end_s -> clock_s > end_s in if clock_s >= end_s:": "nothing comes at the very end of a period",
    "sharing.begin: n > 0 -> n >= 0 in if n > 0:": "a virtual clock may begin anywhere",
    "sharing.cpu_departure: s.requests[request].rest_s <= 0.0 -> s.requests[request].rest_s < 0.0 in if s.requests[request].rest_s <= 0.0:": "it leaves at the same instant, an event later",
    "sharing.cpu_departure: 1 -> 2 in -1": "any negative number says that there is none",
    "sharing._cpu_changed: 0.0 -> 0.5 in s.slots[slot].virtual = 0.0": "a virtual clock may begin anywhere",
    "sharing._cpu_changed: 1 -> 2 in -1": "any negative number says that there is none",
    "sharing._put: s.slots[above].next_cpu_s <= key -> s.slots[above].next_cpu_s < key in if s.slots[above].next_cpu_s <= key:": "equals leave in any order",
    "sharing._put: s.slots[below].next_cpu_s >= key -> s.slots[below].next_cpu_s > key in if s.slots[below].next_cpu_s >= key:": "equals leave in any order",
    "sharing._put: s.slots[s.slots[child + 1].by_cpu].next_cpu_s < s.slots[below].next_cpu_s -> s.slots[s.slots[child + 1].by_cpu].next_cpu_s <= s.slots[below].next_cpu_s in child + 1 < n and s.slots[s.slots[child + 1].by_cpu].next_cpu_s < s.slots[below].next_cpu_s": "equals leave in any order",
    "events.run: digest > 0 -> digest >= 0 in s.config.scales == 1 and digest > 0": "a digest is a large number",
    "events.run: departure_t < INF -> departure_t <= INF in departure_t < INF and departure_t <= min(arrival_t, other_t) + SAME_INSTANT_S": "where nothing leaves, something else comes first or the run is over",
    "events.run: departure_t <= min(arrival_t, other_t) + SAME_INSTANT_S -> departure_t < min(arrival_t, other_t) + SAME_INSTANT_S in departure_t < INF and departure_t <= min(arrival_t, other_t) + SAME_INSTANT_S": "nothing ends at the edge of what counts as one instant",
    "events.run: event_t <= cpu_t -> event_t < cpu_t in _next_completion(s) if event_t <= cpu_t else cpu_departure(s, departure_t)": "two that end at one instant, in any order",
    "events._needs: source.now.requests_left > 0 -> source.now.requests_left >= 0 in not final and source.now.requests_left > 0": "feed stops by itself",
}  # fmt: skip


def test_a_flip_in_the_order_of_events_changes_a_simulation() -> None:
    assert alive("events._other_event") <= EQUIVALENT.keys()


def test_a_flip_in_who_gives_up_or_what_is_billed_changes_a_simulation() -> None:
    assert alive("--boundaries", "requests.serving.give_up", "requests.recording.billed_s") <= EQUIVALENT.keys()


def test_a_flip_in_draws_arrivals_and_ages_changes_a_simulation() -> None:
    functions = ("draws.from_table", "requests.arriving._of_rate", "instances.ageing.comes_of_age")
    assert alive("--boundaries", "--few", *functions) <= EQUIVALENT.keys()


@pytest.mark.soak
@pytest.mark.parametrize("kernel", KERNELS)
def test_every_flip_and_moved_boundary_of_a_kernel_is_noticed(kernel: str) -> None:
    assert alive("--boundaries", kernel) <= EQUIVALENT.keys()


def test_a_flip_in_the_chance_that_an_instance_lives_is_noticed() -> None:
    """A digest is a large number; the short cut for what is used all the time changes nothing that is seen."""
    found = alive("holding")
    assert {f for f in found if "digest" not in f and "20.0" not in f and "0.999" not in f} <= {
        "holding.hold: 1.0 -> 2.5 in middle < 1.0",  # at 1 nothing starts
        "holding.hold: 1.0 -> 2.5 in 1.0 if in_idle < 1e-09 else in_idle / math.expm1(min(in_idle, _MOST))",  # not used, it does not live
        "holding.hold: 0 -> 1 in return 0",  # nobody asks
    }  # fmt: skip
