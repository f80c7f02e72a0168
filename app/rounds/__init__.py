"""What is under way? A questionnaire, an audience, dates."""
