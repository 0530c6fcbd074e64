"""What the bill really loses: nodes, not pods."""

from dataclasses import replace
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k2cr_analysis.model.prices import PriceBook
from k2cr_analysis.pricing.gke.today import attribute
from k2cr_analysis.pricing.packing.avoidable import Avoidable
from tests.pricing.clusters import REGION, allocated, billing, billing_row, cluster, live, node, workload

BOOK = PriceBook.embedded()
NODE = 730 * (4 * Decimal("0.02802642") + 16 * Decimal("0.00373911"))


def avoidable_of(objects, rows=None, holds=None):
    found = cluster(objects)
    bill = attribute(found, billing(rows) if rows else None, {}, BOOK, REGION, 30.0)
    return Avoidable(found, bill, holds=holds), bill


def ids(*names):
    return [f"shop/Deployment/{name}" for name in names]


def full_nodes(*names):
    """Nodes a, b, c in one zone, and on each the one 3-core workload that fits."""
    made = [workload(name, "3", "4Gi") for name in names]
    pods = [pod for name, owner in zip("abcdefgh", made, strict=False) for pod in live(owner, [name])]
    return [*(node(n) for n in "abcdefgh"[: len(names)]), *made, *pods]


def test_a_workload_that_fills_a_node_takes_it_along():
    found, _ = avoidable_of(full_nodes("web", "api", "db"))
    assert found.together(ids("web")).month == NODE
    assert found.nodes_going(ids("web")) == (("main", "gke-a"),)


def test_a_small_workload_takes_nothing_along():
    small = workload("small", "100m", "64Mi")
    found, _ = avoidable_of([*full_nodes("web", "api"), small, *live(small, ["a"])])
    assert found.alone(ids("small")[0]) == 0


def test_two_halves_of_a_node_go_only_together():
    halves = [workload(name, "1900m", "1Gi") for name in ("x", "y")]
    found, _ = avoidable_of([*full_nodes("web"), node("b"), *halves, *live(halves[0], ["b"]), *live(halves[1], ["b"])])
    assert [found.alone(w) for w in ids("x", "y")] == [0, 0]
    assert found.together(ids("x", "y")).month == NODE


def test_the_fee_goes_with_the_last_workload():
    found, bill = avoidable_of(full_nodes("web", "api"))
    removal = found.together(ids("web", "api"))
    assert removal.cluster_goes
    assert removal.month == bill.month == 2 * NODE + 73


def test_the_cluster_stays_while_one_that_holds_it_stays():
    found, bill = avoidable_of([*full_nodes("web", "api"), workload("agent", "50m", kind="DaemonSet", replicas=None)])
    assert found.together(ids("web", "api")).month == bill.month
    held, _ = avoidable_of(full_nodes("web", "api"), holds=[*ids("web"), "shop/Deployment/other"])
    assert not held.together(ids("web", "api")).cluster_goes


def test_a_pool_with_pods_keeps_a_node_in_each_zone():
    owner = workload("web", "3", "4Gi", replicas=3)
    rest = workload("rest", "100m", "64Mi")
    nodes = [node("a", zone="a"), node("b", zone="b"), node("c", zone="c")]
    found, _ = avoidable_of([*nodes, owner, rest, *live(owner, "abc"), *live(rest, "a")])
    assert found.together(ids("web")).month == 0


def test_todays_headroom_is_not_credited_to_the_move():
    owner, rest = workload("web", "1", "1Gi", replicas=3), workload("rest", "1", "1Gi", replicas=3)
    found, _ = avoidable_of([*(node(n) for n in "abcd"), owner, rest, *live(owner, "abc"), *live(rest, "abd")])
    # All six fit on 2 nodes and have 4; the rest fits on 1 and keeps 2.
    assert found.together(ids("web")).node_count == 2


def test_on_autopilot_every_pod_takes_its_price_along():
    managed = node("a")
    managed["metadata"]["name"] = "gk3-prod-a"
    found, bill = avoidable_of([managed, workload("web"), workload("api")])
    assert found.alone(ids("web")[0]) == bill.attributed_month(ids("web")[0]) > 0
    assert found.together(ids("web", "api")).month == bill.month


def test_manifests_alone_are_no_cluster_that_goes():
    found, bill = avoidable_of([workload("web"), workload("api")])
    removal = found.together(ids("web", "api"))
    assert bill.month is None and not removal.cluster_goes and not found.can_go
    assert removal.month == sum(bill.attributed_month(w) for w in ids("web", "api"))


def test_nodes_without_a_price_save_nothing_that_is_known():
    web = workload("web", "3", "8Gi", replicas=3)
    nodes = [node(n, machine="x9-standard-4") for n in "abc"]
    found, bill = avoidable_of([*nodes, web, *live(web, "abc"), workload("api")])
    assert bill.month is None and found.alone(ids("web")[0]) is None
    assert not found.is_told(ids("web")[0])


def test_a_pool_without_a_price_leaves_the_others_figures():
    web, api = workload("web", "3", "8Gi", replicas=2), workload("api", "3", "8Gi", replicas=2)
    nodes = [*(node(n, machine="x9-standard-4", pool="odd") for n in "ab"), *(node(n) for n in "cd")]
    found, _ = avoidable_of([*nodes, web, *live(web, "ab"), api, *live(api, "cd"), workload("tool", "100m", "64Mi")])
    assert found.alone(ids("web")[0]) is None
    assert found.alone(ids("api")[0]) > 0


def test_pods_of_an_autopilot_class_take_their_price_along_on_a_standard_cluster():
    chosen = {"nodeSelector": {"cloud.google.com/compute-class": "autopilot"}}
    web = workload("web", "1", "4Gi", replicas=2, **chosen)
    managed = node("m")
    managed["metadata"] |= {"name": "gk3-prod-m"}
    found, bill = avoidable_of([node("a"), managed, web, *live(workload("api"), "a"), workload("api")])
    month = 2 * 730 * (Decimal("0.0571") + 4 * Decimal("0.0063215"))
    assert found.alone(ids("web")[0]) == found.own_month(ids("web")[0]) == bill.attributed_month(ids("web")[0]) == month
    assert "gk3-prod-m" not in bill.node_month
    assert sum(i.amount for i in found.items(ids("web"))) == month


def test_what_runs_for_an_unknown_time_has_no_answer():
    found, _ = avoidable_of([workload("web"), workload("once", kind="Job", replicas=None)])
    assert found.alone("shop/Job/once") is None


def test_nodes_under_commitment_save_nothing():
    model = {"consumption_model": {"id": "D97B", "description": "Compute Flexible CUDs 1 Year"}}
    rows = [billing_row(6.0, allocated("web")) | model, billing_row(2.0, allocated("api"))]
    objects = full_nodes("web", "api")
    free, _ = avoidable_of(objects, [billing_row(6.0, allocated("web")), rows[1]])
    committed, bill = avoidable_of(objects, rows)
    a_day = Decimal(730) / 24
    assert abs(free.together(ids("web")).month - 4 * a_day) < Decimal("1e-9")
    assert abs(committed.together(ids("web")).month - 2 * a_day) < Decimal("1e-9")
    assert committed.together(ids("web", "api")).month == bill.month - bill.committed_month


sizes = st.tuples(
    st.sampled_from(["50m", "500m", "1", "2"]), st.sampled_from(["64Mi", "1Gi", "4Gi"]), st.integers(1, 4)
)


@settings(max_examples=40, deadline=None)
@given(st.lists(sizes, min_size=1, max_size=8), st.integers(1, 8), st.data())
def test_no_set_saves_more_than_the_bill_and_all_save_it_all(found, nodes, data):
    made = [workload(f"w{n}", cpu, memory, replicas=pods) for n, (cpu, memory, pods) in enumerate(found)]
    avoidable, bill = avoidable_of([*(node(n) for n in "abcdefgh"[:nodes]), *made])
    everyone = ids(*(m["metadata"]["name"] for m in made))
    some = data.draw(st.lists(st.sampled_from(everyone), unique=True))
    assert 0 <= avoidable.together(some).month <= bill.month
    assert avoidable.together(everyone).month == bill.month
    assert avoidable.together(()).month == 0


@pytest.mark.parametrize("more", [1, 3])
def test_the_more_leave_the_more_is_saved(more):
    owners = [workload(f"w{n}", "1", "1Gi") for n in range(8)]
    found, _ = avoidable_of([*(node(n) for n in "abcd"), *owners])
    everyone = ids(*(f"w{n}" for n in range(8)))
    saved = [found.together(everyone[:n]).month for n in range(0, 8, more)]
    assert saved == sorted(saved)


def test_parts_of_one_service_leave_together_under_one_id():
    halves = [workload(name, "1900m", "1Gi") for name in ("x", "y")]
    objects = [*full_nodes("web"), node("b"), *halves, *live(halves[0], ["b"]), *live(halves[1], ["b"])]
    apart, bill = avoidable_of(objects)
    x, y, web = ids("x", "y", "web")
    joined = bill.joined({y: x})
    assert joined.attributed_month(x) == bill.attributed_month(x) + bill.attributed_month(y)
    assert (joined.attributed_month(y), joined.lines) == (None, bill.lines)
    one = Avoidable(cluster(objects), joined, into={y: x})
    assert one.alone(x) == apart.together([x, y]).month == NODE
    assert one.nodes_going([x]) == apart.nodes_going([x, y])
    assert one.holds == {x, web}
    assert one.together([x, web]) == apart.together([x, y, web])


def test_a_part_without_a_price_leaves_the_whole_without_one():
    bill = avoidable_of(full_nodes("web", "api"))[1]
    web, api = ids("web", "api")
    unknown = replace(bill, by_workload={web: bill.by_workload[web]}, unpriced={api: "nobody knows"})
    joined = unknown.joined({api: web})
    assert joined.attributed_month(web) is None
    assert "nobody knows" in joined.unpriced[web]


def with_budget(name, **spec):
    """A budget for the pods of one workload."""
    metadata = {"name": name, "namespace": "shop"}
    selector = {"matchLabels": {"app": name}}
    return {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": metadata, "spec": {"selector": selector, **spec}}  # fmt: skip


def annotated(owner, **annotations):
    owner["spec"]["template"]["metadata"]["annotations"] = {
        f"cluster-autoscaler.kubernetes.io/{key.replace('_', '-')}": value for key, value in annotations.items()
    }
    return owner


def two_that_leave_room(*extra, left=None):
    """Four nodes; `big` fills three of them, `left` has a small pod on each of three."""
    big, small = workload("big", "3", "4Gi", replicas=3), left or workload("left", "100m", "64Mi", replicas=3)
    return [*(node(n) for n in "abcd"), big, small, *live(big, "abc"), *live(small, "abc"), *extra]


HOLDS = {
    "a budget without room": ([with_budget("left", maxUnavailable=0)], None, 1),
    "a budget of all replicas": ([with_budget("left", minAvailable=3)], None, 1),
    "a budget with room": ([with_budget("left", maxUnavailable=1)], None, 3),
    "not safe to evict": ([], annotated(workload("left", "100m", "64Mi", replicas=3), safe_to_evict="false"), 1),
    "safe to evict": ([], annotated(workload("left", "100m", "64Mi", replicas=3), safe_to_evict="true"), 3),
}


@pytest.mark.parametrize("name", HOLDS)
def test_nodes_that_the_autoscaler_leaves_alone_stay(name):
    extra, left, going = HOLDS[name]
    found, _ = avoidable_of(two_that_leave_room(*extra, left=left))
    assert found.together(ids("big")).node_count == going


def test_a_node_that_forbids_its_own_removal_stays():
    objects = two_that_leave_room()
    for raw in objects[:2]:
        raw["metadata"]["annotations"] = {"cluster-autoscaler.kubernetes.io/scale-down-disabled": "true"}
    found, _ = avoidable_of(objects)
    assert found.together(ids("big")).node_count == 2
    assert {n for _, n in found.nodes_going(ids("big"))} == {"gke-c", "gke-d"}


def test_the_autoscalers_minimum_stays_while_the_pool_has_pods():
    made = cluster(two_that_leave_room())
    bill = attribute(made, None, {}, BOOK, REGION, 30.0)
    counts = [Avoidable(made, bill, min_nodes={"main": n}).together(ids("big")).node_count for n in (0, 2, 3, 9)]
    assert counts == [3, 2, 1, 0]
    assert Avoidable(made, bill, min_nodes={"main": 9}).together(ids("big", "left")).node_count == 4


@pytest.mark.parametrize(
    "status",
    [
        "NodeGroups:\n  Name:        https://x/zones/z/instanceGroups/gke-grp\n  Health: Healthy (ready=4 (minSize=2, maxSize=9))",
        "nodeGroups:\n- health:\n  name: https://x/instanceGroups/gke-grp\n  health:\n    minSize: 2\n",
    ],
    ids=["the older text", "YAML"],
)
def test_the_minimum_stands_in_the_autoscalers_status(status):
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cluster-autoscaler-status", "namespace": "kube-system"}, "data": {"status": status}}  # fmt: skip
    found, _ = avoidable_of(two_that_leave_room(config_map))
    assert found.together(ids("big")).node_count == 2


def shunning(name, other, **more):
    term = {"labelSelector": {"matchLabels": {"app": other}}, "topologyKey": "kubernetes.io/hostname"}
    rule = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    return workload(name, "100m", "64Mi", affinity=rule, **more)


def test_pods_that_shun_each_other_keep_a_node_each():
    big = workload("big", "3", "4Gi", replicas=4)
    together = [workload(n, "100m", "64Mi") for n in ("x", "y")]
    apart = [shunning("x", "y"), workload("y", "100m", "64Mi")]
    nodes = [node(n) for n in "abcd"]
    assert avoidable_of([*nodes, big, *together])[0].together(ids("big")).node_count == 3
    assert avoidable_of([*nodes, big, *apart])[0].together(ids("big")).node_count == 2


def test_a_rule_against_another_application_is_no_rule_against_itself():
    big, rule = workload("big", "3", "4Gi", replicas=4), shunning("x", "somebody-else", replicas=3)
    assert avoidable_of([*(node(n) for n in "abcd"), big, rule])[0].together(ids("big")).node_count == 3
    itself = shunning("x", "x", replicas=3)
    assert avoidable_of([*(node(n) for n in "abcd"), big, itself])[0].together(ids("big")).node_count == 1


def test_pods_spread_evenly_over_zones_need_room_in_each():
    of = {"labelSelector": {"matchLabels": {"app": "rest"}}}
    spread = [{"maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "DoNotSchedule", **of}]
    nodes = [node(n, zone=n[0]) for n in ("a1", "a2", "b1", "b2")]
    big = workload("big", "1900m", "1Gi", replicas=4)
    # 3 pods of half a node: 2 nodes hold them. Of half a node and more each needs its own; spread, two in one zone.
    plain = workload("rest", "1900m", "1Gi", replicas=3)
    even = workload("rest", "2", "1Gi", replicas=3, topologySpreadConstraints=spread)
    assert avoidable_of([*nodes, big, plain])[0].together(ids("big")).node_count == 2
    assert avoidable_of([*nodes, big, even])[0].together(ids("big")).node_count == 1


def test_what_goes_is_said_line_by_line():
    found, bill = avoidable_of(full_nodes("web", "api"))
    (line,) = found.items(ids("web"))
    assert (line.sku, line.quantity, line.rate) == ("node pool main (e2-standard-4)", 1, NODE)
    whole = found.items(ids("web", "api"))
    assert [i.sku for i in whole] == ["node pool main (e2-standard-4)", "cluster management fee"]
    assert sum(i.amount for i in whole) == bill.month


def test_what_a_commitment_holds_back_is_a_line_of_its_own():
    model = {"consumption_model": {"id": "D97B", "description": "Compute Flexible CUDs 1 Year"}}
    rows = [billing_row(6.0, allocated("web")) | model, billing_row(2.0, allocated("api"))]
    found, _ = avoidable_of(full_nodes("web", "api"), rows)
    items = found.items(ids("web"))
    assert sum(i.amount for i in items) == found.together(ids("web")).month
    assert items[-1].sku == "nodes under commitment, paid until it ends"
    assert -items[-1].amount == found.held_by_commitment(ids("web")) > 0


@settings(max_examples=40, deadline=None)
@given(st.lists(sizes, min_size=1, max_size=7), st.integers(1, 8), st.data())
def test_a_set_saves_the_nodes_that_no_packing_needs_and_its_lines_add_up(found, nodes, data):
    """Against every way to pack: today's nodes in proportion to the load, and never fewer than the best packing."""
    made = [workload(f"w{n}", cpu, memory, replicas=1) for n, (cpu, memory, _) in enumerate(found)]
    avoidable, _ = avoidable_of([*(node(n) for n in "abcdefgh"[:nodes]), *made])
    everyone = ids(*(m["metadata"]["name"] for m in made))
    some = data.draw(st.lists(st.sampled_from(everyone), unique=True, max_size=len(everyone) - 1))
    removal = avoidable.together(some)
    (pool,) = avoidable.pools
    staying = [g for w, groups in pool.groups.items() if w not in some for g in groups]
    assert removal.node_count <= max(nodes - best_packing(pool.room, staying), 0)
    assert sum((i.amount for i in avoidable.items(some)), Decimal(0)) == removal.month
    less = data.draw(st.lists(st.sampled_from(some), unique=True)) if some else []
    assert avoidable.together(less).month <= removal.month


def best_packing(room, groups):
    for count in range(1, len(groups) + 1):
        for where in product(range(count), repeat=len(groups)):
            loads = [[g for g, n in zip(groups, where, strict=True) if n == number] for number in range(count)]
            if all(
                sum(g.cpu_millicores for g in load) <= room.cpu_millicores
                and sum(g.memory_kib for g in load) <= room.memory_kib
                for load in loads
            ):
                return count
    return 0
