"""What did they say? Issuing, answers, sign-off and feedback."""
