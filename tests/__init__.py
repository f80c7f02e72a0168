"""Tests of Eleven, room by room."""
