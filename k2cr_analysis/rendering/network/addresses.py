"""Addresses of what stays in the cluster: how a container on Cloud Run reaches it, and which values change for that.

A Service of the cluster is reached through an internal load balancer (``gke-internal-lb.yaml``) whose address
``network.sh`` enters in a private DNS zone under the Service's own full name. So a value changes only where it used a
short name, which needs the cluster's search path: the letters of the host, and no others. An ExternalName Service is an
alias in the cluster's DNS alone: the name that it stands for takes its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from k2cr_analysis.model.addresses.address import Address, Span
from k2cr_analysis.model.addresses.grammar import mentions
from k2cr_analysis.model.dependency import Dependency

CLUSTER_DOMAIN = "svc.cluster.local"


@dataclass(frozen=True, slots=True)
class ClusterService:
    """A Service of the cluster that the workload calls."""

    namespace: str
    name: str

    @property
    def host(self) -> str:
        return f"{self.name}.{self.namespace}.{CLUSTER_DOMAIN}"


@dataclass(frozen=True, slots=True)
class _Change:
    address: Address
    host: str  # what takes its place
    why: str


class Addresses:
    """The Services that one workload calls, and where the manifest names them."""

    def __init__(self, namespace: str, dependencies: Iterable[Dependency]) -> None:
        self._by_path: dict[str, list[_Change]] = {}
        self._new_hosts: dict[str, str] = {}
        for dependency in dependencies:
            for address in dependency.addresses:
                new = _new_host(dependency, address.host, namespace)
                if new and address.host != new[0] and address.is_writable:
                    self._by_path.setdefault(_entry_of(address.place.path), []).append(_Change(address, *new))
                    self._new_hosts[address.host] = new[0]

    def redirect(self, value: str, path: str) -> tuple[str, str | None]:
        """``value`` with short names of Services made full, and why; unchanged and None where there are none."""
        changes = self._by_path.get(_entry_of(path), [])
        spans = {span: change for change in changes for span in _spans(change.address, value)}
        text = value
        for (start, end), change in sorted(spans.items(), key=lambda item: item[0], reverse=True):
            text = f"{text[:start]}{change.host}{text[end:]}"
        reasons = dict.fromkeys(spans[span].why for span in sorted(spans))
        return (text, "; ".join(reasons)) if spans else (value, None)

    def beside_proxy(self, name: str, value: str) -> tuple[str, str | None]:
        """The list of hosts that are called without the proxy (``NO_PROXY``), with the new names of those in it."""
        if name.upper() != "NO_PROXY" or value.strip() == "*":
            return value, None
        listed = [item.strip().lower() for item in value.split(",")]
        new = dict.fromkeys(
            full
            for host, full in sorted(self._new_hosts.items())
            if _is_listed(host, listed) and not _is_listed(full, listed)
        )
        if not new:
            return value, None
        return ",".join([value, *new]), "hosts that go past the proxy keep doing so by the names that they now have"


def _is_listed(host: str, listed: Iterable[str]) -> bool:
    """As curl and Go read it: the host itself, or a domain that it ends with."""
    return any(item and (host == item.lstrip(".") or host.endswith(f".{item.lstrip('.')}")) for item in listed)


def _new_host(dependency: Dependency, written: str, namespace: str) -> tuple[str, str] | None:
    """(the host that takes the place of what is written, why)."""
    if dependency.alias_of:
        return (
            dependency.alias_of,
            f"{dependency.service} is an alias in the cluster's DNS alone, of {dependency.alias_of}",
        )
    if not (dependency.in_cluster and dependency.service):
        return None
    host = ClusterService(dependency.namespace or namespace, dependency.service).host
    pod = written.partition(".")[0]
    if pod in dependency.pods:  # each pod keeps its own name in front
        why = f"{pod} has an internal load balancer of its own; Cloud Run has no cluster search path for short names"
        return f"{pod}.{host}", why
    why = f"{host} leads to the cluster's internal load balancer; Cloud Run has no cluster search path for short names"
    return host, why


def _spans(address: Address, value: str) -> list[Span]:
    """Where the host stands in a value: as it was found, or as the same host where the value has changed since."""
    if value == address.text and address.span:
        return [address.span]
    return [m.span for m in mentions(value) if m.host == address.host]


def _entry_of(path: str) -> str:
    """The entry that a path leads into: ``...containers[0].env[3].value`` -> ``...containers[0].env[3]``."""
    match = re.match(r".*\.(?:env|args|command)\[\d+\]", path)
    return match[0] if match else path
