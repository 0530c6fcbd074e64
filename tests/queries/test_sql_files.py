"""Each question is one file whose header says what it reads, its grain and what it gives."""

import re
from pathlib import Path

import pytest

from k2cr_analysis import queries
from k2cr_analysis.errors import InputError

from .conftest import usage_row

FILES = sorted(Path(queries.__file__).parent.glob("*.sql"))


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_a_query_says_what_it_answers(file):
    header = [line for line in file.read_text().splitlines() if line.startswith("--")]
    assert header[0].startswith(f"-- {file.stem}: ")
    for word in ("reads", "grain", "gives"):
        assert any(re.match(rf"-- {word}  +\S", line) for line in header), word


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e30], ids=str)
def test_a_value_that_cannot_be_added_up_is_bad_input(tables, value):
    with pytest.raises(InputError, match=r"the usage table cannot be added up"):
        queries.usage(tables(usage=[usage_row(1, value), usage_row(2, 1.0)]))
