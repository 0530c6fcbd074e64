"""Raw Kubernetes objects into the workload model. Whatever is joined to a workload is joined here, once."""

from k2cr_analysis.model.parse.cluster import WORKLOAD_KINDS, parse_cluster

__all__ = ["WORKLOAD_KINDS", "parse_cluster"]
