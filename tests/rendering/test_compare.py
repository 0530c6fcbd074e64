"""Where two objects that gcloud would create differ."""

from __future__ import annotations

import pytest

from k2cr_analysis.rendering.check import _is_of
from k2cr_analysis.rendering.check.compare import comparable, differences

DISK = {"name": "s", "emptyDir": {"medium": "Disk", "sizeLimit": "12Gi"}}
MOUNTED = {"containers": [{"name": "web", "image": "a", "volumeMounts": [{"name": "s", "mountPath": "/scratch"}]}]}
BARE = {"containers": [{"name": "web", "image": "a"}]}


def found(one: object, other: object) -> list[str]:
    return list(differences(comparable(one), comparable(other)))


def test_what_one_side_lacks_differs_in_each_of_its_fields() -> None:
    assert found({"volumes": [DISK]}, {}) == [
        'volumes.s.emptyDir.medium: "Disk" | null',
        'volumes.s.emptyDir.sizeLimit: "12Gi" | null',
        'volumes.s.name: "s" | null',
    ]


def test_a_disk_that_an_older_gcloud_cannot_be_told_is_no_difference() -> None:
    left_out = ("volumes.s", "volumeMounts./scratch")
    lines = found({"spec": {**MOUNTED, "volumes": [DISK]}}, {"spec": BARE})
    assert len(lines) == 5
    assert [line for line in lines if not _is_of(line, left_out)] == []


@pytest.mark.parametrize("other", [{"timeoutSeconds": 300}, {"timeoutSeconds": None}, {}])
def test_a_field_of_another_value_is_one_difference(other: dict[str, object]) -> None:
    assert len(found({"timeoutSeconds": 60}, other)) == 1
