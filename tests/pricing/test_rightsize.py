"""The baseline: what the cluster could cost without any move; and the bill's own currency."""

from decimal import Decimal

from k2cr_analysis.model.observed import ContainerUsage, WorkloadUsage
from k2cr_analysis.model.prices import PriceBook, Tariff
from k2cr_analysis.pricing.gke.currency import in_currency_of_bill, no_rate
from k2cr_analysis.pricing.gke.pod_demand import pod_demands
from k2cr_analysis.pricing.gke.today import attribute
from k2cr_analysis.pricing.packing.avoidable import Avoidable
from k2cr_analysis.pricing.packing.placement import placed_pools
from k2cr_analysis.pricing.stay.other_machines import cheapest_machine
from k2cr_analysis.pricing.stay.variants import Ways
from tests.pricing.clusters import REGION, allocated, billing, billing_row, cluster, live, node, workload

BOOK = PriceBook.embedded()
TARIFF = Tariff(BOOK, REGION)
NODE = 730 * (4 * Decimal("0.02802642") + 16 * Decimal("0.00373911"))
WEB = "shop/Deployment/web"


def used(cores, gib, pods=1.0):
    one = ContainerUsage({0.95: cores}, {0.5: gib * 2**30, 1.0: gib * 2**30}, cores * pods, None, 1)
    return {WEB: WorkloadUsage({"app": one}, pods, int(pods), 30.0)}


def months(objects, usage, region=REGION):
    found = cluster(objects)
    bill = attribute(found, None, usage, BOOK, region, 30.0)
    best = max(ways(objects, usage, region), key=lambda v: v.spared_month)
    return bill.month, best.month


def ways(objects, usage, region=REGION, share=Decimal(0)):
    """All ways to stay without a commitment."""
    found = cluster(objects)
    bill = attribute(found, None, usage, BOOK, region, 30.0)
    made = Ways(found, bill, Avoidable(found, bill, usage), usage, TARIFF, share=share).all()
    return [v for v in made if v.counts and "commitment" not in v.name]


def test_spare_nodes_could_go_without_any_move():
    # 10 pods of 1 vCPU and 4 GiB: 4 nodes hold them, as Autopilot's price for them is above that of the nodes.
    web = workload("web", "1", "4Gi", replicas=10)
    today, baseline = months([*(node(n) for n in "abcdefgh"), web, *live(web, "aabbccddee")], {})
    assert (today, baseline) == (8 * NODE + 73, 4 * NODE + 73)


def test_requests_come_down_to_what_is_used():
    web = workload("web", "3", "8Gi", replicas=8)
    nodes = [node(n) for n in "abcdefgh"]
    # 1.25 vCPU and 5 GiB a pod, a fifth of it free: 2 fit by memory, 3 by CPU.
    today, baseline = months([*nodes, web, *live(web, "abcdefgh")], used(1.0, 4.0, 8.0))
    assert (today, baseline) == (8 * NODE + 73, 4 * NODE + 73)


def test_autopilot_is_tried_as_well():
    tiny = workload("web", "100m", "128Mi")
    today, baseline = months([node("a"), node("b"), tiny], {})
    pods = 730 * (Decimal("0.1") * Decimal("0.0571") + Decimal("0.125") * Decimal("0.0063215"))
    assert baseline == pods + 73 < today


def test_a_cluster_that_is_just_right_stays_as_it_is():
    web = workload("web", "3900m", "12Gi")
    today, baseline = months([node("a"), web, *live(web, "a")], {})
    assert today == baseline


def test_an_unknown_bill_has_no_baseline():
    assert months([node("a", machine="z9-standard-4"), workload("web")], {}) == (None, None)


def test_prices_are_converted_by_the_bills_own_rate():
    old, last = ({"currency": "JPY", "currency_conversion_rate": rate} for rate in (140.0, 150.0))
    table = billing([billing_row(1.0, allocated("web"), day=5) | last, billing_row(1.0, allocated("web")) | old])
    found = in_currency_of_bill(BOOK, table)
    assert found.currency == "JPY"
    price = found.require("run.request.cpu.active", REGION)
    assert price.rate == Decimal("0.000024") * 150
    assert price.source.endswith("x 150.0 JPY/USD, currency_conversion_rate of the billing export's last row")


def test_without_a_rate_the_prices_stay_and_a_figure_is_null_with_this_reason():
    table = billing([billing_row(1.0, allocated("web")) | {"currency": "JPY"}])
    assert in_currency_of_bill(BOOK, table) is BOOK
    assert in_currency_of_bill(BOOK, None) is BOOK
    assert "no rate between them" in no_rate(BOOK, "JPY")


def hungry(**more):
    """Pods of much memory and little CPU: two on a machine of 16 GiB, where half the CPU is idle."""
    web = workload("web", "200m", "6Gi", replicas=10, **more)
    return [*(node(n) for n in "abcde"), web, *live(web, "aabbccddee")]


def test_other_machines_are_tried_as_well():
    today, baseline = months(hungry(), {})
    # e2-highmem-2: 2 vCPU and 16 GiB, the same two pods a node, for half of the CPU.
    highmem_2 = 730 * (2 * Decimal("0.02802642") + 16 * Decimal("0.00373911"))
    assert today == 5 * NODE + 73
    assert baseline <= 5 * highmem_2 + 73 < today


def test_pods_that_ask_for_their_machine_keep_it():
    today, baseline = months(hungry(nodeSelector={"node.kubernetes.io/instance-type": "e2-standard-4"}), {})
    assert baseline == today


def test_other_machines_are_never_fewer_than_the_zones_nor_one_alone():
    web = workload("web", "3900m", "12Gi", replicas=3)
    nodes = [node(n, zone=n) for n in "abc"]
    (placed,) = placed_pools(found := cluster([*nodes, web, *live(web, "abc")]), pod_demands(found, {}))
    machine = cheapest_machine(placed, found, {n.name: NODE for n in found.nodes}, TARIFF)
    # No machine below 4 vCPU takes such a pod: three of the cheapest that does, not one that holds all.
    least = 730 * (4 * Decimal("0.02802642") + 4 * Decimal("0.00373911"))
    assert machine.nodes == 3 and machine.node_month >= least


def test_a_way_to_stay_of_pods_is_told_by_what_is_charged_and_its_rate():
    """Each line's quantity times its rate: nobody has to take a month's sum on trust."""
    from k2cr_analysis.pricing.stay.variant import Variant

    autopilot = node("gk3-prod-a") | {}
    autopilot["metadata"]["labels"]["cloud.google.com/gke-nodepool"] = "default-pool"
    autopilot["metadata"]["name"] = "gk3-prod-default-pool-a"
    found = cluster([autopilot, workload("web", "500m", "1Gi", replicas=2), workload("api", "250m", "1Gi", replicas=4)])
    assert found.is_autopilot
    bill = attribute(found, None, {}, BOOK, REGION, 30.0)
    lines = Variant("as it is", bill, Avoidable(found, bill), Decimal(0), "").lines()
    pods = [line for line in lines if line.sku.startswith("pods that are billed by themselves: ")]
    assert {line.unit for line in pods} >= {"vcpu_h", "gib_h"}
    assert sum(line.quantity for line in pods if line.unit == "vcpu_h") == 2 * 730
    assert abs(sum(line.amount for line in lines) - bill.month) < Decimal("1e-9")
