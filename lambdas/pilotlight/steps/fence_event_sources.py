"""Close the old primary to what starts its functions by itself: queues, streams, schedules and rules.

Only the sources that the plan names are switched off, and of those only the ones that are on: each is marked by a tag
first, and undo switches on what bears the mark. Nothing is lost by it: queues and streams keep what arrives, for as
long as they retain it. Events that a rule would have matched meanwhile are gone.

Closed means that each source reads off. Not bounded: a function that is at work on its last batch, for as long as its
own timeout; EventBridge may match a few more events right after; calls that come past these sources.

Sources: botocore's models of Lambda and EventBridge (a disabled rule "no longer matches events" after a short time).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from pilotlight.domain.errors import InvalidRequest, InvalidState
from pilotlight.domain.place import Place
from pilotlight.domain.step import (
    Access,
    CannotUndo,
    Failed,
    Finding,
    NotYet,
    Operation,
    Params,
    Pending,
    Receipt,
    Settled,
    Severity,
    Standing,
    Statement,
    StepContext,
    Timing,
    Undone,
)
from pilotlight.estate import event_sources, fencing
from pilotlight.estate.event_sources import (
    BUSY,
    OFF,
    ON,
    PASSING,
    TURNING_OFF,
    TURNING_ON,
    EventRule,
    EventSource,
    Mapping,
)

Uuid = Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
RuleName = Annotated[str, Field(pattern=r"^[.\-_A-Za-z0-9]{1,64}$")]
DEFAULT_BUS = "default"


class FenceEventSourcesParams(Params):
    """Which event sources of the primary are switched off; at least one.

    ```yaml
    step: switch-off-queues
    kind: fence_event_sources
    params:
      mappings: [1a2b3c4d-5e6f-4a1b-8c2d-3e4f5a6b7c8d]
      rules: [fileflow-nightly-cleanup]
    ```
    """

    mappings: tuple[Uuid, ...] = Field((), max_length=20, description="UUIDs of Lambda's event source mappings.")
    rules: tuple[RuleName, ...] = Field((), max_length=20, description="Names of EventBridge rules, all on one bus.")
    event_bus: str = Field(DEFAULT_BUS, pattern=r"^[/.\-_A-Za-z0-9]{1,256}$", description="The bus of the rules.")

    @model_validator(mode="after")
    def _something_is_named_once(self) -> Self:
        named = [*self.mappings, *self.rules]
        if not named:
            raise ValueError("name at least one mapping or rule")
        if len(set(named)) < len(named):
            raise ValueError("name each mapping and each rule once")
        return self


class FenceEventSources(fencing.Fence[FenceEventSourcesParams]):
    """The step kind `fence_event_sources`."""

    name: ClassVar[str] = "fence_event_sources"
    params = FenceEventSourcesParams
    # A mapping is switched within seconds to a minute; the documentation gives no bound.
    timing: ClassVar[Timing] = Timing(
        shortest=fencing.POLL,
        typical=timedelta(seconds=20),
        longest=timedelta(seconds=90),
        poll=fencing.POLL,
        give_up=timedelta(minutes=3),
    )
    operations: ClassVar[tuple[Operation, ...]] = (*event_sources.MAPPING_OPERATIONS, *event_sources.RULE_OPERATIONS)

    def title(self, params: FenceEventSourcesParams) -> str:
        """A verb and the sources."""
        first, *more = [*params.rules, *params.mappings]
        return f"Switch off {first}" + (f" and {len(more)} more" if more else "")

    def subject(self, params: FenceEventSourcesParams) -> str:
        """The sources."""
        first, *more = [*params.rules, *params.mappings]
        return f"Event source {first}" + (f" and {len(more)} more" if more else "")

    def statements(self, params: FenceEventSourcesParams, place: Place) -> tuple[Statement, ...]:
        """Each named source, in the primary; of tags, only the mark of a fence."""
        given = (
            (event_sources.MAPPING_OPERATIONS, tuple(s.arn for s in _mappings(params, place))),
            (event_sources.RULE_OPERATIONS, tuple(s.arn for s in _rules(params, place))),
        )
        ours = {"ForAllValues:StringEquals": {"aws:TagKeys": [fencing.MARK_TAG]}}
        statements: list[Statement] = []
        for operations, arns in given:
            if not arns:
                continue
            for access, tagging in ((Access.READ, False), (Access.WRITE, False), (Access.WRITE, True)):
                chosen = [o for o in operations if o.access is access and tagging is _tags(o)]
                actions = tuple(f"{o.service}:{o.name}" for o in chosen)
                statements.append(Statement(access, actions, arns, ours if tagging else {}))
        return tuple(statements)

    def standing(self, params: FenceEventSourcesParams, place: Place) -> tuple[Standing, ...]:
        """Sources that are on."""
        mappings = [Standing("lambda", "mapping", place.primary, {"uuid": uuid}) for uuid in params.mappings]
        bus = params.event_bus
        rules = [Standing("events", "rule", place.primary, {"name": name, "bus": bus}) for name in params.rules]
        return (*mappings, *rules)

    def readiness(self, params: FenceEventSourcesParams, context: StepContext) -> tuple[Finding, ...]:
        """Each source is there, in a state that can be given back, and one of them is on."""
        states = _states(params, context)
        if isinstance(states, Finding):
            return (states,)
        on = [source for source, state in states.items() if state == ON]
        if not on:
            sentence = f"{self.subject(params)} is off in the primary, so there is nothing to close."
            return (fencing.warning("nothing-to-close", sentence, "Name the sources that are on in the primary."),)
        if any(source.is_marked(context) for source in on):
            return (fencing.mark_left(self.subject(params)),)
        return (Finding(Severity.FINE, "sources-can-be-closed", f"{self.subject(params)} can be switched off."),)

    def close(self, params: FenceEventSourcesParams, context: StepContext) -> Receipt | NotYet | Failed:
        """Mark and switch off each source that is on."""
        states = _states(params, context)
        if isinstance(states, Finding):
            return fencing.failed(states)
        on = [source for source, state in states.items() if state in (ON, TURNING_ON)]
        try:
            for source in on:
                source.mark(context)
                source.switch(context, on=False)
        except (InvalidState, InvalidRequest) as error:
            if error.code not in BUSY:
                raise
            return NotYet(f"{self.subject(params)} is being changed by somebody else, and is tried again.")
        passing = [f"{source.title} is {state}" for source, state in states.items() if state in PASSING]
        if passing:
            return NotYet(f"{'; '.join(passing)}, which has to be over before it can be switched off.")
        said = f"{_say(on)} told to be off." if on else f"{self.subject(params)} is off already."
        return fencing.receipt(said, acted=bool(on), before={"on": [source.title for source in on]})

    def read_closed(
        self, params: FenceEventSourcesParams, receipt: Receipt, context: StepContext
    ) -> Settled | Pending | Failed:
        """Each of them is off."""
        states = _states(params, context)
        if isinstance(states, Finding):
            return fencing.failed(states)
        not_off = {source: state for source, state in states.items() if state != OFF}
        if not_off:
            return Pending("; ".join(f"{source.title} is {state}" for source, state in not_off.items()) + ".")
        return Settled(f"{self.subject(params)} is off.", fencing.CLOSED)

    def reopen(self, params: FenceEventSourcesParams, receipt: Receipt, context: StepContext) -> Undone | CannotUndo:
        """Switch on what bears the mark, or what the receipt says was on."""
        in_receipt = (receipt.data.get("before") or {}).get("on", ())
        there = [source for source in _sources(params, context.place) if source.state(context) is not None]
        ours = [source for source in there if source.title in in_receipt or source.is_marked(context)]
        for source in ours:
            if source.state(context) in (OFF, TURNING_OFF):
                source.switch(context, on=True)
        still = [source for source in ours if source.state(context) not in (ON, TURNING_ON)]
        if still:
            return CannotUndo(f"{_say(still)} told to be on again and does not show it; switch it on by hand.")
        for source in ours:
            source.unmark(context)
        if not ours:
            return Undone(f"{self.subject(params)} was not switched off by this application, and stays as it is.")
        return Undone(f"{_say(ours)} told to be on again.")


def _tags(operation: Operation) -> bool:
    return operation.name in ("TagResource", "UntagResource")


def _mappings(params: FenceEventSourcesParams, place: Place) -> list[Mapping]:
    region = place.primary
    return [Mapping(u, place.arn("lambda", f"event-source-mapping:{u}", region=region)) for u in params.mappings]


def _rules(params: FenceEventSourcesParams, place: Place) -> list[EventRule]:
    on_bus = "" if params.event_bus == DEFAULT_BUS else f"{params.event_bus}/"
    region, bus = place.primary, params.event_bus
    return [EventRule(n, bus, place.arn("events", f"rule/{on_bus}{n}", region=region)) for n in params.rules]


def _sources(params: FenceEventSourcesParams, place: Place) -> list[EventSource]:
    return [*_mappings(params, place), *_rules(params, place)]


def _states(params: FenceEventSourcesParams, context: StepContext) -> dict[EventSource, str] | Finding:
    """The state of each source, or why one of them cannot be switched off."""
    states: dict[EventSource, str] = {}
    for source in _sources(params, context.place):
        state = source.state(context)
        if state is None:
            return fencing.missing(source.title.capitalize(), context.place.primary)
        if state not in (ON, OFF, TURNING_ON, TURNING_OFF, *PASSING):
            sentence = f"{source.title.capitalize()} cannot be switched off and on again because it is {state}."
            fix = "Take it out of the plan, and close what it starts by another fence."
            return fencing.impossible("not-switchable", sentence, fix)
        states[source] = state
    return states


def _say(sources: list[EventSource]) -> str:
    names = ", ".join(source.title for source in sources)
    return f"{names[0].upper()}{names[1:]} {'was' if len(sources) == 1 else 'were'}"


KIND = FenceEventSources()
