"""What do we ask? Definitions, their checker and frozen versions."""
