"""The JSON that `cost` prints, and the rows that `prices show` prints."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from k2cr_analysis.model.cloud_run import cpu_text, memory_text
from k2cr_analysis.model.money import decimal_text
from k2cr_analysis.model.prices import Price
from k2cr_analysis.pricing.cloud_run.one_shape import NearestShape, ShapeCost
from k2cr_analysis.report.json.amounts import line_item


def shape_cost_document(priced: ShapeCost) -> dict[str, Any]:
    """What ``cost --format json`` prints."""
    return {
        "currency": priced.currency,
        "line_items": [line_item(item) for item in priced.line_items],
        "gross_month": decimal_text(priced.gross_month),
        "free_tier_month": decimal_text(priced.free_tier_month),
        "net_month": decimal_text(priced.net_month),
        "refused": list(priced.refused),
        "nearest": _nearest(priced.nearest),
    }


def _nearest(shape: NearestShape | None) -> dict[str, Any] | None:
    if shape is None:
        return None
    return {
        "containers": [{"cpu": cpu_text(c.cpu_cores), "memory": memory_text(c.memory_bytes)} for c in shape.containers],
        "concurrency": shape.concurrency,
        "latency_s": decimal_text(shape.latency_s),
        "net_month": decimal_text(shape.net_month),
    }


def price_rows(prices: Iterable[Price]) -> list[dict[str, str | None]]:
    """Each price with where it was read; the columns are those of the snapshot's ``prices`` table."""
    return [
        {
            "meter": p.meter,
            "region": p.region,
            "consumption_model": p.consumption_model,
            "rate": decimal_text(p.rate),
            "currency": p.currency,
            "unit": p.unit,
            "tier_start": decimal_text(p.tier_start),
            "service_id": p.service_id,
            "sku_id": p.sku_id,
            "sku": p.sku,
            "effective_date": p.effective_date,
            "source": p.source,
        }
        for p in prices
    ]
