"""Which GPU a pod gets, by every word that decides it: one kind in findings, in the account and in the shape."""

from __future__ import annotations

from typing import Any

import pytest

from k2cr_analysis.fit.fields.settled import WHICH_GPU
from tests.fit.cluster import cluster_of, fit_of

KEY = "cloud.google.com/gke-accelerator"
L4, RTX, T4 = "nvidia-l4", "nvidia-rtx-pro-6000", "nvidia-tesla-t4"
UNKNOWN, OFFERED, NOT_OFFERED = "accelerator-of-unknown-kind", "accelerator-offered", "accelerator-not-offered"


def kind(operator: str, *values: str) -> dict[str, Any]:
    return {"key": KEY, "operator": operator, "values": list(values)}


OTHER = {"key": "disk", "operator": "Exists"}


def deployment(*terms: list[dict[str, Any]], wishes: tuple[str, ...] = ()) -> dict[str, Any]:
    """``terms``: the alternatives of the required node affinity; ``wishes``: kinds that it prefers."""
    affinity: dict[str, Any] = {}
    if terms:
        listed = [{"matchExpressions": term} for term in terms]
        affinity["requiredDuringSchedulingIgnoredDuringExecution"] = {"nodeSelectorTerms": listed}
    if wishes:
        wish = {"weight": 1, "preference": {"matchExpressions": [kind("In", *wishes)]}}
        affinity["preferredDuringSchedulingIgnoredDuringExecution"] = [wish]
    container = {"name": "app", "image": "a:1", "resources": {"limits": {"nvidia.com/gpu": "1"}}}
    pod = {"containers": [container], "affinity": {"nodeAffinity": affinity}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"template": {"metadata": {"labels": {"app": "web"}}, "spec": pod}},
    }


@pytest.mark.parametrize(
    ("manifest", "gets", "rule"),
    [
        (deployment([kind("NotIn", L4)]), RTX, UNKNOWN),
        (deployment([kind("NotIn", T4)]), L4, UNKNOWN),
        (deployment([kind("NotIn", L4)], [OTHER]), L4, UNKNOWN),
        (deployment([kind("NotIn", L4, RTX)]), None, NOT_OFFERED),
        (deployment([kind("In", L4, T4), kind("NotIn", L4)]), None, NOT_OFFERED),
        (deployment([kind("In", L4, RTX)]), L4, OFFERED),
        (deployment([kind("In", L4, RTX)], wishes=(RTX,)), RTX, OFFERED),
        (deployment(wishes=(RTX,)), RTX, UNKNOWN),
    ],
    ids=["refused", "another refused", "refused by one alternative", "both refused", "named and refused", "either",
         "either, and wished", "wished"],
)  # fmt: skip
def test_affinity_that_refuses_or_prefers_decides_the_gpu(manifest: dict[str, Any], gets: str | None, rule: str):
    gpu = cluster_of([manifest]).workloads[0].pod.gpu
    assert gpu is not None
    assert gpu.on_cloud_run == gets
    assert [f.rule for f in fit_of(manifest).findings if f.rule.startswith("accelerator")] == [rule]


@pytest.mark.parametrize("manifest", [deployment([kind("In", L4)]), deployment([kind("NotIn", L4)])])
def test_what_decides_the_gpu_is_accounted_for_as_that(manifest: dict[str, Any]):
    said = [use for use in fit_of(manifest).fields if "nodeAffinity" in use.path]
    assert said
    assert {(use.how, use.by) for use in said} == {("consumed", WHICH_GPU)}
