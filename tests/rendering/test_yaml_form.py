"""The hand-written YAML: any parser reads the same values of the same types."""

import yaml
from hypothesis import given
from hypothesis import strategies as st

from k2cr_analysis.rendering.forms.objects import ApiObject
from k2cr_analysis.rendering.forms.yaml_form import LiteralText, scalar, yaml_text

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60) | st.sampled_from(
    [
        "",
        "true",
        "no",
        "null",
        "~",
        "1",
        "1.0",
        "0x1f",
        "1e3",
        "12:30",
        "2020-01-01",
        "512Mi",
        "500m",
        "- a",
        "a: b",
        "a #b",
        "'",
        '"',
        "&a",
        "*a",
        "!x",
        "%x",
        "@x",
        "`",
        "|",
        ">",
        "?",
        "=",
        "<<",
    ]
)
scalars = texts | st.integers() | st.booleans()


@given(texts)
def test_a_text_stays_a_text(value: str) -> None:
    assert yaml.safe_load(f"x: {scalar(value)}\n") == {"x": value}


@given(st.dictionaries(texts, st.dictionaries(texts, st.lists(scalars, max_size=4)) | scalars, min_size=1, max_size=5))
def test_a_tree_is_read_back(tree: dict[str, object]) -> None:
    assert yaml.safe_load(yaml_text(ApiObject(tree), ["head"])) == tree


def test_comments_stand_above_what_they_explain() -> None:
    made = ApiObject({"a": {"b": 1, "c": [{"d": "x"}]}}, {("a", "b"): "why b", ("a", "c", 0): "why the first\nitem"})
    assert yaml_text(made, ["head"]).splitlines() == [
        "# head",
        "a:",
        "  # why b",
        "  b: 1",
        "  c:",
        "    # why the first item",
        "    - d: x",
    ]


def test_a_script_is_a_block() -> None:
    made = yaml_text(ApiObject({"args": ["-c", LiteralText("set -e\necho $x\n")]}), [])
    assert "- |\n    set -e\n    echo $x\n" in made
    assert yaml.safe_load(made) == {"args": ["-c", "set -e\necho $x\n"]}
