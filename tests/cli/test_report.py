"""The `report` verb reads its arguments."""

from __future__ import annotations

from pathlib import Path

import pytest

from k2cr_analysis.cli.report import parse_shard, split_arguments
from k2cr_analysis.errors import UsageError


@pytest.mark.parametrize(("text", "shard"), [("0/1", (0, 1)), ("2/8", (2, 8)), ("99/100", (99, 100))])
def test_a_shard_is_read_as_cloud_run_jobs_count_their_tasks(text, shard):
    assert parse_shard(text) == shard


@pytest.mark.parametrize("text", ["1/1", "8/8", "1", "-1/2", "a/b", "1/2/3", ""])
def test_what_is_no_shard_is_refused(text):
    with pytest.raises(UsageError, match="0/4"):
        parse_shard(text)


def test_ids_of_workloads_are_told_from_folders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "prod" / "Snapshots" / "one").mkdir(parents=True)
    given = ["prod/Snapshots/one", "/data/snap", "shop/Deployment/web"]
    assert split_arguments(given) == ([Path("prod/Snapshots/one"), Path("/data/snap")], ["shop/Deployment/web"])
