"""Which workloads are rendered, and what is said of those that cannot be."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from k2cr_analysis.errors import InputError, UsageError
from k2cr_analysis.model.findings.finding import Finding
from k2cr_analysis.rendering import select, waiting
from tests.rendering.factory import assessed, backend_on_gke, container, reference, workload

BLOCKED = replace(
    backend_on_gke(), findings=(Finding("host-network", "blocker", "$.x", "the pod uses the node's network"),)
)
ALL: Any = SimpleNamespace(
    workloads=(BLOCKED, reference(), replace(assessed(workload(container("c"), name="patch")), shape=None))
)


def test_all_that_moves_is_selected() -> None:
    assert [w.id for w in select(ALL)] == ["shop/Deployment/frontend"]


def test_an_unknown_workload_is_named_with_its_neighbours() -> None:
    with pytest.raises(UsageError, match=r"(?s)shop/Deployment/fronted.*shop/Deployment/frontend"):
        select(ALL, ["shop/Deployment/fronted"])


def test_a_blocked_workload_says_why() -> None:
    with pytest.raises(
        InputError, match=r"(?s)shop/Deployment/backend is blocked: host-network: the pod uses the node's network"
    ):
        select(ALL, ["shop/Deployment/backend"])


def test_a_service_without_a_known_entrance_waits_for_a_word() -> None:
    two = assessed(workload(container("a"), container("b", at=1), name="two"))
    unclear = replace(two, fit=replace(two.fit, ingress_container=None, ingress_port=None))
    known: Any = SimpleNamespace(workloads=(reference(), unclear))
    assert [w.id for w in select(known)] == ["shop/Deployment/frontend"]
    assert waiting(known) == ("shop/Deployment/two",)
    with pytest.raises(InputError, match=r'(?s)two becomes a service.*ingress_container = "a"'):
        select(known, ["shop/Deployment/two"])
