"""Switch on in the standby what starts its functions by themselves: queues, streams, rules and schedules.

They wait there switched off, so that nothing is worked on in two regions. Only the sources that the plan names are
switched on, and of those only the ones that are off: each is marked with this run first, and undo switches off again
what bears that mark. What was on already stays on.

Done means that each source reads on: a mapping that is `Enabling` is not on yet. What waited in a queue or a stream of
the standby is worked on at once, so the step stands after the writer has moved, and its functions have to bear to see a
message twice. Its opposite, for the primary, is the fence of event sources.

It fails where a source is missing, or in a state from which it cannot be switched.

Sources: botocore's models of Lambda (states of a mapping), EventBridge and Scheduler.
"""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from pilotlight.domain.handwork import Handwork
from pilotlight.domain.place import Place
from pilotlight.domain.standing_in import Isolation, LeftOut
from pilotlight.domain.step import (
    CannotUndo,
    Failed,
    Finding,
    Harm,
    NotYet,
    Operation,
    Pending,
    Receipt,
    Settled,
    Severity,
    Standing,
    Statement,
    StepContext,
    StepKind,
    Timing,
    Undone,
)
from pilotlight.estate.event_sources.by_hand import switching
from pilotlight.estate.event_sources.named import (
    OPERATIONS,
    EventSourcesParams,
    sources_of,
    standing_sources,
    statements_on,
)
from pilotlight.estate.event_sources.source import (
    OFF,
    ON,
    SWITCHABLE,
    TURNING_OFF,
    TURNING_ON,
    EventSource,
    passing,
    say,
    say_states,
    switch_all,
)

MARK = "pilotlight:switch"
"""The tag, or the note, that holds which run switched a source on, as in `fileflow fileflow-e7`."""

_POLL = timedelta(seconds=3)


class SwitchEventSourcesParams(EventSourcesParams):
    """Which event sources of the standby are switched on; at least one.

    ```yaml
    step: switch-on-queues
    kind: switch_event_sources
    params:
      mappings: [9f8e7d6c-5b4a-4c3d-8e2f-1a0b9c8d7e6f]
      rules: [fileflow-nightly-cleanup]
      schedules:
      - {name: fileflow-invoices, role: fileflow-dr-scheduler}
    ```
    """


class SwitchEventSources(StepKind[SwitchEventSourcesParams]):
    """Switches event sources on."""

    name: ClassVar[str] = "switch_event_sources"
    params = SwitchEventSourcesParams
    harm = Harm.DISRUPTIVE
    stands_in_for_nothing = "has the standby do work that the primary does already"
    marks: ClassVar[bool] = True
    # A mapping is switched within seconds to a minute; the documentation gives no bound.
    timing: ClassVar[Timing] = Timing(
        shortest=_POLL,
        typical=timedelta(seconds=20),
        longest=timedelta(seconds=90),
        poll=_POLL,
        give_up=timedelta(minutes=10),
    )
    operations: ClassVar[tuple[Operation, ...]] = OPERATIONS

    def title(self, params: SwitchEventSourcesParams) -> str:
        return f"Switch on {params.said}"[:63]

    def statements(self, params: SwitchEventSourcesParams, place: Place) -> tuple[Statement, ...]:
        return statements_on(params, place, place.standby, MARK)

    def standing(self, params: SwitchEventSourcesParams, place: Place) -> tuple[Standing, ...]:
        why = "It waits switched off, and is switched on when the standby takes over."
        return standing_sources(params, place, place.standby, why, on=False)

    def readiness(self, params: SwitchEventSourcesParams, context: StepContext) -> tuple[Finding, ...]:
        return self.preflight(params, context)

    def preflight(self, params: SwitchEventSourcesParams, context: StepContext) -> tuple[Finding, ...]:
        states = _states(params, context)
        if isinstance(states, Failed):
            return (states.foreseen("sources"),)
        on = [source for source, state in states.items() if state in (ON, TURNING_ON)]
        if on:
            said = f"{say(on)} on in {context.place.standby} already, so both regions may do the same work."
            return (Finding(Severity.WARNING, "sources", said, "Switch it off there, unless that is meant."),)
        said = f"What the plan switches on waits switched off in {context.place.standby}."
        return (Finding(Severity.FINE, "sources", said),)

    def execute(self, params: SwitchEventSourcesParams, context: StepContext) -> Receipt | NotYet | Failed:
        states = _states(params, context)
        if isinstance(states, Failed):
            return states
        off = [source for source, state in states.items() if state in (OFF, TURNING_OFF)]
        if not switch_all(off, context, on=True, note=(MARK, _mark_of(context))):
            return NotYet(f"{say(off)} being changed by somebody else, so it is tried again.")
        changing = passing(states)
        if changing:
            return NotYet(f"{say_states(changing)}, which has to be over before it can be switched on.")
        said = f"{say(off)} told to be on." if off else f"Event source {params.said} is on, or was told to be, already."
        return Receipt(said, acted=bool(off))

    def verify(
        self, params: SwitchEventSourcesParams, receipt: Receipt, context: StepContext
    ) -> Settled | Pending | Failed:
        states = _states(params, context)
        if isinstance(states, Failed):
            return states
        not_on = {source: state for source, state in states.items() if state != ON}
        return Pending(f"{say_states(not_on)}.") if not_on else Settled(f"Event source {params.said} is on.")

    def undo(self, params: SwitchEventSourcesParams, receipt: Receipt, context: StepContext) -> Undone | CannotUndo:
        there = {source: source.state(context) for source in _sources(params, context)}
        ours = [s for s, state in there.items() if state and s.marks(context).get(MARK) == _mark_of(context)]
        if not ours:
            return Undone(f"Event source {params.said} was not switched on by this run, and stays as it is.")
        on = [source for source in ours if there[source] in (ON, TURNING_ON)]
        if not switch_all(on, context, on=False):
            return CannotUndo(f"{say(on)} being changed at this moment, so it stays on; undo the step again.")
        still = [source for source in ours if source.state(context) not in (OFF, TURNING_OFF)]
        if still:
            return CannotUndo(f"{say(still)} told to be off again and does not show it; switch it off by hand.")
        for source in ours:
            source.unmark(context, MARK)
        return Undone(f"{say(ours)} told to be off again.")

    def stand_in(self, params: SwitchEventSourcesParams, isolation: Isolation) -> LeftOut:
        return LeftOut(
            f"Event source {params.said} is not switched on in a drill, because the standby would then do work that "
            "the primary does already."
        )

    def by_hand(self, params: SwitchEventSourcesParams, place: Place) -> Handwork:
        return switching(params, place.standby, on=True)


def _sources(params: SwitchEventSourcesParams, context: StepContext) -> tuple[EventSource, ...]:
    return sources_of(params, context.place, context.place.standby)


def _mark_of(context: StepContext) -> str:
    return f"{context.place.application} {context.run_id}"


def _states(params: SwitchEventSourcesParams, context: StepContext) -> dict[EventSource, str] | Failed:
    """The state of each source, or why one of them cannot be switched on."""
    states: dict[EventSource, str] = {}
    for source in _sources(params, context):
        state, named = source.state(context), source.named
        if state is None:
            said = f"{named} cannot be switched on because {context.place.standby} has none of that name."
            return Failed(said, "Create it there, switched off, or correct its name in the plan and deploy.")
        if state not in SWITCHABLE:
            said = f"{named} cannot be switched on and off again because it is {state}."
            return Failed(said, "Mend it, or take it out of the plan.")
        states[source] = state
    return states


KIND = SwitchEventSources()
