"""Whom do we go and see, and what do we ask there? Assurance visits, from selection to report."""
