"""Raw Kubernetes objects into the workload model. Whatever is joined to a workload is joined here, once."""

from k2cr_analysis.model.parse.cluster import parse_cluster
from k2cr_analysis.model.parse.pod_templates import WORKLOAD_KINDS

__all__ = ["WORKLOAD_KINDS", "parse_cluster"]
