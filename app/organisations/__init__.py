"""Whom do we ask? The register of agencies, schools and their contacts."""
