"""The month within few requests against the replay of all, for weeks of many kinds: a few here, 200 as a soak."""

from __future__ import annotations

import pytest

from k2cr_analysis.latency.month.month import month_of
from tests.latency.month_traces import Case, generated, public

QUICKER = 600_000.0  # what `assess` simulates of a service
_MONEY = (  # Tier 1, a vCPU-second: at work, kept, running
    0.000024,
    0.0000025,
    0.000018,
)


def off(case: Case) -> dict[str, float]:
    """By what share each figure is off the replay of every request."""
    whole = month_of(case.load, case.service, 9, requests=float(case.load.requests.sum()))
    few = month_of(case.load, case.service, 1, requests=QUICKER)
    assert "every request of the window" in whole.method

    def figures(month):
        line = month.timeline
        busy = float(line.active_instance_s + line.starting_instance_s)
        return {
            "at work": float(line.active_instance_s),
            "live": float(line.mean_instances),
            "by request": busy * _MONEY[0] + float(line.idle_min_instance_s) * _MONEY[1],
            "by instance": float(line.running_instance_s) * _MONEY[2],
            "p99": month.quantile_s(0.99),
        }

    truth, found = figures(whole), figures(few)
    return {name: found[name] / truth[name] - 1.0 for name in truth}


def holds(found: dict[str, float]) -> bool:
    return all(abs(share) <= (0.10 if name == "p99" else 0.03) for name, share in found.items())


@pytest.mark.parametrize("number", [8, 18, 62])
def test_it_is_the_month(number):
    case = generated(number)
    assert case.load.requests.sum() > QUICKER
    found = off(case)
    assert holds(found), (case.name, found)


@pytest.mark.soak
def test_it_is_the_month_for_200_weeks():
    """5 in 6 within 3 % of instances and money and 10 % of p99, and none off by more than three times that."""
    cases = [*public(8), *(generated(number) for number in range(600))]
    busy = [case for case in cases if case.load.requests.sum() > QUICKER][:200]
    missed = {case.name: found for case in busy if not holds(found := off(case))}
    assert len(missed) <= len(busy) / 6, missed
    for name, found in missed.items():
        assert all(abs(share) <= (0.30 if which == "p99" else 0.09) for which, share in found.items()), (name, found)
