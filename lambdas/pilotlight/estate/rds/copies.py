"""A database that was restored in the standby: whose it is, how far its data reach, and whether it is the writer.

A copy is tagged in the very call that creates it: by which run, from what, and up to which moment *at least*, because a
restore takes what is newest when it begins. It is nobody's writer until it is adopted: then it bears its own
`DbiResourceId` in a further tag, which no copy of it shares. What bears no such tags is never taken for a copy.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pilotlight.domain.data_loss import DataAtRisk, LossWindow
from pilotlight.domain.durations import say_elapsed
from pilotlight.domain.place import Place
from pilotlight.domain.standing_in import Isolation, Refusal, Remains, drilled
from pilotlight.domain.step import Failed, Standing, StepContext
from pilotlight.estate.rds.instance import RdsInstance, look
from pilotlight.estate.rds.promotion import APPLICATION_TAG, RUN_TAG

ORIGIN_TAG = "pilotlight:restored-from"
REACHES_TAG = "pilotlight:restored-to"
ADOPTED_TAG = "pilotlight:adopted"
ADOPTED_AT_TAG = "pilotlight:adopted-at"
ADOPTED_BY_TAG = "pilotlight:adopted-by"
CREATION_TAGS = (APPLICATION_TAG, RUN_TAG, ORIGIN_TAG, REACHES_TAG)
ADOPTION_TAGS = (ADOPTED_TAG, ADOPTED_AT_TAG, ADOPTED_BY_TAG)

_LONGEST_IDENTIFIER = 63


def origin(place: Place, source: str) -> str:
    """The ARN of the primary's instance, of which it is a copy."""
    return place.arn("rds", f"db:{source}", region=place.primary)


def reaches(copy: RdsInstance) -> datetime | None:
    """The moment up to which it holds all writes at least; None where its tag does not tell."""
    return _moment(copy, REACHES_TAG)


def adopted_at(copy: RdsInstance) -> datetime | None:
    """When it became the writer; None where its tag does not tell."""
    return _moment(copy, ADOPTED_AT_TAG)


def is_adopted(copy: RdsInstance) -> bool:
    """Whether this very instance was made the writer."""
    return bool(copy.resource_id) and copy.tags.get(ADOPTED_TAG) == copy.resource_id


def foreign(copy: RdsInstance, source: str, context: StepContext) -> Failed | None:
    """Why an instance of the copy's name is none of this application's copies of that source; None if it is one."""
    name, place = copy.identifier, context.place
    owner, its_origin = copy.tags.get(APPLICATION_TAG), copy.tags.get(ORIGIN_TAG)
    family = (place.application, *place.shares_with)
    if copy.on_its_own and copy.source is None and owner in family and its_origin == origin(place, source):
        return None
    if owner not in family:
        why = f"it is marked as {owner}'s" if owner else f"it bears no tag {APPLICATION_TAG}"
    elif its_origin != origin(place, source):
        why = f"it was restored from {its_origin}" if its_origin else f"it bears no tag {ORIGIN_TAG}"
    else:
        why = "it is a replica, or in a cluster"
    return Failed(
        f"Instance {name} in {place.standby} is no copy of {origin(place, source)} that {place.application} made, "
        f"because {why}.",
        "Name another instance in the plan and deploy, or delete this one if nobody needs it; then start again.",
    )


def standing_groups(subnet_group: str, parameter_group: str, region: str) -> tuple[Standing, ...]:
    """What a copy is restored into."""
    placed = "A restore without one would stand in the default VPC."
    settings = "A restore takes the default one otherwise."
    return (
        Standing("rds", "subnet group", region, {"name": subnet_group}, placed),
        Standing("rds", "parameter group", region, {"name": parameter_group}, settings),
    )


def apart(what: str, name: str, isolation: Isolation) -> dict[str, Any] | Refusal:
    """What differs of a drill's copy, which stands in one zone; or why there can be none. `what` begins a sentence."""
    stand_in = drilled(name)
    if len(stand_in) > _LONGEST_IDENTIFIER:
        return Refusal(
            f"{what} {name} has no stand-in for drills, because {stand_in} is longer than the {_LONGEST_IDENTIFIER} "
            "characters that RDS allows; give the copy a shorter name."
        )
    return {"instance": stand_in, "multi_az": False, "security_groups": isolation.security_groups}


def standing(name: str, context: StepContext) -> Remains | None:
    """What stands under the name of a drill's copy, and which drill made it."""
    copy = look(context, name)
    if copy is None:
        return None
    drilled = copy.tags.get(APPLICATION_TAG) == context.place.application
    made_by = copy.tags.get(RUN_TAG, "") if drilled else ""
    return Remains.of(f"Database {name}", copy.status, made_by)


def loss_of_copy(copy: RdsInstance, source: str, context: StepContext, onset: datetime) -> DataAtRisk:
    """Which writes before the onset the copy may lack; unknown where its tags do not tell."""
    unknown = f"What copy {copy.identifier} lacks is unknown"
    refused = foreign(copy, source, context)
    if refused:
        return DataAtRisk(f"{unknown}: {refused.reason}")
    if is_adopted(copy):
        sentence = (
            f"Copy {copy.identifier} is the writer already, so this run loses nothing more; what was lost stands in "
            "the report of the run that adopted it."
        )
        return DataAtRisk(sentence, LossWindow(onset, onset))
    until = reaches(copy)
    if until is None:
        return DataAtRisk(f"{unknown}, because its tag {REACHES_TAG} does not tell how far it reaches.")
    return loss_up_to(f"Copy {copy.identifier}", until, onset)


def loss_up_to(what: str, until: datetime, onset: datetime) -> DataAtRisk:
    """Which writes are lost where all up to a moment are kept."""
    window = LossWindow(min(until, onset), onset)
    if not window.seconds:
        return DataAtRisk(
            f"{what} reaches to {until:%H:%M:%S} UTC, so no write before the onset is lost.", window, until
        )
    sentence = f"{what} reaches to {until:%Y-%m-%d %H:%M:%S} UTC, so the writes {window} may be lost"
    return DataAtRisk(f"{sentence}, {say_elapsed(window.seconds)}.", window, until)


def _moment(copy: RdsInstance, tag: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(copy.tags.get(tag, ""))
    except ValueError:
        return None
    return found if found.tzinfo else None
