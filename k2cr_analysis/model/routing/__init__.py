"""Entrances of a cluster: who may reach what stands behind them, and how they route requests."""
