"""Services and loads drawn at random, small, with everything that a service can be set to mixed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from k2cr_analysis.latency.load.arrivals import Arrivals, counted, modulated, poisson


def mixture(seed: int) -> tuple[Arrivals, dict[str, Any], int | None]:
    """(load, arguments of ServiceConfig, how many requests; None: as many as come)."""
    draw = np.random.default_rng(seed)

    def one(*values: Any) -> Any:
        return values[draw.integers(len(values))]

    service_s = one(0.1, 0.4, 1.0, 3.0)
    minimum = one(0, 0, 0, 1, 2, 3)
    window_s, tick_s = one((2.0, 1.0), (4.0, 1.0), (6.0, 2.0), (10.0, 2.0), (3.0, 3.0))
    given = {
        "service_s": service_s,
        "cpu_s": service_s * one(0.0, 0.5, 0.75, 1.0),
        "service_distribution": one("exponential", "constant", "lognormal", "table"),
        "cpu_cores": one(0.5, 1.0, 1.0, 2.0),
        "concurrency": one(1, 1, 2, 3, 8),
        "min_instances": minimum,
        "max_instances": max(minimum, one(1, 2, 3, 4, 6, 30, 60)),
        "startup_s": one(0.0, 0.3, 1.0, 2.5),
        "startup_distribution": one("constant", "exponential"),
        "boosted_cpu_cores": one(None, None, 2.0, 4.0),
        "boost_s": one(0.0, 0.3, 2.0),
        "idle_s": one(0.0, 0.4, 1.5, 3.0, 8.0, 70.0),
        "life_s": one(math.inf, math.inf, 2.0, 5.0, 9.0),
        "pending_timeout_s": one(0.0, 0.3, 1.5, 10.0, math.inf),
        "scaling": one("cloud-run", "cloud-run", "cloud-run", "per-request"),
        "target_cpu": one(0.6, 0.3, 0.9),
        "target_concurrency": one(0.6, 0.3, 1.0, math.inf),
        "window_s": window_s,
        "tick_s": tick_s,
    }
    if given["service_distribution"] == "table":
        given["service_table_s"] = np.sort(service_s * draw.lognormal(-0.3, 0.8, one(1, 2, 16)))
    period_s = one(1.0, 2.5, 5.0)
    load = one("steady", "bursts", "lumps", "lumps")
    if load == "steady":
        return poisson(one(0.5, 3.0, 9.0)), given, 60
    if load == "bursts":
        return modulated(draw.choice([0.0, 0.3, 2.0, 9.0, 25.0], 6), period_s), given, 80
    return counted(draw.choice([0, 0, 0, 1, 2, 3, 12, 40], 10), period_s), given, None


def fleet(seed: int) -> tuple[Arrivals, dict[str, Any], int | None]:
    """As ``mixture``, where an instance has one request, none waits and none is kept."""
    arrivals, given, requests = mixture(seed)
    alone = {"concurrency": 1, "min_instances": 0, "scaling": "per-request", "boosted_cpu_cores": None, "life_s": math.inf}  # fmt: skip
    return arrivals, {**given, **alone}, requests
