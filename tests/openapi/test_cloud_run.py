"""The compact schema of the Cloud Run v1 API: Google's own samples pass, and each rule catches its mistake."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from k2cr_analysis.openapi.cloud_run import problems

SAMPLES = Path(__file__).parents[3] / "shared" / "data" / "cloud-run-samples"
GOOD: dict[str, Any] = {
    "apiVersion": "serving.knative.dev/v1",
    "kind": "Service",
    "metadata": {"name": "web"},
    "spec": {
        "template": {
            "metadata": {"annotations": {"run.googleapis.com/container-dependencies": '{"web":["app"]}'}},
            "spec": {
                "containers": [
                    {
                        "name": "web",
                        "image": "i",
                        "ports": [{"containerPort": 8080}],
                        "startupProbe": {"httpGet": {"port": 80}},
                    },
                    {
                        "name": "app",
                        "image": "i",
                        "env": [{"name": "A", "value": "x"}],
                        "volumeMounts": [{"name": "v", "mountPath": "/v"}],
                    },
                ],
                "volumes": [{"name": "v", "emptyDir": {"medium": "Memory", "sizeLimit": "64Mi"}}],
            },
        }
    },
}


def changed(path: list[Any], value: Any) -> dict[str, Any]:
    tree = copy.deepcopy(GOOD)
    at: Any = tree
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return tree


SPEC: list[Any] = ["spec", "template", "spec"]
WEB, APP = [*SPEC, "containers", 0], [*SPEC, "containers", 1]
MISTAKES = {
    "unknown field": ([*APP, "lifecycle"], {}),
    "number as text": ([*WEB, "ports"], [{"containerPort": "8080"}]),
    "text as number": ([*APP, "env"], [{"name": "A", "value": 1}]),
    "annotation as boolean": (["metadata", "annotations"], {"run.googleapis.com/iap-enabled": True}),
    "two ports": ([*APP, "ports"], [{"containerPort": 1}]),
    "long name": (["metadata", "name"], "x" * 50),
    "upper case name": (["metadata", "name"], "Web"),
    "same variable twice": ([*APP, "env"], [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]),
    "mount without volume": ([*SPEC, "volumes"], []),
    "exec probe": ([*WEB, "startupProbe"], {"exec": {"command": ["x"]}}),
    "TCP liveness probe": ([*WEB, "livenessProbe"], {"tcpSocket": {"port": 80}}),
    "timeout over period": ([*WEB, "startupProbe"], {"httpGet": {"port": 80}, "periodSeconds": 1, "timeoutSeconds": 2}),
    "start-up period over 240 s": ([*WEB, "startupProbe"], {"httpGet": {"port": 80}, "periodSeconds": 241}),
    "memory in megabytes": ([*WEB, "resources"], {"limits": {"memory": "2048M"}}),
    "unknown dependency": (["spec", "template", "metadata"], {"annotations": {"run.googleapis.com/container-dependencies": '{"web":["x"]}'}}),
    "dot in a secret": ([*SPEC, "volumes", 0], {"name": "v", "secret": {"secretName": "a.b"}}),
    "host path": ([*SPEC, "volumes", 0], {"name": "v", "hostPath": {"path": "/"}}),
    "timeout over an hour": ([*SPEC, "timeoutSeconds"], 3601),
    "another kind": (["kind"], "Deployment"),
}  # fmt: skip


def test_a_good_service_has_no_problems() -> None:
    assert problems(GOOD) == []


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_a_mistake_is_found(mistake: str) -> None:
    assert problems(changed(*MISTAKES[mistake]))


@pytest.mark.skipif(not SAMPLES.exists(), reason="the public Cloud Run samples are not here")
def test_google_samples_have_the_types_of_the_schema() -> None:
    seen = 0
    for file in sorted(SAMPLES.glob("Google*/**/*.yaml")):
        try:
            trees = [t for t in yaml.safe_load_all(file.read_text()) if isinstance(t, dict)]
        except yaml.YAMLError:
            continue
        for tree in trees:
            if "run.googleapis.com" in str(tree.get("apiVersion")) or "serving.knative.dev" in str(
                tree.get("apiVersion")
            ):
                seen += 1
                assert [p for p in problems(tree) if "no such field" in p] == [], file
    assert seen >= 10
