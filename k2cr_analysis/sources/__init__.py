"""Sources into a snapshot: they only read, and write nothing but a snapshot.

manifests, table_files    files that a person has
live                      a running cluster: cluster_api, monitoring, billing_export, catalog; each by itself, resumable
"""

from k2cr_analysis.sources.collection import collect_manifests as collect

__all__ = ["collect"]
