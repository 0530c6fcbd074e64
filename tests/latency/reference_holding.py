"""The chance of each instance from step to step in plain Python: each sum anew, no step left out, nothing cut short."""

from __future__ import annotations

import math

import numpy as np

from k2cr_analysis.model.observed import FloatArray, IntArray


def held(
    of: IntArray, called: FloatArray, used: FloatArray, idle_steps: float, before: int
) -> tuple[FloatArray, FloatArray]:
    """(live, starts), each float64[steps]; arguments as of ``kernels.holding``."""
    steps, whole = len(of), int(idle_steps)
    live, starts = np.zeros(steps), np.zeros(steps)
    for n in range(called.shape[1]):
        chance = 1.0
        for step in range(-before, steps):
            seen = [used[of[(step - back) % steps], n] for back in range(whole)]
            in_idle = sum(seen) + (idle_steps - whole) * used[of[(step - whole) % steps], n]
            hazard = (1.0 if in_idle < 1e-9 else in_idle / math.expm1(in_idle)) / idle_steps
            start = called[of[step % steps], n]
            settled = start / (start + hazard)
            after = settled + (chance - settled) * math.exp(-(start + hazard))
            after = min(after, 1.0 - math.exp(-in_idle))
            if step >= 0:
                middle = (chance + after) / 2.0
                live[step] += middle
                starts[step] += max(0.0, 1.0 - middle) * (1.0 - math.exp(-start))
            chance = after
    return live, starts
