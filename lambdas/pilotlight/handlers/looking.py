"""A look at the primary that remembers: how fresh what others kept is, and since when it has been dark.

An alarm says since when it is bad. A probe keeps what it saw, by its own clock; when it was heard is remembered here,
in the control table, by the reader's clock (`pilotlight.domain.hearing`). Who decides looks from the standby as well,
and that unbroken row of dark looks is remembered in the same note.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from pilotlight.aws.listening import Memory, listen_inside, listen_to_heartbeat, listen_to_probe
from pilotlight.aws.observers import look_at_alarms, look_for_oneself
from pilotlight.aws.probing import question
from pilotlight.domain.errors import Changed
from pilotlight.domain.hearing import Heard
from pilotlight.domain.plan import Plan
from pilotlight.domain.signals import Sight, Signal
from pilotlight.domain.watching import HEARD_AGAIN_WITHIN
from pilotlight.handlers.private import web_of
from pilotlight.handlers.runtime import Runtime

Reports = Callable[[], tuple[Signal, ...]]
"""Waits for the primary's answer to a look that has begun, and gives what all observers of the look report."""

_NOTE = "observers"
_OWN_LOOK = "one's own look"


def see(runtime: Runtime, plan: Plan, now: datetime) -> tuple[Signal, ...]:
    """What all observers report: the alarms, what was kept, and a look of one's own from the standby."""
    return begin_to_see(runtime, plan, now)()


def begin_to_see(runtime: Runtime, plan: Plan, now: datetime) -> Reports:
    """The same, for who has something else to read while the primary may answer."""
    first_hand = begin_look(runtime, plan, now)
    alarms = look_at_alarms(plan, runtime.aws, now)
    deciding, own = [s for s in alarms if s.counts], [s for s in alarms if not s.counts]
    return lambda: (*deciding, *first_hand(), *own)


def see_first_hand(runtime: Runtime, plan: Plan, now: datetime) -> tuple[Signal, ...]:
    """The same without the alarms, as a run asks: it needs nothing in us-east-1, and no news of some minutes ago."""
    return begin_look(runtime, plan, now)()


def begin_look(runtime: Runtime, plan: Plan, now: datetime) -> Reports:
    """The same, begun: all else is read while the primary may answer, which a silent one takes its timeout for."""
    asked = runtime.outside.beside(partial(web_of(runtime, plan).ask, question(plan.signals.probe)))
    note = runtime.control.note(f"heard#{plan.application}", _NOTE)
    memory = {name: Heard.from_note(heard) for name, heard in note["heard"].items()} if note else {}
    here = runtime.signals(plan.regions.standby)
    near, *regions = listen_to_probe(plan, "standby", plan.regions.standby, here, memory, now)
    others: list[Signal] = []
    if plan.regions.witness:
        witness = plan.regions.witness
        *others, at_region = listen_to_probe(plan, "witness", witness, runtime.signals(witness), memory, now)
        regions = [*regions, at_region]
    if plan.network.private:
        inside, voice = listen_inside(plan, here, memory, now)
        others, regions = [*others, inside], [*regions, voice]
    beat = listen_to_heartbeat(plan, here, memory, now)

    def answered() -> tuple[Signal, ...]:
        own = _merged(plan, near, look_for_oneself(plan, asked(), now), memory)
        _remember(runtime, plan, memory, note)
        return (own, *others, *regions, beat)

    return answered


def _merged(plan: Plan, kept: Signal, own: Signal, memory: Memory) -> Signal:
    """One's own look, dark since the first of its row of dark looks, or since the probe has seen it dark."""
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
