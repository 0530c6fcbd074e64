"""YAML as Kubernetes reads it, and files that nobody should be able to hand in."""

from __future__ import annotations

import pytest

from k2cr_analysis.errors import InputError
from k2cr_analysis.sources.manifests.json_reading import read_json
from k2cr_analysis.sources.manifests.yaml_reading import MAX_DEPTH, find_place, read_yaml

VALUES = [
    ("2026-03-01", "2026-03-01"), ("12:30", "12:30"), ("12:30:45", "12:30:45"), ("yes", True), ("y", "y"), ("off", False), ("~", None),
    ("null", None), ('"yes"', "yes"), ("0x1f", 31), ("017", 15), ("0o17", 15), ("08", 8), ("1_000", 1000), ("1e3", 1000), ("1.0", 1),
    ("1.5", 1.5), ("-7", -7), ("+7", 7), ("1.2.3", "1.2.3"), ("1.1.1.1/8", "1.1.1.1/8"), ("=", "="), ("<<", "<<"), ("10Gi", "10Gi"),
    ("!!str 12", "12"), ("!!int '12'", 12), ("!Ref x", "x"), ("'<<'", "<<"), ("-", None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), VALUES, ids=[text for text, _ in VALUES])
def test_reads(text, value):
    expected = [None] if text == "-" else {"a": value}
    assert read_yaml(text if text == "-" else f"a: {text}\n", "f")[0].value == expected


def test_keys_are_texts():
    assert read_yaml("{on: 1, 2: 2, 1.5: 3, null: 4, '5': 5}", "f")[0].value == {
        "true": 1,
        "2": 2,
        "1.5": 3,
        "null": 4,
        "5": 5,
    }


def test_merge_keys_give_way_to_own_keys_and_to_earlier_maps():
    text = "a: &a {k: 1, l: 1}\nb: &b {l: 2, m: 2}\nc: {<<: [*a, *b], k: 9}\n"
    assert read_yaml(text, "f")[0].value["c"] == {"k": 9, "l": 1, "m": 2}


def test_documents_and_items_know_their_lines():
    text = "# first\n---\nkind: A\n---\n\nkind: List\nitems:\n- kind: B\n-\n  kind: C\n---\n"
    documents = read_yaml(text, "f")
    assert [(d.line, d.item_lines) for d in documents] == [(3, ()), (6, (8, 10)), (12, ())]
    assert documents[-1].value is None


BAD = {
    "a tab": ("kind: Pod\n\tx: 1\n", "not-yaml", 2),
    "an open bracket": ("a: [1\nb: 2\n", "not-yaml", 2),
    "a control character": ("a: 1\nb: \x07\n", "not-yaml", 2),
    "an unknown alias": ("a: *b\n", "not-yaml", 1),
    "a template": ("a: 1\n{{- if .Values.x }}\nb: 2\n{{- end }}\n", "template-not-rendered", 3),
    "a template as a value": ("a: 1\nb: {{ .Values.x }}\n", "template-not-rendered", 2),
    "a map as a key": ("a: 1\n? {b: c}\n: d\n", "key-is-no-text", 2),
    "an anchor in itself": ("a: &a [*a]\n", "alias-in-itself", 1),
    "a Python tag": ("!!python/object/apply:os.system ['true']\n", "tag-not-allowed", 1),
    "a Python tag on a scalar": ("a: !!python/name:os.system\n", "tag-not-allowed", 1),
    "deep flow": (f"a: {'[' * 100_000}", "nested-too-deep", 1),
    "deep lists": (f"{'- ' * 100_000}x", "nested-too-deep", 1),
    "deep keys": (f"{'? ' * 100_000}x", "nested-too-deep", 1),
    "deep by aliases": ("".join(f"a{i}: &a{i} {'[' * 60}{f'*a{i - 1}' if i else 'x'}{']' * 60}\n" for i in range(4)), "nested-too-deep", 3),
    "aliases of aliases": ("a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(f"{chr(98 + i)}: &{chr(98 + i)} [{','.join([f'*{chr(97 + i)}'] * 9)}]\n" for i in range(9)), "aliases-multiply", 6),
    "aliases of a long text": (f"a: &a {'x' * 100_000}\nb: [{','.join(['*a'] * 20_000)}]\n", "aliases-multiply", 2),
    "merges of a large map": ("a: &a {" + ",".join(f"k{i}: {i}" for i in range(1000)) + "}\n" + "".join(f"b{i}: {{<<: *a}}\n" for i in range(5000)), "aliases-multiply", None),
    "a huge text": (f"a: {'x' * 4_000_000}\n", "text-too-long", 1),
    "infinity": ("a: .inf\n", "not-a-json-number", 1),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_refuses_with_a_line(case):
    text, ref, line = BAD[case]
    with pytest.raises(InputError) as caught:
        read_yaml(text, "f.yaml")
    assert caught.value.ref == ref
    assert caught.value.where.file == "f.yaml"
    assert line is None or caught.value.where.line == line
    assert caught.value.do


BAD_JSON = {
    "a cut": ('{"kind": "Pod", "meta', "not-json", 1),
    "a comma": ('{"a": 1,\n"b": 2,\n}', "not-json", 3),
    "NaN": ('{"a": NaN}', "not-json", 1),
    "a template": ('{"a": {{ .x }} }', "template-not-rendered", 1),
    "deep": ("[" * 100_000 + "]" * 100_000, "nested-too-deep", 1),
    "a little too deep": ("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "nested-too-deep", 1),
    "a number beyond a double": ('{"a": 1e400}', "not-json", 1),
    "an integer beyond a double": ('{"a": %s}' % ("9" * 400), "not-json", 1),
    "a number without end": ('{"a": %s}' % ("9" * 5000), "not-json", 1),
    "the second of two": ('{"a": 1}\n{"b": }', "not-json", 2),
    "a huge text": ('{"a": "%s"}' % ("x" * 4_000_000), "text-too-long", 1),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_JSON)
def test_refuses_json_with_a_line(case):
    text, ref, line = BAD_JSON[case]
    with pytest.raises(InputError) as caught:
        read_json(text, "f.json")
    assert (caught.value.ref, caught.value.where.line) == (ref, line)


def test_several_json_documents_are_read():
    assert [(d.value, d.line) for d in read_json('{"a": 1}\n\n{"b": 2}\n', "f")] == [({"a": 1}, 1), ({"b": 2}, 3)]
    assert [d.value for d in read_json(" \n", "f")] == [None]


def test_half_a_surrogate_pair_does_not_stay():
    read_json('{"a": "\\ud800x"}', "f")[0].value["a"].encode("utf-8")


def test_a_value_is_found_again_by_its_steps():
    place = find_place("a: 1\n---\nb:\n- c: 1.0\n", 1, ("b", 0, "c"))
    assert (place.line, place.column, place.text) == (4, 6, "1.0")
    assert find_place("a: 1\n", 0, ("b",)) is None
