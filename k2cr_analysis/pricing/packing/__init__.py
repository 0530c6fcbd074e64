"""Pods on nodes: which nodes go when workloads leave, and what other sizes and machines would cost."""
