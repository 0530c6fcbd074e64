"""Packing pods on equal nodes, against the best packing found by trying all."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k2cr_analysis.pricing.packing.fewest_nodes import fewest_nodes
from k2cr_analysis.pricing.packing.repack import PodGroup, Room, least_nodes, load_of, nodes_needed

ROOM = Room(3920, 13_000_000, 110)

CASES = [
    ("nothing", [], 0),
    ("one pod", [PodGroup(100, 1000, 1)], 1),
    ("by CPU: 3 of 1000m on a node", [PodGroup(1000, 1000, 7)], 3),
    ("by memory", [PodGroup(10, 6_000_000, 5)], 3),
    ("by the number of pods", [PodGroup(0, 0, 111)], 2),
    ("small ones fill the gaps", [PodGroup(3000, 0, 4), PodGroup(900, 0, 4)], 4),
    ("anti-affinity: a node each", [PodGroup(10, 10, 5, 1, 1)], 5),
    ("two shunning groups share nodes", [PodGroup(10, 10, 5, 1, 1), PodGroup(10, 10, 3, 2, 2)], 5),
    ("larger than a node: one each", [PodGroup(9000, 0, 2), PodGroup(100, 0, 1)], 3),
]


@pytest.mark.parametrize(("name", "groups", "nodes"), CASES, ids=[c[0] for c in CASES])
def test_packing(name, groups, nodes):
    assert nodes_needed(ROOM, groups) == nodes


def _best(room, pods):
    """Nodes of the best packing, by trying every assignment."""
    for nodes in range(1, len(pods) + 1):
        for where in product(range(nodes), repeat=len(pods)):
            load = [[0, 0] for _ in range(nodes)]
            for (cpu, memory), node in zip(pods, where, strict=True):
                load[node][0] += cpu
                load[node][1] += memory
            if all(cpu <= room.cpu_millicores and memory <= room.memory_kib for cpu, memory in load):
                return nodes
    return 0


pods = st.tuples(st.integers(0, 10), st.integers(0, 10))


@settings(max_examples=60, deadline=None)
@given(st.lists(pods, max_size=6))
def test_never_below_the_best_packing_and_never_far_above(found):
    room, groups = Room(10, 10, 110), [PodGroup(cpu, memory, 1) for cpu, memory in found]
    best = _best(room, found)
    assert least_nodes(room, load_of(groups)) <= best <= nodes_needed(room, groups) <= best + 2


@given(
    st.lists(
        st.builds(
            PodGroup,
            st.integers(0, 4000),
            st.integers(0, 13_000_000),
            st.integers(0, 30),
            st.integers(0, 3),
            st.integers(0, 3),
        ),
        max_size=12,
    ),
    st.randoms(),
)
def test_the_order_of_pods_does_not_matter(groups, shuffled):
    other = list(groups)
    shuffled.shuffle(other)
    assert nodes_needed(ROOM, groups) == nodes_needed(ROOM, other)


def _one_by_one(room, groups):
    """First-fit decreasing as textbooks have it: each pod into the first node that takes it."""
    nodes = []
    order = sorted(groups, key=lambda g: (max(g[0] / room[0], g[1] / room[1]), g), reverse=True)
    for cpu, memory in order:
        place = next((n for n in nodes if n[0] >= cpu and n[1] >= memory and n[2]), None)
        if place is None:
            place = [*room]
            nodes.append(place)
        place[0], place[1], place[2] = place[0] - cpu, place[1] - memory, place[2] - 1
    return len(nodes)


@given(st.lists(st.tuples(st.integers(1, 3920), st.integers(1, 13_000_000)), max_size=30), st.integers(1, 5))
def test_packing_by_groups_is_packing_pod_by_pod(shapes, times):
    room = (ROOM.cpu_millicores, ROOM.memory_kib, ROOM.pods)
    groups = [PodGroup(cpu, memory, times) for cpu, memory in shapes]
    assert nodes_needed(ROOM, groups) == _one_by_one(room, shapes * times)


MANNERS = [
    ("two that shun each other", [PodGroup(10, 10, 1, 1, 2), PodGroup(10, 10, 1, 2, 1)], 2),
    ("one that shuns, one that does not mind", [PodGroup(10, 10, 2, 1, 2), PodGroup(10, 10, 2, 2, 0)], 2),
    (
        "a third that nobody shuns fits beside them",
        [PodGroup(10, 10, 1, 1, 2), PodGroup(10, 10, 1, 2), PodGroup(5, 5, 9)],
        2,
    ),
]


@pytest.mark.parametrize(("name", "groups", "nodes"), MANNERS, ids=[c[0] for c in MANNERS])
def test_anti_affinity_between_workloads(name, groups, nodes):
    assert nodes_needed(ROOM, groups) == fewest_nodes(ROOM, groups) == nodes


polite = st.tuples(st.integers(0, 10), st.integers(0, 10), st.sampled_from([0, 1, 2]), st.sampled_from([0, 1, 2, 3]))


def _best_with_manners(room, pods):
    for nodes in range(1, len(pods) + 1):
        for where in product(range(nodes), repeat=len(pods)):
            here = [[p for p, n in zip(pods, where, strict=True) if n == node] for node in range(nodes)]
            if all(_may_share(room, together) for together in here):
                return nodes
    return 0


def _may_share(room, pods):
    apart = all(not (a[2] & b[3] or a[3] & b[2]) for n, a in enumerate(pods) for b in pods[n + 1 :])
    return apart and sum(p[0] for p in pods) <= room.cpu_millicores and sum(p[1] for p in pods) <= room.memory_kib


@settings(max_examples=80, deadline=None)
@given(st.lists(polite, max_size=6))
def test_few_pods_are_packed_as_well_as_can_be(found):
    room, groups = Room(10, 10, 110), [PodGroup(cpu, memory, 1, tag, shuns) for cpu, memory, tag, shuns in found]
    assert fewest_nodes(room, groups) == _best_with_manners(room, found)


@given(st.lists(polite, max_size=7), st.data())
def test_fewer_pods_never_need_more_nodes(found, data):
    room, groups = Room(10, 10, 110), [PodGroup(cpu, memory, 1, tag, shuns) for cpu, memory, tag, shuns in found]
    fewer = data.draw(st.lists(st.sampled_from(groups), unique_by=id)) if groups else []
    assert fewest_nodes(room, fewer) <= fewest_nodes(room, groups)
