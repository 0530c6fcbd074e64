"""Which documents become objects, which are left out, and which of two stands."""

from __future__ import annotations

import io
import itertools
import json
import sys
from types import SimpleNamespace

import pytest

from k2cr_analysis.errors import InputError
from k2cr_analysis.sources.manifests.object_identity import is_complete, shown_identity, why_not_an_object
from k2cr_analysis.sources.manifests.reading import read_manifests

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: %s}\nspec: {containers: [{name: c, image: %s}]}\n"
PATCH = "apiVersion: v1\nkind: Pod\nmetadata: {name: %s}\nspec: {containers: [{name: c, env: []}]}\n"


def read(folder, files, *, keep_going=False, paths=None):
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_manifests([str(p) for p in (paths or [folder])], keep_going=keep_going)


def ids(result):
    return [shown_identity(item.object) for item in result.objects]


def images(result):
    return [item.object["spec"]["containers"][0].get("image") for item in result.objects]


def test_a_folder_is_read_with_all_below_it_in_the_order_of_paths(tmp_path):
    files = {"b.yml": POD % ("b", "i"), "a/z.yaml": POD % ("z", "i"), "c.json": json.dumps({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}}), "notes.txt": "x"}  # fmt: skip
    assert ids(read(tmp_path, files)) == ["default/Pod/z", "default/Pod/b", "default/Service/s"]


def test_the_order_of_the_paths_on_the_command_line_is_no_matter(tmp_path):
    files = {f"{name}.yaml": POD % ("same", f"i{name}") + "---\n" + POD % (name, "i") for name in "abc"}
    paths = [tmp_path / name for name in files]
    results = [read(tmp_path, files, paths=order) for order in itertools.permutations(paths)]
    assert all(r.objects == results[0].objects and r.superseded == results[0].superseded for r in results)


def test_a_file_named_twice_is_read_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = read(tmp_path, {"a.yaml": POD % ("a", "i")}, paths=[tmp_path / "a.yaml", "a.yaml", "."])
    assert ids(result) == ["default/Pod/a"]
    assert result.superseded == []


def test_lists_of_any_kind_are_opened_and_items_know_their_line(tmp_path):
    text = (
        "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, metadata: {name: a}}\n"
        "- {apiVersion: v1, kind: PodList, items: [{metadata: {name: b, namespace: n}}]}\n"
    )
    result = read(tmp_path, {"l.yaml": text})
    assert ids(result) == ["default/Pod/a", "n/Pod/b"]
    assert [item.source.line for item in result.objects] == [4, 5]
    assert result.objects[1].object["apiVersion"] == "v1"


def test_standard_input_takes_yaml_and_json(monkeypatch):
    for text in (POD % ("a", "i"), '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}'):
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(text.encode())))
        assert ids(read_manifests(["-"], keep_going=False)) == ["default/Pod/a"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_text_is_read_with_and_without_a_byte_order_mark(tmp_path, encoding):
    assert ids(read(tmp_path, {"a.yaml": (POD % ("a", "i")).encode(encoding)})) == ["default/Pod/a"]


STANDS = {
    "identical objects count once": ([POD % ("a", "i"), POD % ("a", "i")], ["i"], 0),
    "the later of two stands": ([POD % ("a", "old"), POD % ("a", "new")], ["new"], 1),
    "a patch does not replace": ([POD % ("a", "i"), PATCH % "a"], ["i"], 1),
    "a patch is replaced": ([PATCH % "a", POD % ("a", "i")], ["i"], 1),
    "a patch alone stays": ([PATCH % "a"], [None], 0),
}


@pytest.mark.parametrize("case", STANDS)
def test_of_two_objects_with_one_id(tmp_path, case):
    documents, expected, superseded = STANDS[case]
    result = read(tmp_path, {"a.yaml": "---\n".join(documents)})
    assert images(result) == expected
    assert len(result.superseded) == superseded


def test_both_places_are_named(tmp_path):
    result = read(tmp_path, {"a.yaml": POD % ("a", "x"), "b.yaml": "\n" + POD % ("a", "y")})
    told = result.superseded[0]
    assert (told.id, told.kept, told.dropped) == ("default/Pod/a", f"{tmp_path}/b.yaml:2", f"{tmp_path}/a.yaml:1")


def test_an_older_api_group_is_the_same_object(tmp_path):
    text = "apiVersion: %s\nkind: Deployment\nmetadata: {name: a}\nspec: {template: {spec: {containers: [{name: c, image: %s}]}}}\n"
    result = read(tmp_path, {"a.yaml": text % ("extensions/v1beta1", "x") + "---\n" + text % ("apps/v1", "y")})
    assert len(result.objects) == 1


NO_OBJECTS = {
    "a text": "just a word",
    "a list": "[1, 2]",
    "no kind": "{apiVersion: v1, metadata: {name: a}}",
    "Helm values": "{image: {tag: x}, replicaCount: 1}",
    "no name": "{apiVersion: v1, kind: Pod, metadata: {}}",
    "a kustomization": "{apiVersion: kustomize.config.k8s.io/v1beta1, kind: Kustomization, metadata: {name: a}}",
    "Skaffold": "{apiVersion: skaffold/v4beta1, kind: Config, metadata: {name: a}}",
    "a kubeconfig": "{apiVersion: v1, kind: Config, metadata: {name: a}, users: []}",
    "an empty file": "",
    "only a comment": "# nothing\n",
}


@pytest.mark.parametrize("case", NO_OBJECTS)
def test_what_is_no_object_is_left_out_and_listed(tmp_path, case):
    result = read(tmp_path, {"a.yaml": NO_OBJECTS[case], "b.yaml": POD % ("b", "i")})
    assert ids(result) == ["default/Pod/b"]
    assert [notice.file for notice in result.skipped] == [f"{tmp_path}/a.yaml"]


@pytest.mark.parametrize("case", NO_OBJECTS)
def test_nothing_left_is_an_error(tmp_path, case):
    with pytest.raises(InputError) as caught:
        read(tmp_path, {"a.yaml": NO_OBJECTS[case]}, keep_going=True)
    assert "a.yaml" in str(caught.value)


def test_unknown_kinds_are_kept(tmp_path):
    text = "{apiVersion: keda.sh/v1alpha1, kind: ScaledObject, metadata: {name: s}, spec: 7}"
    assert ids(read(tmp_path, {"a.yaml": text})) == ["default/ScaledObject/s"]


REFUSED = {
    "quantity": ("spec: {containers: [{name: c, image: i, resources: {limits: {cpu: 1 core}}}]}", 4, "not-a-kubernetes-quantity"),
    "form": ("spec:\n  containers: 7", 5, "wrong-type"),
    "env": ("spec:\n  containers:\n  - name: c\n    image: i\n    env:\n    - name: A\n      value: 1.0", 10, "wrong-type"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_refused_value_is_named_with_file_line_and_path(tmp_path, case):
    spec, line, ref = REFUSED[case]
    with pytest.raises(InputError) as caught:
        read(tmp_path, {"a.yaml": f"apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\n{spec}\n"})
    assert (caught.value.ref, caught.value.where.line) == (ref, line)
    assert caught.value.where.path.startswith("$.spec.containers")


@pytest.mark.parametrize("case", REFUSED)
def test_with_keep_going_the_object_stays_without_the_value(tmp_path, case):
    spec, _, ref = REFUSED[case]
    result = read(tmp_path, {"a.yaml": f"apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\n{spec}\n"}, keep_going=True)
    assert ids(result) == ["default/Pod/a"]
    assert [(problem.ref, problem.object) for problem in result.problems] == [(ref, "default/Pod/a")]


def test_the_number_is_shown_as_it_is_written(tmp_path):
    with pytest.raises(InputError) as caught:
        read(tmp_path, {"a.yaml": "{apiVersion: v1, kind: Pod, metadata: {name: a, labels: {version: 1.10}}}"})
    assert caught.value.do == 'put it in quotes: "1.10"'


@pytest.mark.parametrize(
    "text",
    [
        "{apiVersion: v1, kind: Secret, metadata: {name: s}, stringData: {a: 918273645}}",
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: s}, data: {PASSWORD: 918273645}}",
        "{apiVersion: v1, kind: Pod, metadata: {name: s}, spec: {containers: [{env: [{name: PIN, value: 918273645}]}]}}",
    ],
)
def test_a_message_does_not_show_a_secret(tmp_path, text):
    with pytest.raises(InputError) as caught:
        read(tmp_path, {"a.yaml": text})
    assert "918273645" not in str(caught.value)


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", "..", '"a b"', "12"])
def test_a_name_that_is_none_is_refused_and_never_kept(tmp_path, name):
    files = {"a.yaml": POD % (name, "i"), "b.yaml": POD % ("b", "i")}
    with pytest.raises(InputError):
        read(tmp_path, files)
    assert ids(read(tmp_path, files, keep_going=True)) == ["default/Pod/b"]


def test_a_bad_file_ends_the_run_or_is_listed(tmp_path):
    files = {"a.yaml": POD % ("a", "i"), "bad.yaml": "kind: Pod\n\tx: 1\n", "nul.yaml": b"a: \0"}
    with pytest.raises(InputError, match=r"bad\.yaml:2"):
        read(tmp_path, files)
    result = read(tmp_path, files, keep_going=True)
    assert ids(result) == ["default/Pod/a"]
    assert [notice.ref for notice in result.skipped] == ["not-yaml", "not-text"]


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match="nowhere"):
        read_manifests([str(tmp_path / "nowhere")], keep_going=False)


@pytest.mark.parametrize(
    ("obj", "complete"),
    [
        ({"kind": "Deployment", "spec": {"template": {"spec": {"containers": [{"image": "i"}]}}}}, True),
        ({"kind": "Deployment", "spec": {"replicas": 3}}, False),
        ({"kind": "CronJob", "spec": {"jobTemplate": {"spec": {"template": {"spec": {"containers": [{}]}}}}}}, False),
        ({"kind": "Service", "spec": {"type": "LoadBalancer"}}, False),
        ({"kind": "Service", "spec": {"ports": [{"port": 80}]}}, True),
        ({"kind": "ConfigMap"}, True),
    ],
)
def test_completeness(obj, complete):
    assert is_complete(obj) is complete


def test_an_object_needs_no_more_than_kind_version_and_name():
    assert why_not_an_object({"apiVersion": "a/v1", "kind": "K", "metadata": {"generateName": "x-"}}) == ""
