"""The typed layer around the compiled kernels."""
