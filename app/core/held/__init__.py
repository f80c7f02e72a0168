"""What each table holds about whom: the register behind export, erasure, retention and the documents."""
