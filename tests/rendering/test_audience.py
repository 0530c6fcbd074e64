"""A program that checks IAP's audience is given the new one, in every form."""

from __future__ import annotations

import json
from typing import Any

import pytest

from k2cr_analysis.config import Config
from k2cr_analysis.config.settings import Project
from k2cr_analysis.rendering import RenderContext, render_workload
from tests.rendering.factory import assessed, container, env, exposure, route, workload
from tests.rendering.module import resources

OLD = "/projects/77/global/backendServices/42"
BEHIND_IAP = {"BackendConfig": ({"metadata": {"name": "b"}, "spec": {"iap": {"enabled": True}}},)}


def files(iap: Any, related: Any = BEHIND_IAP) -> Any:
    app = container("app", env=[env("AUD", OLD)], args=(f"--aud={OLD}",))
    routes = [route("shop.example.com", "/", "web")]
    subject = workload(app, name="web", exposures=(exposure("web", 8080, routes=routes),), related=related)
    context = RenderContext(project="p", project_number="1", region="r", config=Config(project=Project(iap=iap)))
    return render_workload(assessed(subject), context)


@pytest.mark.parametrize(
    ("iap", "related", "expected"),
    [
        (None, BEHIND_IAP, "/projects/1/global/backendServices/BACKEND_SERVICE_ID"),
        ("direct", BEHIND_IAP, "/projects/1/locations/r/services/web"),
        ("none", BEHIND_IAP, OLD),
        (None, {}, OLD),
    ],
    ids=["on the load balancer", "on the service", "IAP taken away", "IAP never there"],
)
def test_the_audience_of_the_new_front_door(iap: Any, related: Any, expected: str) -> None:
    made = dict(files(iap, related))
    made["main.tf"] = str(resources(made))
    for name in ("service.yaml", "main.tf", "deploy.sh"):
        if "services replace" not in made[name]:
            assert made[name].count(expected) == 2, name
            assert (OLD in made[name]) == (expected == OLD)


def test_the_id_that_only_network_sh_knows_is_listed_and_the_cutover_says_when() -> None:
    made = files(None)
    assert "BACKEND_SERVICE_ID" in json.loads(made["mapping.json"])["placeholders"]
    assert made["cutover.md"].index("`./network.sh in`") < made["cutover.md"].index(
        "Run `./deploy.sh` again: it asks for the id"
    )
