"""Which of the snapshots that the standby holds is meant: the newest whose name begins as the plan says."""

from __future__ import annotations

from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field, field_validator

from pilotlight.domain.durations import Duration


class NewestSnapshot(BaseModel):
    """The newest available snapshot of a series, and how old it may be before readiness complains.

    A prefix, and not a pattern: it stands in a permission too, which then covers this series and nothing else.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    named: str = Field(
        pattern=r"^[a-z][a-z0-9-]*$",
        description="How the names of the series begin, in lower case as AWS stores them.",
        examples=["triflow-weekly-"],
    )
    no_older_than: Duration

    @field_validator("no_older_than")
    @classmethod
    def _takes_some_time(cls, value: timedelta) -> timedelta:
        if not value:
            raise ValueError("a snapshot is never of this moment; say how old it may be")
        return value
