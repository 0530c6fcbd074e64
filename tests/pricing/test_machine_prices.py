"""Prices of machine types against public lists: the sum of vCPU and memory is the list's price of the type."""

from decimal import Decimal

import pytest

from k2cr_analysis.model.money import total
from k2cr_analysis.model.prices import PriceBook, Tariff
from k2cr_analysis.platforms.machines import FAMILIES
from k2cr_analysis.pricing.gke.machine_types import machine_type, predefined
from k2cr_analysis.pricing.gke.node_price import NodePrice, node_price
from tests.pricing.clusters import cluster, node

HOURS = Decimal(730)

# An hour at list price, from Google's VM instance pricing page and the catalogue by machine type.
LISTED = [
    ("n1-standard-4", "us-central1", "0.189999"),
    ("n1-highcpu-8", "us-central1", "0.2833944"),
    ("n2-standard-4", "asia-northeast1", "0.249176"),
    ("n2d-standard-2", "us-central1", "0.084492"),
    ("n4-standard-2", "us-central1", "0.0907"),
    ("c3-standard-8", "us-central1", "0.403216"),
    ("c3d-highcpu-16", "us-central1", "0.599696"),
    ("c4-standard-4", "us-central1", "0.19767"),
    ("c2-standard-16", "us-central1", "0.835232"),
    ("t2d-standard-1", "asia-northeast1", "0.054198"),
    ("t2a-standard-4", "us-central1", "0.154"),
    ("e2-medium", "us-central1", "0.03350571"),
    ("g2-standard-12", "us-central1", "1.000416287"),
]  # fmt: skip


def asked(name, region):
    raw = node("n", machine=name or "")
    raw["metadata"]["labels"]["topology.kubernetes.io/region"] = region
    return node_price(cluster([raw]).nodes[0], Tariff(PriceBook.embedded(), region))


def list_price(name, region):
    found = asked(name, region)
    assert isinstance(found, NodePrice), found
    return total(i for i in found.items if not i.sku.startswith("Sustained")) / HOURS


@pytest.mark.parametrize(("name", "region", "hour"), LISTED)
def test_a_machine_costs_what_the_list_says(name, region, hour):
    assert list_price(name, region) == pytest.approx(Decimal(hour), rel=Decimal("0.00001"))


def test_spot_is_cheaper_in_every_family_that_has_both():
    book = PriceBook.embedded()
    regions = {
        (p.meter.split(".")[1], p.region) for p in book.prices if p.meter.startswith("compute.") and ".cpu" in p.meter
    }
    both = [
        (on_demand.rate, spot.rate)
        for family, region in sorted(regions)
        if (on_demand := book.price(f"compute.{family}.cpu", region)) and (spot := book.price(f"compute.{family}.spot.cpu", region))
    ]  # fmt: skip
    assert len(both) > 600
    assert all(Decimal(0) < spot < on_demand for on_demand, spot in both)


def test_every_predefined_type_has_a_family_that_the_catalogue_names():
    assert {m.family for f in FAMILIES for m in predefined(f)} >= {
        "n1",
        "n2",
        "n4",
        "c3",
        "c3d",
        "c4",
        "t2d",
        "t2a",
        "n2d",
    }
    assert machine_type("c4-standard-4").gib == 15  # 3.75 GiB a vCPU
    assert machine_type("g2-standard-24").gpus == 2


def test_custom_shapes_by_their_own_prices():
    assert machine_type("e2-custom-4-8192").family == "e2"
    assert machine_type("n1-custom-4-8192").family == machine_type("custom-4-8192").family == "n1-custom"
    n1 = list_price("custom-2-8192", "us-central1")
    assert n1 == pytest.approx(2 * Decimal("0.03319155") + 8 * Decimal("0.004446"))
    assert "no confirmed price" in asked("n2-custom-4-8192", "us-central1")


@pytest.mark.parametrize(
    "name", ["c3-standard-8-lssd", "n2-custom-4-65536-ext", "m3-ultramem-32", "x9-standard-4", None]
)
def test_what_is_not_known_is_a_sentence(name):
    assert isinstance(asked(name, "us-central1"), str)
