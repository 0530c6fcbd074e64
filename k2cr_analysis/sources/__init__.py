"""Sources: manifests and table files into a snapshot. They only read, and write nothing but a snapshot."""

from k2cr_analysis.sources.collection import collect_manifests as collect

__all__ = ["collect"]
