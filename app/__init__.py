"""Eleven: safeguarding self-assessments for a Safeguarding Children Partnership."""
