"""NetworkPolicies that hold back what pods send. Source: kubernetes.io, "Network Policies" (egress, policyTypes)."""

from __future__ import annotations

import ipaddress

from k2cr_analysis.model.parse.access import Raw, mapping, objects, text, texts
from k2cr_analysis.model.workload import Workload

_DNS_PORT = 53
_INSIDE = tuple(ipaddress.IPv4Network(r) for r in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"))


def egress_policies(workload: Workload) -> tuple[Raw, ...]:
    """The policies that let the pods call some addresses alone; none where one of them lets everything out."""
    found = [
        raw
        for raw in workload.related.get("NetworkPolicy", ())
        if "Egress" in texts(mapping(raw, "spec"), "policyTypes") or mapping(raw, "spec").get("egress")
    ]
    rules = [rule for raw in found for _, rule in objects(mapping(raw, "spec"), "egress")]
    return tuple(found) if all(rules) else ()


def lets_out(policy: Raw) -> bool:
    """Whether a policy names addresses on the internet, or none at all: any may be called then, on some ports."""
    for _, rule in objects(mapping(policy, "spec"), "egress"):
        ports = {port.get("port") for _, port in objects(rule, "ports")}
        if not rule.get("to") and ports - {_DNS_PORT}:
            return True
        blocks = (text(mapping(to, "ipBlock"), "cidr") for _, to in objects(rule, "to"))
        if any(cidr and not _is_private(cidr) for cidr in blocks):
            return True
    return False


def _is_private(cidr: str) -> bool:
    try:
        block = ipaddress.ip_network(cidr, strict=False)
    except ValueError:
        return False
    inside = isinstance(block, ipaddress.IPv4Network) and any(block.subnet_of(one) for one in _INSIDE)
    return inside or block.is_link_local
