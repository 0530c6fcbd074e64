"""The account of fields: every field that an object sets is read by a rule, carried along, or listed as without effect.

What none of these tables holds, and what Kubernetes' schema does not have, is unaccounted, and a finding of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from k2cr_analysis.fit.fields.carried import CARRIED
from k2cr_analysis.fit.fields.no_effect import NO_EFFECT, WHEN_EMPTY
from k2cr_analysis.fit.registry import all_rules, read_by
from k2cr_analysis.fit.result import FieldUse
from k2cr_analysis.model.parse.access import mapping
from k2cr_analysis.model.parse.pod.templates import WORKLOAD_KINDS
from k2cr_analysis.model.workload import Raw, Workload
from k2cr_analysis.openapi.field_tree import leaf_fields, object_type

WORKLOAD_ROOTS = frozenset(WORKLOAD_KINDS)
# Joined objects whose fields are accounted for too. Roles, ConfigMaps and Secrets hold content, not settings of the
# workload.
JOINED_KINDS = (
    "Service", "Ingress", "Route", "MultiClusterService", "MultiClusterIngress",
    "HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute", "UDPRoute", "Gateway", "VirtualService",
    "HorizontalPodAutoscaler", "ScaledObject", "HTTPScaledObject",
    "VerticalPodAutoscaler", "PodDisruptionBudget", "ServiceAccount", "PersistentVolumeClaim", "NetworkPolicy",
    "BackendConfig", "FrontendConfig", "ManagedCertificate",
    "HealthCheckPolicy", "GCPBackendPolicy", "PodMonitoring", "PodMonitor", "ServiceMonitor",
    "ClusterPodMonitoring", "AuthorizationPolicy",
    "RequestAuthentication", "PeerAuthentication", "Sidecar",
)  # fmt: skip


class Accountant:
    """Accounts for the objects of one cluster; an object that several workloads share is looked at once."""

    def __init__(self) -> None:
        self._seen: dict[int, tuple[FieldUse, ...]] = {}

    def fields(self, workload: Workload) -> tuple[FieldUse, ...]:
        """Every field of the workload's object, then those of what is joined to it."""
        found = list(_uses(workload.raw, ""))
        for kind in JOINED_KINDS:
            for raw in workload.related.get(kind, ()):
                if id(raw) not in self._seen:
                    name = mapping(raw, "metadata").get("name")
                    self._seen[id(raw)] = tuple(_uses(raw, f"{kind}/{name} "))
                found += self._seen[id(raw)]
        return tuple(found)


def _uses(raw: Raw, prefix: str) -> Iterator[FieldUse]:
    # A kind that the schema does not have is accounted for as a whole, by its top-level fields.
    has_schema = object_type(str(raw.get("apiVersion") or ""), str(raw.get("kind") or "")) is not None
    for path, schema_path, known in leaf_fields(raw):
        how, by = use_of(schema_path)
        if not known and (has_schema or how == "unaccounted"):
            how, by = "unaccounted", "Kubernetes' schema has no such field"
        yield FieldUse(f"{prefix}{path}", schema_path, how, by)


@cache
def use_of(schema_path: str) -> tuple[str, str]:
    """(``consumed`` | ``carried`` | ``no-effect`` | ``unaccounted``, the rule, the Cloud Run field or the reason).

    The table entry with the longest path decides. ``Workload.`` in a table stands for every kind of workload, ``*.``
    for
    every kind. Of entries for the same path, what is carried comes before what a rule reads.
    """
    root, _, below = schema_path.partition(".")
    roots = (root, "Workload", "*") if root in WORKLOAD_ROOTS else (root, "*")
    for part in prefixes(below):
        for r in roots:
            entry = f"{r}.{part}" if part else r
            for how, table in (("carried", CARRIED), ("consumed", _consumed()), ("no-effect", NO_EFFECT)):
                if entry in table:
                    return how, table[entry]
    if any(f"{r}.{below}".rstrip(".") in _holders() for r in roots):
        return "no-effect", "it is empty"
    return "unaccounted", "no rule reads it"


def prefixes(below: str) -> Iterator[str]:
    """``a[].b.c`` -> ``a[].b.c``, ``a[].b``, ``a[]``, ``a``, and the empty path of the root."""
    while below:
        yield below
        below = below[:-2] if below.endswith(("[]", ".*")) else below.rpartition(".")[0]
    yield ""


@cache
def _holders() -> frozenset[str]:
    """Objects and lists above the fields of the tables. One is a field by itself only while it is empty."""
    return WHEN_EMPTY | {
        above
        for field in (*CARRIED, *NO_EFFECT, *_consumed())
        for root, _, below in (field.partition("."),)
        for above in (f"{root}.{part}".rstrip(".") for part in prefixes(below))
        if above != field
    }


@cache
def _consumed() -> Mapping[str, str]:
    found: dict[str, list[str]] = {}
    for field, rule_id in read_by(all_rules().values()):
        found.setdefault(field, []).append(rule_id)
    return {field: ", ".join(sorted(set(rules))) for field, rules in found.items()}
