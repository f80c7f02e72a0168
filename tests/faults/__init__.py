"""Faults: what must hold when machines, networks and people do their worst."""
