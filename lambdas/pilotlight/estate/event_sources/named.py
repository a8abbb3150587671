"""Which event sources a plan names, what may be done to them, and how they stand."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from pilotlight.domain.part import Part
from pilotlight.domain.place import Place
from pilotlight.domain.step import Access, Operation, Params, Standing, Statement
from pilotlight.estate.event_sources import mappings, rules, schedules
from pilotlight.estate.event_sources.mappings import Mapping
from pilotlight.estate.event_sources.rules import DEFAULT_BUS, EventRule
from pilotlight.estate.event_sources.schedules import Schedule
from pilotlight.estate.event_sources.source import EventSource

OPERATIONS = (*mappings.OPERATIONS, *rules.OPERATIONS, *schedules.OPERATIONS)

Uuid = Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
RuleName = Annotated[str, Field(pattern=r"^[.\-_A-Za-z0-9]{1,64}$")]


class NamedSchedule(Part):
    """A schedule of EventBridge Scheduler; to change one, its role has to be passed anew."""

    name: str = Field(pattern=r"^[0-9A-Za-z_.-]{1,64}$")
    group: str = Field("default", pattern=r"^[0-9A-Za-z_.-]{1,64}$")
    role: str = Field(
        pattern=r"^[\w+=,.@-]{1,64}$", description="The name of the role under which it calls its target."
    )


class EventSourcesParams(Params):
    """Which event sources are meant; at least one, each once."""

    mappings: tuple[Uuid, ...] = Field((), max_length=20, description="UUIDs of Lambda's event source mappings.")
    rules: tuple[RuleName, ...] = Field((), max_length=20, description="Names of EventBridge rules, all on one bus.")
    event_bus: str = Field(DEFAULT_BUS, pattern=r"^[/.\-_A-Za-z0-9]{1,256}$", description="The bus of the rules.")
    schedules: tuple[NamedSchedule, ...] = Field((), max_length=20, description="Schedules of EventBridge Scheduler.")

    @model_validator(mode="after")
    def _something_is_named_once(self) -> Self:
        for named in (self.mappings, self.rules, [(s.group, s.name) for s in self.schedules]):
            if len(set(named)) < len(named):
                raise ValueError("name each mapping, each rule and each schedule once")
        if not self.names:
            raise ValueError("name at least one mapping, rule or schedule")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, by name; first those whose names say something."""
        return (*self.rules, *(schedule.name for schedule in self.schedules), *self.mappings)

    @property
    def said(self) -> str:
        """All of them, in few words."""
        first, *more = self.names
        return first + (f" and {len(more)} more" if more else "")


def sources_of(params: EventSourcesParams, place: Place, region: str) -> tuple[EventSource, ...]:
    """The sources in that region."""
    return (*_mappings(params, place, region), *_rules(params, place, region), *_schedules(params, place, region))


def statements_on(params: EventSourcesParams, place: Place, region: str, tag: str) -> tuple[Statement, ...]:
    """Each named source in that region; of tags, only the one; of roles, only those of the named schedules."""
    given: tuple[tuple[tuple[Operation, ...], tuple[EventSource, ...]], ...] = (
        (mappings.OPERATIONS, _mappings(params, place, region)),
        (rules.OPERATIONS, _rules(params, place, region)),
        (schedules.OPERATIONS, _schedules(params, place, region)),
    )
    ours = {"ForAllValues:StringEquals": {"aws:TagKeys": [tag]}}
    statements: list[Statement] = []
    for operations, sources in given:
        arns = tuple(source.arn for source in sources)
        for access, tagging in ((Access.READ, False), (Access.WRITE, False), (Access.WRITE, True)):
            chosen = [o for o in operations if o.access is access and tagging is _tags(o)]
            actions = tuple(f"{o.service}:{o.name}" for o in chosen)
            if arns and actions:
                statements.append(Statement(access, actions, arns, ours if tagging else {}))
    if params.schedules:
        roles = sorted({f"arn:aws:iam::{place.account}:role/{schedule.role}" for schedule in params.schedules})
        to_scheduler = {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}}
        statements.append(Statement(Access.PASS_ROLE, ("iam:PassRole",), tuple(roles), to_scheduler))
    return tuple(statements)


def standing_sources(
    params: EventSourcesParams, place: Place, region: str, why: str, *, on: bool
) -> tuple[Standing, ...]:
    """The sources as they stand in that region before an incident: all of them on, or all off."""
    state = {"on": on}
    roles = f"arn:aws:iam::{place.account}:role"
    return (
        *(Standing("lambda", "mapping", region, {"uuid": uuid, **state}, why) for uuid in params.mappings),
        *(
            Standing("events", "rule", region, {"name": name, "bus": params.event_bus, **state}, why)
            for name in params.rules
        ),
        *(
            Standing(
                "scheduler",
                "schedule",
                region,
                {**schedule.model_dump(), "role_arn": f"{roles}/{schedule.role}", **state},
                why,
            )
            for schedule in params.schedules
        ),
    )


def _tags(operation: Operation) -> bool:
    return operation.name in ("TagResource", "UntagResource")


def _mappings(params: EventSourcesParams, place: Place, region: str) -> tuple[Mapping, ...]:
    arns = {uuid: place.arn("lambda", f"event-source-mapping:{uuid}", region=region) for uuid in params.mappings}
    return tuple(Mapping(uuid, arn) for uuid, arn in arns.items())


def _rules(params: EventSourcesParams, place: Place, region: str) -> tuple[EventRule, ...]:
    on_bus = "" if params.event_bus == DEFAULT_BUS else f"{params.event_bus}/"
    arns = {name: place.arn("events", f"rule/{on_bus}{name}", region=region) for name in params.rules}
    return tuple(EventRule(name, arn, params.event_bus) for name, arn in arns.items())


def _schedules(params: EventSourcesParams, place: Place, region: str) -> tuple[Schedule, ...]:
    return tuple(
        Schedule(s.name, place.arn("scheduler", f"schedule/{s.group}/{s.name}", region=region), s.group)
        for s in params.schedules
    )
