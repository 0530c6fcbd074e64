"""Mutants of the packing: which nodes go is judged by an exact packing, and by counting one pod after the other.

Run by ``test_packing_mutants.py`` in a process of its own. A mutant is killed where fewer nodes go than did, where pods
do not fit on those that it keeps (:mod:`tests.pricing.exact_packing` judges), or where it raises or does not end.
"""

from __future__ import annotations

import importlib
import signal
import sys
from collections.abc import Sequence
from itertools import combinations
from random import Random
from typing import Any, NamedTuple

from k2cr_analysis.pricing.packing import avoidable, fewest_nodes, kept_nodes, repack
from k2cr_analysis.pricing.packing.kept_nodes import Nodes
from k2cr_analysis.pricing.packing.repack import ANY_NODE, Load, PodGroup, Room
from tests.mutation import flipped, mutants_of
from tests.pricing.exact_packing import Pods, Town, fits, random_town
from tests.pricing.test_avoidable import avoidable_of

MODULES = ("fewest_nodes", "kept_nodes", "repack")
LIMIT_S = 10.0  # of CPU, for one look at a mutant
TOWNS = range(24)
SMALL = range(160)


class Call(NamedTuple):
    """What ``kept_nodes`` was asked, for which pods of which town, and how many nodes it kept."""

    arguments: tuple[Any, ...]
    options: dict[str, Any]
    town: Town
    staying: tuple[Pods, ...]
    kept: frozenset[int]


def calls() -> list[Call]:
    """What the towns ask for every set of workloads that could leave."""
    found: list[Call] = []
    honest = kept_nodes.kept_nodes
    for seed in TOWNS:
        town = random_town(seed)
        if town is None:
            continue
        names = [f"shop/Deployment/{w.name}" for w in town.workloads]
        pool = avoidable_of(town.objects())[0].pools[0]
        for leaving in (
            c for size in (1, len(names) // 2, len(names) - 1) for c in combinations(range(len(names)), size)
        ):
            staying = tuple(w for n, w in enumerate(town.workloads) if n not in leaving)

            def noted(*arguments: Any, town: Town = town, staying: tuple[Pods, ...] = staying, **options: Any) -> Any:
                kept = honest(*arguments, **options)
                found.append(Call(arguments, options, town, staying, kept))
                return kept

            avoidable.kept_nodes = noted  # type: ignore[assignment]
            pool.going(frozenset(names[n] for n in leaving))
    avoidable.kept_nodes = honest
    return found


class Judge:
    def __init__(self) -> None:
        self.calls = calls()
        self.random = [_random_pool(Random(seed)) for seed in range(150)]
        self.small = {n: small_pools(SMALL, n) for n in (16, 0)}  # TRIED_UP_TO
        kept_nodes.TRIED_UP_TO = 16
        free = [(n.room, g) for n, g, _ in map(_small_pool, map(Random, SMALL)) if not any(p.is_bound for p in g)]
        free += [(Room(10, 10, 9), _loose(Random(seed))) for seed in range(60)]
        self.free = [(room, g, count) for room, g in free if (count := _fewest_free(room, g)) is not None]
        self._fits: dict[tuple[int, frozenset[int]], bool] = {}

    def kills(self) -> str | None:
        """What differs; None where all is as good as it was."""
        signal.setitimer(signal.ITIMER_VIRTUAL, LIMIT_S)
        try:
            return self._direct() or self._counted() or self._small() or self._kept()
        except (Exception, _TooLongError) as error:
            return type(error).__name__
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)

    def _small(self) -> str | None:
        for tried_up_to, pools in self.small.items():
            kept_nodes.TRIED_UP_TO = tried_up_to
            for place, pool in enumerate(pools):
                kept = kept_nodes.kept_nodes(pool.nodes, pool.groups, **pool.options)
                key = (id(pool), kept)
                if key not in self._fits:
                    self._fits[key] = len(kept) <= pool.fewest and is_right(*pool[:3], kept)
                if not self._fits[key]:
                    pools.insert(0, pools.pop(place))
                    return "small pools"
        kept_nodes.TRIED_UP_TO = 16
        for place, (room, groups, fewest) in enumerate(self.free):
            if fewest_nodes.fewest_nodes(room, groups) != fewest:
                self.free.insert(0, self.free.pop(place))
                return "fewest"
        return None

    def _kept(self) -> str | None:
        for place, call in enumerate(self.calls):
            kept = kept_nodes.kept_nodes(*call.arguments, **call.options)
            if kept == call.kept:
                continue
            if len(kept) > len(call.kept) or not self._promise_holds(call, kept):
                self.calls.insert(0, self.calls.pop(place))
                return "towns"
        return None

    def _promise_holds(self, call: Call, kept: frozenset[int]) -> bool:
        zones = call.town.zones
        if len(kept) < call.options["enough"] or {zones[n] for n in kept} != set(zones):
            return False
        if not call.options.get("held", frozenset()) <= kept:
            return False
        key = (id(call.staying), kept)
        if key not in self._fits:
            signal.setitimer(signal.ITIMER_VIRTUAL, LIMIT_S)  # a solver's time is not the mutant's
            self._fits[key] = fits(call.town, call.staying, sorted(kept))
        return self._fits[key]

    def _counted(self) -> str | None:
        for room, groups, weights in self.random:
            if repack.nodes_needed(room, groups, weights) != first_fit(room, groups, weights):
                return "first fit"
            load, rooms = repack.load_of(groups), (room.cpu_millicores, room.memory_kib, room.pods)
            pods = [g for g in groups for _ in range(g.pods)]
            sums = (sum(g.cpu_millicores for g in pods), sum(g.memory_kib for g in pods), len(pods))
            if load != sums or repack.sum_of([load, load]) - load != load:
                return "loads"
            if repack.least_nodes(room, load) != max(-(-a // b) for a, b in zip(sums, rooms, strict=True)):
                return "least"
            whole = room.cpu_millicores * room.memory_kib * room.pods
            if repack.fullest(room, load) != max(a * (whole // b) for a, b in zip(sums, rooms, strict=True)):
                return "fullest"
        return None

    def _direct(self) -> str | None:
        for name, found, expected in DIRECT:
            if found() != expected:
                return name
        return None


class Small(NamedTuple):
    """A pool small enough to try every way, and how few nodes do."""

    nodes: Nodes
    groups: tuple[PodGroup, ...]
    options: dict[str, Any]
    fewest: int


def small_pools(seeds: Sequence[int], tried_up_to: int) -> list[Small]:
    """Those for which the packer finds the fewest, ``tried_up_to`` pods by its search and else in its orders alone."""
    found = []
    for seed in seeds:
        nodes, groups, options = _small_pool(Random(seed))
        fewest = fewest_of(nodes, groups, options)
        kept_nodes.TRIED_UP_TO = tried_up_to
        if fewest is not None and len(kept_nodes.kept_nodes(nodes, groups, **options)) == fewest:
            found.append(Small(nodes, groups, options, fewest))
    return found


def _small_pool(draw: Random) -> tuple[Nodes, tuple[PodGroup, ...], dict[str, Any]]:
    zones = tuple(sorted(draw.choice(([0, 0, 0], [0, 0, 1, 1], [0, 1, 2, 2], [0, 0, 1, 2, 2], [0, 0, 0, 1, 1]))))
    room = Room(10, 10, draw.choice((2, 3, 9)), draw.choice((None, 10)))
    groups = []
    for n in range(draw.randint(1, 4)):
        kind = draw.choice(("", "node", "some", "storage", "shuns", "zone", "zone shuns", "zone", "host", "host"))
        tag, skew = 1 << n, draw.choice((1, 1, 2))
        allowed = ANY_NODE
        if kind == "node":
            allowed = 1 << draw.randrange(len(zones))
        if kind in ("some", "host", "zone") and draw.random() < 0.5:
            allowed = draw.randrange(1, 1 << len(zones))
        groups.append(
            PodGroup(
                draw.choice((0, 1, 3, 4, 5, 6)), draw.choice((0, 1, 3, 5, 6)), draw.randint(1, 4),
                tag=tag if kind == "shuns" or draw.random() < 0.3 else 0,
                shuns=draw.choice((tag, draw.randrange(16))) if kind == "shuns" else 0,
                storage_kib=draw.choice((3, 5, 6)) if kind == "storage" else 0,
                allowed=allowed,
                zone_tag=tag if kind == "zone shuns" or draw.random() < 0.2 else 0,
                zone_shuns=draw.choice((tag, draw.randrange(16))) if kind == "zone shuns" else 0,
                zone_skew=skew if kind == "zone" else 0, zone_domains=draw.choice((1, 1, 2, 3)),
                host_skew=skew if kind == "host" else 0, host_domains=draw.choice((1, 1, 2, 3)),
                others_empty=draw.random() < 0.1, owner=f"w{n}",
            )
        )  # fmt: skip
    held = frozenset([draw.randrange(len(zones))] if draw.random() < 0.2 else [])
    return Nodes(room, zones), tuple(groups), {"enough": draw.choice((1, 1, 1, 3)), "held": held}


def _loose(draw: Random) -> tuple[PodGroup, ...]:
    """Pods that first fit alone often packs badly."""
    shuns = lambda n: (1 << n, draw.choice((1 << n, draw.randrange(8)))) if draw.random() < 0.2 else (0, 0)  # noqa: E731
    return tuple(PodGroup(draw.randint(1, 7), draw.randint(0, 5), draw.randint(1, 2), *shuns(n)) for n in range(4))


def _fewest_free(room: Room, groups: Sequence[PodGroup]) -> int | None:
    nodes = Nodes(room, (0,) * 6)
    return fewest_of(nodes, groups, {"enough": 1, "held": frozenset()})


def fewest_of(nodes: Nodes, groups: Sequence[PodGroup], options: dict[str, Any]) -> int | None:
    """By trying all; None where the pods do not fit at all."""
    everywhere = range(len(nodes.zones))
    for count in range(max(1, options["enough"]), len(everywhere) + 1):
        if any(is_right(nodes, groups, options, frozenset(kept)) for kept in combinations(everywhere, count)):
            return count
    return None


def is_right(nodes: Nodes, groups: Sequence[PodGroup], options: dict[str, Any], kept: frozenset[int]) -> bool:
    """Whether the pods can run on just these nodes, every rule kept."""
    if {nodes.zones[n] for n in kept} != set(nodes.zones) or not options["held"] <= kept:
        return False
    if len(kept) < options["enough"]:
        return False
    pods = [g for g in groups for _ in range(g.pods)]
    return _tried(nodes, groups, pods, sorted(kept), [])


def _tried(nodes: Nodes, groups: Sequence[PodGroup], pods: list[PodGroup], kept: list[int], at: list[int]) -> bool:
    if len(at) == len(pods):
        return all(_is_spread(nodes, g, [n for p, n in zip(pods, at, strict=True) if p is g], kept) for g in groups)
    pod = pods[len(at)]
    least = at[-1] if at and pods[len(at) - 1] is pod else 0  # pods of one group are alike
    for node in kept:
        may = node >= least and pod.allowed >> node & 1
        if (
            may
            and _goes(nodes, pod, node, list(zip(pods, at, strict=False)))
            and _tried(nodes, groups, pods, kept, [*at, node])
        ):
            return True
    return False


def _goes(nodes: Nodes, pod: PodGroup, node: int, placed: list[tuple[PodGroup, int]]) -> bool:
    room, here = nodes.room, [p for p, n in placed if n == node]
    in_zone = [p for p, n in placed if nodes.zones[n] == nodes.zones[node]]
    return (
        sum(p.cpu_millicores for p in here) + pod.cpu_millicores <= room.cpu_millicores
        and sum(p.memory_kib for p in here) + pod.memory_kib <= room.memory_kib
        and len(here) + 1 <= room.pods
        and (room.storage_kib is None or sum(p.storage_kib for p in here) + pod.storage_kib <= room.storage_kib)
        and not any(p.tag & pod.shuns or pod.tag & p.shuns for p in here)
        and not any(p.zone_tag & pod.zone_shuns or pod.zone_tag & p.zone_shuns for p in in_zone)
    )


def _is_spread(nodes: Nodes, group: PodGroup, at: list[int], kept: list[int]) -> bool:
    may = [n for n in kept if group.allowed >> n & 1]
    zones = {nodes.zones[n] for n in may}
    rules = (
        (group.host_skew, group.host_domains, [at.count(n) for n in may]),
        (group.zone_skew, group.zone_domains, [sum(nodes.zones[n] == z for n in at) for z in zones]),
    )
    for skew, domains, counts in rules:
        least = 0 if group.others_empty or len(counts) < domains else min(counts, default=0)
        if skew and counts and max(counts) - least > skew:
            return False
    return True


class _TooLongError(BaseException):
    pass


def _too_long(*_: object) -> None:
    raise _TooLongError


def _random_pool(draw: Random) -> tuple[Room, list[PodGroup], tuple[float, float] | None]:
    room = Room(draw.choice((4000, 8000)), draw.choice((9000, 16000)), draw.choice((4, 12, 110)))
    groups = []
    for n in range(draw.randint(0, 6)):
        tag = 1 << n if draw.random() < 0.4 else 0
        shuns = draw.choice((0, tag, draw.randrange(64)))
        cpu, memory = draw.choice((0, 100, 900, 1300, 1900, 4100)), draw.choice((0, 64, 500, 3000, 7000))
        groups.append(PodGroup(cpu, memory, draw.choice((0, 1, 1, 2, 5, 9)), tag, shuns))
    groups += [g for g in groups if draw.random() < 0.3]
    return room, groups, draw.choice((None, (1.0, 1.0), (1.0, 0.0), (0.0, 1.0)))


def first_fit(room: Room, groups: Sequence[PodGroup], weights: tuple[float, float] | None) -> int:
    """First-fit decreasing, a pod at a time: the largest first, each on the first node that takes it."""

    def size(g: PodGroup) -> float:
        shares = (g.cpu_millicores / room.cpu_millicores, g.memory_kib / room.memory_kib)
        return max(shares) if weights is None else shares[0] * weights[0] + shares[1] * weights[1]

    alike: dict[PodGroup, int] = {}
    for g in groups:
        if g.pods and not (g.tag or g.shuns):
            alike[g._replace(pods=1)] = alike.get(g._replace(pods=1), 0) + g.pods
    groups = [g._replace(pods=n) for g, n in alike.items()] + [g for g in groups if g.pods and (g.tag or g.shuns)]
    nodes: list[list[PodGroup]] = []
    for g in sorted(groups, key=lambda g: (size(g), g), reverse=True):
        for _ in range(g.pods):
            open_one = next((on for on in nodes if _takes(room, on, g)), None)
            if open_one is None:
                nodes.append([g])
            else:
                open_one.append(g)
    return len(nodes)


def _takes(room: Room, on: Sequence[PodGroup], pod: PodGroup) -> bool:
    pods = [*on, pod]
    return (
        sum(g.cpu_millicores for g in on) + pod.cpu_millicores
        <= max(room.cpu_millicores, 0 if pod.cpu_millicores else 9**9)
        and sum(g.memory_kib for g in on) + pod.memory_kib <= max(room.memory_kib, 0 if pod.memory_kib else 9**9)
        and len(pods) <= room.pods
        and not any(g.tag & pod.shuns or pod.tag & g.shuns for g in on)
    )


_ROOM = Room(1000, 1000, 10, 100)
_FOUR = Nodes(_ROOM, (0, 0, 1, 1))


def _kept(nodes: Nodes, *groups: PodGroup, **options: Any) -> frozenset[int]:
    return kept_nodes.kept_nodes(nodes, groups, **{"enough": 1, **options})


def _held(**of: Any) -> PodGroup:
    """A pod of the least size that asks for the node's own disk."""
    return PodGroup(**{"cpu_millicores": 1, "memory_kib": 1, "pods": 1, "storage_kib": 1, **of})


# More pods than are tried, or just as many: CPU, memory, number of each.
_FIRST_ORDER = [PodGroup(*of) for of in (
    (1, 2, 1), (6, 3, 3), (11, 5, 2), (10, 4, 3), (1, 10, 3), (3, 7, 3), (7, 12, 3), (6, 9, 2),
    (9, 5, 1), (1, 6, 2), (6, 7, 2), (9, 3, 3),
)]  # fmt: skip
_BOTH_ORDER = [PodGroup(*of) for of in (
    (3, 2, 3), (8, 6, 1), (4, 8, 3), (8, 3, 2), (5, 8, 2), (4, 5, 3), (2, 6, 3), (11, 3, 1),
    (3, 4, 1), (12, 6, 3), (9, 4, 3), (8, 4, 3),
)]  # fmt: skip
_AS_MANY_AS_TRIED = [PodGroup(*of) for of in (
    (10, 3, 1), (4, 8, 2), (11, 6, 1), (9, 3, 1), (1, 5, 3), (3, 2, 1), (8, 8, 3), (1, 6, 3),
    (11, 3, 3), (4, 12, 1), (6, 9, 2), (10, 1, 3),
)]  # fmt: skip

# Questions whose answer is plain: (name, question, answer).
DIRECT: tuple[tuple[str, Any, Any], ...] = (
    ("one a zone", lambda: _kept(_FOUR, PodGroup(600, 100, 1)), frozenset({0, 2})),
    ("the liked one a zone", lambda: _kept(_FOUR, PodGroup(600, 100, 1), liked=(3, 1, 0, 2)), frozenset({1, 3})),
    ("two a zone", lambda: _kept(_FOUR, PodGroup(600, 100, 1), a_zone=2), frozenset({0, 1, 2, 3})),
    ("no zone asks", lambda: _kept(_FOUR, PodGroup(600, 100, 1), a_zone=0), frozenset({0})),
    ("enough", lambda: _kept(_FOUR, PodGroup(600, 100, 1), enough=3), frozenset({0, 1, 2})),
    ("held", lambda: _kept(_FOUR, PodGroup(600, 100, 1), held=frozenset({1})), frozenset({1, 2})),
    ("evenly", lambda: _kept(_FOUR, PodGroup(600, 100, 3), evenly=True), frozenset({0, 1, 2, 3})),
    ("three of them", lambda: _kept(_FOUR, PodGroup(600, 100, 3)), frozenset({0, 1, 2})),
    ("bound to one", lambda: _kept(_FOUR, PodGroup(600, 100, 1, allowed=0b1000)), frozenset({0, 3})),
    ("bound to a zone", lambda: _kept(_FOUR, PodGroup(600, 100, 2, allowed=0b1100)), frozenset({0, 2, 3})),
    ("bound, evenly", lambda: _kept(_FOUR, PodGroup(600, 100, 2, allowed=0b1100), evenly=True), frozenset({0, 1, 2, 3})),
    ("bound, enough", lambda: _kept(_FOUR, PodGroup(600, 100, 1, allowed=0b1000), enough=3), frozenset({0, 1, 3})),
    ("by storage", lambda: _kept(_FOUR, PodGroup(1, 1, 3, storage_kib=60), a_zone=0), frozenset({0, 1, 2})),
    ("storage to the full", lambda: _kept(_FOUR, PodGroup(1, 1, 4, storage_kib=50), a_zone=0), frozenset({0, 1})),
    ("too large for any", lambda: _kept(_FOUR, PodGroup(1, 1, 1, storage_kib=101), a_zone=0), frozenset({0, 1, 2, 3})),
    ("full by CPU", lambda: _kept(_FOUR, PodGroup(500, 1, 4, storage_kib=1), a_zone=0), frozenset({0, 1})),
    ("full by memory", lambda: _kept(_FOUR, PodGroup(1, 500, 4, storage_kib=1), a_zone=0), frozenset({0, 1})),
    ("full by pods", lambda: _kept(_FOUR, PodGroup(1, 1, 20, storage_kib=1), a_zone=0), frozenset({0, 1})),
    ("one above the pods", lambda: _kept(_FOUR, PodGroup(1, 1, 21, storage_kib=1), a_zone=0), frozenset({0, 1, 2})),
    ("is any", lambda: PodGroup(1, 1, 1, allowed=ANY_NODE).is_bound, False),
    ("memory of two", lambda: _kept(_FOUR, _held(memory_kib=400, pods=2), _held(memory_kib=300), a_zone=0), frozenset({0, 1})),
    ("storage of two", lambda: _kept(_FOUR, _held(storage_kib=40, pods=2), _held(storage_kib=30), a_zone=0), frozenset({0, 1})),
    ("shunned in the zone", lambda: _kept(_FOUR, _held(zone_tag=2, allowed=0b11), _held(zone_shuns=2), a_zone=0), frozenset({0, 2})),
    ("bound by its zone", lambda: PodGroup(1, 1, 1, zone_tag=1).is_bound, True),
    ("a node of one", lambda: repack.least_nodes(Room(1, 10, 10), Load(3, 1, 1)), 3),
    ("fullest of one", lambda: repack.fullest(Room(1, 1, 1), Load(2, 3, 4)), 4),
    ("share of one", lambda: repack.share_of(Room(1, 1, 1), PodGroup(3, 5, 1), (1.0, 1.0)), 8.0),
    ("one beside what is shunned", lambda: repack.nodes_needed(
        Room(10, 10, 10), [PodGroup(6, 1, 1), PodGroup(3, 1, 1, 1, 0), PodGroup(1, 1, 1, 0, 1)]), 2),
    ("one that shuns what comes", lambda: repack.nodes_needed(
        Room(10, 10, 10), [PodGroup(6, 1, 1), PodGroup(3, 1, 1, 0, 1), PodGroup(1, 1, 1, 1, 0)]), 2),
    ("one shuns the other", lambda: fewest_nodes.fewest_nodes(
        Room(10, 10, 10), [PodGroup(6, 1, 1, 1, 0), PodGroup(4, 1, 1, 0, 1), PodGroup(5, 1, 2)]), 3),
    ("three on each", lambda: fewest_nodes.fewest_nodes(
        Room(10, 10, 3), [PodGroup(c, c, 1) for c in (5, 4, 4, 3, 2, 2)]), 2),
    ("nothing to pack", lambda: fewest_nodes.fewest_nodes(_ROOM, []), 0),
    ("enough is enough", lambda: fewest_nodes.fewest_nodes(_ROOM, [PodGroup(600, 1, 1)], 4), 1),
    ("what is not above enough is not bettered", lambda: fewest_nodes.fewest_nodes(
        Room(10, 10, 10), [PodGroup(c, c, 1) for c in (5, 4, 4, 3, 2, 2)], 3), 3),
    # 9 and one, then three twos, then one more: four twos are a pod too many for one node.
    ("three on each at most", lambda: fewest_nodes.fewest_nodes(
        Room(10, 10, 3), [PodGroup(9, 9, 1), PodGroup(2, 2, 4), PodGroup(1, 1, 1)]), 3),
    ("first fit's own order is the best", lambda: fewest_nodes.fewest_nodes(Room(20, 20, 40), _FIRST_ORDER), 11),
    ("the order by both is the best", lambda: fewest_nodes.fewest_nodes(Room(20, 20, 40), _BOTH_ORDER), 9),
    ("as many as are tried", lambda: fewest_nodes.fewest_nodes(Room(20, 20, 40), _AS_MANY_AS_TRIED), 8),
    ("loads", lambda: Load(5, 6, 7) - Load(1, 2, 3), Load(4, 4, 4)),
    # 5, 4 and 3 and 3, 3 and 2: first fit decreasing needs 3 nodes of 10, two hold them.
    ("better than first fit", lambda: fewest_nodes.fewest_nodes(
        Room(10, 10, 10), [PodGroup(c, c, 1) for c in (5, 4, 4, 3, 2, 2)]), 2),
)  # fmt: skip


def survivors(modules: Sequence[str]) -> tuple[int, list[str]]:
    """(how many mutants there were, those after which all is as good as before)."""
    signal.signal(signal.SIGVTALRM, _too_long)
    judge = Judge()
    if (differs := judge.kills()) is not None:
        raise AssertionError(f"differs without a mutation: {differs}")
    many, alive = 0, []
    for wanted in modules:
        name, _, only = wanted.partition(".")
        module = importlib.import_module(f"k2cr_analysis.pricing.packing.{name}")
        for what, function_name, code in list(mutants_of(module, boundaries=True)):
            if only and function_name != only:
                continue
            with flipped(module, function_name, code):
                killed = judge.kills()
            many += 1
            if killed is None:
                alive.append(what)
                sys.stderr.write(f"alive: {what}\n")
    return many, alive


def main() -> None:
    total, left = survivors(sys.argv[1:] or MODULES)
    sys.stdout.write("\n".join([f"{total} mutants", *left]) + "\n")
