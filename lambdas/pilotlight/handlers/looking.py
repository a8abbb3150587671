"""A look at the primary that remembers: since when the probe has been getting no answer, look after look.

An alarm says since when it is bad; a probe only says what it sees now. So the first of an unbroken row of dark looks is
kept in the control table, and put into the signal. A look that is not dark ends the row.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from pilotlight.aws.observers import look
from pilotlight.domain.errors import Changed
from pilotlight.domain.plan import Plan
from pilotlight.domain.signals import Sight, Signal
from pilotlight.handlers.runtime import Runtime

_ROW = "dark"


def see(runtime: Runtime, plan: Plan, now: datetime) -> tuple[Signal, ...]:
    """What all observers report at this moment, each with the first moment of what it reports."""
    signals = look(plan, runtime.aws, runtime.outside.web, now)
    return tuple(_remembered(runtime, plan, signal) if signal.first_hand else signal for signal in signals)


def _remembered(runtime: Runtime, plan: Plan, signal: Signal) -> Signal:
    control, partition = runtime.control, f"sight#{plan.application}"
    row = control.note(partition, _ROW)
    began = row["since"] if row else None
    is_dark = signal.sight is Sight.DARK
    if is_dark and began:
        return replace(signal, since=datetime.fromisoformat(str(began)))
    if is_dark or began:
        try:
            control.keep_note(partition, _ROW, {"since": signal.seen.isoformat() if is_dark else None}, row)
        except Changed:
            # Another look was faster: it began or ended the row in this moment, and is as good a witness.
            runtime.logger.info(f"Another look at {plan.application} came at the same time.")
    return replace(signal, since=signal.seen) if is_dark else signal
