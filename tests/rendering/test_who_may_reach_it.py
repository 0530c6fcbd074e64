"""Who may reach it stays the same, for entrances of all controllers and clouds: nobody is let in who was not before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from k2cr_analysis.config import Config
from k2cr_analysis.config.settings import Project
from k2cr_analysis.rendering import context_of, render_workload
from k2cr_analysis.verdicts import assess
from tests.rendering.metamorphic import snapshot_of

# Namespace -> the load balancer in front (EXTERNAL, INTERNAL, none), and how one comes in: ``open`` a line of cutover.md
# lets everybody in, ``off`` without the invoker check, ``iap``, ``asks`` nobody yet, and the verdict waits for a word.
EXPECTED = {
    "e01-gce": "EXTERNAL open",
    "e02-none": "EXTERNAL open",
    "e03-gceint": "INTERNAL off",
    "e04-nginxint": "INTERNAL off",
    "e05-nginxext": "EXTERNAL open",
    "e06-unknowncls": "INTERNAL asks",
    "e07-awsalb": "INTERNAL asks",
    "e08-awsint": "INTERNAL asks",
    "e09-azint": "INTERNAL off",
    "e10-lbext": "EXTERNAL open",
    "e11-lbint": "INTERNAL off",
    "e12-nodeport": "none asks",
    "e13-gw": "EXTERNAL open",
    "e14-gw": "INTERNAL off",
    "e15-gw": "EXTERNAL open",
    "e16-gw": "INTERNAL off",
    "e17-gw": "EXTERNAL open",
    "e18-gamma": "none",
    "e19-gwmissing": "INTERNAL asks",
    "e20-istio": "INTERNAL off",
    "e21-istiomesh": "none",
    "e22-contour": "none asks",
    "e23-traefik": "none asks",
    "e24-ambassador": "none asks",
    "e25-ambann": "INTERNAL asks",
    "e26-kong": "INTERNAL asks",
    "e27-iapgone": "EXTERNAL asks",
    "e28-iap": "EXTERNAL iap",
    "e29-gwiap": "EXTERNAL iap",
    "e30-armor": "EXTERNAL open",
    "e31-ranges": "EXTERNAL open",
    "e32-allow": "EXTERNAL open",
    "e33-nginxauth": "EXTERNAL asks",
    "e34-extname": "none",
    "e35-rep": "EXTERNAL open",
    "e36-l4": "INTERNAL asks",
    "e37-awsnlb": "INTERNAL off",
    "e38-oci": "INTERNAL off",
    "e39-do": "INTERNAL off",
    "e40-neg": "INTERNAL asks",
    "e41-extips": "INTERNAL asks",
    "e43-mci": "EXTERNAL open",
    "e44-openshift": "INTERNAL asks",
    "e45-apisix": "none asks",
    "e46-gloo": "none",
    "e47-iapinside": "INTERNAL iap",
    "e48-gwsame": "INTERNAL asks",
    "e49-gwhost": "INTERNAL asks",
    "e50-gwselected": "EXTERNAL open",
    "e51-iapalone": "INTERNAL iap",
    "e52-gwiapalone": "INTERNAL iap",
}
DOCUMENTS = list(yaml.safe_load_all((Path(__file__).parent / "entrances" / "all.yaml").read_text()))


def app(namespace: str) -> dict[str, Any]:
    container = {"name": "app", "image": "us-docker.pkg.dev/p/r/app:1", "ports": [{"containerPort": 8080}]}
    template = {"metadata": {"labels": {"app": "app"}}, "spec": {"containers": [container]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "app", "namespace": namespace},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "app"}}, "template": template},
    }


@pytest.fixture(scope="module")
def seen() -> dict[str, str]:
    config = Config(project=Project(id="p", number="1", region="us-central1", network="prod", subnet="run"))
    assessment = assess(snapshot_of([*DOCUMENTS, *map(app, EXPECTED)]), config, effort="quick")
    context = context_of(assessment)
    return {
        one.workload.namespace: _seen(dict(render_workload(one, context)), one.fit.verdict)
        for one in assessment.workloads
        if one.workload.name == "app"
    }


def _seen(files: dict[str, str], verdict: str) -> str:
    network, spec = files.get("network.sh", ""), yaml.safe_load(files["service.yaml"])
    scheme = next((s for s in ("EXTERNAL", "INTERNAL") if f"load-balancing-scheme={s}_MANAGED" in network), "none")
    scripts = "".join(text for name, text in files.items() if name.endswith((".sh", ".tf", "service.yaml")))
    assert "allUsers" not in scripts.replace("allows iam.allowedPolicyMemberDomains allUsers", "")
    how = ["open"] if "allUsers" in files["cutover.md"] else []
    how += ["off"] if spec["metadata"]["annotations"].get("run.googleapis.com/invoker-iam-disabled") == "true" else []
    how += ["iap"] if "--iap=" in network else []
    return " ".join([scheme, *how, *(["asks"] if verdict == "changes" and not how else [])])


@pytest.mark.parametrize("namespace", EXPECTED)
def test_who_may_reach_it_stays_the_same(namespace: str, seen: dict[str, str]) -> None:
    assert seen[namespace] == EXPECTED[namespace]


@pytest.mark.parametrize(
    ("said", "expected"), [("none", "INTERNAL off"), ("load-balancer", "INTERNAL iap"), ("direct", "INTERNAL iap")]
)
def test_a_word_on_iap_opens_no_internal_entrance(said: Any, expected: str) -> None:
    """``[project] iap`` is for what users from outside reach."""
    project = Project(id="p", number="1", region="us-central1", network="prod", subnet="run", iap=said)
    inside = [d for d in DOCUMENTS if d and d["metadata"].get("namespace") == "e47-iapinside"]
    assessment = assess(snapshot_of([*inside, app("e47-iapinside")]), Config(project=project), effort="quick")
    (one,) = assessment.workloads
    files = dict(render_workload(one, context_of(assessment)))
    assert _seen(files, one.fit.verdict) == expected
    assert ("takes it away: a decision of yours" in files["cutover.md"]) == (said == "none")
