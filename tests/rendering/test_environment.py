"""Variables: from every source of Kubernetes to a literal, a Secret Manager reference, or an entry that says why not."""

from __future__ import annotations

from typing import Any

import pytest

from k2cr_analysis.model.dependency import Dependency
from k2cr_analysis.model.workload import Container
from k2cr_analysis.rendering import RenderContext
from k2cr_analysis.rendering.spec.build import Build, build
from tests.rendering.factory import SPEC, assessed, container, env, env_from, workload, written_at

CONTEXT = RenderContext(project="p", region="r1")
CONFIG_MAP = {"metadata": {"name": "app"}, "data": {"MODE": "fast", "PASSWORD": "<redacted>", "B": "from map"}}


def built(*variables: Any, dependencies: tuple[Dependency, ...] = (), **given: Any) -> Build:
    subject = container("app", env=variables, **given)
    return build(assessed(workload(subject, related={"ConfigMap": (CONFIG_MAP,)}), dependencies=dependencies), CONTEXT)


def written(made: Build) -> dict[str, str | None]:
    found = made.run.template.containers[0].env
    return {e.name: e.value if e.secret is None else f"{e.secret.secret}:{e.secret.version}" for e in found}


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        (env("A", "x"), "x"),
        (env("A", ""), ""),
        (env("A", None, source="secret", ref="s", key="k"), "shop--s--k:latest"),
        (env("A", "fast", source="config-map", ref="app", key="MODE"), "fast"),
        (env("A", None, source="config-map", ref="gone", key="k"), "shop--configmap--gone--k:latest"),
        (env("A", "<redacted>", source="redacted"), "shop--frontend--app--A:latest"),
        (env("A", "<redacted>", source="redacted", ref="app", key="PASSWORD"), "shop--configmap--app--PASSWORD:latest"),
        (env("A", "b:1", path="x"), "b:1"),
    ],
    ids=["literal", "empty", "Secret", "ConfigMap", "ConfigMap not in the snapshot", "redacted", "redacted in a ConfigMap", "no dependency"],
)  # fmt: skip
def test_a_variable_keeps_its_meaning(variable: Any, value: str) -> None:
    assert written(built(variable)) == {"A": value}


@pytest.mark.parametrize(
    "variable",
    [
        env("A", None, source="field", key="status.podIP"),
        env("K_SERVICE", "x"),
        env("X_GOOGLE_A", "x"),
        env("PORT", "8080"),
    ],
    ids=["downward API", "the platform's own", "the platform's prefix", "PORT of the ingress container"],
)
def test_what_cloud_run_sets_or_lacks_is_left_out_and_told(variable: Any) -> None:
    made = built(variable)
    assert written(made) == {}
    assert [e.path for e in made.account.entries if e.path.endswith("env[0]")] == [f"{SPEC}.containers[0].env[0]"]


def test_all_keys_of_a_config_map_and_a_secret_are_written_out() -> None:
    sources = (
        env_from("config-map", "app", ["B", "MODE", "PASSWORD"]),
        env_from("secret", "s", ["k"], prefix="P_", at=1),
    )
    assert written(built(env("B", "own"), env_from=sources)) == {
        "MODE": "fast",
        "PASSWORD": "shop--configmap--app--PASSWORD:latest",
        "P_k": "shop--s--k:latest",
        "B": "own",
    }


def test_unknown_keys_are_a_question() -> None:
    made = built(env_from=(env_from("secret", "s", None),))
    assert written(made) == {}
    assert "all keys of Secret s" in made.account.decisions[0]


def test_references_are_expanded_where_the_value_is_known() -> None:
    made = built(
        env("A", "1"),
        env("S", None, source="secret", ref="s", key="k"),
        env("U", "$(A)/$(S)"),
        args=("--u=$(A)", "--s=$(S)"),
    )
    assert written(made)["U"] == "1/$(S)"
    assert made.run.template.containers[0].args == ("--u=1", "--s=$(S)")
    assert len(made.account.decisions) == 2


@pytest.mark.parametrize(
    ("value", "full"),
    [
        ("backend:50051", "backend.shop.svc.cluster.local:50051"),
        ("http://backend.shop/x", "http://backend.shop.svc.cluster.local/x"),
        ("backend.shop.svc:1", "backend.shop.svc.cluster.local:1"),
        ("backend.shop.svc.cluster.local:1", "backend.shop.svc.cluster.local:1"),
        ("a,backend:1,my-backend:2,backend-x:3,x.backend:4", "a,backend.shop.svc.cluster.local:1,my-backend:2,backend-x:3,x.backend:4"),
        ("backend.example.com", "backend.example.com"),
    ],
    ids=["name and port", "with namespace", "with svc", "full already", "only the name itself", "another name"],
)  # fmt: skip
def test_a_short_name_of_what_stays_becomes_its_full_name(value: str, full: str) -> None:
    at = f"{SPEC}.containers[0].env[0]"
    forms = ("backend", "backend.shop", "backend.shop.svc", "backend.shop.svc.cluster.local")
    calls = Dependency("a", "b", "grpc", True, "backend", "shop", 1, "env A", at, written_at(value, at, *forms))
    assert written(built(env("A", value), dependencies=(calls,))) == {"A": full}


def test_a_redacted_argument_is_a_marked_placeholder() -> None:
    made = built(args=("--password=<redacted>",))
    assert made.run.template.containers[0].args == ("--password=REDACTED_APP_ARGS_0",)
    assert "REDACTED_APP_ARGS_0" in made.account.placeholders


def test_containers_may_share_a_name_of_a_variable() -> None:
    one: Container = container("one", env=[env("KEY", "<redacted>", source="redacted")])
    two = container("two", at=1, env=[env("KEY", "<redacted>", source="redacted")])
    made = build(assessed(workload(one, two)), CONTEXT)
    assert sorted(made.account.secrets) == ["shop--frontend--one--KEY", "shop--frontend--two--KEY"]


def test_reserved_names_are_left_out_of_a_whole_config_map_too() -> None:
    source = env_from("config-map", "own", keys=("K_SERVICE", "MODE", "PORT"))
    given = {"metadata": {"name": "own"}, "data": {"K_SERVICE": "x", "MODE": "fast", "PORT": "9000"}}
    subject = workload(container("app", env_from=(source,)), related={"ConfigMap": (given,)})
    made = build(assessed(subject), CONTEXT)
    assert written(made) == {"MODE": "fast"}
    told = {e.path: e.outcome for e in made.account.entries if "envFrom" in e.path}
    assert told[f"{source.path}[K_SERVICE]"] == "dropped" and told[f"{source.path}[PORT]"] == "counted"
