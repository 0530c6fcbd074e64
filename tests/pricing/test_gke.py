"""What the cluster costs today, and whose it is: every source of the bill, to the last digit."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k2cr_analysis.model.money import total
from k2cr_analysis.model.observed import ContainerUsage, WorkloadUsage
from k2cr_analysis.model.prices import PriceBook
from k2cr_analysis.pricing.gke.bill import FEE_CREDIT_LINE, FEE_LINE, IDLE_LINE, OVERHEAD_LINE
from k2cr_analysis.pricing.gke.today import ASSUMED_AUTOPILOT, NO_CLUSTER, attribute, joint_lines
from tests.pricing.clusters import REGION, START, allocated, billing, billing_row, cluster, live, node, workload

BOOK = PriceBook.embedded()
CENT = Decimal("0.01")
WEB, API = "shop/Deployment/web", "shop/Deployment/api"
MONTH = Decimal(730)


def bill_of(objects, rows=None, usage=None, location=REGION, **more):
    table = billing(rows) if rows is not None else None
    return attribute(cluster(objects, location=location), table, usage or {}, BOOK, REGION, 30.0, **more)


def lines(bill):
    return {name: amount.quantize(CENT) for name, amount in bill.lines}


def assert_adds_up(bill):
    assert sum(amount for _, amount in bill.lines) == bill.month
    assert dict(bill.lines)["workloads"] == sum((total(items) for items in bill.by_workload.values()), Decimal(0))


# --- a plain folder of manifests


def test_manifests_alone_are_priced_as_autopilot_and_say_so():
    bill = bill_of([workload("web", "500m", "1Gi", replicas=3)], location=None)
    assert bill.basis == "autopilot-assumed"
    assert ASSUMED_AUTOPILOT in bill.reasons
    # 3 pods x 730 h x (0.5 x 0.0571 + 1 x 0.0063215)
    assert bill.attributed_month(WEB) == 3 * MONTH * (Decimal("0.5") * Decimal("0.0571") + Decimal("0.0063215"))
    # A folder is no cluster: there is no bill of it, and no fee that a move would save.
    assert bill.month is None and bill.lines == () and NO_CLUSTER in bill.reasons


def autopilot_node():
    raw = node("n")
    raw["metadata"]["name"] = "gk3-prod-n"
    return raw


AUTOPILOT_SHAPES = [
    ("asks for nothing: 0.5 vCPU and 2 GiB", None, None, "0.5", "2"),
    ("tiny: 50m, 52 MiB", "10m", "8Mi", "0.05", "0.05078125"),
    ("much memory raises vCPU: 1 per 6.5 GiB", "200m", "2Gi", "0.307692307692", "2"),
    ("little memory is raised to 1 GiB per vCPU", "2", "512Mi", "2", "2"),
]


@pytest.mark.parametrize(
    ("name", "cpu", "memory", "cores", "gib"), AUTOPILOT_SHAPES, ids=[s[0] for s in AUTOPILOT_SHAPES]
)
def test_autopilots_own_rules(name, cpu, memory, cores, gib):
    items = bill_of([workload("web", cpu, memory)], location=None).by_workload[WEB]
    assert [round(i.quantity / MONTH, 12) for i in items] == [Decimal(cores), Decimal(gib)]


UNKNOWN_PODS = {
    "a Job": workload("web", kind="Job", replicas=None),
    "a DaemonSet without nodes": workload("web", kind="DaemonSet", replicas=None),
    "a class that is billed by node": workload("web", nodeSelector={"cloud.google.com/compute-class": "Performance"}),
}


@pytest.mark.parametrize("thing", UNKNOWN_PODS.values(), ids=UNKNOWN_PODS)
def test_what_cannot_be_priced_is_none_with_a_reason(thing):
    bill = bill_of([thing], location=None)
    identity = f"shop/{thing['kind']}/web"
    assert bill.attributed_month(identity) is None
    assert bill.unpriced[identity]


def test_a_region_without_prices_gives_no_bill_but_a_reason():
    bill = attribute(cluster([workload("web")], location=None), None, {}, BOOK, "us-east7", 30.0)
    assert bill.month is None
    assert "no confirmed price of gke.autopilot.general-purpose.cpu in us-east7" in bill.unpriced[WEB]


def test_spot_pods_and_discounts_have_their_own_rates():
    spot = bill_of([workload("web", nodeSelector={"cloud.google.com/gke-spot": "true"})], location=None)
    flex = bill_of([workload("web")], location=None, cud="flex-1y")
    listed = bill_of([workload("web")], location=None)
    assert spot.attributed_month(WEB) < flex.attributed_month(WEB) == listed.attributed_month(WEB) * Decimal("0.72")


# --- nodes x price book


def test_nodes_are_split_by_request_with_idle_overhead_and_fee_apart():
    web = workload("web", "1", "4Gi", replicas=2)
    bill = bill_of([node("a"), node("b"), web, *live(web, ["a", "b"])])
    # Two e2-standard-4: 2 x 730 x (4 x 0.02802642 + 16 x 0.00373911) = 251.02; web holds 2 cores and 8 GiB of it.
    held = MONTH * (2 * Decimal("0.02802642") + 8 * Decimal("0.00373911"))
    overhead = MONTH * (
        2 * Decimal("0.08") * Decimal("0.02802642") + (32 - 2 * Decimal(13498416) / 2**20) * Decimal("0.00373911")
    )
    nodes = 2 * MONTH * (4 * Decimal("0.02802642") + 16 * Decimal("0.00373911"))
    assert bill.attributed_month(WEB).quantize(CENT) == held.quantize(CENT)
    assert lines(bill) == {
        "workloads": held.quantize(CENT),
        IDLE_LINE: (nodes - held - overhead).quantize(CENT),
        OVERHEAD_LINE: overhead.quantize(CENT),
        FEE_LINE: Decimal("73.00"),
    }
    assert bill.month == nodes + 73
    assert_adds_up(bill)


def test_who_uses_more_than_it_requests_pays_for_its_use():
    web = workload("web", "1", "4Gi", replicas=1)
    used = ContainerUsage({}, {0.5: 2.0**33}, cpu_mean_cores=2.0, restarts=None, points=1)
    bill = bill_of([node("a"), web, *live(web, ["a"])], usage={WEB: WorkloadUsage({"app": used}, 1.0, 1, 30.0)})
    assert [i.quantity for i in bill.by_workload[WEB]] == [2 * MONTH, 8 * MONTH]


def test_pods_never_get_more_than_there_is_to_allocate():
    web = workload("web", "3", "4Gi", replicas=2)
    bill = bill_of([node("a"), web, *live(web, ["a", "a"])])
    assert bill.by_workload[WEB][0].quantity == Decimal("3.92") * MONTH
    assert dict(bill.lines)[IDLE_LINE] > 0  # of memory
    assert_adds_up(bill)


def test_a_pool_that_only_some_may_use_is_shared_by_those_alone():
    pinned = workload(
        "batch",
        "1",
        "1Gi",
        nodeSelector={"cloud.google.com/gke-nodepool": "batch"},
        tolerations=[{"key": "batch", "operator": "Exists"}],
    )
    bill = bill_of([node("a"), node("b", pool="batch", taint="batch"), workload("web", "1", "1Gi"), pinned])
    pools = {
        identity: {i.sku.partition("node pool ")[2].split(" ")[0] for i in items}
        for identity, items in bill.by_workload.items()
    }
    assert pools == {WEB: {"main"}, "shop/Deployment/batch": {"batch"}}


def test_a_node_without_a_price_leaves_the_bill_unknown():
    bill = bill_of([node("a", machine="z9-standard-4"), workload("web")])
    assert bill.month is None
    assert any("z9-standard-4" in reason for reason in bill.reasons)
    assert bill.unpriced[WEB]


def test_n2_earns_its_sustained_use_discount():
    bill = bill_of([node("a", machine="n2-standard-4"), workload("web")])
    assert bill.node_month["gke-a"] == MONTH * (4 * Decimal("0.040618") + 16 * Decimal("0.005419")) * Decimal("0.8")


def test_a_zonal_clusters_fee_is_covered_by_the_accounts_credit():
    assert lines(bill_of([autopilot_node(), workload("web")], location="asia-northeast1-a"))[
        FEE_CREDIT_LINE
    ] == Decimal("-73.00")


def test_the_accounts_credit_counts_once_over_a_fleet():
    one = bill_of([autopilot_node(), workload("web")], location="asia-northeast1-a")
    found, said = joint_lines([one, one], BOOK)
    assert (found[FEE_LINE], found[FEE_CREDIT_LINE]) == (146, Decimal("-74.40"))
    assert "counted once" in said[0]
    assert joint_lines([one], BOOK) == (dict(one.lines), ())


def test_what_is_left_of_the_credit_goes_to_the_next_cluster():
    bill = bill_of([autopilot_node(), workload("web")], location="asia-northeast1-a")
    after = bill.with_credit(Decimal("1.4"))
    assert (lines(bill)[FEE_CREDIT_LINE], lines(after)[FEE_CREDIT_LINE]) == (-73, Decimal("-1.4"))
    assert after.month == sum(amount for _, amount in after.lines) == bill.month + Decimal("71.6")
    assert bill.with_credit(Decimal("74.4")) is bill


def test_a_credit_that_the_bill_itself_shows_stands():
    fee = billing_row(2.4, PROD, sku="Zonal Kubernetes Clusters", service=KUBERNETES, taken_off=[-2.4])
    one = bill_of([workload("web")], [billing_row(1.0, allocated("web")), fee])
    found, said = joint_lines([one, one], BOOK)
    assert found[FEE_CREDIT_LINE] == 2 * dict(one.lines)[FEE_CREDIT_LINE] and said == ()


def test_a_price_book_of_cloud_run_alone_leaves_gke_unknown_and_does_not_fail():
    book = PriceBook(p for p in BOOK.prices if p.meter.startswith("run."))
    bill = attribute(cluster([workload("web")]), None, {}, book, REGION, 30.0)
    assert bill.month is None
    assert "gke.autopilot.general-purpose.cpu" in bill.unpriced[WEB]


# --- the billing export


ROWS = [
    billing_row(10.0, allocated("web"), quantity=300.0),
    billing_row(
        2.0, allocated("web"), sku="E2 Instance Ram running in Japan", unit="gibibyte hour", taken_off=[-0.5, -0.25]
    ),
    billing_row(3.0, allocated("gone")),
    billing_row(1.0, allocated("dns", "kube-system")),
    billing_row(4.0, {"goog-k8s-cluster-name": "prod", "k8s-namespace": "kube:unallocated"}),
    billing_row(0.7, {"goog-k8s-cluster-name": "prod", "k8s-namespace": "kube:system-overhead"}),
    billing_row(0.3, {"k8s-namespace": "goog-k8s-unknown"}),
    billing_row(2.4, {}, sku="Regional Kubernetes Clusters", service=("CCD8-9BF1-090E", "Kubernetes Engine")),
    billing_row(0.6, {"goog-k8s-cluster-name": "prod"}, sku="Balanced PD Capacity in Japan", unit="gibibyte month"),
    billing_row(0.9, {}, sku="Log Storage cost", service=("5490-F7B7-8DF6", "Cloud Logging")),
    billing_row(0.8, {}, sku="Cloud Load Balancer Forwarding Rule Minimum", service=("E505-1604-58F8", "Networking")),
    billing_row(2.5, {}, cost_type="tax"),
    billing_row(-0.01, {}, cost_type="rounding_error"),
]


def test_the_export_is_split_net_of_credits_and_scaled_to_a_month():
    bill = bill_of([workload("web"), workload("api")], ROWS)
    assert bill.basis == "billing-export"
    assert bill.attributed_month(WEB).quantize(CENT) == (Decimal("11.25") * MONTH / 24).quantize(CENT)
    assert lines(bill) == {
        name: (Decimal(amount) * MONTH / 24).quantize(CENT)
        for name, amount in {
            "workloads": "11.25",
            IDLE_LINE: "4",
            OVERHEAD_LINE: "0.7",
            FEE_LINE: "2.4",
            "disks": "0.6",
            "Cloud Logging": "0.9",
            "load balancers": "0.8",
            "tax": "2.5",
            "rounding": "-0.01",
            "not attributable to a workload (goog-k8s-unknown)": "0.3",
            "workloads of system namespaces that the snapshot does not hold": "1",
            "workloads that are no longer in the cluster": "3",
        }.items()
    }
    assert_adds_up(bill)
    assert bill.unpriced[API] == "the billing export has no row of it in the window"


def test_rows_of_another_cluster_are_left_out_and_said():
    bill = bill_of([workload("web")], [*ROWS, billing_row(99.0, {"goog-k8s-cluster-name": "other"})])
    assert bill.month == bill_of([workload("web")], ROWS).month
    assert any("99.00 USD of other clusters" in reason for reason in bill.reasons)


def test_other_services_and_machines_of_the_project_do_not_go_with_the_cluster():
    others = [
        billing_row(50.0, {}),
        billing_row(7.0, {}, sku="Cloud SQL for PostgreSQL", service=("9662-B51E-5089", "Cloud SQL")),
    ]
    alone, both = bill_of([node("a"), workload("web")], ROWS), bill_of([node("a"), workload("web")], [*ROWS, *others])
    assert lines(both)["machines without the label of a cluster"] == (50 * MONTH / 24).quantize(CENT)
    assert abs(both.month - both.stays_month - (alone.month - alone.stays_month)) < Decimal("1e-9")
    assert both.node_month == alone.node_month


def test_autopilots_rows_leave_with_their_pods():
    rows = [billing_row(1.0, allocated("web"), sku="Autopilot Pod mCPU Requests (asia-northeast1)")]
    assert bill_of([workload("web")], rows).billed_by_pod


def test_the_runs_of_a_cron_job_are_its_own():
    job = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "nightly", "namespace": "shop"},
        "spec": {"schedule": "0 3 * * *", "jobTemplate": workload("x")},
    }
    bill = bill_of([job], [billing_row(1.0, allocated("nightly-29371980", kind="batch/v1-Job"))])
    assert bill.attributed_month("shop/CronJob/nightly") > 0


YEN = {"currency": "JPY", "currency_conversion_rate": 150.0}
EURO = {"currency": "EUR", "currency_conversion_rate": 0.9}


def test_a_bill_in_two_currencies_is_converted_by_its_own_rates_and_says_so():
    rows = [billing_row(9.0, allocated("web")) | EURO, billing_row(150.0, allocated("web"), day=1) | YEN]
    bill = bill_of([workload("web")], rows)
    assert bill.currency == "JPY"  # of the last row
    assert abs(bill.month - (9 * 150 / Decimal("0.9") + 150) * MONTH / 48) < Decimal("1e-6")
    assert any("in EUR are converted to JPY by the export's own rates" in reason for reason in bill.reasons)
    assert_adds_up(bill)


def test_two_currencies_without_a_rate_are_never_added_up():
    bill = bill_of([workload("web")], [*ROWS, {**ROWS[0], "currency": "JPY"}])
    assert (bill.month, bill.lines, bill.attributed_month(WEB)) == (None, (), None)
    assert "has no rate from USD to JPY" in bill.unpriced[WEB] or "has no rate from JPY to USD" in bill.unpriced[WEB]


# --- which hours the rows cover


def hours_of(rows):
    return next(
        (
            r.split(" h,")[0].removeprefix("the bill of ")
            for r in bill_of([workload("web")], rows).reasons
            if " h, " in r
        ),
        "730",
    )


A_DAY = [billing_row(1.0, allocated("web"), day=d) for d in (0, 1, 2)]
MONTH_LONG = {"usage_start_time": START - timedelta(days=20), "usage_end_time": START + timedelta(days=11)}
COVERED = {
    "three days": (A_DAY, "72"),
    "a tax row of the whole month does not count": ([*A_DAY, billing_row(1.0, cost_type="tax") | MONTH_LONG], "72"),
    "nor does a subscription of another service": (
        [*A_DAY, billing_row(1.0, sku="Support", service=("x", "Support")) | MONTH_LONG],
        "72",
    ),
    "a late row of last month does not stretch it": ([*A_DAY * 50, billing_row(1.0, allocated("web"), day=-40)], "72"),
    "two days that are a month apart are two days": ([A_DAY[0], billing_row(1.0, allocated("web"), day=29)], "48"),
    "every third day": ([billing_row(1.0, allocated("web"), day=d) for d in range(0, 30, 3)], "240"),
    "an hour and a half": ([billing_row(1.0, allocated("web")) | {"usage_end_time": START + timedelta(minutes=90)}], "1.5"),
}  # fmt: skip


@pytest.mark.parametrize(("rows", "hours"), COVERED.values(), ids=COVERED)
def test_the_hours_that_the_rows_cover(rows, hours):
    assert hours_of(rows) == hours


# --- rows that name no workload of the snapshot


def line_of_row(row):
    (name,) = [n for n, _ in bill_of([workload("web")], [row]).lines if n != "workloads"]
    return name


PROD = {"goog-k8s-cluster-name": "prod"}
KUBERNETES, NETWORKING = ("CCD8-9BF1-090E", "Kubernetes Engine"), ("E505-1604-58F8", "Networking")
NAMED = {
    "Cloud NAT": billing_row(1.0, sku="Networking Cloud Nat Gateway Uptime", service=NETWORKING),
    "load balancers": billing_row(1.0, sku="Cloud Load Balancer Forwarding Rule Minimum Global", service=NETWORKING),
    "network": billing_row(1.0, sku="Network Inter Zone Data Transfer Out"),
    "IP addresses": billing_row(1.0, sku="External IP Charge on a Standard VM"),
    "commitments": billing_row(5.0, sku="Commitment v1: E2 Cpu in Japan for 1 Year", taken_off=[-4.0]),
    "Cloud Logging": billing_row(1.0, sku="Log Storage cost", service=("5490-F7B7-8DF6", "Cloud Logging")),
    "Cloud Monitoring": billing_row(1.0, sku="Metric Volume", service=("58CD-E7C3-72CA", "Cloud Monitoring")),
    "adjustments": billing_row(-1.0, allocated("web"), cost_type="adjustment"),
    "SKUs that GKE's cost allocation does not split": billing_row(1.0, PROD | {"k8s-namespace": "goog-k8s-unsupported-sku"}),
    "namespaces whose workloads are not named": billing_row(1.0, PROD | {"k8s-namespace": "shop"}),
}  # fmt: skip


@pytest.mark.parametrize(("line", "row"), NAMED.items(), ids=NAMED)
def test_a_line_has_the_name_of_what_it_is(line, row):
    assert line_of_row(row) == line


def test_the_fee_and_what_is_given_for_it_stand_apart_and_go_together():
    fee = billing_row(2.4, PROD, sku="Zonal Kubernetes Clusters", service=KUBERNETES, taken_off=[-2.4])
    bill = bill_of([workload("web")], [billing_row(1.0, allocated("web")), fee])
    assert lines(bill)[FEE_LINE] == Decimal("73.00") and lines(bill)[FEE_CREDIT_LINE] == Decimal("-73.00")
    assert bill.stays_month == 0
    assert_adds_up(bill)


def test_a_row_without_the_kind_of_its_workload_is_its_only_bearers():
    labels = {k: v for k, v in allocated("web").items() if k != "k8s-workload-type"}
    assert bill_of([workload("web")], [billing_row(1.0, labels)]).attributed_month(WEB) > 0
    both = [workload("web"), workload("web", kind="StatefulSet")]
    assert bill_of(both, [billing_row(1.0, labels)]).attributed_month(WEB) is None


def test_a_cluster_of_the_same_name_elsewhere_is_another():
    rows = [
        billing_row(1.0, allocated("web") | {"goog-k8s-cluster-location": place}) for place in (REGION, "europe-west1")
    ]
    assert bill_of([workload("web")], rows).attributed_month(WEB).quantize(CENT) == (MONTH / 24).quantize(CENT)


def test_autopilots_pods_are_split_by_what_they_request_where_the_bill_does_not_say():
    rows = [
        billing_row(6.0, PROD, sku=f"Autopilot Pod {what} Requests (asia-northeast1)", service=KUBERNETES)
        for what in ("mCPU", "Memory")
    ]
    bill = bill_of([workload("web", "1", "2Gi", replicas=3), workload("api", "1", "2Gi"), *autopilot_nodes()], rows)
    assert round(bill.attributed_month(WEB) / bill.attributed_month(API), 9) == 3
    assert lines(bill)["workloads"] == (12 * MONTH / 24).quantize(CENT)
    assert bill.billed_by_pod and bill.stays_month == 0
    assert_adds_up(bill)


def autopilot_nodes():
    found = node("gk3-a")
    found["metadata"]["name"] = "gk3-prod-pool-1-a"
    return [found]


def test_what_is_paid_for_a_commitment_is_in_the_bill_once():
    """The new model: usage at the discounted rate, the fee row offset by a credit; what is not used stays."""
    model = {"consumption_model": {"id": "D97B-0795-975B", "description": "Compute Flexible CUDs 1 Year"}}
    fee = billing_row(10.0, sku="Commitment - dollar based v1: Compute Flexible for 1 year", taken_off=[-7.2])
    bill = bill_of(
        [workload("web")], [billing_row(7.2, allocated("web")) | model, billing_row(3.0, allocated("web")), fee]
    )
    assert bill.attributed_month(WEB).quantize(CENT) == (Decimal("10.2") * MONTH / 24).quantize(CENT)
    assert lines(bill)["commitments"] == (Decimal("2.8") * MONTH / 24).quantize(CENT)
    assert bill.committed_month.quantize(CENT) == (Decimal("7.2") * MONTH / 24).quantize(CENT)
    assert_adds_up(bill)


def test_without_cost_allocation_the_bills_machines_are_split_by_demand():
    web = workload("web", "1", "4Gi", replicas=2)
    core = billing_row(5.0, {"goog-k8s-cluster-name": "prod"})
    ram = billing_row(3.0, {"goog-k8s-cluster-name": "prod"}, sku="E2 Instance Ram running in Japan")
    bill = bill_of([node("a"), web, *live(web, ["a", "a"])], [core, ram])
    assert abs(bill.month - 8 * MONTH / 24) < Decimal("1e-9")
    assert bill.attributed_month(WEB) > 0
    assert abs(sum(bill.node_month.values()) - bill.month) < Decimal("1e-9")
    assert_adds_up(bill)


amounts = st.floats(-50, 500, allow_nan=False).map(lambda x: round(x, 6))
places = st.sampled_from(
    [
        allocated("web"),
        allocated("api"),
        allocated("gone"),
        allocated("dns", "kube-system"),
        {},
        {"k8s-namespace": "kube:unallocated"},
        {"k8s-namespace": "kube:system-overhead"},
    ]
)
skus = st.sampled_from(
    [
        ("E2 Instance Core running in Japan", "Compute Engine"),
        ("Balanced PD Capacity", "Compute Engine"),
        ("Zonal Kubernetes Clusters", "Kubernetes Engine"),
        ("Autopilot Pod mCPU Requests (asia-northeast1)", "Kubernetes Engine"),
        ("Networking Cloud Nat Data Processing", "Networking"),
        ("Something new", "A new service"),
    ]
)
SERVICE_IDS = {"Compute Engine": "6F81-5844-456A", "Kubernetes Engine": KUBERNETES[0], "Networking": NETWORKING[0]}
kinds = st.sampled_from(["regular", "regular", "tax", "adjustment", "rounding_error"])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(amounts, places, skus, st.lists(amounts, max_size=2), st.integers(0, 5), kinds),
        min_size=1,
        max_size=25,
    ),
    st.randoms(),
)
def test_any_bill_adds_up_to_its_invoice_in_any_order(found, shuffled):
    rows = [
        billing_row(
            cost, labels, sku=sku, service=(SERVICE_IDS.get(service, "new"), service), taken_off=off, day=day, cost_type=kind
        )
        for cost, labels, (sku, service), off, day, kind in found
    ]  # fmt: skip
    bill = bill_of([workload("web"), workload("api")], rows)
    invoice = sum((Decimal(repr(f[0])) + sum((Decimal(repr(c)) for c in f[3]), Decimal(0)) for f in found), Decimal(0))
    hours = next((Decimal(r.split()[3]) for r in bill.reasons if r.startswith("the bill of")), MONTH)
    assert abs(bill.month - invoice * MONTH / hours) < Decimal("1e-6") * MONTH / hours
    assert_adds_up(bill)
    shuffled.shuffle(rows)
    assert bill_of([workload("api"), workload("web")], rows) == bill


pods_of = st.lists(st.tuples(st.sampled_from(["100m", "500m", "1", "2"]), st.sampled_from(["128Mi", "1Gi", "4Gi"]), st.integers(0, 4)), min_size=1, max_size=6)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(pods_of, st.integers(1, 4), st.booleans(), st.randoms())
def test_the_order_of_objects_is_no_matter(shapes, nodes, autopilot, shuffled):
    objects = [workload(f"w{n}", cpu, memory, replicas=count) for n, (cpu, memory, count) in enumerate(shapes)]
    objects += [autopilot_node()] if autopilot else [node(f"n{n}", pool=f"p{n % 2}") for n in range(nodes)]
    first = bill_of(objects, location=None if autopilot else REGION)
    assert_adds_up(first)
    shuffled.shuffle(objects)
    second = bill_of(objects, location=None if autopilot else REGION)
    assert (second.month, second.lines, dict(second.by_workload)) == (first.month, first.lines, dict(first.by_workload))


@given(pods_of, st.integers(0, 5))
def test_more_pods_never_cost_less(shapes, more):
    def month(extra):
        objects = [autopilot_node()] + [
            workload(f"w{n}", cpu, memory, replicas=count + extra) for n, (cpu, memory, count) in enumerate(shapes)
        ]
        return bill_of(objects, location=None).month

    assert month(0) <= month(more)
