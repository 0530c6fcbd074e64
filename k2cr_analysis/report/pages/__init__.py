"""Notebooks run as pages, one by one or as a batch, and their index."""
