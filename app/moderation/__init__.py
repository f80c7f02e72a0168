"""Do we agree? Officers look at each self-rating, ask, validate or change it, and release the result."""
