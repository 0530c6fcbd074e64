"""``[plan]`` and ``[pool."NAME"]``: how much a wave may hold, when nothing may move, what node pools must keep."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Freeze:
    """Days, both included, on which nothing moves; with ``workloads`` (ids; ``*`` for any text) only those stay put."""

    first: date
    last: date
    reason: str
    workloads: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanSettings:
    """``[plan]``. With ``start`` waves have days: one begins every ``wave_length_days``, past the freezes."""

    wave_days: float = 20.0  # person-days of effort that a wave holds at most
    wave_workloads: int = 25
    wave_length_days: int = 14
    start: date | None = None
    payback_months: int = 12  # over which the effort of the move is spread
    headroom: Decimal = Decimal("0.15")  # share of CPU and memory that packed nodes keep free, on both sides
    hop_month: Decimal | None = None  # money for a path from Cloud Run to what stays; None: a forwarding rule's price
    commitment_ends: date | None = None  # when the committed use that pays for nodes ends
    freezes: tuple[Freeze, ...] = ()


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """``[pool."NAME"]``: the autoscaler's minimum, over all zones."""

    min_nodes: int = 0
