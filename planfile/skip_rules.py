"""What a plan may let people do without when a step fails.

Written like the rules in `planfile.rules`, which says how they are asked.
"""

from __future__ import annotations

from collections.abc import Iterator

from pilotlight.domain.stages import AwaitStep, StageName
from pilotlight.steps.latch_traffic import LatchTrafficParams
from planfile.draft import AnyDraft, Placed
from planfile.faults import Complaint
from planfile.rules import reading


@reading("application", "account", "regions", "region", "stages")
def what_cannot_be_skipped_is_not_called_so(draft: AnyDraft) -> Iterator[Complaint]:
    """A run that goes on without a fence, a writer or a value that others use harms more than one that stops."""
    needed = {
        need.step: placed.name
        for placed in draft.steps()
        if placed.kind and placed.params
        for need in placed.kind.needs(placed.params)
    }
    for placed in draft.steps():
        if isinstance(placed.entry, AwaitStep) or not placed.entry.skippable:
            continue
        because = _why_not(draft, placed, needed.get(placed.name, ""))
        if because:
            sentence = f"'{placed.name}' cannot be skipped, because {because}; take skippable out."
            yield Complaint((*placed.where, "skippable"), sentence)


def _why_not(draft: AnyDraft, placed: Placed, user: str) -> str:
    """Why a run cannot do without a step, as the end of a sentence; empty where it can."""
    if user:
        return f"'{user}' uses what it gives"
    if placed.stage is StageName.AFTER:
        return "a step that fails in stage after stops nothing"
    if placed.kind is None or placed.params is None:
        return ""
    if placed.kind.fences:
        return "a writer moves only once the old one is closed"
    if placed.kind.writers(placed.params, draft.plan.place):
        return "without a writer nothing is served"
    if placed.kind.asks:
        return "it waits for a person's approval, and skipping it would be one"
    return "without it nobody reaches the standby" if isinstance(placed.params, LatchTrafficParams) else ""


SKIP_RULES = (what_cannot_be_skipped_is_not_called_so,)
