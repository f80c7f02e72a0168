"""Time: stored in UTC, shown in London, and always handed in by the caller."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """Return the time now, in UTC."""
    return datetime.now(UTC)


def london_date(moment: datetime) -> date:
    """Return the calendar day in London at a moment."""
    return moment.astimezone(LONDON).date()


def end_of_day(day: date) -> datetime:
    """Return the first moment after a day in London: a return due on a day is in time until then."""
    return datetime.combine(day + timedelta(days=1), time(), LONDON).astimezone(UTC)


def morning_of(day: date) -> datetime:
    """Return 8am in London on a day: when mails that are meant for that day leave."""
    return datetime.combine(day, time(8), LONDON).astimezone(UTC)


def long_date(day: date) -> str:
    """Write a day as people read it: Friday 29 January 2027."""
    return f"{day:%A} {day.day} {day:%B %Y}"


def short_date(day: date) -> str:
    """Write a day for tables: 29 Jan 2027."""
    return f"{day.day} {day:%b %Y}"


def clock_time(moment: datetime) -> str:
    """Write a time of day in London: 9:42am."""
    return time_of_day(moment.astimezone(LONDON).time())


def time_of_day(value: time) -> str:
    """Write a time that is the same on every day: 8:30am."""
    return f"{value.hour % 12 or 12}:{value:%M}{'am' if value.hour < 12 else 'pm'}"


def date_and_time(moment: datetime) -> str:
    """Write a moment in London: 29 January 2027 at 9:42am."""
    local = moment.astimezone(LONDON)
    return f"{local.day} {local:%B %Y} at {clock_time(moment)}"
