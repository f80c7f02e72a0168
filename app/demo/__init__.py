"""The demo partnership: invented, generated from a seed, the same each time."""
