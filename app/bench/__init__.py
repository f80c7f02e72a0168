"""Measures the goals of performance: each against its floor, in the same run, on the same machine."""
