"""A saving whose interval holds gains and losses says so, wherever it is shown."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from k2cr_analysis.assessment.recommending.interval import DayChanges, interval_of, joined
from k2cr_analysis.cli.terminal.futures import interval_text
from k2cr_analysis.model.money import sign_may_flip
from k2cr_analysis.planning import intervals, plan_and_portfolio, waves
from k2cr_analysis.planning.sets.sensitivity import Swing
from k2cr_analysis.report.json.futures_document import futures_document
from k2cr_analysis.report.json.plan_document import plan_document
from k2cr_analysis.report.wording import between
from tests.planning.fleets import Move, assessment
from tests.planning.test_plan import full_nodes


@pytest.mark.parametrize(("low", "high", "flips"), [(-1, 1, True), (0, 1, False), (-2, -1, False), (1, 2, False)])
def test_a_sign_is_open_where_gains_and_losses_are_inside(low, high, flips):
    ends = (Decimal(low), Decimal(high))
    assert sign_may_flip(ends) is flips
    assert ("may flip" in between(ends, "USD")) is flips
    assert ("may flip" in interval_text(ends, "JPY")) is flips


def test_the_days_of_a_set_are_those_of_its_parts_added_up():
    days = np.random.default_rng(3).normal(0, 0.2, (3, 56))
    parts = [DayChanges(Decimal(n + 1), days[n], Decimal(n), Decimal(2 * n)) for n in range(3)]
    one_by_one = joined([joined(parts[:2]), parts[2]])
    assert interval_of(Decimal(10), [one_by_one]) == interval_of(Decimal(10), parts)


def test_waves_and_futures_tell_whether_their_sign_is_open(monkeypatch):
    """Days that move the bill by several times the saving leave every sign open."""
    wild = np.tile([3.0, -3.0, 1.0, -1.0, 2.0, -2.0, 0.0], 8) * np.repeat([1, -1, 2, -2, 1, -1, 3, -3], 7)
    found = DayChanges(Decimal(500), wild + np.repeat([1, -1, 2, -2, 1, -1, 2, -2], 7))
    for module in (intervals, waves):
        monkeypatch.setattr(module, "changes_of", lambda _: found)
    made, whole = plan_and_portfolio(assessment(full_nodes("web", "api", "db"), {n: Move(1) for n in ("web", "api")}))
    document = plan_document(made)
    assert made.waves
    for wave in document["waves"]:
        assert wave["sign_may_flip"] and wave["over_stay_sign_may_flip"] and wave["cumulative_sign_may_flip"]
    move = next(f for f in futures_document(whole.futures) if (f["future"], f["headroom"]) == ("move", "packed"))
    assert move["sign_may_flip"] is True
    assert "may as well be a loss" in made.answer.sentence


def test_a_swing_that_reaches_beyond_nothing_turns_the_answer():
    swing = Swing("traffic", "less", Decimal(30), "more", Decimal(-2))
    assert swing.turns(Decimal(14)) and not replace(swing, high_month=Decimal(1)).turns(Decimal(14))
