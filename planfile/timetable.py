"""When a schedule begins something: the six fields of EventBridge Scheduler's cron, read in their time zone.

Scheduler counts the days of the week from Sunday as 1, and needs a `?` in one of the two fields for days (EventBridge
Scheduler User Guide, "Schedule types").
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from pilotlight.domain.schedule import Schedule
from planfile.faults import Complaint, Where

_ANY_TIME = datetime(2026, 1, 1, tzinfo=UTC)
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


class NoTimetable(ValueError):
    """A schedule that cannot be read; the text is the sentence for the user."""


def next_start(schedule: Schedule, after: datetime) -> datetime:
    """When it begins the next time, in UTC; raises `NoTimetable` naming what is wrong with the schedule."""
    minute, hour, day, month, weekday, year = schedule.cron.split(" ")
    if year != "*":
        raise NoTimetable(f"The year of '{schedule.cron}' is {year}; write * there, for it goes on.")
    if (day == "?") == (weekday == "?"):
        raise NoTimetable(f"One of the two fields for days of '{schedule.cron}' is ?, and the other one says the day.")
    fields = (minute, hour, day.replace("?", "*"), month, _of_cron(weekday))
    try:
        zone = ZoneInfo(schedule.zone)
    except (KeyError, ValueError, OSError):
        raise NoTimetable(f"There is no time zone '{schedule.zone}'; name one as in Asia/Seoul.") from None
    try:
        found = next(CronSim(" ".join(fields), after.astimezone(zone)))
    except (CronSimError, StopIteration):
        raise NoTimetable(
            f"'{schedule.cron}' names no moment; write minute, hour, day of the month, month, day of the week and "
            "year, as in `0 10 ? * WED#1 *`."
        ) from None
    return found.astimezone(UTC)


def _of_cron(weekday: str) -> str:
    """The day of the week as cron writes it, which counts from Sunday as 0."""
    first, _, ordinal = weekday.replace("?", "*").partition("#")
    day = _DAYS[int(first) - 1] if first in "1234567" else first
    return f"{day}#{ordinal}" if ordinal else day


def no_moment(schedule: Schedule | None, where: Where) -> Iterator[Complaint]:
    """What is wrong with a schedule, at its place in the plan."""
    if schedule is None:
        return
    try:
        next_start(schedule, _ANY_TIME)
    except NoTimetable as wrong:
        yield Complaint(where, str(wrong))
