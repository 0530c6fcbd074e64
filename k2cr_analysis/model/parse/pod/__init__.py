"""A PodSpec into the workload model."""
