"""The four futures as ``assess`` and ``plan`` print them: the names of the contract, and what stands behind them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from k2cr_analysis.model.money import may_flip
from k2cr_analysis.planning.futures.answer import Answer
from k2cr_analysis.planning.futures.futures import Future
from k2cr_analysis.report.json.amounts import interval, line_item, money


def futures_document(futures: Sequence[Future]) -> list[dict[str, Any]]:
    return [
        {
            "future": f.future,
            "headroom": f.headroom,
            "variant": f.variant,
            "gke_month": money(f.gke_month),
            "cloud_run_month": money(f.cloud_run_month),
            "managed_month": money(f.managed_month),
            "month": money(f.month),
            "at_least_month": money(f.at_least_month),
            "hours_month": f.hours_month,
            "effort_days": f.effort_days,
            "saving_over_stay_month": money(f.saving_over_stay_month),
            "interval": interval(f.interval),
            "sign_may_flip": may_flip(f.interval),
            "gke_lines": [line_item(item) for item in f.gke_lines],
            "cloud_run_lines": [line_item(item) for item in f.cloud_run_lines],
            "managed_lines": [line_item(item) for item in f.managed_lines],
            "variants": [
                {
                    "cluster": option.cluster,
                    "variant": option.name,
                    "month": money(option.month),
                    "how": option.how,
                    "counts": not option.why_not,
                    "why_not": option.why_not or None,
                }
                for option in f.options
            ],
            "latency": [
                {"id": change.id, "gke_p99_ms": change.gke_p99_ms, "cloud_run_p99_ms": change.cloud_run_p99_ms}
                for change in f.latency
            ],
            "ways_out": [
                {
                    "id": way.id,
                    "cluster": way.cluster,
                    "to": way.to,
                    "size": way.size or None,
                    "month": money(way.month),
                    "at_least_month": money(way.at_least_month),
                    "high_month": money(way.high_month),
                    "reason": way.reason or None,
                }
                for way in f.ways_out
            ],
            "goes_along": list(f.goes_along),
            "missing": list(f.missing),
        }
        for f in futures
    ]


def answer_document(answer: Answer | None) -> dict[str, Any] | None:
    """The decision in a sentence, the first mover, and what would turn it."""
    if answer is None:
        return None
    first = answer.first_mover
    return {
        "sentence": answer.sentence,
        "first_mover": None if first is None else {"id": first.id, "why": first.why},
        "break_even": [{"of": turn.of, "at": turn.at} for turn in answer.turns],
        "nearest": list(answer.nearest),
        "short_month": money(answer.short_month),
    }
