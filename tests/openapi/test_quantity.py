"""Quantities as the API server reads them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k2cr_analysis.errors import InputError
from k2cr_analysis.openapi.quantity import bytes_of, cores, parse_quantity

READ = [
    ("100m", "0.1"),
    ("0.5", "0.5"),
    ("1e3", "1000"),
    ("1E3", "1000"),
    ("1E-3", "0.001"),
    ("128974848", "128974848"),
    ("129e6", "129000000"),
    ("123Mi", "128974848"),
    ("1Gi", "1073741824"),
    ("129M", "129000000"),
    ("1Ei", str(2**60)),
    ("250n", "0.00000025"),
    ("3u", "0.000003"),
    ("1E", str(10**18)),
    ("1.", "1"),
    (".5", "0.5"),
    ("+2", "2"),
    ("-1k", "-1000"),
    ("0.5Gi", "536870912"),
    (" 1Gi ", "1073741824"),
    (2, "2"),
    (0.5, "0.5"),
    (1e-7, "0.0000001"),
]
REFUSED = [
    "2 GB",
    "1.5.2",
    "",
    " ",
    "Mi",
    "1i",
    "1K",
    "1ki",
    "1mi",
    "1GB",
    "0x10",
    "1e",
    "1e1.5",
    "1_000",
    "1,5",
    "NaN",
    "inf",
    "m1",
    "--1",
    True,
    None,
    [],
    float("nan"),
]


@pytest.mark.parametrize(("text", "value"), READ, ids=str)
def test_reads(text, value):
    assert parse_quantity(text) == Decimal(value)


@pytest.mark.parametrize("value", REFUSED, ids=repr)
def test_refuses(value):
    with pytest.raises(InputError) as caught:
        parse_quantity(value)
    assert caught.value.ref == "not-a-kubernetes-quantity"


def test_the_refusal_says_what_to_write():
    with pytest.raises(InputError) as caught:
        bytes_of("2 GB")
    assert caught.value.do == 'write "2Gi" (2,147,483,648 bytes) or "2G" (2,000,000,000 bytes)'


@pytest.mark.parametrize(("text", "whole"), [("100m", 1), ("1500m", 2), ("1Ki", 1024), ("0", 0), ("0.1Ki", 103)])
def test_bytes_round_up(text, whole):
    assert bytes_of(text) == whole


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("0.1n", "1e-9"),
        ("1.0000000001", "1.000000001"),
        ("8Ei", str(2**63 - 1)),
        ("1e999999999999", str(2**63 - 1)),
        ("-1e30", str(-(2**63 - 1))),
        ("1e-999999999999", "1e-9"),
    ],
)
def test_too_fine_is_rounded_away_from_zero_and_too_large_is_capped(text, kept):
    assert parse_quantity(text) == Decimal(kept)


@given(st.integers(0, 10**9))
def test_a_thousand_millis_are_one(count):
    assert cores(f"{count * 1000}m") == cores(count) == cores(f"{count}e0")
