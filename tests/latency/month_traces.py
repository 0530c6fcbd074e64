"""Weeks of requests of many kinds, each with a service: what a month within few requests must hold for.

Public ones where `../shared/data/traces` is there, each at several services; the others are generated from their number.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from k2cr_analysis.latency.month.requests import Load
from k2cr_analysis.latency.simulator.service import ServiceConfig

TRACES = Path(__file__).resolve().parents[3] / "shared" / "data" / "traces"
MOST_REQUESTS = 6_000_000  # of a whole replay: some seconds
_COUNTED = {  # file -> its period [s], and by how much its counts are divided
    "worldcup98_1998-06-10_7d.csv": (60.0, 30),
    "nasa_http_1995-07-01_10d.csv": (60.0, 1),
    "aws_elb_requests_2014-04-10_14d.csv": (300.0, 1),
    "sparse_mentions_2015-02-26_40d.csv": (300.0, 1),
}
KINDS = ("flat", "day", "week", "noisy", "hourly", "flash", "night")


@dataclass(frozen=True, slots=True)
class Case:
    """``name`` tells how it was made."""

    name: str
    load: Load
    service: ServiceConfig


def generated(number: int) -> Case:
    """The week of this number, and a service for it."""
    draw = np.random.default_rng(number)
    kind = KINDS[number % len(KINDS)]
    period_s = float(draw.choice([60.0, 300.0, 900.0, 3600.0]))
    rate = float(np.exp(draw.uniform(np.log(0.005), np.log(MOST_REQUESTS / 604800.0))))
    expected = _shape(kind, period_s, draw) * rate * period_s
    load = _load(draw.poisson(expected), period_s)
    return Case(f"{number} {kind} {rate:.3g}/s by {period_s:.0f} s", load, service_for(draw))


def _shape(kind: str, period_s: float, draw: np.random.Generator) -> np.ndarray:
    """Rates over their mean."""
    at = np.arange(round(7 * 86400 / period_s)) * period_s / 86400.0
    day = 1.0 + draw.uniform(0.2, 0.95) * np.sin(2.0 * np.pi * (at + draw.uniform()))
    if kind == "flat":
        day = np.ones_like(at)
    elif kind == "week":
        day = day * np.where(at % 7.0 < 5.0, 1.0, draw.uniform(0.05, 0.5))
    elif kind == "noisy":
        day = day * np.exp(draw.normal(0.0, draw.uniform(0.1, 0.8), len(at)))
    elif kind == "hourly":
        day = day * np.where(at * 24.0 % 1.0 < max(period_s / 3600.0, 0.1), draw.uniform(2.0, 6.0), 1.0)
    elif kind == "flash":
        peak = draw.uniform(0.0, 7.0)
        day = day + draw.uniform(5.0, 20.0) * np.exp(-np.abs(at - peak) / draw.uniform(0.02, 0.2))
    elif kind == "night":
        day = np.where(np.abs(at % 1.0 - 0.5) < draw.uniform(0.1, 0.4), day, 0.0)
    return np.asarray(day / day.mean())


def service_for(draw: np.random.Generator) -> ServiceConfig:
    mean_s = float(np.exp(draw.uniform(np.log(0.02), np.log(0.8))))
    return ServiceConfig(
        service_s=mean_s,
        cpu_s=mean_s * float(draw.uniform(0.05, 1.0)),
        service_distribution="lognormal",
        service_cv=float(draw.uniform(0.3, 2.0)),
        cpu_cores=float(draw.choice([1.0, 1.0, 2.0, 4.0])),
        concurrency=int(draw.choice([1, 2, 4, 8, 16, 40, 80])),
        min_instances=int(draw.choice([0, 0, 0, 1, 2])),
        max_instances=1000,
        startup_s=float(np.exp(draw.uniform(np.log(0.05), np.log(9.0)))),
        pending_timeout_s=31.5,
    )


def public(services: int) -> list[Case]:
    """Each public trace with so many services; nothing where the folder is absent."""
    found = []
    for name, (period_s, divided) in _COUNTED.items():
        file = TRACES / name
        if not file.exists():
            continue
        with file.open(encoding="utf-8") as lines:
            counts = np.array([int(row["count"]) for row in csv.DictReader(lines)])
        for number in range(services):
            draw = np.random.default_rng(number)
            thin = draw.binomial(counts, 1.0 / divided)
            found.append(Case(f"{name.split('_')[0]} {number}", _load(thin, period_s), service_for(draw)))
    return found


def _load(counts: np.ndarray, period_s: float) -> Load:
    counts = counts.astype(np.int64)
    counts[0] = max(counts[0], 1)
    return Load(counts, period_s, float(counts.sum()) / (len(counts) * period_s) * 730 * 3600)
