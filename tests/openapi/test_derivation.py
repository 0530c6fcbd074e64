"""The field tree in the repository is what the script derives from the client that is installed."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from k2cr_analysis.resources import bundled

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "derive_kubernetes_schema.py"


@pytest.fixture(scope="module")
def script():
    pytest.importorskip("kubernetes.client.models", reason="the kubernetes client is not installed")
    spec = importlib.util.spec_from_file_location("derive_kubernetes_schema", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_type_of_the_client_is_as_derived(script):
    shipped = json.loads(bundled("data", "schemas", "kubernetes.json").read_text())
    if script.version("kubernetes") not in shipped["sources"]["kubernetes"]:
        pytest.skip("another release of the client is installed")
    derivation = script.Derivation()
    for group, names in script.KINDS.items():
        for kind in names.split():
            derivation.add_model(f"{group}/{kind}", getattr(script.models, f"V1{kind}"))
    for key, name in script.MODELS.items():
        derivation.add_model(key, getattr(script.models, name))
    assert {name: shipped["types"].get(name) for name in derivation.types} == derivation.types


def test_every_type_that_a_field_names_is_there():
    types = json.loads(bundled("data", "schemas", "kubernetes.json").read_text())["types"]
    scalars = {"string", "int", "number", "bool", "quantity", "int-or-string", "bytes", "any"}
    named = {text.strip("[]{}") for fields in types.values() for text in fields.values()}
    assert named - scalars - set(types) == set()
