"""Several clusters in one go: which they are, and each into a snapshot of its own."""
