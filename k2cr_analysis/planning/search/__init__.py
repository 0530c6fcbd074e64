"""The best set of workloads to move, and the bound that says how far from it a set can be."""
