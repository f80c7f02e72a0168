"""Do we believe it? Heat map, profiles and what-if."""
