"""What a plan must close before a writer moves. Written like the rules in `planfile.rules`."""

from __future__ import annotations

from collections.abc import Iterator

from pilotlight.domain.plan import Arming
from pilotlight.domain.policy import FencePolicy
from pilotlight.domain.stages import StageName
from planfile.draft import Draft
from planfile.faults import Complaint
from planfile.rules import reading


@reading()
def fences_stand_in_their_stage(draft: Draft) -> Iterator[Complaint]:
    """A fence closes before the writer moves, and is undone by itself where it does not move."""
    for placed in draft.steps():
        if placed.kind is None or placed.kind.fences is (placed.stage is StageName.FENCE):
            continue
        if placed.kind.fences:
            why = "closes the old primary, which the stage fence is for; put it there"
        else:
            why = "closes nothing, and the stage fence holds fences only; put it into another stage"
        yield Complaint((*placed.where, "kind"), f"'{placed.name}' ({placed.kind.name}) {why}.")


@reading("application", "account", "regions", "arming", "stages")
def what_acts_by_itself_closes_the_old_primary(draft: Draft) -> Iterator[Complaint]:
    """A person may know that the old primary takes no writes; nobody else does before it is closed."""
    if draft.plan.arming not in (Arming.STAGED, Arming.AUTOMATIC):
        return
    if any(placed.stage is StageName.FENCE for placed in draft.steps()):
        return
    movers = [
        placed.name
        for placed in draft.steps()
        if placed.kind and placed.params and placed.kind.writers(placed.params, draft.plan.place)
    ]
    if movers:
        sentence = (
            f"'{movers[0]}' moves a writer, and a plan that is armed '{draft.plan.arming.value}' closes the old "
            "primary first; give it a stage fence, or arm 'manual'."
        )
        yield Complaint(("arming",), sentence)


@reading("application", "account", "regions", "arming", "stages", "shared_group", "other_writers")
def what_is_shared_is_closed_for_all(draft: Draft) -> Iterator[Complaint]:
    """What closes this application alone leaves the others writing to a database that has moved."""
    plan = draft.plan
    if plan.arming is not Arming.AUTOMATIC or (plan.shared_group is None and not plan.other_writers):
        return
    closed: set[str] = set()
    moved: list[str] = []
    for placed in draft.steps():
        if placed.kind and placed.params:
            closed.update(placed.kind.closes(placed.params, plan.place))
            moved += [writer.old for writer in placed.kind.writers(placed.params, plan.place)]
    left = next((old for old in moved if old not in closed), None)
    if left is not None:
        sentence = (
            f"Others write to {left.rsplit(':', 1)[-1]} too, and no step of stage fence closes the database itself, so "
            "nothing may start by itself; add one (fence_security_group), or arm 'staged'."
        )
        yield Complaint(("arming",), sentence)


@reading("fence", "stages")
def a_required_fence_is_there(draft: Draft) -> Iterator[Complaint]:
    """What must be closed before the writer moves has to be named."""
    fences = [placed for placed in draft.steps() if placed.stage is StageName.FENCE]
    if draft.plan.fence.policy is FencePolicy.REQUIRE and not fences:
        sentence = (
            "The old primary must be closed before the writer moves, and no step of stage fence closes it; add one, or "
            "choose 'tombstone_then_quarantine'."
        )
        yield Complaint(("fence", "policy"), sentence)


FENCE_RULES = (
    fences_stand_in_their_stage,
    what_acts_by_itself_closes_the_old_primary,
    what_is_shared_is_closed_for_all,
    a_required_fence_is_there,
)
