"""Prices over an assumed range of requests, as the terminal shows them."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from k2cr_analysis.cli.terminal.output import as_table
from k2cr_analysis.model.money import plain_amount

if TYPE_CHECKING:
    from k2cr_analysis.report.assumed_range import AssumedMonth, AssumedRange


def assumed_text(assumed: AssumedRange, shown: set[str]) -> str:
    """What each workload without counted requests would cost over the range, and how the range becomes narrower."""
    header = ("at assumed requests", *(f"{rate:g}/s" for rate in assumed.rates), "GKE/month", "costs the same at")
    rows = [
        (
            one.id,
            *(None if month is None else plain_amount(month, assumed.currency) for month in one.months),
            None if one.gke_month is None else plain_amount(one.gke_month, assumed.currency),
            _same_at(assumed.rates, one),
        )
        for one in assumed.workloads
        if one.id in shown
    ]
    if not rows:
        return "\nno service lacks counted requests: nothing was assumed\n"
    middle = assumed.rates[len(assumed.rates) // 2]
    said = (
        f"{assumed.currency} a month on Cloud Run, each request {assumed.latency_ms:g} ms; the table above is at"
        f" {middle:g} requests a second. To narrow it: collect with --traffic FILE or from"
        " Cloud Monitoring; or say what is known, in k2cr.toml: [traffic.assumed] requests_per_s and latency_ms"
    )
    return (
        "\n" + as_table(header, rows, right=tuple(range(1, len(header)))) + "\n".join(textwrap.wrap(said, 110)) + "\n"
    )


def _same_at(rates: Sequence[float], one: AssumedMonth) -> str:
    """Between which of the rates Cloud Run comes to cost what the workload's share of GKE does."""
    known = [(rate, month) for rate, month in zip(rates, one.months, strict=True) if month is not None]
    if one.gke_month is None or not known:
        return ""
    below = [rate for rate, month in known if month <= one.gke_month]
    above = [rate for rate, month in known if month > one.gke_month]
    if not below:
        return f"less than {known[0][0]:g}/s"
    return f"{max(below):g} to {min(above):g}/s" if above else f"more than {known[-1][0]:g}/s"
