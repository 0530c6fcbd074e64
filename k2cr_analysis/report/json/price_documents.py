"""The JSON that `cost` prints, and the rows that `prices show` prints."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from k2cr_analysis.model.cloud_run import cpu_text, memory_text
from k2cr_analysis.model.money import decimal_text
from k2cr_analysis.model.prices import Price
from k2cr_analysis.pricing.cloud_run.one_shape import NearestShape, ShapeCost
from k2cr_analysis.report.json.amounts import line_item, money


def shape_cost_document(priced: ShapeCost) -> dict[str, Any]:
    """What ``cost --format json`` prints."""
    return {
        "currency": priced.currency,
        "line_items": [
            line_item(item) | ({"counts": counts} if counts else {})
            for item, counts in zip(priced.line_items, priced.counts, strict=True)
        ],
        "gross_month": money(priced.gross_month),
        "free_tier_month": money(priced.free_tier_month),
        "net_month": money(priced.net_month),
        "at_least_month": money(priced.at_least_month),
        "unpriced": list(priced.unpriced),
        "refused": list(priced.refused),
        "nearest": _nearest(priced.nearest),
        "notices": list(priced.notices),
    }


def _nearest(shape: NearestShape | None) -> dict[str, Any] | None:
    if shape is None:
        return None
    return {
        "containers": [{"cpu": cpu_text(c.cpu_cores), "memory": memory_text(c.memory_bytes)} for c in shape.containers],
        "concurrency": shape.concurrency if shape.asked.is_service else None,
        "billing": shape.asked.billing if shape.asked.is_service else None,
        "gpu": shape.asked.gpu,
        "disk": memory_text(shape.asked.disk_bytes) if shape.asked.disk_bytes else None,
        "latency_s": decimal_text(shape.latency_s),
        "gross_month": decimal_text(shape.gross_month),
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
