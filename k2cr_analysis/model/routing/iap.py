"""The audience that Identity-Aware Proxy writes into its signed header: it names what the user came in by.

Source: IAP, "Getting the user's identity with signed headers", "Verifying the JWT payload".
"""

from __future__ import annotations

import re

from k2cr_analysis.model.parse.access import mapping
from k2cr_analysis.model.workload import Workload

AUDIENCE = re.compile(r"/projects/\d+/(?:global|regions/[\w-]+)/backendServices/\d+|/projects/\d+/apps/[\w-]+")


def iap_may_be_there(workload: Workload) -> bool:
    """Whether a policy that may turn IAP on is named and not seen, or the program expects IAP's signed header."""
    values = [e.value or "" for c in workload.pod.running for e in c.env]
    values += [word for c in workload.pod.running for word in (*c.command, *c.args)]
    return any(u.kind == "BackendConfig" for u in workload.unseen) or any(AUDIENCE.search(v) for v in values)


def asks_for_iap(workload: Workload) -> bool:
    """Whether a policy of its backends turns IAP on."""
    configs = [mapping(raw, "spec") for raw in workload.related.get("BackendConfig", ())]
    configs += [mapping(raw, "spec", "default") for raw in workload.related.get("GCPBackendPolicy", ())]
    return any(mapping(c, "iap").get("enabled") is True for c in configs)
