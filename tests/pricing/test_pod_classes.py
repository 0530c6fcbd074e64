"""Which pods GKE bills by themselves, at which class's price, and what Autopilot makes of what they request."""

from decimal import Decimal

import pytest

from k2cr_analysis.model.prices import PriceBook, Tariff
from k2cr_analysis.pricing.gke.autopilot import billed_shape, pod_class, pod_items
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


def test_a_pod_larger_than_the_class_is_not_priced():
    found = cluster([workload("web", "31", "64Gi")])
    demand = pod_demands(found, {})["shop/Deployment/web"]
    assert "larger than Autopilot" in pod_items(found.workloads[0], demand, Tariff(PriceBook.embedded(), REGION))
