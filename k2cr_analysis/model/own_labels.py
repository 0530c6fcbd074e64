"""The labels by which a resource on Cloud Run says which workload it was: render writes them, and the next snapshot
reads them back. Source of the form: Resource Manager, "Requirements for labels".
"""

from __future__ import annotations

import re
from typing import Final

NAMESPACE_LABEL: Final = "k8s-namespace"
WORKLOAD_LABEL: Final = "k8s-workload"
LABEL_LIMIT: Final = 63


def label_value(text: str) -> str:
    """The text as a legal value: lower case, what is not legal as a hyphen, cut to the limit."""
    return re.sub(r"[^a-z0-9_-]", "-", text.lower())[:LABEL_LIMIT]
