"""Who is asking? Users, roles, sign-in links and sessions."""
