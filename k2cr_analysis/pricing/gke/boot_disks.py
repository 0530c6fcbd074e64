"""What of the bill's disks are the nodes' own: a node that goes takes its boot disk along.

The export does not say whose a disk is. A node says its boot disk's kind by a label, and by its own storage about how
large it is: less than what is billed, since the file system takes a part, so that no more goes than is paid. Where a
node has no such label, the bill's one kind of disk is taken for it, and none where the bill has several.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from k2cr_analysis.model.cluster import Node
from k2cr_analysis.platforms.billing import GIB
from k2cr_analysis.platforms.gke.cluster import BOOT_DISK, LOCAL_SSD_STORAGE
from k2cr_analysis.queries.bill import BillRow

# Kind of disk -> how the catalogue's description of its capacity begins.
_CAPACITY = {
    "pd-balanced": "Balanced PD Capacity",
    "pd-standard": "Storage PD Capacity",
    "pd-ssd": "SSD backed PD Capacity",
}


def boot_disks(nodes: Iterable[Node], disks: Iterable[BillRow]) -> dict[str, Decimal]:
    """Node -> what its boot disk costs in the time of these rows, which are the cluster's disks."""
    paid, sizes = _by_kind(disks), _sizes(nodes)
    found: dict[str, Decimal] = {}
    for kind, (net, gib_months) in paid.items():
        of_kind = {name: gib for name, (own, gib) in sizes.items() if own == kind or (own is None and len(paid) == 1)}
        asked = sum(of_kind.values(), Decimal(0))
        if asked and gib_months > 0:
            found |= {name: net * gib / max(gib_months, asked) for name, gib in of_kind.items()}
    return found


def _by_kind(disks: Iterable[BillRow]) -> Mapping[str, tuple[Decimal, Decimal]]:
    """Kind -> (what is paid, GiB-months)."""
    found: dict[str, tuple[Decimal, Decimal]] = {}
    for row in disks:
        kind = next((k for k, text in _CAPACITY.items() if (row.sku or "").startswith(text)), None)
        if kind and row.quantity is not None and (row.unit or "").replace(" ", "_").startswith("gibibyte_month"):
            net, quantity = found.get(kind, (Decimal(0), Decimal(0)))
            found[kind] = (net + row.net, quantity + row.quantity)
    return found


def _sizes(nodes: Iterable[Node]) -> Mapping[str, tuple[str | None, Decimal]]:
    """Node -> (kind of its boot disk, GiB); none whose pods' storage is a local SSD."""
    return {
        n.name: (n.labels.get(BOOT_DISK), n.capacity.ephemeral_storage_bytes / GIB)
        for n in nodes
        if n.capacity.ephemeral_storage_bytes and n.labels.get(LOCAL_SSD_STORAGE) != "true"
    }
