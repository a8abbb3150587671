"""What a plan may still wait for once its gate has looked for the last time.

Written like the rules in `planfile.rules`, which says how they are asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from pilotlight.domain.stages import AwaitStep, StageName, StartStep
from pilotlight.domain.step import Harm
from planfile.draft import Draft
from planfile.faults import Complaint
from planfile.rules import reading

LONGEST_BEHIND_THE_GATE = timedelta(minutes=1)
"""What usually takes longer is not waited for between the gate and the move of a writer: by then the primary may be
well again, and one that was closed and answers is opened when the move is not accepted within seconds."""


@reading("application", "account", "regions", "stages")
def the_gate_looks_right_before_the_writer_moves(draft: Draft) -> Iterator[Complaint]:
    """What a writer waits for is there before the gate looks at the primary, and at what would be lost."""
    steps = {placed.name: placed for placed in draft.steps()}
    place = draft.plan.place
    movers = [p for p in steps.values() if p.kind and p.params and p.kind.writers(p.params, place)]
    for placed in draft.entries:
        step = steps.get(placed.name)
        if step is None or step.kind is None or step in movers or step.kind.fences:
            continue
        waits = placed.stage is not StageName.PREPARE and not isinstance(placed.entry, StartStep)
        held_up = next((mover for mover in movers if placed.is_over_before(mover)), None)
        if waits and held_up and step.kind.timing.typical > LONGEST_BEHIND_THE_GATE:
            out = "have it done in stage prepare" if step.kind.harm is Harm.HARMLESS else "put it into the stage serve"
            sentence = (
                f"'{held_up.name}' waits for '{placed.name}', which takes minutes after the gate has looked at the "
                f"primary; {out}."
            )
            yield Complaint((*placed.where, "await" if isinstance(placed.entry, AwaitStep) else "step"), sentence)


GATE_RULES = (the_gate_looks_right_before_the_writer_moves,)
