"""Tests of improvement actions."""
