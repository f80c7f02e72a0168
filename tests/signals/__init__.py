"""Tests of heat map, profiles and what-if."""
