"""Tests of the demo partnership."""
