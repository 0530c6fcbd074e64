"""Words for bash and gcloud: whatever the value, it comes out of the other end as it went in."""

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k2cr_analysis.rendering.text.shell import as_gcloud_reads, flag, gcloud_list, quote

NASTY = [
    "",
    "a",
    "a b",
    "it's",
    '"q"',
    "$HOME",
    "`x`",
    "\\",
    "\\n",
    "line\nbreak",
    "tab\t",
    "#",
    "-x",
    "é 日本語 😀",
    "\x07",
    "\x7f",
    "\u2028",
    "!",
    "a\\",
    "~",
    "*",
]
values = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40)


@pytest.mark.parametrize("value", NASTY, ids=repr)
def test_bash_reads_a_quoted_value_back(value: str) -> None:
    assert bash_words(f"printf '%s\\0' {quote(value)}") == [value]


@given(st.lists(values, min_size=1, max_size=20))
def test_bash_reads_any_values_back(found: list[str]) -> None:
    assert bash_words(f"printf '%s\\0' {' '.join(quote(v) for v in found)}") == found


def test_a_flag_uses_the_equals_form() -> None:
    assert flag("args", "--x") == "--args=--x"
    assert flag("image", "a b") == "--image='a b'"


@pytest.mark.parametrize(
    ("items", "written"),
    [
        (["a", "b"], "a,b"),
        (["a,b"], "^|^a,b"),
        (["a", ""], "a,,"),
        ([""], ","),
        (["^x^y"], "^|^^x^y"),
        (["a,b", "c|d"], "^@^a,b@c|d"),
    ],
    ids=["plain", "comma", "empty last item", "one empty item", "looks like a delimiter", "comma and bar"],
)
def test_a_gcloud_list_is_written_as_simply_as_it_can_be(items: list[str], written: str) -> None:
    assert gcloud_list(items) == written


@given(
    st.lists(
        values | st.sampled_from([",", "|", "@", "#", ";", "~", "%", "!", "^", "^a^", "@@", "~~0~~"]),
        min_size=1,
        max_size=15,
    )
)
def test_gcloud_reads_any_list_back(items: list[str]) -> None:
    assert as_gcloud_reads(gcloud_list(items)) == items


def bash_words(line: str) -> list[str]:
    done = subprocess.run(["bash", "-c", line], capture_output=True, check=True)
    return done.stdout.decode().split("\0")[:-1]
