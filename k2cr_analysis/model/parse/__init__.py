"""Raw Kubernetes objects into the workload model. Whatever is joined to a workload is joined here, once."""
