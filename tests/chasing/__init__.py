"""Tests of response progress and the chase list."""
