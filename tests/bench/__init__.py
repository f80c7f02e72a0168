"""Tests of the measures, and the goals that hold at every commit."""
