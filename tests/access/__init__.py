"""Nobody gets in where they do not belong: every route, every role, every kind of id."""
