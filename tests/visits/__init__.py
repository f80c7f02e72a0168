"""Tests of assurance visits."""
