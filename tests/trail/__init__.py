"""Tests of the audit trail's pages."""
