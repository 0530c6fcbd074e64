"""The rules of a route, whatever its kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from k2cr_analysis.model.parse.access import Raw
from k2cr_analysis.model.parse.index import kind_of
from k2cr_analysis.model.routing.gateway_rules import gateway_rules
from k2cr_analysis.model.routing.ingress_rules import ingress_rules
from k2cr_analysis.model.routing.istio_rules import istio_rules
from k2cr_analysis.model.routing.route import HttpRule

_READERS: Mapping[str, Callable[[Raw], Iterator[HttpRule]]] = {
    "Ingress": ingress_rules,
    "MultiClusterIngress": ingress_rules,
    "HTTPRoute": gateway_rules,
    "GRPCRoute": gateway_rules,
    "VirtualService": istio_rules,
}


def http_rules(raw: Raw) -> tuple[HttpRule, ...]:
    """None for a kind that routes no HTTP."""
    read = _READERS.get(kind_of(raw))
    return tuple(read(raw)) if read else ()
