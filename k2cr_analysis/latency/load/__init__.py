"""Requests: when they come, and how long each takes alone."""
