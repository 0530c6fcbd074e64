"""A fleet is of different clusters: one of them twice would count its bill twice."""

from types import SimpleNamespace

import pytest

from k2cr_analysis.errors import UsageError
from k2cr_analysis.verdicts import check_distinct_clusters


def snapshot(name, cluster="prod", location="us-central1", project="p", uid=None):
    origin = SimpleNamespace(cluster=cluster, location=location, project=project, cluster_uid=uid)
    return SimpleNamespace(path=name, provenance=origin)


SAME = {
    "by project, location and name": ({}, {}),
    "by the cluster's own id": ({"uid": "u", "cluster": None}, {"uid": "u", "project": None}),
}


@pytest.mark.parametrize(("one", "other"), SAME.values(), ids=SAME)
def test_one_cluster_at_two_windows_is_refused(one, other):
    with pytest.raises(UsageError, match="k2cr diff"):
        check_distinct_clusters([snapshot("october", **one), snapshot("november", **other)])


OTHER = ({"cluster": "dev"}, {"location": "europe-west1"}, {"project": "q"}, {"project": None}, {"cluster": None})


@pytest.mark.parametrize("other", OTHER)
def test_what_may_be_another_cluster_is_not(other):
    check_distinct_clusters([snapshot("one"), snapshot("other", **other)])
