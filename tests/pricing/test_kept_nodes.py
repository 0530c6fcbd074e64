"""Which nodes of a pool stay, by what binds the pods that stay; the exact answers are in ``test_exact_packing``."""

import pytest

from k2cr_analysis.pricing.packing.kept_nodes import Nodes, kept_nodes
from k2cr_analysis.pricing.packing.repack import PodGroup, Room
from tests.pricing.clusters import live, node, workload
from tests.pricing.test_avoidable import avoidable_of, ids

ROOM = Room(4000, 16_000_000, 110, 50_000_000)
THREE_ZONES = Nodes(ROOM, (0, 0, 0, 1, 1, 1, 2, 2, 2))
ONE_ZONE = Nodes(ROOM, (0,) * 6)
SMALL = PodGroup(100, 1000, 4, owner="w")


def bits(*nodes):
    return sum(1 << n for n in nodes)


CASES = {
    "pods that mind nothing: one node a zone": (THREE_ZONES, [SMALL], 3),
    "bound to a zone, two fit on a node": (THREE_ZONES, [SMALL._replace(cpu_millicores=2000, allowed=bits(0, 1, 2))], 4),
    "bound to one node": (ONE_ZONE, [SMALL._replace(allowed=bits(4))], 1),
    "the node's disk is full before its CPU": (ONE_ZONE, [SMALL._replace(storage_kib=30_000_000)], 4),
    "one pod a node": (ONE_ZONE, [SMALL._replace(tag=1, shuns=1)], 4),
    "others go beside a pod that shuns its own": (
        ONE_ZONE, [SMALL._replace(tag=1, shuns=1), PodGroup(1000, 1000, 8, owner="x")], 4,
    ),
    "one pod a zone, and the rest beside it": (
        THREE_ZONES, [SMALL._replace(pods=3, zone_tag=1, zone_shuns=1), PodGroup(3900, 1000, 3, owner="x")], 3,
    ),
    "two workloads that shun each other's zone": (
        Nodes(ROOM, (0, 0, 1, 1)),
        [SMALL._replace(zone_tag=1, zone_shuns=2, storage_kib=1), PodGroup(100, 1000, 1, zone_tag=2, owner="x")], 2,
    ),
    "spread over nodes: two more on one than on another": (ONE_ZONE, [SMALL._replace(host_skew=2)], 1),
    "spread over nodes, and empty ones elsewhere": (ONE_ZONE, [SMALL._replace(host_skew=2, others_empty=True)], 2),
    "spread over zones, with room for one of them in each": (
        Nodes(ROOM, (0, 0, 1, 1)),
        [SMALL._replace(pods=2, cpu_millicores=2500, zone_skew=1), PodGroup(2500, 1000, 1, owner="x")], 3,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("nodes", "groups", "count"), CASES.values(), ids=CASES)
def test_as_few_nodes_as_the_rules_let_go(nodes, groups, count):
    kept = kept_nodes(nodes, groups, enough=1)
    assert len(kept) == count
    assert {nodes.zones[n] for n in kept} == set(nodes.zones)


def test_too_few_zones_for_a_spread_keep_all_nodes():
    group = SMALL._replace(pods=3, zone_skew=1, zone_domains=3)
    assert len(kept_nodes(Nodes(ROOM, (0, 0, 1, 1)), [group], enough=1)) == 4


def test_what_is_held_stays_and_is_used():
    kept = kept_nodes(ONE_ZONE, [SMALL._replace(cpu_millicores=1000)], enough=1, held={5})
    assert kept == {5}


def test_a_pool_without_autoscaler_has_one_number_for_all_zones():
    pinned = [SMALL._replace(cpu_millicores=3000, pods=3, allowed=bits(0, 1, 2))]
    assert len(kept_nodes(THREE_ZONES, pinned, enough=1)) == 5
    assert len(kept_nodes(THREE_ZONES, pinned, enough=1, evenly=True)) == 9


STATUS = """\
Name: https://www.googleapis.com/compute/v1/projects/p/zones/z/instanceGroups/gke-prod-other-grp
Health: Healthy (minSize=0, maxSize=3)
"""


def test_an_autoscaler_that_does_not_know_the_pool_lets_the_same_number_go_in_each_zone():
    nodes = [node(f"{z}{n}", zone=z) for z in "ab" for n in range(3)]
    stays = workload("stays", "3", "1Gi", replicas=2, nodeSelector={"topology.kubernetes.io/zone": "asia-northeast1-a"})
    leaves = workload("leaves", "3", "1Gi", replicas=4)
    pods = [*live(stays, ["a0", "a1"]), *live(leaves, ["a2", "b0", "b1", "b2"])]
    status = {
        "apiVersion": "v1", "kind": "ConfigMap", "data": {"status": STATUS},
        "metadata": {"name": "cluster-autoscaler-status", "namespace": "kube-system"},
    }  # fmt: skip
    objects = [*nodes, stays, leaves, *pods]
    assert avoidable_of(objects)[0].together(ids("leaves")).node_count == 3
    assert avoidable_of([*objects, status])[0].together(ids("leaves")).node_count == 2


def test_a_disk_keeps_its_pod_in_its_zone():
    claim = {"name": "d", "persistentVolumeClaim": {"claimName": "d"}}
    modes = {"accessModes": ["ReadWriteOnce"]}
    nodes = [node(f"{z}{n}", zone=z) for z in "ab" for n in range(2)]
    store = workload("store", "1900m", "1Gi", replicas=2, volumes=[claim])
    web = workload("web", "1900m", "1Gi", replicas=2)
    pods = [*live(store, ["a0", "b0"]), *live(web, ["a1", "b1"])]
    bound = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "d", "namespace": "shop"}}
    found = avoidable_of([*nodes, store, web, *pods, bound | {"spec": modes}])[0]
    assert {n for _, n in found.nodes_going(ids("web"))} == {"gke-a1", "gke-b1"}
    volume = {
        "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "pv"},
        "spec": {
            "claimRef": {"namespace": "shop", "name": "d"},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [
                {"key": "kubernetes.io/hostname", "operator": "In", "values": ["gke-b1"]}]}]}},
        },
    }  # fmt: skip
    found = avoidable_of([*nodes, store, web, *pods, bound | {"spec": modes}, volume])[0]
    assert "gke-b1" not in {n for _, n in found.nodes_going(ids("web"))}


def test_nodes_are_named_so_that_each_zone_keeps_one():
    nodes = [node(f"{z}{n}", zone=z) for z in "abc" for n in range(2)]
    rest, big = workload("rest", "100m", "64Mi", replicas=3), workload("big", "3", "8Gi", replicas=6)
    pods = [*live(rest, ["a0", "a0", "a1"]), *live(big, ["a0", "a1", "b0", "b1", "c0", "c1"])]
    going = {n for _, n in avoidable_of([*nodes, rest, big, *pods])[0].nodes_going(ids("big"))}
    assert going == {"gke-a1", "gke-b1", "gke-c1"}
