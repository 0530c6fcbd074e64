"""Where the resources of a network are made: in the project itself, or in the host project of a Shared VPC.

Subnets, firewall rules, routers and the zone belong to the network's project; what stands in front of a service, to
the service's. Source: Cloud Run, "Connect to a Shared VPC network by Direct VPC egress"; Cloud Load Balancing, "Shared
VPC".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from k2cr_analysis.rendering.text.scripts import PROJECT, REGION
from k2cr_analysis.rendering.text.shell import flag, quote

_IN_PROJECT = re.compile(r"(?:https://[^\s]*/)?projects/([^/]+)/")


@dataclass(frozen=True, slots=True)
class Home:
    """``project`` is the flag. ``network`` and ``subnet`` are names within it, quoted. ``host``: of a Shared VPC."""

    project: str
    network: str
    subnet: str
    subnet_name: str
    host: str | None

    @property
    def regional(self) -> str:
        return f"{self.project} {REGION}"


def home_of(network: str, subnet: str) -> Home:
    """``network`` and ``subnet`` as k2cr.toml names them: by a short name, or as ``projects/HOST/...``."""
    found = _IN_PROJECT.match(network) or _IN_PROJECT.match(subnet)
    host = found[1] if found else None
    short_network, short_subnet = (name.rpartition("/")[2] for name in (network, subnet))
    project = flag("project", host) if host else PROJECT
    return Home(project, quote(short_network), quote(short_subnet), short_subnet, host)


def user_lines(home: Home, project_number: str) -> list[str]:
    """Cloud Run's own account may use the subnet of the host project."""
    if home.host is None:
        return []
    agent = f"serviceAccount:service-{project_number}@serverless-robot-prod.iam.gserviceaccount.com"
    return [
        "# Shared VPC: Cloud Run's service agent takes addresses of the host project's subnet.",
        f"gcloud compute networks subnets add-iam-policy-binding {home.subnet} {home.regional} \\",
        f"  {flag('member', agent)} --role=roles/compute.networkUser >/dev/null",
    ]
