"""How long each container of an instance may take to start, so that no chain of dependencies asks for more than 240 s.

On Kubernetes a start is ended by the start-up probe; without one by the liveness probe; without either by nothing, and
never by a readiness probe. What k2cr chose itself gives way first, then what a liveness probe gave, and what a person
declared in a start-up probe last.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from k2cr_analysis.model.cloud_run import StartupOrder
from k2cr_analysis.platforms.cloud_run.probes import MAX_STARTUP_S

# Whose word the allowance is; "k2cr": nobody's, so that it is all that Cloud Run gives.
Origin = Literal["startupProbe", "livenessProbe", "k2cr"]
ENOUGH_S = 30  # for a container of which nothing is known but that it starts
HELPER_S = 5  # for a proxy and its like: known images, which are up within a second or two


@dataclass(frozen=True, slots=True)
class Allowance:
    """``is_helper``: the image is known as a proxy's, an agent's or the like."""

    seconds: int
    origin: Origin
    is_helper: bool = False


_Which = Callable[[Allowance], bool]
# Who gives way, and down to what: step by step, each only as far as it must.
_STEPS: tuple[tuple[_Which, int], ...] = (
    (lambda a: a.origin == "k2cr" and a.is_helper, ENOUGH_S),
    (lambda a: a.origin == "k2cr" and not a.is_helper, ENOUGH_S),
    (lambda a: a.origin == "k2cr", HELPER_S),
    (lambda a: a.origin == "livenessProbe", HELPER_S),
    (lambda a: a.origin == "startupProbe", HELPER_S),
    (lambda a: True, 1),
)


def share_budget(asked: Mapping[str, Allowance], order: StartupOrder) -> dict[str, int]:
    """Seconds of each container: what was asked, less what its chain has to give up."""
    granted = {name: min(allowance.seconds, MAX_STARTUP_S) for name, allowance in asked.items()}
    for gives_way, floor in _STEPS:
        chains = _longest_chains(granted, order)
        over = [n for n, a in asked.items() if gives_way(a) and chains.get(n, 0) > MAX_STARTUP_S]
        if over:
            granted = _lowered(granted, over, floor, order)
    return granted


def _lowered(granted: Mapping[str, int], members: list[str], floor: int, order: StartupOrder) -> dict[str, int]:
    """The members cut to one level, the highest at which their chains fit; at the floor, whether they fit or not."""
    made = dict(granted)
    for level in range(max(granted[n] for n in members) - 1, floor - 1, -1):
        made |= {n: min(granted[n], level) for n in members}
        chains = _longest_chains(made, order)
        if all(chains[n] <= MAX_STARTUP_S for n in members):
            break
    return made


def _longest_chains(seconds: Mapping[str, int], order: StartupOrder) -> dict[str, int]:
    """Of each container: its own allowance, with the longest chain before it and the longest after it. [s]"""
    before: dict[str, int] = {}
    for name in order.order:
        before[name] = seconds.get(name, 0) + max((before.get(o, 0) for o in order.depends_on.get(name, ())), default=0)
    after: dict[str, int] = {}
    for name in reversed(order.order):
        waiting = [n for n, others in order.depends_on.items() if name in others]
        after[name] = seconds.get(name, 0) + max((after.get(n, 0) for n in waiting), default=0)
    return {name: before[name] + after[name] - seconds.get(name, 0) for name in order.order}
