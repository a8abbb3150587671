"""Close the old primary to what starts its functions by itself: queues, streams, rules and schedules.

Only the sources that the plan names are switched off, and of those only the ones that are on: each is marked first, and
undo switches on what bears the mark. Nothing is lost by it: queues and streams keep what arrives, for as long as they
retain it. Events that a rule would have matched meanwhile are gone, and so is what a schedule would have started.

Closed means that each source reads off. Not bounded: a function that is at work on its last batch, for as long as its
own timeout; EventBridge may match a few more events right after; calls that come past these sources.

Sources: botocore's models of Lambda, EventBridge and Scheduler (a disabled rule "no longer matches events" after a
short time).
"""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from pilotlight.domain.handwork import Handwork
from pilotlight.domain.place import Place
from pilotlight.domain.step import (
    CannotUndo,
    Failed,
    Finding,
    NotYet,
    Operation,
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
from pilotlight.estate import fencing
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


class FenceEventSourcesParams(EventSourcesParams):
    """Which event sources of the primary are switched off; at least one.

    ```yaml
    step: switch-off-queues
    kind: fence_event_sources
    params:
      mappings: [1a2b3c4d-5e6f-4a1b-8c2d-3e4f5a6b7c8d]
      rules: [fileflow-nightly-cleanup]
      schedules:
      - {name: fileflow-invoices, role: fileflow-scheduler}
    ```
    """


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
    operations: ClassVar[tuple[Operation, ...]] = OPERATIONS

    def title(self, params: FenceEventSourcesParams) -> str:
        """A verb and the sources."""
        return f"Switch off {params.said}"[:63]

    def subject(self, params: FenceEventSourcesParams) -> str:
        """The sources."""
        return f"Event source {params.said}"

    def statements(self, params: FenceEventSourcesParams, place: Place) -> tuple[Statement, ...]:
        """Each named source, in the primary; of tags, only the mark of a fence."""
        return statements_on(params, place, place.primary, fencing.MARK_TAG)

    def standing(self, params: FenceEventSourcesParams, place: Place) -> tuple[Standing, ...]:
        """Sources that are on."""
        return standing_sources(params, place, place.primary, "It is switched off before the writer moves.", on=True)

    def readiness(self, params: FenceEventSourcesParams, context: StepContext) -> tuple[Finding, ...]:
        """Each source is there, in a state that can be given back, and one of them is on."""
        states = _states(params, context)
        if isinstance(states, Finding):
            return (states,)
        on = [source for source, state in states.items() if state == ON]
        if not on:
            sentence = f"{self.subject(params)} is off in the primary, so there is nothing to close."
            return (Finding.warning("nothing-to-close", sentence, "Name the sources that are on in the primary."),)
        if any(_is_marked(source, context) for source in on):
            return (fencing.mark_left(self.subject(params)),)
        return (Finding(Severity.FINE, "sources-can-be-closed", f"{self.subject(params)} can be switched off."),)

    def close(self, params: FenceEventSourcesParams, context: StepContext) -> Receipt | NotYet | Failed:
        """Mark and switch off each source that is on."""
        states = _states(params, context)
        if isinstance(states, Finding):
            return fencing.failed(states)
        on = [source for source, state in states.items() if state in (ON, TURNING_ON)]
        note = (fencing.MARK_TAG, fencing.write_mark(context.place.application, was=ON))
        if not switch_all(on, context, on=False, note=note):
            return NotYet(f"{self.subject(params)} is being changed by somebody else, and is tried again.")
        changing = passing(states)
        if changing:
            return NotYet(f"{say_states(changing)}, which has to be over before it can be switched off.")
        said = f"{say(on)} told to be off." if on else f"{self.subject(params)} is off already."
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
            return Pending(f"{say_states(not_off)}.")
        return Settled(f"{self.subject(params)} is off.", fencing.CLOSED)

    def reopen(self, params: FenceEventSourcesParams, receipt: Receipt, context: StepContext) -> Undone | CannotUndo:
        """Switch on what bears the mark, or what the receipt says was on."""
        in_receipt = (receipt.data.get("before") or {}).get("on", ())
        there = {source: source.state(context) for source in _sources(params, context)}
        ours = [s for s, state in there.items() if state and (s.title in in_receipt or _is_marked(s, context))]
        off = [source for source in ours if there[source] in (OFF, TURNING_OFF)]
        if not switch_all(off, context, on=True):
            return CannotUndo(f"{say(off)} being changed at this moment; undo the step again.")
        still = [source for source in ours if source.state(context) not in (ON, TURNING_ON)]
        if still:
            return CannotUndo(f"{say(still)} told to be on again and does not show it; switch it on by hand.")
        for source in ours:
            source.unmark(context, fencing.MARK_TAG)
        if not ours:
            return Undone(f"{self.subject(params)} was not switched off by this application, and stays as it is.")
        return Undone(f"{say(ours)} told to be on again.")

    def by_hand(self, params: FenceEventSourcesParams, place: Place) -> Handwork:
        return switching(params, place.primary, on=False)


def _sources(params: FenceEventSourcesParams, context: StepContext) -> tuple[EventSource, ...]:
    return sources_of(params, context.place, context.place.primary)


def _is_marked(source: EventSource, context: StepContext) -> bool:
    """Whether a fence of this application switched it off."""
    return fencing.read_mark(source.marks(context), context.place.application) is not None


def _states(params: FenceEventSourcesParams, context: StepContext) -> dict[EventSource, str] | Finding:
    """The state of each source, or why one of them cannot be switched off."""
    states: dict[EventSource, str] = {}
    for source in _sources(params, context):
        state = source.state(context)
        if state is None:
            return fencing.missing(source.named, context.place.primary)
        if state not in SWITCHABLE:
            sentence = f"{source.named} cannot be switched off and on again because it is {state}."
            fix = "Take it out of the plan, and close what it starts by another fence."
            return Finding.impossible("not-switchable", sentence, fix)
        states[source] = state
    return states


KIND = FenceEventSources()
