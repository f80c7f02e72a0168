"""What goes out of the house: the container image and its deployment."""
