"""Hostile input: naughty texts, files, requests and sequences, and the limits that hold them."""
