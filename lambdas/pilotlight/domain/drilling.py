"""What a failover plan says of its drills: what keeps them apart, what they do in place of what, when they begin."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pydantic import AwareDatetime, Field, model_validator

from pilotlight.domain.durations import Duration
from pilotlight.domain.part import Name, Part
from pilotlight.domain.schedule import Schedule
from pilotlight.domain.stages import RunStep


class DeclaredStandIn(Part):
    """What a drill does in place of a step that has no stand-in of its own."""

    kind: str
    params: dict[str, Any] = Field(default_factory=dict)


class MayDo(Part):
    """Something that the drilled application may do in AWS."""

    actions: tuple[str, ...] = Field(min_length=1, examples=[["s3:GetObject"]])
    resources: tuple[str, ...] = Field(min_length=1, examples=[["arn:aws:s3:::fileflow-drill-storage/*"]])


class Blocked(Part):
    """A time in which no drill starts."""

    begins: AwareDatetime = Field(description="In quotes, with its zone.", examples=["2026-12-20T00:00:00+09:00"])
    ends: AwareDatetime
    because: str = Field(min_length=1, examples=["the year's end sale"])

    @model_validator(mode="after")
    def _is_a_span(self) -> Blocked:
        if self.ends <= self.begins:
            raise ValueError("a blocked time ends after it begins")
        return self


class Drilling(Part):
    """How an application is drilled: what keeps the drill apart, what it does in place of what, and when."""

    security_groups: tuple[str, ...] = Field(
        min_length=1,
        max_length=5,
        description="Groups in the standby that databases, caches and tasks of the drill have, and nothing else has.",
    )
    stand_ins: dict[Name, DeclaredStandIn] = Field(
        default_factory=dict, description="By the name of the step, where it has no stand-in of its own."
    )
    then: tuple[RunStep, ...] = Field((), description="What a drill does besides when all serves: a smoke transaction.")
    application_may: tuple[MayDo, ...] = Field(
        (),
        description="What the drilled application may do in AWS, under the role pilotlight-APPLICATION-drill-task.",
    )
    time_to_live: Duration = Field(
        timedelta(hours=6), description="A drill that is not over by then is stopped and cleaned up."
    )
    usd_per_hour: float = Field(gt=0, description="What the stand-ins cost for an hour, by the owner's reckoning.")
    usd_at_most: float = Field(gt=0, description="What one drill may cost: its time to live is refused beyond that.")
    schedule: Schedule | None = None
    blocked: tuple[Blocked, ...] = ()
