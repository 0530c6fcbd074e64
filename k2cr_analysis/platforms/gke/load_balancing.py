"""Where Google's load balancers come from."""

from __future__ import annotations

from typing import Annotated

from k2cr_analysis.platforms.source import Source

_FIREWALL = Source("https://docs.cloud.google.com/load-balancing/docs/firewall-rules", "2026-12-01")

# Front ends and health checks of Application Load Balancers, for firewall rules at what they lead to.
FRONT_END_RANGES: Annotated[str, _FIREWALL] = "130.211.0.0/22,35.191.0.0/16"
