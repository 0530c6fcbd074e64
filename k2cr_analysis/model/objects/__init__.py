"""Kubernetes objects before they are typed: what the API server wrote is taken out, neighbours are merged."""
