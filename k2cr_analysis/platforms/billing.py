"""How Google bills: the month that prices are told for, and the ids of its services in the Cloud Billing Catalog."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from k2cr_analysis.platforms.source import Source

_SERVICES = Source(
    "https://cloud.google.com/billing/docs/reference/rest/v1/services/list", "2026-11-23", "public copies"
)
_MANAGED = Source(
    "https://cloud.google.com/billing/docs/reference/rest/v1/services/list",
    None,
    unconfirmed="not confirmed: public copies of the catalogue without a day; a wrong id finds no SKU",
)
_CALCULATOR = Source(
    "https://cloud.google.com/products/calculator",
    None,
    unconfirmed="not confirmed: the calculator is no stored page; 8,760 hours of a year over 12, as price lists do",
)
# Google's own page is cut before this row.
_PROMETHEUS = Source(
    "https://faun.dev/sensei/academy/go/observability-with-prometheus-and-grafana-bef52c-b/"
    "strategies-to-scale-prometheus-managed-prometheu-2/google-cloud-managed-service-for-prometheus-bbfd36",
    "2026-12-01",
    "a course's reading of cloud.google.com/stackdriver/pricing",
)

# Google's calculator and price lists multiply hourly rates so.
HOURS_PER_MONTH: Annotated[Decimal, _CALCULATOR] = Decimal(730)
SECONDS_PER_HOUR = 60 * 60
SECONDS_PER_MONTH: Decimal = HOURS_PER_MONTH * SECONDS_PER_HOUR

# Memory and disks are priced by the GiB: its bytes.
GIB = Decimal(2**30)

# Rows of a bill and SKUs are told apart by them: a service's name may change, its id does not.
CLOUD_RUN: Annotated[str, _SERVICES] = "152E-C115-5142"
KUBERNETES_ENGINE: Annotated[str, _SERVICES] = "CCD8-9BF1-090E"
COMPUTE_ENGINE: Annotated[str, _SERVICES] = "6F81-5844-456A"
NETWORKING: Annotated[str, _SERVICES] = "E505-1604-58F8"
CLOUD_SQL_SERVICE: Annotated[str, _MANAGED] = "9662-B51E-5089"
MEMORYSTORE_REDIS_SERVICE: Annotated[str, _MANAGED] = "5AF5-2C11-D467"
FILESTORE_SERVICE: Annotated[str, _MANAGED] = "D97E-AB26-5D95"

# Samples that Managed Service for Prometheus takes in, up to 50 billion a month; whoever sends them pays the same.
PROMETHEUS_USD_PER_MILLION_SAMPLES: Annotated[Decimal, _PROMETHEUS] = Decimal("0.06")
