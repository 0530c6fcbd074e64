"""Without the extra ``cloud`` the person is told what to install."""

from __future__ import annotations

import pytest

from k2cr_analysis.errors import UsageError
from k2cr_analysis.remote.clients import BIGQUERY, CATALOG, KUBERNETES, MONITORING, require


def test_what_is_installed_is_taken():
    require(KUBERNETES, MONITORING, BIGQUERY, CATALOG)


@pytest.mark.parametrize("name", ["no_such_client", "no_such.client", "google.cloud.no_such_client"])
def test_what_is_not_installed_is_named(name):
    with pytest.raises(UsageError, match=r"k2cr-analysis\[cloud\]"):
        require(KUBERNETES, name)
