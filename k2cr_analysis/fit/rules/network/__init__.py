"""Ports, protocols, entrances, names and neighbours."""
