"""Ids of Google's services in the Cloud Billing Catalog, by which rows of a bill and SKUs are told apart.

A service's name may change, its id does not.
"""

from __future__ import annotations

from typing import Annotated

from k2cr_analysis.platforms.source import Source

_SERVICES = Source(
    "https://cloud.google.com/billing/docs/reference/rest/v1/services/list", "2026-11-23", "public copies"
)

CLOUD_RUN: Annotated[str, _SERVICES] = "152E-C115-5142"
KUBERNETES_ENGINE: Annotated[str, _SERVICES] = "CCD8-9BF1-090E"
COMPUTE_ENGINE: Annotated[str, _SERVICES] = "6F81-5844-456A"
NETWORKING: Annotated[str, _SERVICES] = "E505-1604-58F8"
