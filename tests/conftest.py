"""For all tests: what k2cr keeps between runs is kept in a folder of this run, not in the user's."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent  # one for all workers: what one has simulated the others need not
    os.environ["XDG_CACHE_HOME"] = str(base / "cache")
