"""The EventBridge event of a CloudWatch alarm, metric or composite, as far as the detector believes it.

The event is a hint: what starts a run is what is seen afterwards. So only its shape, its age and its origin are judged
here, and every kind of event that starts nothing is refused with the reason. The shape is that of the CloudWatch
documentation, "Alarm events and EventBridge"; it differs from the payload of an alarm's direct Lambda action.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pilotlight.domain.durations import say_duration, say_elapsed
from pilotlight.domain.errors import InputRefused
from pilotlight.domain.first_fault import first_fault
from pilotlight.domain.plan import Plan

STATE_CHANGE = "CloudWatch Alarm State Change"


class _State(BaseModel):
    model_config = ConfigDict(frozen=True)

    value: str
    timestamp: datetime
    reason: str = ""
    suppressed_by: str | None = Field(None, alias="actionsSuppressedBy")


class _Detail(BaseModel):
    model_config = ConfigDict(frozen=True)

    alarm_name: str = Field(alias="alarmName")
    state: _State | None = None


class AlarmEvent(BaseModel):
    """An alarm event as it arrives on the standby's bus; unknown fields are AWS's to add."""

    model_config = ConfigDict(frozen=True)

    id: str
    account: str
    region: str
    source: str
    detail_type: str = Field(alias="detail-type")
    time: datetime
    resources: tuple[str, ...]
    detail: _Detail

    @classmethod
    def parse(cls, event: Any) -> AlarmEvent:
        """Read an event; raises `InputRefused` with what is wrong with it."""
        try:
            return cls.model_validate(event)
        except ValidationError as error:
            where, what = first_fault(error, "the event")
            raise InputRefused(f"The event is not an alarm event of CloudWatch: {where}: {what}.") from error


@dataclass(frozen=True)
class Hint:
    """Whether an event makes the detector look, and why."""

    look: bool
    sentence: str


def judge(event: AlarmEvent, plan: Plan, alarms: tuple[str, ...], now: datetime) -> Hint:
    """Whether an event is one of this plan's alarms, now, going off; each no has its reason.

    Parameters: `alarms` are the ARNs that the plan listens to.
    """
    name = event.detail.alarm_name
    if event.account != plan.account:
        return Hint(
            False,
            f"The event about alarm {name} comes from account {event.account}, not from {plan.account}, "
            "so it is ignored.",
        )
    if event.source != "aws.cloudwatch" or event.detail_type != STATE_CHANGE:
        return Hint(
            False,
            f"The event '{event.detail_type}' about alarm {name} is not a change of its state, so it is ignored.",
        )
    if not set(event.resources) & set(alarms):
        return Hint(
            False,
            f"Alarm {name} in {event.region} is none that {plan.application} listens to, so its event is ignored.",
        )
    state = event.detail.state
    if state is None or state.value != "ALARM":
        return Hint(False, f"Alarm {name} went to {state.value if state else 'no state'}, which starts nothing.")
    if state.suppressed_by:
        return Hint(
            False,
            f"Alarm {name} went off while suppressed by {state.suppressed_by}, so its event is ignored.",
        )
    age = now - state.timestamp
    if age > plan.decision.max_event_age:
        return Hint(
            False,
            f"The event about alarm {name} is {say_elapsed(age.total_seconds())} old, and one older than "
            f"{say_duration(plan.decision.max_event_age)} starts nothing.",
        )
    return Hint(True, f"Alarm {name} in {event.region} went off: {state.reason or 'no reason given'}.")
