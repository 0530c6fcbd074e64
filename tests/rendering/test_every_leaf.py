"""No false line, by the second driver: settings of every sort around one workload, each leaf of them changed."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.rendering.every_leaf import false_claims
from tests.rendering.test_claims import SMALL

CLAIMS = Path(__file__).parent / "claims"
WORKLOADS = {
    "gce": "s/Deployment/shop",
    "httproute": "s/Deployment/shop",
    "istio": "s/Deployment/shop",
    "nginx": "s/Deployment/shop",
    "pod": "s/Deployment/app",
    "jobs": "s/CronJob/nightly",
    "inside": "s/Deployment/shop",
    "inside_l4": "s/Deployment/shop",
    "guards": "s/Deployment/shop",
    "knative": "s/Service/shop",
}


def test_every_leaf_of_a_small_cluster() -> None:
    tried, false = false_claims(list(yaml.safe_load_all(SMALL)), "shop/Deployment/web")
    assert false == []
    assert tried > 40


@pytest.mark.soak
@pytest.mark.parametrize("name", WORKLOADS)
def test_every_leaf_around_a_workload(name: str) -> None:
    documents = list(yaml.safe_load_all((CLAIMS / f"{name}.yaml").read_text()))
    tried, false = false_claims(documents, WORKLOADS[name])
    assert false == []
    assert tried > 20
