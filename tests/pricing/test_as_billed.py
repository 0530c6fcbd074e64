"""The bill as the invoices have it, and committed use by its name."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from k2cr_analysis.pricing.gke.today import attribute
from tests.planning.fleets import BOOK
from tests.pricing.clusters import REGION, START, allocated, billing, billing_row, cluster, workload

OCTOBER = [billing_row(2.0, allocated("web"), day=d, taken_off=[-0.5]) for d in range(31)]
TAX = billing_row(4.65, cost_type="tax")
OTHER = billing_row(9.0, {"goog-k8s-cluster-name": "other"})


def bill_of(rows):
    found = cluster([workload("web")], name="prod")
    return attribute(found, billing(rows), {}, BOOK, REGION, 31.0)


def test_a_whole_invoice_month_ties_to_the_invoice_to_the_last_digit():
    bill = bill_of([*OCTOBER, TAX, OTHER])
    (month,) = bill.as_billed
    assert (month.month, month.whole) == ("2026-10", True)
    assert (month.cost, month.credits) == (Decimal("66.65"), Decimal("-15.5"))
    assert (month.paid, month.not_usage, month.other_clusters) == (Decimal("51.15"), Decimal("4.65"), Decimal(9))
    # Scaled by the hours that the rows cover, it is the month of 730 h.
    assert bill.month == pytest.approx(month.paid * 730 / (31 * 24), abs=Decimal("1e-6"))


def test_a_part_of_an_invoice_month_is_no_invoice():
    rows = [
        *OCTOBER[5:],
        *(billing_row(1.0, allocated("web"), day=d) | {"invoice": {"month": "202611"}} for d in (31, 32)),
    ]
    october, november = bill_of(rows).as_billed
    assert not october.whole and not november.whole
    assert october.first == START + timedelta(days=5)
    assert november.paid == 2


def test_rows_of_november_on_the_invoice_of_october_belong_to_october():
    """A correction that comes late stands on the invoice that has it, not on that of its usage."""
    late = billing_row(3.0, allocated("web"), day=-1)
    (month,) = bill_of([*OCTOBER, late]).as_billed
    assert month.paid == Decimal("49.5")


def credit(kind, amount):
    return {"name": kind, "full_name": kind, "type": kind, "id": "c", "amount": amount}


def test_a_commitment_on_resources_has_its_unused_part():
    """100 core hours are committed; 24 x 2 are used, one row fully paid by it and one by a half."""
    fee = billing_row(2.0, sku="Commitment v1: E2 Cpu in Japan for 1 Year", quantity=100.0)
    full = billing_row(1.0, allocated("web")) | {"credits": [credit("COMMITTED_USAGE_DISCOUNT", -1.0)]}
    half = billing_row(1.0, allocated("web")) | {"credits": [credit("COMMITTED_USAGE_DISCOUNT", -0.5)]}
    ram = billing_row(9.0, allocated("web"), sku="E2 Instance Ram running in Japan") | {
        "credits": [credit("COMMITTED_USAGE_DISCOUNT", -9.0)]
    }
    (found,) = bill_of([fee, full, half, ram]).commitments
    assert (found.name, found.years) == ("Commitment v1: E2 Cpu in Japan for 1 Year", 1)
    scale = Decimal(730) / 24
    assert found.fee_month == pytest.approx(2 * scale)
    assert found.unused_month == pytest.approx(2 * (1 - Decimal(36) / 100) * scale)


def test_a_commitment_on_spend_has_the_part_that_no_credit_takes_off():
    fee = billing_row(10.0, sku="Commitment - dollar based v1: Compute Flexible for 3 years") | {
        "credits": [credit("FEE_UTILIZATION_OFFSET", -7.2)]
    }
    (found,) = bill_of([billing_row(7.2, allocated("web")), fee]).commitments
    assert found.years == 3
    assert found.unused_month == pytest.approx(Decimal("2.8") * 730 / 24)


def test_a_fee_whose_use_is_not_in_the_rows_has_no_unused_part_but_a_reason():
    fee = billing_row(10.0, sku="Commitment - dollar based v1: GCE for 1 year")
    (found,) = bill_of([billing_row(7.2, allocated("web")), fee]).commitments
    assert found.unused_month is None
    assert "not in the rows" in found.why


def test_rows_that_name_no_cluster_count_once_over_a_fleet():
    network = billing_row(7.0, sku="Network Internet Egress from Japan")
    fee = billing_row(2.0, sku="Commitment v1: E2 Cpu in Japan for 1 Year", quantity=100.0)
    found = cluster([workload("web")], name="prod")
    rows = billing([*OCTOBER, network, fee])
    first = attribute(found, rows, {}, BOOK, REGION, 31.0)
    second = first.without_unlabelled()
    assert first.unlabelled and not second.unlabelled and second.without_unlabelled() is second
    assert sum(amount for _, amount in second.lines) == second.month
    assert first.month - second.month == pytest.approx(Decimal(9) * 730 / (31 * 24), abs=Decimal("1e-6"))
    assert "network" in dict(first.lines) and "network" not in dict(second.lines)
    assert (first.as_billed[0].paid - second.as_billed[0].paid, second.as_billed[0].other_clusters) == (9, 9)
    assert first.commitments and not second.commitments
    assert any("once over the fleet" in reason for reason in second.reasons)
