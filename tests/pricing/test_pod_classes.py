"""Which pods GKE bills by themselves, at which class's price, and what Autopilot makes of what they request."""

from decimal import Decimal

import pytest

from k2cr_analysis.model.prices import PriceBook, Tariff
from k2cr_analysis.pricing.gke.autopilot import billed_shape, pod_class, pod_items, storage_left_out, storage_not_priced
from k2cr_analysis.pricing.gke.pod_demand import pod_demands
from tests.pricing.clusters import REGION, cluster, workload

CLASS, SPOT, ARCH = "cloud.google.com/compute-class", "cloud.google.com/gke-spot", "kubernetes.io/arch"


def of_class(**selector):
    return workload("web", "1", "4Gi", nodeSelector={k: str(v) for k, v in selector.items()})


def own_class(*priorities, **spec):
    raw = {"apiVersion": "cloud.google.com/v1", "kind": "ComputeClass", "metadata": {"name": "mine"}}
    return raw | {"spec": {"priorities": list(priorities), **spec}}


def classed(raw, *others, autopilot):
    return pod_class(cluster([raw, *others]).by_id[f"shop/{raw['kind']}/web"], autopilot=autopilot)


@pytest.mark.parametrize("autopilot", [True, False])
@pytest.mark.parametrize(
    ("name", "meter"),
    [
        ("autopilot", "gke.autopilot.general-purpose"),
        ("autopilot-spot", "gke.autopilot.general-purpose.spot"),
        ("autopilot-arm", "gke.autopilot.general-purpose-arm"),
        ("autopilot-arm-spot", "gke.autopilot.general-purpose-arm.spot"),
    ],
)
def test_built_in_classes_are_billed_by_pod_in_clusters_of_both_modes(name, meter, autopilot):
    assert classed(of_class(**{CLASS: name}), autopilot=autopilot).meter == meter


@pytest.mark.parametrize(
    ("selector", "meter"),
    [
        ({}, "gke.autopilot.general-purpose"),
        ({SPOT: "true"}, "gke.autopilot.general-purpose.spot"),
        ({CLASS: "Balanced"}, "gke.autopilot.balanced"),
        ({CLASS: "Scale-Out"}, "gke.autopilot.scale-out"),
        ({CLASS: "Scale-Out", ARCH: "arm64"}, "gke.autopilot.scale-out-arm"),
        ({CLASS: "Scale-Out", ARCH: "arm64", SPOT: "true"}, "gke.autopilot.scale-out-arm.spot"),
        ({ARCH: "arm64"}, "gke.autopilot.general-purpose-arm"),
    ],
)
def test_classes_of_an_autopilot_cluster(selector, meter):
    assert classed(of_class(**selector), autopilot=True).meter == meter
    assert classed(of_class(**selector), autopilot=False) is None  # there its nodes are billed


def test_affinity_says_it_as_a_selector_does():
    term = {"matchExpressions": [{"key": CLASS, "operator": "In", "values": ["autopilot"]}]}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}}
    assert classed(workload("web", affinity=affinity), autopilot=False).family == "general-purpose"


def test_a_namespace_has_a_default_class():
    labels = {"cloud.google.com/default-compute-class": "autopilot"}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": labels}}
    assert classed(workload("web"), namespace, autopilot=False).family == "general-purpose"


def test_a_class_of_the_clusters_own_is_billed_by_pod_where_its_rules_name_a_family_of_pods():
    mine = of_class(**{CLASS: "mine"})
    by_pod = own_class({"podFamily": "general-purpose-arm", "spot": True}, autopilot={"enabled": True})
    assert classed(mine, by_pod, autopilot=False).meter == "gke.autopilot.general-purpose-arm.spot"
    hardware = own_class({"machineFamily": "n4"})
    assert classed(mine, hardware, autopilot=False) is None
    assert "billed by node" in classed(mine, hardware, autopilot=True).why
    either = own_class({"machineFamily": "n4"}, {"podFamily": "general-purpose"})
    assert "by pod or by node" in classed(mine, either, autopilot=False).why
    assert "not in the snapshot" in classed(mine, autopilot=True).why


def test_an_arm_pod_never_gets_the_price_of_x86():
    arm = of_class(**{CLASS: "Scale-Out", ARCH: "arm64"})
    found = cluster([arm])
    demand = pod_demands(found, {})["shop/Deployment/web"]
    for region in ("us-central1", REGION):  # of its memory no price was read anywhere
        assert "no confirmed price" in pod_items(found.workloads[0], demand, Tariff(PriceBook.embedded(), region))


def shape(raw):
    found = cluster([raw])
    only = found.workloads[0]
    made = billed_shape(only, pod_demands(found, {})[only.id])
    return made.cores, made.gib


def test_a_daemon_sets_container_has_smaller_defaults():
    raw = workload("web", None, None, kind="DaemonSet", replicas=None)
    raw["spec"]["template"]["spec"]["containers"].append({"name": "b", "image": "b:1"})
    assert shape(raw) == (Decimal("0.1"), Decimal(200) / 1024)


def test_resources_of_the_pod_stand_as_they_are():
    raw = workload("web", None, None, resources={"requests": {"cpu": "2", "memory": "4Gi"}})
    assert shape(raw) == (2, 4)
    raw = workload("web", None, None, resources={"limits": {"cpu": "2"}})
    assert shape(raw) == (2, 2)  # its container's memory by default


def of_family(family, cpu, memory):
    found = cluster([workload("web", cpu, memory)])
    made = billed_shape(found.workloads[0], pod_demands(found, {})[found.workloads[0].id], family)
    return made.cores, made.gib


@pytest.mark.parametrize(
    ("family", "asked", "billed"),
    [
        ("general-purpose", ("200m", "2Gi"), (Decimal(2) / Decimal("6.5"), 2)),  # the documentation's own example: 308m
        ("general-purpose", ("10m", "10Mi"), (Decimal("0.05"), Decimal(52) / 1024)),
        ("balanced", ("100m", "128Mi"), (Decimal("0.25"), Decimal("0.5"))),
        ("balanced", ("1", "16Gi"), (2, 16)),  # at most 8 GiB a vCPU
        ("balanced", ("8", "1Gi"), (8, 8)),  # and 1 at least
        ("balanced", ("100", "400Gi"), (100, 400)),
        ("scale-out", ("1", "1Gi"), (1, 4)),  # exactly 4 GiB a vCPU, the smaller side raised
        ("scale-out", ("250m", "8Gi"), (2, 8)),
        ("scale-out-arm", ("100m", "100Mi"), (Decimal("0.25"), 1)),
    ],
)
def test_each_class_raises_a_pod_to_its_own_least_and_ratio(family, asked, billed):
    assert of_family(family, *asked) == billed


@pytest.mark.parametrize(
    ("name", "cpu", "most"),
    [
        (None, "31", "30 vCPU, 110 GiB"),
        ("Balanced", "223", "222 vCPU, 851 GiB"),
        ("Scale-Out", "55", "54 vCPU, 216 GiB"),
    ],
)
def test_a_pod_larger_than_its_class_is_not_priced(name, cpu, most):
    chosen = {CLASS: name} if name else {}
    found = cluster([workload("web", cpu, "64Gi", nodeSelector=chosen)])
    demand = pod_demands(found, {})["shop/Deployment/web"]
    assert most in pod_items(found.workloads[0], demand, Tariff(PriceBook.embedded(), REGION))


def storage_of(raw, region):
    found = cluster([raw])
    items = pod_items(found.workloads[0], pod_demands(found, {})["shop/Deployment/web"], Tariff(PriceBook.embedded(), region))  # fmt: skip
    return sum((i.quantity for i in items if "Ephemeral" in i.sku), Decimal(0)) / 730


def test_ephemeral_storage_is_priced_where_its_price_is_known_and_said_elsewhere():
    plain = workload("web", "1", "2Gi", replicas=1)
    asked = workload("web", "1", "2Gi", replicas=1)
    asked["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"]["ephemeral-storage"] = "10Gi"
    assert storage_of(plain, "asia-east1") == 1  # the default of a container
    assert storage_of(asked, "asia-east1") == 10
    assert storage_of(asked, "us-central1") == 0
    workloads = cluster([plain]).workloads
    (said,) = storage_left_out(workloads, Tariff(PriceBook.embedded(), "us-central1"), autopilot=True)
    assert "ephemeral storage" in said and "us-central1" in said
    assert storage_left_out(workloads, Tariff(PriceBook.embedded(), "asia-east1"), autopilot=True) == ()
    assert storage_left_out(workloads, Tariff(PriceBook.embedded(), "us-central1"), autopilot=False) == ()  # nodes'


def test_stated_ephemeral_storage_without_a_price_is_said_of_its_workload():
    plain = workload("plain", "1", "2Gi", replicas=1)
    asked = workload("asked", "1", "2Gi", replicas=1)
    asked["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"]["ephemeral-storage"] = "10Gi"
    found = cluster([plain, asked])
    demands = pod_demands(found, {})
    said = {
        region: [storage_not_priced(w, demands[w.id], Tariff(PriceBook.embedded(), region), autopilot=True) for w in found.workloads]
        for region in ("us-central1", "asia-east1")
    }  # fmt: skip
    assert said["asia-east1"] == [None, None]
    by_name = dict(zip((w.name for w in found.workloads), said["us-central1"], strict=True))
    assert by_name["plain"] is None and "10.0 GiB" in by_name["asked"]
