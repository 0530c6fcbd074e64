"""``$(VAR)`` by Kubernetes' rule."""

import pytest

from k2cr_analysis.model.pod.references import expand

KNOWN = {"A": "1", "B": "two words", "E": ""}


@pytest.mark.parametrize(
    ("text", "expanded", "left"),
    [
        ("--x=$(A)", "--x=1", ()),
        ("$(A)-$(B)", "1-two words", ()),
        ("$(E)", "", ()),
        ("$(NO)", "$(NO)", ()),
        ("$(SECRET)", "$(SECRET)", ("SECRET",)),
        ("$$(A)", "$(A)", ()),
        ("$$", "$", ()),
        ("$A", "$A", ()),
        ("$", "$", ()),
        ("$(A", "$(A", ()),
        ("cost: 5$", "cost: 5$", ()),
        ("$(A)$(SECRET)$(SECRET)", "1$(SECRET)$(SECRET)", ("SECRET",)),
    ],
    ids=[
        "value",
        "two",
        "empty value",
        "undefined stays",
        "secret stays and is told",
        "escaped",
        "two dollars",
        "no parenthesis",
        "dollar last",
        "not closed",
        "price",
        "told once",
    ],
)
def test_a_reference_is_expanded_as_kubernetes_does(text: str, expanded: str, left: tuple[str, ...]) -> None:
    found = expand(text, KNOWN, frozenset({"SECRET"}))
    assert (found.text, found.left) == (expanded, left)
