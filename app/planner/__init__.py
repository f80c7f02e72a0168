"""What is next? The home page of each role."""
