"""Signals: what is worth a second look at an organisation, and why; never part of a rating."""
