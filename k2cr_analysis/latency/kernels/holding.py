"""Instances that live while what calls for them changes: the chance of each, from step to step."""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

import math

from k2cr_analysis.latency.kernels.compiled import Kernel, cached
from k2cr_analysis.model.observed import FloatArray, IntArray

_MOST = 700.0  # of an exponent


@cached
def hold(digest: int) -> Kernel:
    """The kernel; ``digest`` is mentioned and no more."""

    def from_step_to_step(
        of: IntArray,
        called: FloatArray,
        used: FloatArray,
        idle_steps: float,
        before: int,
        live: FloatArray,
        starts: FloatArray,
    ) -> int:
        """All steps, after the last ``before`` of them, at whose beginning all that can live did.

        ``of`` int64[steps]: each step's row in ``called`` and ``used`` float64[rates, n]: how often a step the n-th
        instance is started where it does not live, and kept where it does, the latter never less. Out: ``live`` and
        ``starts`` float64[steps], beside what they hold.
        """
        steps, many = len(of), called.shape[1]
        whole = int(idle_steps)
        rest = idle_steps - whole
        for n in range(many if digest > 0 else 0):
            chance, uses = 1.0, 0.0
            for back in range(1, whole + 1):
                uses += used[of[(-before - back) % steps], n]
            for step in range(-before, steps):
                now, oldest = of[step % steps], of[(step - whole) % steps]
                uses += used[now, n] - used[oldest, n]
                in_idle = max(uses + rest * used[oldest, n], 0.0)
                start = called[now, n]
                if in_idle > 20.0 and chance > 0.999:
                    after = 1.0
                else:
                    # Used by chance so often an idle time, it goes a whole one without with this hazard.
                    ends = (1.0 if in_idle < 1e-9 else in_idle / math.expm1(min(in_idle, _MOST))) / idle_steps
                    both = start + ends
                    settled = start / both
                    after = settled + (chance - settled) * math.exp(-both)
                    # What nothing used in the whole idle time does not live.
                    after = min(after, -math.expm1(-min(in_idle, _MOST)))
                if step >= 0:
                    middle = 0.5 * (chance + after)
                    live[step] += middle
                    if middle < 1.0:
                        starts[step] += (1.0 - middle) * -math.expm1(-start)
                chance = after
        return 0

    return from_step_to_step
