"""Addresses of what stays in the cluster: how a container on Cloud Run reaches it, and which values change for that.

A Service of the cluster is reached through an internal load balancer (``gke-internal-lb.yaml``) whose address
``network.sh`` enters in a private DNS zone under the Service's own full name. So a value changes only where it used a
short name, which needs the cluster's search path.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass

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


class Addresses:
    """The Services that one workload calls, and where the manifest names them."""

    def __init__(self, namespace: str, dependencies: Iterable[Dependency]) -> None:
        self._namespace = namespace
        self._by_path: dict[str, list[ClusterService]] = {}
        for dependency in dependencies:
            if dependency.in_cluster and dependency.service:
                service = ClusterService(dependency.namespace or namespace, dependency.service)
                self._by_path.setdefault(_entry_of(dependency.path), []).append(service)

    def redirect(self, value: str, path: str) -> tuple[str, str | None]:
        """``value`` with short names of Services made full, and why; unchanged and None where there are none."""
        changed: list[str] = []
        for service in self._by_path.get(_entry_of(path), ()):
            new = self._pattern(service).sub(service.host, value)
            if new != value:
                changed.append(service.host)
                value = new
        if not changed:
            return value, None
        names = ", ".join(dict.fromkeys(changed))
        return (
            value,
            f"{names} leads to the cluster's internal load balancer; Cloud Run has no cluster search path "
            "for short names",
        )

    def _pattern(self, service: ClusterService) -> re.Pattern[str]:
        full = rf"{re.escape(service.name)}\.{re.escape(service.namespace)}(?:\.svc(?:\.cluster\.local)?)?"
        # A bare name means the workload's own namespace.
        short = rf"|{re.escape(service.name)}" if service.namespace == self._namespace else ""
        return re.compile(rf"(?<![A-Za-z0-9_.\-])(?:{full}{short})(?![A-Za-z0-9_\-]|\.[A-Za-z0-9])\.?")


def _entry_of(path: str) -> str:
    """The entry that a path leads into: ``...containers[0].env[3].value`` -> ``...containers[0].env[3]``."""
    match = re.match(r".*\.(?:env|args|command)\[\d+\]", path)
    return match[0] if match else path


def is_private(host: str) -> bool:
    """An address or name that only the VPC network knows."""
    bare = host.partition("://")[2] or host
    bare = bare.split("/", 1)[0].rpartition("@")[2]
    bare = bare.rsplit(":", 1)[0] if bare.count(":") == 1 else bare
    try:
        address = ipaddress.ip_address(bare.strip("[]"))
    except ValueError:
        return bare.endswith((".internal", ".local")) and bare != "metadata.google.internal"
    return address.is_private and not address.is_loopback and not address.is_link_local
