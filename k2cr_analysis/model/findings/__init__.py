"""Findings, the registry of rules that make them, and a person's word on them."""
