"""A live dump gets the assessment of its manifest, and so does any order of documents, for every kind in the cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from k2cr_analysis.config.settings import Config
from k2cr_analysis.fit import Fit
from k2cr_analysis.openapi.validate import validate
from tests.fit.cluster import fits_of, read_case
from tests.fit.server_defaults import as_stored

CASES = sorted((Path(__file__).parent / "cases").glob("*/*.yaml"))
_OF_FILES = ("namespace-assumed",)  # a dump has every object's namespace
_PLACED = ("Secret", "SealedSecret", "Service", "ConfigMap", "Ingress", "HorizontalPodAutoscaler")
_NAMED_ANEW = ("fires.deployment_without_one",)  # in a cluster the workload itself has a namespace, and another id
KNATIVE = """
apiVersion: serving.knative.dev/v1
kind: Service
metadata: {name: hello, namespace: shop}
spec: {template: {spec: {containers: [%s]}}}
"""


def answers(documents: list[dict[str, Any]], config: Config | None = None) -> Mapping[str, Fit]:
    """Fit without the account of fields: bookkeeping that a server adds is accounted for as such."""
    return {
        name: replace(fit, fields=(), findings=tuple(f for f in fit.findings if f.rule not in _OF_FILES))
        for name, fit in fits_of(documents, config).items()
    }


def applied(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What names no namespace goes, as by ``kubectl apply -n``, to the one that the workloads of the case name."""
    (namespace, *more) = sorted(
        {d["metadata"]["namespace"] for d in documents if "namespace" in d.get("metadata", {})}
    ) or [""]
    if more or not namespace:
        return documents
    return [
        {**d, "metadata": {"namespace": namespace, **d["metadata"]}} if d["kind"] in _PLACED else d for d in documents
    ]


@pytest.mark.parametrize(
    "case", [c for c in CASES if c.stem not in _NAMED_ANEW], ids=lambda p: f"{p.parent.name}/{p.stem}"
)
def test_a_live_dump_gets_the_assessment_of_its_manifest(case: Path) -> None:
    documents, config = read_case(case)
    assert answers([as_stored(d) for d in applied(documents)], config) == answers(documents, config)


@pytest.mark.parametrize(
    "containers",
    ["{image: example/hello:1}", "{image: example/hello:1, ports: [{containerPort: 9000}]}, {image: example/side:1}"],
    ids=["one container", "a sidecar beside it"],
)
def test_what_knative_fills_in_is_nobodys_wish(containers: str) -> None:
    manifest = yaml.safe_load(KNATIVE % containers)
    live = as_stored(manifest)
    assert validate(live) == []
    assert answers([live]) == answers([manifest])
    asked = {f.rule for fit in answers([live]).values() for f in fit.findings if f.severity != "note"}
    assert asked <= {"works-without-requests"}


@pytest.mark.parametrize("case", CASES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_the_order_of_documents_is_no_matter(case: Path) -> None:
    documents, config = read_case(case)
    assert fits_of(documents[::-1], config) == fits_of(documents, config)
