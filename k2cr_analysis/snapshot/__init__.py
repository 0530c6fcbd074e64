"""Snapshots: an immutable folder of one cluster over one window.

snapshot.json        provenance: source, window, row counts, sha256 of each file
objects.jsonl.zst    Kubernetes objects, redacted
usage/ traffic/ billing/ prices/    Parquet tables, as ``tables.py`` declares them
"""

from k2cr_analysis.snapshot.objects import SnapshotObject
from k2cr_analysis.snapshot.provenance import KUSTOMIZATION, Notice, Provenance, Superseded
from k2cr_analysis.snapshot.reader import Snapshot, open_snapshot
from k2cr_analysis.snapshot.writer import write_snapshot

__all__ = [
    "KUSTOMIZATION",
    "Notice",
    "Provenance",
    "Snapshot",
    "SnapshotObject",
    "Superseded",
    "open_snapshot",
    "write_snapshot",
]
