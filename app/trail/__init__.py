"""The audit trail for people to read: who did what, who read what."""
