"""Which silent periods are quiet (no request came) and which are gaps (nobody measured).

Cloud Monitoring writes no point for a count of nothing, so a missing point has two meanings. Where any target has a
point, the source was measuring, and the others were quiet. Where none has one, silence that recurs is quiet: the same
hour is silent for the most part on other days, or in other weeks on the same weekday. Silence at an hour when there are
requests on other days is a gap.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_HOUR_S = 3600
_HOURS_OF_DAY = 24
_HOURS_OF_WEEK = 168
_MOSTLY = 0.5
BoolArray = npt.NDArray[np.bool_]


def known_periods(has_points: BoolArray, period_s: int, first_hour: int) -> BoolArray:
    """bool[n]: the period was measured, with requests or quiet.

    Parameters
    ----------
    has_points : bool[n]  Some target has a point in the period; periods are even and without holes.
    period_s : int        Their length. [s]
    first_hour : int      Hours since 1970-01-01 (UTC) at the start of the first period.
    """
    hour = first_hour + np.arange(len(has_points), dtype=np.int64) * period_s // _HOUR_S
    return has_points | _recurs(has_points, hour, _HOURS_OF_DAY) | _recurs(has_points, hour, _HOURS_OF_WEEK)


def _recurs(has_points: BoolArray, hour: npt.NDArray[np.int64], cycle: int) -> BoolArray:
    """bool[n]: in the other turns of the cycle this hour was mostly silent. False where there is no other turn."""
    hours, at = np.unique(hour, return_inverse=True)
    silent = np.bincount(at, weights=~has_points)
    total = np.bincount(at)
    slot = hours % cycle
    others_silent = np.bincount(slot, weights=silent, minlength=cycle)[slot] - silent
    others_total = np.bincount(slot, weights=total, minlength=cycle)[slot] - total
    recurs: BoolArray = (others_total > 0) & (others_silent >= _MOSTLY * others_total)
    return recurs[at]
