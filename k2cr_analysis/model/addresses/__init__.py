"""Addresses in what a pod is told: which hosts its values name, and where each of them is written."""
