"""Each thing that sizing says is one documented function, named like its rule."""

import inspect
import typing

import pytest

from k2cr_analysis.sizing import notices

OWN = [f for _, f in inspect.getmembers(notices, inspect.isfunction) if f.__module__ == notices.__name__]
FUNCTIONS = [f for f in OWN if not f.__name__.startswith("_")]
SAMPLES = {str: "x", int: 2**30, float: 1.0}


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_a_notice_is_named_like_its_rule_and_documented(function):
    kinds = {name: kind for name, kind in typing.get_type_hints(function).items() if name != "return"}
    finding = function(**{name: SAMPLES[kind] for name, kind in kinds.items()})
    assert finding.rule == function.__name__.replace("_", "-")
    assert finding.severity == "note"
    assert "Why:" in function.__doc__ and "Remedy:" in function.__doc__
