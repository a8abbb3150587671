"""When a drill or a test begins by itself."""

from __future__ import annotations

from pydantic import Field

from pilotlight.domain.part import Part


class Schedule(Part):
    """When runs that put nothing right begin by themselves: drills, and tests of run-books."""

    cron: str = Field(
        pattern=r"^\S+( \S+){5}$",
        description=(
            "Minute, hour, day of the month, month, day of the week, year, as EventBridge Scheduler takes them: "
            "`0 10 ? * WED#1 *` is the first Wednesday of each month at 10:00."
        ),
    )
    zone: str = Field(description="The time zone that the hour is meant in.", examples=["Asia/Seoul"])
