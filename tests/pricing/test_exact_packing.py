"""What goes can go: against an exact packing of random clusters, for every set of workloads that could leave."""

from __future__ import annotations

from itertools import combinations

import pytest

pytest.importorskip("ortools", reason="the extra `planner` is not installed")

from k2cr_analysis.pricing.packing.avoidable import Avoidable, PackedPool
from tests.pricing.clusters import cluster
from tests.pricing.exact_packing import Town, fewest, fits, random_town
from tests.pricing.test_avoidable import avoidable_of


def pool_of(town: Town) -> PackedPool:
    found: Avoidable = avoidable_of(town.objects())[0]
    return found.pools[0]


def judged(town: Town) -> tuple[int, int]:
    """(nodes that are said to go, nodes that could go) over all sets; every promise is kept."""
    pool, said, could = pool_of(town), 0, 0
    names = [f"shop/Deployment/{w.name}" for w in town.workloads]
    for size in range(1, len(names)):
        for leaving in combinations(range(len(names)), size):
            gone = frozenset(names[n] for n in leaving)
            staying = [w for n, w in enumerate(town.workloads) if n not in leaving]
            going = {int(name.removeprefix("gke-n")) for name in pool.going(gone)}
            kept = [n for n in range(len(town.zones)) if n not in going]
            if going:
                assert {town.zones[n] for n in kept} == set(town.zones), (gone, going)
                assert fits(town, staying, kept), (gone, going)
            proportion = pool.headroom.enough(pool.load - sum_of_loads(pool, gone))
            most = len(town.zones) - max(fewest(town, staying), proportion)
            assert len(going) <= most, (gone, going, most)
            said, could = said + len(going), could + most
    return said, could


def sum_of_loads(pool, gone):
    from k2cr_analysis.pricing.packing.repack import load_of

    return load_of(g for w in gone for g in pool.groups[w])


def shares(seeds):
    towns = [t for seed in seeds if (t := random_town(seed)) is not None]
    found = [judged(t) for t in towns]
    return len(towns), sum(s for s, _ in found), sum(c for _, c in found)


def test_every_promise_is_kept_on_a_few_random_clusters():
    towns, said, could = shares(range(12))
    assert towns >= 6 and said >= 0.98 * could


@pytest.mark.soak
def test_every_promise_is_kept_on_a_thousand_random_clusters():
    towns, said, could = shares(range(1700))
    assert towns >= 1000
    assert said >= 0.98 * could


def test_the_parser_sees_the_random_clusters_as_they_are():
    town = next(t for seed in range(99) if (t := random_town(seed)) is not None)
    found = cluster(town.objects())
    assert len(found.nodes) == len(town.zones) and len(found.pods) == sum(w.pods for w in town.workloads)
