"""What AWS says of itself: an event of AWS Health, as far as it explains an incident of a plan.

It is delivered as best effort, sometimes late and never for certain, so it decides nothing: it makes a look earlier,
and stands beside what the observers see. A public event comes in its own region and, at the same time, in a backup
region, us-west-2 (for us-west-2 itself: us-east-1); one about this account comes in its own region alone; one that is
of no region comes in us-east-1 and us-west-2 (AWS Health User Guide, "Creating EventBridge rules for AWS Region
coverage" and "Monitoring account-specific and public events").
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from pilotlight.domain.alarm_event import Hint
from pilotlight.domain.errors import InputRefused
from pilotlight.domain.first_fault import first_fault
from pilotlight.domain.plan import Plan

HEALTH_EVENT = "AWS Health Event"
ISSUE = "issue"
OF_NO_REGION = "global"
BACKUP_REGION, BACKUP_OF_BACKUP = "us-west-2", "us-east-1"

UNDER_ALL = frozenset({"EC2", "VPC", "INTERNETCONNECTIVITY", "MULTIPLE_SERVICES", "ROUTE53", "LAMBDA", "DYNAMODB"})
"""What everything in a region stands on, the controller itself included, by Health's own codes of services."""

_CODES = {"elasticloadbalancing": "ELASTICLOADBALANCING", "cognito-idp": "COGNITO", "cognito-identity": "COGNITO"}


def backup_of(region: str) -> str:
    """Where the public events of a region come as well."""
    return BACKUP_OF_BACKUP if region == BACKUP_REGION else BACKUP_REGION


def health_regions(plan: Plan) -> tuple[str, ...]:
    """Where events about the plan's regions come that have to be forwarded to its standby."""
    primary, standby = plan.regions.primary, plan.regions.standby
    regions = dict.fromkeys((primary, backup_of(primary), backup_of(standby)))
    return tuple(region for region in regions if region != standby) if plan.signals.aws_health else ()


def health_pattern(plan: Plan) -> dict[str, Any]:
    """The pattern of the events that may explain an incident of the plan."""
    regions = [plan.regions.primary, plan.regions.standby, OF_NO_REGION]
    detail = {"eventTypeCategory": [ISSUE], "eventRegion": regions}
    return {"source": ["aws.health"], "detail-type": [HEALTH_EVENT], "detail": detail}


def _moment(value: Any) -> Any:
    """A moment as Health writes it, `Sat, 21 Nov 2026 01:01:00 GMT`; what is written otherwise is left to pydantic."""
    if not isinstance(value, str):
        return value
    try:
        found = parsedate_to_datetime(value)
    except ValueError:
        return value
    return found if found.tzinfo else found.replace(tzinfo=UTC)


Moment = Annotated[datetime, BeforeValidator(_moment)]


class _Description(BaseModel):
    model_config = ConfigDict(frozen=True)

    latest: str = Field("", alias="latestDescription")


class _Entity(BaseModel):
    model_config = ConfigDict(frozen=True)

    value: str = Field("", alias="entityValue")


class _Detail(BaseModel):
    model_config = ConfigDict(frozen=True)

    arn: str = Field(alias="eventArn")
    service: str
    code: str = Field("", alias="eventTypeCode")
    category: str = Field(alias="eventTypeCategory")
    scope: str = Field("", alias="eventScopeCode")
    region: str = Field("", alias="eventRegion")
    status: str = Field("open", alias="statusCode")
    started: Moment | None = Field(None, alias="startTime")
    ended: Moment | None = Field(None, alias="endTime")
    descriptions: tuple[_Description, ...] = Field((), alias="eventDescription")
    entities: tuple[_Entity, ...] = Field((), alias="affectedEntities")


class HealthEvent(BaseModel):
    """An event of AWS Health as it arrives; unknown fields are AWS's to add."""

    model_config = ConfigDict(frozen=True)

    account: str
    source: str
    region: str = ""
    detail: _Detail

    @classmethod
    def parse(cls, event: Any) -> HealthEvent:
        """Read an event; raises `InputRefused` with what is wrong with it."""
        try:
            return cls.model_validate(event)
        except ValidationError as error:
            where, what = first_fault(error, "the event")
            raise InputRefused(f"The event is not one of AWS Health: {where}: {what}.") from error

    @property
    def affected(self) -> str:
        """The region that it speaks of; an older event names it in its ARN alone."""
        return self.detail.region or (self.detail.arn.split(":")[3:4] or [""])[0]

    @property
    def over(self) -> bool:
        """Whether AWS says that it is over."""
        return self.detail.status == "closed"

    @property
    def sentence(self) -> str:
        """What AWS says, in one sentence, with the beginning of its own words."""
        detail = self.detail
        where = f"in {self.affected}" if self.affected and self.affected != OF_NO_REGION else "in no one region"
        what = detail.code.removeprefix(f"AWS_{detail.service}_").replace("_", " ").lower() or "issue"
        since = f" since {detail.started:%H:%M} UTC" if detail.started else ""
        until = f", over since {detail.ended:%H:%M} UTC" if self.over and detail.ended else ", which is over"
        about = "about this account" if detail.scope == "ACCOUNT_SPECIFIC" else "to everybody"
        said = f"{what.capitalize()} of {detail.service} {where}{since}{until if self.over else ''}, AWS says {about}"
        words = detail.descriptions[0].latest if detail.descriptions else ""
        return f"{said}. {words}".strip() if words else f"{said}."


def codes_of(prefixes: Iterable[str]) -> frozenset[str]:
    """Health's codes of the services that actions of these prefixes belong to, with what is under all of them."""
    return UNDER_ALL | {_CODES.get(prefix, prefix.replace("-", "").upper()) for prefix in prefixes}


def judge_health(event: HealthEvent, plan: Plan, services: frozenset[str]) -> Hint:
    """Whether an event may explain an incident of the plan, which makes a look earlier; each no has its reason."""
    detail = event.detail
    if event.account != plan.account or event.source != "aws.health":
        return Hint(False, f"The event of AWS Health comes from account {event.account}, so it is ignored.")
    if detail.category != ISSUE:
        return Hint(False, f"The event of AWS Health is of category {detail.category} and no issue, so it is ignored.")
    if event.affected not in (plan.regions.primary, plan.regions.standby, OF_NO_REGION):
        return Hint(False, f"The event of AWS Health is about {event.affected}, where {plan.application} is not.")
    if detail.service not in services:
        return Hint(False, f"{plan.application} does not use {detail.service}, which AWS Health speaks of.")
    return Hint(True, event.sentence)
