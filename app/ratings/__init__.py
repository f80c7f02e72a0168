"""How do we judge an answer? Levels, the rating rule with its reasons, stored ratings."""
