"""A FOCUS export (FinOps Open Cost and Usage Specification) as the billing table.

Google's view has what the specification does not (``x_Credits``, ``x_ServiceId``, ``x_Project``, labels' kinds in
``Tags``); where these are absent, the specification's own columns stand in. ``BilledCost`` has the credits in it, so
that the cost before them is what is left when they are taken out again.
Source: focus.finops.org, columns of 1.0; Google's FOCUS view of the detailed export, its query of 2024-03-19.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from k2cr_analysis.errors import Location
from k2cr_analysis.platforms.billing import CLOUD_RUN, COMPUTE_ENGINE, KUBERNETES_ENGINE, NETWORKING
from k2cr_analysis.sources.reshaping.reshape import Row, moment, number, refused

_NEEDED: Final = {"BilledCost", "BillingCurrency", "ChargePeriodStart", "ChargePeriodEnd", "ServiceName"}
_SERVICE_IDS: Final = {
    "Compute Engine": COMPUTE_ENGINE,
    "Kubernetes Engine": KUBERNETES_ENGINE,
    "Networking": NETWORKING,
    "Cloud Run": CLOUD_RUN,
}
_COST_TYPES: Final = {"tax": "tax", "adjustment": "adjustment"}
_LABELS, _SYSTEM_LABELS = "label", "system_label"
_NEAR: Final = Decimal("0.001")


def is_focus(columns: Iterable[str]) -> bool:
    """Whether columns are those of a FOCUS export."""
    return set(columns) >= _NEEDED


class Focus:
    """See :class:`k2cr_analysis.sources.reshaping.reshape.Reshape`."""

    def rows_of(self, row: Row, where: Location) -> Iterator[dict[str, Any]]:
        taken_off = _credits(row, where)
        billed = _decimal(row, "BilledCost", where)
        if billed is None:
            raise refused(where, "no value in column 'BilledCost'", "a number in every row")
        cost = billed - sum((_exact(one["amount"]) for one in taken_off), Decimal(0))
        start = moment(row.get("ChargePeriodStart"), "ChargePeriodStart", where)
        begins = row.get("BillingPeriodStart")
        month = moment(begins, "BillingPeriodStart", where) if begins else start
        tags = list(_tags(row.get("Tags"), where))
        service = _text(row, "ServiceName")
        yield {
            "billing_account_id": _text(row, "BillingAccountId"),
            "service": {"id": _text(row, "x_ServiceId") or _SERVICE_IDS.get(service, ""), "description": service},
            "sku": {
                "id": _text(row, "SkuId"),
                "description": _text(row, "ChargeDescription") or _text(row, "SkuMeter"),
            },
            "usage_start_time": start,
            "usage_end_time": moment(row.get("ChargePeriodEnd"), "ChargePeriodEnd", where),
            "project": _project(row, where),
            "labels": [{"key": k, "value": v} for kind, k, v in tags if kind == _LABELS],
            "system_labels": [{"key": k, "value": v} for kind, k, v in tags if kind == _SYSTEM_LABELS],
            "location": _location(row),
            "resource": {"name": row.get("ResourceName") or None, "global_name": row.get("ResourceId") or None},
            "cost": float(cost),
            "currency": _text(row, "BillingCurrency"),
            "currency_conversion_rate": number(row.get("x_CurrencyConversionRate"), "x_CurrencyConversionRate", where),
            "usage": _usage(row, where),
            "credits": taken_off,
            "invoice": {"month": f"{month:%Y%m}"},
            "cost_type": _text(row, "x_CostType") or _COST_TYPES.get(_text(row, "ChargeCategory").lower(), "regular"),
            "export_time": moment(row["x_ExportTime"], "x_ExportTime", where) if row.get("x_ExportTime") else None,
            "cost_at_list": number(row.get("ListCost"), "ListCost", where),
        }


def _usage(row: Row, where: Location) -> dict[str, Any]:
    """The view has the pricing unit's size where the specification has the amount: taken only where price x amount is
    the cost."""
    quantity, price = _decimal(row, "PricingQuantity", where), _decimal(row, "ContractedUnitPrice", where)
    cost = _decimal(row, "ContractedCost", where)
    is_amount = (
        quantity is not None
        and price is not None
        and cost is not None
        and abs(quantity * price - cost) <= _NEAR * max(abs(cost), Decimal("0.000001"))
    )
    return {
        "amount": number(row.get("ConsumedQuantity"), "ConsumedQuantity", where),
        "unit": row.get("ConsumedUnit") or None,
        "amount_in_pricing_units": float(quantity) if is_amount and quantity is not None else None,
        "pricing_unit": row.get("PricingUnit") or None if is_amount else None,
    }


def _location(row: Row) -> dict[str, Any]:
    zone, region = row.get("AvailabilityZone") or None, row.get("RegionId") or None
    return {"location": row.get("x_Location") or zone or region, "country": None, "region": region, "zone": zone}


def _project(row: Row, where: Location) -> dict[str, Any]:
    """``SubAccountId`` is the project, save in Google's view, which has the billing account there."""
    given = _parsed(row.get("x_Project"), "x_Project", where)
    if isinstance(given, Mapping):
        return {name: given.get(name) or None for name in ("id", "number", "name")}
    parts = {
        name: row.get(f"x_Project.{name}") or row.get(f"x_Project{name.title()}") for name in ("id", "number", "name")
    }
    if parts["id"]:
        return {name: value or None for name, value in parts.items()}
    account = row.get("SubAccountId")
    is_project = account and account != row.get("BillingAccountId")
    return {"id": account if is_project else None, "number": None, "name": row.get("SubAccountName") or None}


def _credits(row: Row, where: Location) -> list[dict[str, Any]]:
    found = _parsed(row.get("x_Credits"), "x_Credits", where)
    kept = []
    for one in _listed(found):
        plain = {str(key).lower().replace("_", ""): value for key, value in one.items()}
        amount = _exact_or_none(plain.get("amount"))
        if amount is None:
            raise refused(
                where, f"a credit without an amount in column 'x_Credits': {str(one)[:60]}", "Amount, a number"
            )
        names = {"name": "name", "full_name": "fullname", "type": "type", "id": "id"}
        kept.append({ours: plain.get(theirs) or None for ours, theirs in names.items()} | {"amount": float(amount)})
    return kept


def _tags(value: Any, where: Location) -> Iterator[tuple[str, str, str]]:
    """(kind, key, value) of each: a list of pairs, or an object, as the specification has it."""
    found = _parsed(value, "Tags", where)
    if isinstance(found, Mapping) and "list" not in found:
        found = [{"key": key, "value": text} for key, text in found.items()]
    for one in _listed(found):
        plain = {str(key).lower(): text for key, text in one.items()}
        key, kind = plain.get("key"), plain.get("x_type") or _LABELS
        if key:
            yield str(kind), str(key), "" if plain.get("value") is None else str(plain["value"])


def _listed(value: Any) -> Iterator[Mapping[str, Any]]:
    """The items of a list, also of one as Parquet writers wrap it; a pair is a structure of two."""
    if isinstance(value, Mapping):
        value = value.get("list") or ()
    for one in value or ():
        if isinstance(one, Mapping):
            inner = one.get("element")
            yield inner if isinstance(inner, Mapping) else one
        elif isinstance(one, tuple) and len(one) == 2:  # as Arrow's map gives them
            yield {"key": one[0], "value": one[1]}


def _parsed(value: Any, column: str, where: Location) -> Any:
    if not isinstance(value, str) or not value.strip():
        return value if not isinstance(value, str) else None
    try:
        return json.loads(value)
    except ValueError:
        raise refused(where, f"{value[:60]!r} in column {column!r}", "JSON") from None


def _text(row: Row, column: str) -> str:
    value = row.get(column)
    return "" if value is None else str(value)


def _decimal(row: Row, column: str, where: Location) -> Decimal | None:
    value = row.get(column)
    if value is None or value == "":
        return None
    found = _exact_or_none(value)
    if found is None:
        raise refused(where, f"{str(value)[:60]!r} in column {column!r}", "a number")
    return found


def _exact_or_none(value: Any) -> Decimal | None:
    try:
        found = (
            value if isinstance(value, Decimal) else Decimal(repr(value) if isinstance(value, float) else str(value))
        )
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _exact(value: float) -> Decimal:
    return Decimal(repr(value))
