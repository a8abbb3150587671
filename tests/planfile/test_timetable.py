"""When the next drill begins, as EventBridge Scheduler would begin it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pilotlight.domain.schedule import Schedule
from planfile.timetable import NoTimetable, next_start


def after(moment: str, cron: str, zone: str = "Asia/Seoul") -> str:
    schedule = Schedule(cron=cron, zone=zone)
    return next_start(schedule, datetime.fromisoformat(moment).replace(tzinfo=UTC)).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("moment", "cron", "begins"),
    [
        # 10:00 in Seoul is 01:00 UTC; the first Wednesday of December 2026 is the 2nd.
        ("2026-11-21 00:00", "0 10 ? * WED#1 *", "2026-12-02 01:00"),
        ("2026-12-02 00:59", "0 10 ? * WED#1 *", "2026-12-02 01:00"),
        ("2026-12-02 01:00", "0 10 ? * WED#1 *", "2027-01-06 01:00"),
        # Scheduler counts from Sunday as 1, so that 4 is a Wednesday.
        ("2026-11-21 00:00", "0 10 ? * 4#1 *", "2026-12-02 01:00"),
        ("2026-11-21 00:00", "0 10 ? * 1 *", "2026-11-22 01:00"),
        ("2026-11-21 00:00", "30 3 1 * ? *", "2026-11-30 18:30"),
        ("2026-11-21 00:00", "0 23 ? 1,4,7,10 SAT#1 *", "2027-01-02 14:00"),
    ],
)
def test_it_is_the_next_moment_in_its_zone(moment: str, cron: str, begins: str) -> None:
    assert after(moment, cron) == begins


def test_summer_time_moves_it_in_utc_and_not_for_people() -> None:
    berlin = "0 10 ? * WED#1 *"

    assert after("2026-03-01 00:00", berlin, "Europe/Berlin") == "2026-03-04 09:00"
    assert after("2026-03-31 00:00", berlin, "Europe/Berlin") == "2026-04-01 08:00"


@pytest.mark.parametrize(
    ("cron", "zone", "why"),
    [
        ("0 10 ? * WED 2027", "UTC", "The year of '0 10 ? * WED 2027' is 2027"),
        ("0 10 ? * ? *", "UTC", "One of the two fields for days"),
        ("0 10 1 * WED *", "UTC", "One of the two fields for days"),
        ("0 99 ? * WED *", "UTC", "names no moment"),
        ("0 10 30 2 ? *", "UTC", "names no moment"),
        ("0 10 ? * WED *", "Mars/Olympus", "There is no time zone 'Mars/Olympus'"),
    ],
)
def test_what_names_no_moment_is_refused_with_the_reason(cron: str, zone: str, why: str) -> None:
    with pytest.raises(NoTimetable, match=why.replace("?", r"\?").replace("*", r"\*")):
        after("2026-11-21 00:00", cron, zone)
