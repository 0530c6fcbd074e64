"""``--redact all``: keeps names, references, numbers and settings with fixed words; every free text goes.

For a snapshot that leaves the house. Workloads keep their shape: which containers, ports, probes, volumes, resources
and objects there are, and how they refer to each other. What they are told to do goes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from k2cr_analysis.openapi.field_tree import object_type
from k2cr_analysis.snapshot.redaction.secret_commands import REDACTED

# Fields whose texts are free, in every kind.
_FREE_TEXT: Final = frozenset(
    {"value", "args", "command", "data", "binaryData", "volumeAttributes", "parameters", "options", "message"}
)
# Annotations of these domains are settings of the platform, which the analyses read.
_PLATFORM: Final = (
    "kubernetes.io",
    "k8s.io",
    "cloud.google.com",
    "gke.io",
    "knative.dev",
    "istio.io",
    "linkerd.io",
    "dapr.io",
)
# In a kind that k2cr does not know, only these stay.
_NAMES_TEXT: Final = """
    apiVersion kind name generateName namespace group apiGroup version uid labels matchLabels key operator type
    serviceAccountName serviceAccount secretName claimName configMapName clusterName ingressClassName protocol
    """
_NAMES: Final = frozenset(_NAMES_TEXT.split())


def names_and_references(obj: Mapping[str, Any]) -> dict[str, Any]:
    """The object with ``<redacted>`` for every free text."""
    known = object_type(str(obj.get("apiVersion") or ""), str(obj.get("kind") or "")) is not None
    kept = {field: item for field, item in obj.items() if field != "status" or obj.get("kind") == "Node"}
    return {field: _kept(item, field, known) for field, item in kept.items()}


def _kept(value: Any, name: str, known: bool) -> Any:
    if isinstance(value, Mapping):
        if name in _FREE_TEXT:
            return {field: _gone(item) for field, item in value.items()}
        return {field: _kept_below(item, field, name, known) for field, item in value.items()}
    if isinstance(value, list):
        return [_kept(item, name, known) for item in value]
    if isinstance(value, str) and (
        name in _FREE_TEXT or not (known or name in _NAMES or name.endswith(("Ref", "Name")))
    ):
        return REDACTED
    return value


def _kept_below(value: Any, name: str, above: str, known: bool) -> Any:
    if above == "annotations":
        return value if _is_platform(name) else _gone(value)
    return value if above in ("labels", "matchLabels", "nodeSelector") else _kept(value, name, known)


def _gone(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {field: _gone(item) for field, item in value.items()}
    if isinstance(value, list):
        return [_gone(item) for item in value]
    return REDACTED if isinstance(value, str) else value


def _is_platform(annotation: str) -> bool:
    domain = annotation.partition("/")[0]
    return any(domain == ours or domain.endswith(f".{ours}") for ours in _PLATFORM)
