"""The audience that Identity-Aware Proxy writes into its signed header: it names what the user came in by.

Source: IAP, "Getting the user's identity with signed headers", "Verifying the JWT payload".
"""

from __future__ import annotations

import re

AUDIENCE = re.compile(r"/projects/\d+/(?:global|regions/[\w-]+)/backendServices/\d+|/projects/\d+/apps/[\w-]+")
