"""[plan] and [pool]: days, freezes, minimums, and what is said of a wrong one."""

from datetime import date
from decimal import Decimal

import pytest

from k2cr_analysis.config import Freeze, PlanSettings, PoolSettings, load_config
from k2cr_analysis.errors import ConfigError

WHOLE = """\
[plan]
wave_days = 10
wave_workloads = 5
start = 2026-12-01
hop_month = 18.25
commitment_ends = 2027-03-31

[[plan.freezes]]
first = 2026-12-15
last = 2027-01-05
reason = "year end"
workloads = ["shop/*"]

[pool."default"]
min_nodes = 3
"""


def load(tmp_path, text):
    (tmp_path / "k2cr.toml").write_text(text)
    return load_config(tmp_path / "k2cr.toml")


def test_every_key_arrives(tmp_path):
    config = load(tmp_path, WHOLE)
    assert config.plan == PlanSettings(
        wave_days=10.0,
        wave_workloads=5,
        start=date(2026, 12, 1),
        hop_month=Decimal("18.25"),
        commitment_ends=date(2027, 3, 31),
        freezes=(Freeze(date(2026, 12, 15), date(2027, 1, 5), "year end", ("shop/*",)),),
    )
    assert config.pools == {"default": PoolSettings(3)}


WRONG = {
    "a day in quotes": ('[plan]\nstart = "2026-12-01"', "plan.start", "a day without quotes"),
    "a moment in place of a day": ("[plan]\nstart = 2026-12-01T00:00:00Z", "plan.start", "a day without quotes"),
    "a freeze without a reason": (
        "[[plan.freezes]]\nfirst = 2026-12-15\nlast = 2026-12-16",
        "plan.freezes.0",
        "has reason",
    ),
    "a freeze that ends before it begins": (
        '[[plan.freezes]]\nfirst = 2026-12-15\nlast = 2026-12-14\nreason = "x"',
        "plan.freezes.0",
        "or a later day",
    ),
    "a freeze for ever": (
        '[[plan.freezes]]\nfirst = 2026-12-15\nlast = 9999-12-31\nreason = "x"',
        "plan.freezes.0",
        "a year at most",
    ),
    "freezes that are no list": ('[plan]\nfreezes = "december"', "plan.freezes", "a list of tables"),
    "no room in a wave": ("[plan]\nwave_workloads = 0", "plan.wave_workloads", "1 or more"),
    "a pool below nothing": ('[pool."default"]\nmin_nodes = -1', "pool.default.min_nodes", "0 or more"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_value_is_said_with_its_key(tmp_path, name):
    text, key, expected = WRONG[name]
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    assert caught.value.where.path == key
    assert expected in caught.value.expected
