"""Words that mails share: how far off a day is, how far a return is, how long it takes."""

from datetime import date
from typing import Final

# What a question takes on average, for the line that says how long it will take; an estimate of ours.
MINUTES_A_QUESTION: Final = 3


def when_words(due_on: date, today: date) -> str:
    """Say how far off a day is: today, tomorrow, in 7 days, yesterday, 7 days ago."""
    days = (due_on - today).days
    near = {0: "today", 1: "tomorrow", -1: "yesterday"}
    if days in near:
        return near[days]
    return f"in {days} days" if days > 0 else f"{-days} days ago"


def progress_words(answered: int, total: int) -> str:
    """Say how far a return is: 34 of 58 questions answered."""
    return f"{answered} of {total} question{'' if total == 1 else 's'} answered"


def time_words(left: int) -> str:
    """Say how long so many questions take, roughly; a complete return only wants reading and signing."""
    if left <= 0:
        return "a few minutes to read and sign"
    minutes = left * MINUTES_A_QUESTION
    if minutes < 60:
        about = f"{max(10, -(-minutes // 10) * 10)} minutes"
    else:
        halves = -(-minutes // 30)
        hours = f"{halves // 2}{'½' if halves % 2 else ''}"
        about = f"{hours} hour{'' if hours == '1' else 's'}"
    return f"about {about} for the {left} question{'' if left == 1 else 's'} still to answer"
