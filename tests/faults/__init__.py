"""Nothing is lost: killed, raced, cut off and restored; each test has a broken variant to catch."""
