"""A node that goes takes its boot disk along, and no more of the bill's disks than that."""

from decimal import Decimal

import pytest

from tests.pricing.clusters import billing_row, live, node, workload
from tests.pricing.test_avoidable import avoidable_of, ids

PROD = {"goog-k8s-cluster-name": "prod"}


def with_disk(name, kind="pd-balanced", gib=95):
    raw = node(name)
    raw["status"]["capacity"]["ephemeral-storage"] = f"{gib}Gi"
    if kind:
        raw["metadata"]["labels"]["cloud.google.com/gke-boot-disk"] = kind
    return raw


def disks(cost, gib_months, sku="Balanced PD Capacity in Japan"):
    return billing_row(cost, PROD, sku=sku, quantity=gib_months, unit="gibibyte month")


def saved(nodes, rows):
    web, rest = workload("web", "3", "4Gi"), workload("rest", "3", "4Gi")
    machines = billing_row(
        6.0, {**PROD, "k8s-namespace": "shop", "k8s-workload-name": "web", "k8s-workload-type": "apps/v1-Deployment"}
    )
    objects = [*nodes, web, rest, *live(web, ["a"]), *live(rest, ["b"])]
    return avoidable_of(objects, [machines, *rows])[0].alone(ids("web")[0])


def test_the_boot_disk_goes_with_the_node():
    machines = saved([with_disk("a"), with_disk("b")], [])
    # 600 GiB-months for 60: two boot disks of 95 GiB and 410 GiB of volumes, which stay.
    both = saved([with_disk("a"), with_disk("b")], [disks(60.0, 600)])
    assert both / machines == pytest.approx((Decimal(3) + Decimal("9.5")) / 3)


def test_no_more_goes_than_is_paid():
    machines = saved([with_disk("a"), with_disk("b")], [])
    assert saved([with_disk("a"), with_disk("b")], [disks(1.0, 10)]) / machines == pytest.approx(Decimal("3.5") / 3)


def test_the_kind_is_the_nodes_or_the_bills_only_one():
    several = [disks(60.0, 600), disks(9.0, 90, "Storage PD Capacity in Japan")]
    machines = saved([with_disk("a"), with_disk("b")], [])
    assert saved([with_disk("a", None), with_disk("b", None)], several) == machines
    assert saved([with_disk("a", None), with_disk("b", None)], several[:1]) > machines
    assert saved([with_disk("a", "pd-ssd"), with_disk("b", "pd-ssd")], several) == machines
