"""Workbooks: what goes on which sheet. Reads through the rooms' queries, never writes."""
