"""Nothing is lost: the real server, killed, raced and cut off; each test has a broken variant to catch."""
