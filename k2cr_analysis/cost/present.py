"""Line items and prices as text and JSON, for the command line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from decimal import Decimal

from k2cr_analysis.cost.one_shape import ShapeCost
from k2cr_analysis.model.money import LineItem, decimal_text
from k2cr_analysis.model.prices import Price


def line_item_as_dict(item: LineItem) -> dict[str, str]:
    """A line item as the contract has it: amounts are decimal strings, never rounded."""
    return {
        "sku": item.sku,
        "quantity": decimal_text(item.quantity),
        "unit": item.unit,
        "rate": decimal_text(item.rate),
        "amount": decimal_text(item.amount),
        "currency": item.currency,
    }


def shape_cost_as_json(priced: ShapeCost) -> str:
    return json.dumps(
        {
            "currency": priced.currency,
            "line_items": [line_item_as_dict(item) for item in priced.line_items],
            "gross_month": decimal_text(priced.gross_month),
            "free_tier_month": decimal_text(priced.free_tier_month),
            "net_month": decimal_text(priced.net_month),
        },
        indent=2,
    )


def shape_cost_as_text(priced: ShapeCost) -> str:
    rows = [(i.sku, f"{i.quantity:,.2f}", i.unit, decimal_text(i.rate), f"{i.amount:,.2f}") for i in priced.line_items]
    sums = (("gross", priced.gross_month), ("free tier", -priced.free_tier_month), ("net", priced.net_month))
    rows += [(f"{name}, {priced.currency} a month", "", "", "", f"{amount:,.2f}") for name, amount in sums]
    return aligned(("sku", "quantity", "unit", "rate", "amount"), rows, right=(1, 3, 4))


def prices_as_text(prices: Iterable[Price]) -> str:
    rows = [
        (p.meter, p.consumption_model, decimal_text(p.rate), f"{p.currency}/{p.unit}", p.effective_date, p.source)
        for p in prices
    ]
    return aligned(("meter", "discount", "rate", "unit", "date", "source"), rows, right=(2,))


def prices_as_json(prices: Iterable[Price]) -> str:
    return json.dumps([_plain(p) for p in prices], indent=2)


def prices_as_csv(prices: Sequence[Price]) -> str:
    out = io.StringIO()
    rows = [_plain(p) for p in prices]
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().rstrip("\n")


def aligned(header: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> str:
    """A text table; the columns whose numbers are in ``right`` are set flush right."""
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]

    def line(row: Sequence[str]) -> str:
        cells = (c.rjust(w) if n in right else c.ljust(w) for n, (c, w) in enumerate(zip(row, widths, strict=True)))
        return "  ".join(cells).rstrip()

    return "\n".join(line(row) for row in (header, *rows))


def _plain(price: Price) -> dict[str, str | None]:
    return {name: decimal_text(value) if isinstance(value, Decimal) else value for name, value in asdict(price).items()}
