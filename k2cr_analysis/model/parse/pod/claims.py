"""How much a volume claims of a disk."""

from __future__ import annotations

from k2cr_analysis.model.parse.access import mapping
from k2cr_analysis.model.workload import Volume
from k2cr_analysis.openapi.quantity import bytes_of, is_quantity


def claimed_bytes(volume: Volume) -> int | None:
    """Of a persistent volume; None of any other, and where the claim is not in the snapshot."""
    asked = mapping(volume.claim, "spec", "resources", "requests").get("storage") if volume.claim else None
    return bytes_of(asked) if isinstance(asked, str | int | float) and is_quantity(asked) else None
