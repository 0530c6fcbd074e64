"""Verbs that need no snapshot: one shape's price, the latency model, the price book."""
