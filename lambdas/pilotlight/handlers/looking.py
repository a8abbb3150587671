"""A look at the primary that remembers: how fresh what others kept is, and since when it has been dark.

An alarm says since when it is bad. A probe keeps what it saw, by its own clock; when it was heard is remembered here,
in the control table, by the reader's clock (`pilotlight.domain.hearing`). A run looks for itself as well, and its own
unbroken row of dark looks is remembered in the same note.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from pilotlight.aws.listening import Memory, listen_to_heartbeat, listen_to_probe
from pilotlight.aws.observers import look_at_alarms, look_for_oneself
from pilotlight.domain.errors import Changed
from pilotlight.domain.hearing import Heard
from pilotlight.domain.plan import Plan
from pilotlight.domain.signals import Sight, Signal
from pilotlight.domain.watching import HEARD_AGAIN_WITHIN
from pilotlight.handlers.runtime import Runtime

_NOTE = "observers"
_OWN_LOOK = "a run's own look"


def see(runtime: Runtime, plan: Plan, now: datetime) -> tuple[Signal, ...]:
    """What all observers report, as the detector asks them: nobody is looked at a second time."""
    return _see(runtime, plan, now, first_hand=False)


def see_for_oneself(runtime: Runtime, plan: Plan, now: datetime) -> tuple[Signal, ...]:
    """The same inside a run, which looks from the standby itself: that says more than a look that was kept."""
    return _see(runtime, plan, now, first_hand=True)


def _see(runtime: Runtime, plan: Plan, now: datetime, *, first_hand: bool) -> tuple[Signal, ...]:
    note = runtime.control.note(f"heard#{plan.application}", _NOTE)
    memory = {name: Heard.from_note(heard) for name, heard in note["heard"].items()} if note else {}
    deciding, *own = look_at_alarms(plan, runtime.aws, now)
    here = runtime.signals(plan.regions.standby)
    near, at_region = listen_to_probe(plan, "standby", plan.regions.standby, here, memory, now)
    if first_hand:
        near = _merged(plan, near, look_for_oneself(plan, runtime.outside.web, now), memory)
    looks, regions = [near], [at_region]
    if plan.regions.witness:
        witness = plan.regions.witness
        far, at_region = listen_to_probe(plan, "witness", witness, runtime.signals(witness), memory, now)
        looks, regions = [near, far], [*regions, at_region]
    beat = listen_to_heartbeat(plan, here, memory, now)
    _remember(runtime, plan, memory, note)
    return (deciding, *looks, *own, *regions, beat)


def _merged(plan: Plan, kept: Signal, own: Signal, memory: Memory) -> Signal:
    """A run's own look, dark since the first of its row of dark looks, or since the probe has seen it dark."""
    before = memory.pop(_OWN_LOOK, None)
    if own.sight is not Sight.DARK:
        return own
    unbroken = max(HEARD_AGAIN_WITHIN, 2 * plan.decision.look_every)
    began = before.first if before and own.seen - before.read <= unbroken else own.seen
    memory[_OWN_LOOK] = Heard(0, own.seen, began)
    seen_by_probe = kept.since if kept.sight is Sight.DARK else None
    return replace(own, since=min(began, seen_by_probe or began))


def _remember(runtime: Runtime, plan: Plan, memory: Memory, note: Mapping[str, Any] | None) -> None:
    heard = {name: heard.to_note() for name, heard in memory.items()}
    try:
        runtime.control.keep_note(f"heard#{plan.application}", _NOTE, {"heard": heard}, note)
    except Changed:
        # Another look was faster: what it heard at this moment is as good.
        runtime.logger.info(f"Another look at {plan.application} came at the same time.")
