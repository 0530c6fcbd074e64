"""Manifests into objects: files and standard input, YAML, JSON, kustomizations."""
