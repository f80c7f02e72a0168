"""Who has not answered? Response progress, non-responders and the call log."""
