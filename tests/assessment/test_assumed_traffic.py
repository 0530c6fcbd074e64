"""Traffic that nobody measured: its hours, and that it is said wherever a figure hangs on it."""

import numpy as np
import pytest

from k2cr_analysis.assessment.assess import assumed_words
from k2cr_analysis.assessment.recommending.steady_instances import assumed_profile
from k2cr_analysis.config import AssumedTraffic, load_config
from k2cr_analysis.errors import ConfigError


def test_an_even_rate_is_the_same_in_every_hour():
    found = assumed_profile(AssumedTraffic(0.5, 100))
    assert set(found.requests) == {1800}
    assert found.source == "assumed"


def test_office_hours_are_those_of_their_time_zone():
    tokyo = AssumedTraffic(1.0, 100, hours="09:00-18:00", days="Mon-Fri", timezone="Asia/Tokyo")
    found = assumed_profile(tokyo).requests.reshape(7, 24)
    assert found.sum() == 5 * 9 * 3600
    assert list(np.flatnonzero(found[0])) == list(range(9))  # Monday 9 to 18 in Tokyo is midnight to 9 in UTC
    assert "Mon-Fri 09:00-18:00 Asia/Tokyo" in assumed_words(tokyo)


@pytest.mark.parametrize(
    "line", ['hours = "9-18"', 'hours = "18:00-09:00"', 'days = "Fri-Mon"', 'timezone = "Mars/Base"']
)
def test_what_is_no_time_is_refused(tmp_path, line):
    path = tmp_path / "k2cr.toml"
    path.write_text(f"[traffic.assumed]\nrequests_per_s = 1\nlatency_ms = 100\n{line}\n")
    with pytest.raises(ConfigError):
        load_config(path)
