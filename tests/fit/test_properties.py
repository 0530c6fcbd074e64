"""Laws: no pod that validates crashes a rule, no added field takes a blocker away, the order of documents is no matter."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from k2cr_analysis.openapi.field_tree import FieldType, fields_of
from tests.fit.cluster import container, deployment, fit_of, fits_of, service

_TEXT = st.sampled_from([
    "web", "a", "", "http", "8080", "localhost:8080", "$(A)", "$$(A)", "10Gi", "true", "x" * 60, "web.shop.svc:80",
    "a/b:c@d", "{", "\u00e9\x00", "-1", "postgres://u@db:5432/x", "None", "Always", "UDP", "Memory", "/dev/shm",
])  # fmt: skip
_WHOLE = st.sampled_from([0, 1, 2, 53, 80, 8080, 70000, -1, 2**31, 10**18])
_SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "string": _TEXT,
    "int": _WHOLE,
    "number": st.one_of(_WHOLE, st.sampled_from([0.5, 1e300])),
    "bool": st.booleans(),
    "quantity": st.sampled_from(["1", "500m", "1Gi", "9", "128974848", "1e3", "0", "-1", "1.5e20", "100n", 2, 0.25]),
    "int-or-string": st.one_of(_WHOLE, _TEXT, st.just("50%")),
    "bytes": st.just("YQ=="),
    "any": st.sampled_from([{}, [], None, {"a": [{}]}, "x", 1]),
}


def of_type(kind: FieldType, depth: int) -> st.SearchStrategy[Any]:
    """Values of a type of Kubernetes' schema, down to ``depth`` objects; null stands for any of them, as in YAML."""
    return st.one_of(_whole(kind, depth), st.none()) if depth % 2 else _whole(kind, depth)


def _whole(kind: FieldType, depth: int) -> st.SearchStrategy[Any]:
    if kind.form == "scalar":
        return _SCALARS[kind.name]
    if kind.form == "list":
        assert kind.of is not None
        return st.lists(of_type(kind.of, depth), max_size=2)
    if kind.form == "map":
        assert kind.of is not None
        return st.dictionaries(_TEXT, of_type(kind.of, depth), max_size=2)
    return objects_of(kind.name, depth - 1)


def objects_of(type_name: str, depth: int) -> st.SearchStrategy[dict[str, Any]]:
    """An object with any few of its fields."""
    if depth <= 0:
        return st.just({})
    fields = fields_of(type_name)
    chosen = st.lists(st.sampled_from(sorted(fields)), max_size=6, unique=True) if fields else st.just([])
    return chosen.flatmap(lambda names: st.fixed_dictionaries({n: of_type(fields[n].type, depth) for n in names}))


def pods() -> st.SearchStrategy[dict[str, Any]]:
    """A PodSpec that the schema takes: one to three whole containers, and any other fields."""
    whole = objects_of("Container", 4)
    names = st.lists(st.sampled_from(["web", "proxy", "side"]), min_size=1, max_size=3, unique=True)
    containers = names.flatmap(
        lambda ns: st.tuples(*(whole.map(lambda c, n=n: {**c, "name": n, "image": "nginx:1"}) for n in ns))
    )
    return st.tuples(objects_of("PodSpec", 4), containers).map(lambda p: {**p[0], "containers": list(p[1])})


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(pods())
def test_no_pod_that_validates_crashes_a_rule(pod: dict[str, Any]) -> None:
    document = deployment()
    document["spec"]["template"]["spec"] = pod
    fit = fit_of(document, service())
    assert fit.verdict in ("ready", "changes", "blocked", "keep")
    assert fit.verdict == "ready" or any(f.severity != "note" for f in fit.findings) or fit.verdict == "keep"
    assert all(f.path for f in fit.findings if f.severity == "blocker")
    assert (fit.target == "none") == (fit.verdict in ("blocked", "keep"))


_BLOCKED = [
    {"hostNetwork": True},
    {"volumes": [{"name": "v", "hostPath": {"path": "/run"}}]},
    {"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]},
    {"nodeSelector": {"kubernetes.io/arch": "arm64"}},
    {"hostPID": True},
]
_BLOCKED_CONTAINERS = [
    {"securityContext": {"privileged": True}},
    {"securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}}},
    {"ports": [{"containerPort": 53, "protocol": "UDP"}]},
    {"resources": {"requests": {"cpu": "9"}}},
    {"resources": {"limits": {"google.com/tpu": "4"}}},
]
# What is said by these decides by itself whether the blocker stands: a request of its own goes before a limit, a GPU
# raises the ceiling.
_DECIDED_BY = {"resources"}


def _merged(old: Any, new: Any) -> Any:
    """``old`` with the fields that only ``new`` has; lists one after the other."""
    if isinstance(old, dict) and isinstance(new, dict):
        return {**new, **{k: _merged(v, new[k]) if k in new else v for k, v in old.items()}}
    return [*old, *new] if isinstance(old, list) and isinstance(new, list) else old


def blockers(pod: dict[str, Any]) -> set[str]:
    document = deployment()
    document["spec"]["template"]["spec"] = pod
    return {f.rule for f in fit_of(document, service()).findings if f.severity == "blocker"}


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(_BLOCKED), st.sampled_from(_BLOCKED_CONTAINERS), pods())
def test_a_new_field_never_removes_a_blocker(pod: dict[str, Any], one: dict[str, Any], extra: dict[str, Any]) -> None:
    """Any field of the whole tree, at any depth, and further containers; nodeSelector and the like as they come."""
    added = [{k: v for k, v in c.items() if k not in _DECIDED_BY} for c in extra["containers"]]
    before = {**pod, "containers": [container(**one)]}
    after = _merged(pod, {k: v for k, v in extra.items() if k not in ("containers", *_DECIDED_BY)})
    after["containers"] = [_merged(container(**one), added[0]), *(c for c in added[1:] if c["name"] != "web")]
    assert blockers(before)
    assert blockers(before) <= blockers(after)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(pods(), objects_of("ServiceSpec", 4), objects_of("HorizontalPodAutoscalerSpec", 4))
def test_every_field_of_any_object_is_accounted_for(
    pod: dict[str, Any], of_service: dict[str, Any], of_scaler: dict[str, Any]
) -> None:
    document, front = deployment(), service()
    document["spec"]["template"]["spec"] = pod
    front["spec"] = {**of_service, "selector": {"app": "web"}}
    scaler = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {**of_scaler, "scaleTargetRef": {"kind": "Deployment", "name": "web"}},
    }
    fit = fit_of(document, front, scaler)
    assert [f.path for f in fit.fields if f.how == "unaccounted"] == []
    assert any(f.path.startswith("HorizontalPodAutoscaler/web") for f in fit.fields)


@settings(max_examples=30, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_documents_is_no_matter(shuffler: random.Random) -> None:
    documents = [deployment(), service()]
    for i in range(3):
        other, front = deployment(container(env=[{"name": "WEB", "value": "http://web"}])), service(name=f"s{i}")
        other["metadata"] = {"name": f"caller-{i}", "namespace": "shop"}
        front["metadata"] = {"name": f"s{i}", "namespace": "shop"}
        front["spec"] = {"selector": {"app": "web"}, "ports": [{"name": "metrics", "port": 9090 + i}]}
        documents += [other, front]
    shuffled = list(documents)
    shuffler.shuffle(shuffled)
    assert fits_of(shuffled) == fits_of(documents)
