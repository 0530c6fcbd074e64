"""How many instances live while the rate changes, from what called for them at steady rates.

The n-th instance is called for now and then, more often at higher rates: then it starts. Once it lives, it is also used
by requests that would not have started it, and it lives until it has not been used for the idle time. So what lives
depends on what was: a busy hour's instances stay for long where they are used now and then. Both intensities are
measured at steady rates, minute by minute, whatever lives there; the chance that the n-th instance lives follows from
step to step (:mod:`k2cr_analysis.latency.kernels.holding`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from k2cr_analysis.latency.kernels.holding import hold
from k2cr_analysis.latency.month.requests import Load
from k2cr_analysis.latency.simulator.engine import Section
from k2cr_analysis.model.observed import FloatArray, IntArray

_STEP_S = 300.0  # longer periods are cut: an instance does not live for whole ones
_BLOCK_S = 60.0  # of Section.calls
_ALWAYS = 5.0  # calls in a block, where there was none without
_RAREST = 1e-12
_RATES = 160
_BEFORE_S = 86400.0
_CLEARLY = 4.5  # standard deviations beyond which a count is no chance


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """``live`` float64[n]: instances on average over each period; ``starts``: in each."""

    live: FloatArray
    starts: FloatArray


@lru_cache(maxsize=8)  # the configurations of a search share it
def _history(load: Load, idle_s: float) -> tuple[FloatArray, FloatArray, IntArray]:
    """The rate of each period without the noise of chance; some of the rates, rising; and each period's place there.

    What is wanted at a rate is worked out for some of them: between two, the difference is a few percent.
    """
    smooth = _without_noise(load.rates_per_s, load.period_s, idle_s)
    known = np.unique(np.quantile(smooth, np.linspace(0.0, 1.0, _RATES)))
    return smooth, known, np.searchsorted((known[1:] + known[:-1]) / 2.0, smooth)


def held(load: Load, at: FloatArray, sections: Sequence[Section], idle_s: float, least: int) -> Held:
    """Instances that live, one period after the other, the first after the last.

    Parameters
    ----------
    load : its rates are steady within a period
    at, sections : rising rates, and what was seen at each
    least : instances that are kept
    """
    cut = max(1, round(load.period_s / _STEP_S))
    step_s = load.period_s / cut
    smooth, known, of = _history(load, idle_s)
    called = _at(known, at, _intensities(sections, 0, least)) * step_s
    used = _at(known, at, _intensities(sections, 1, least)) * step_s
    called[:, 0] = np.maximum(called[:, 0], np.minimum(known, 1.0) * step_s)  # each request calls for one at least
    live, starts = np.zeros(len(of) * cut), np.zeros(len(of) * cut)
    before = min(len(live), round(_BEFORE_S / step_s))
    hold(np.repeat(of, cut), called, np.maximum(used, called), idle_s / step_s, before, live, starts)
    above = np.maximum(smooth / at[-1], 1.0)  # above the highest level all is in proportion
    live, starts = live.reshape(-1, cut).mean(axis=1), starts.reshape(-1, cut).sum(axis=1)
    return Held(np.maximum(live * above, least), starts * above)


def _intensities(sections: Sequence[Section], which: int, least: int) -> FloatArray:
    """How often a second the n-th instance is called for (0) or used (1), float64[levels + 1, n].

    The first row is without requests.
    """
    most = max((int(np.flatnonzero(one.calls.any(axis=1))[-1]) if one.calls.any() else 0) for one in sections)
    many = max(most, least, 1)
    reached = np.array([np.cumsum(one.calls[::-1, which])[::-1][1 : many + 1] for one in sections])
    blocks = np.array([max(one.seconds / _BLOCK_S, float(one.calls[:, which].sum())) for one in sections])
    found = np.zeros((len(sections) + 1, many))
    found[1:] = np.minimum(-np.log1p(-np.minimum(reached / blocks[:, None], 1.0 - 1e-12)), _ALWAYS) / _BLOCK_S
    found[:, :least] = _ALWAYS / _BLOCK_S
    return np.asarray(found)


def _at(rates: FloatArray, at: FloatArray, intensities: FloatArray) -> FloatArray:
    """Between the levels, float64[rates, n]: in proportion, as what is rare grows."""
    bounds = np.concatenate(([0.0], at))
    place = np.minimum(np.searchsorted(bounds, rates, side="right") - 1, len(at) - 1)
    weight = np.clip((rates - bounds[place]) / (bounds[place + 1] - bounds[place]), 0.0, 1.0)[:, None]
    logs = np.log(np.maximum(intensities, _RAREST))
    found = np.exp(logs[place] + (logs[place + 1] - logs[place]) * weight)
    low, high = intensities[place], intensities[place + 1]
    linear = (low <= 0.0) | (high <= 0.0)
    found[linear] = (low + (high - low) * weight)[linear]
    return np.asarray(found)


def _without_noise(rates: FloatArray, period_s: float, over_s: float) -> FloatArray:
    """Rates freed of what Poisson arrivals alone would scatter: drawn towards their moving mean, as far as it explains.

    Shrinkage as empirical Bayes has it, the variance beyond Poisson's taken as in proportion to the square of the rate.
    """
    many = max(1, round(over_s / period_s))
    if many == 1:
        return rates
    around = np.arange(many) - many // 2
    trend = np.mean([np.roll(rates, int(shift)) for shift in around], axis=0)
    chance = np.maximum(trend, 1e-12) / period_s
    off = rates - trend
    excess = off**2 * many / (many - 1) - chance
    coefficient = max(0.0, float((excess / chance).sum() / np.maximum(trend * period_s, 1e-12).sum()))
    real = coefficient * trend**2 / (coefficient * trend**2 + chance)
    real = np.where(off**2 > _CLEARLY**2 * chance, 1.0, real)
    return np.asarray(trend + real * off)
