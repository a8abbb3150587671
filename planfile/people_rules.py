"""What a plan must be so that the people whom a run waits for can answer, and answer in time.

Written like the rules in `planfile.rules`, which says how they are asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from pilotlight.domain.durations import say_duration
from pilotlight.domain.plan import Arming
from pilotlight.domain.policy import IN_SLACK
from pilotlight.domain.stages import StageName
from planfile.draft import AnyDraft
from planfile.faults import Complaint, Where
from planfile.rules import reading

LONGEST_WAIT = timedelta(hours=6)
"""Each look of a run that waits writes nine events into the history of its execution, four times a minute: about 13,000
in six hours, of the 25,000 that Step Functions keeps before it ends an execution."""

STAGES_THAT_WAIT = (StageName.PREPARE, StageName.MOVE, StageName.SERVE)
"""Where a failed step may be waited at; a failed fence opens what it closed instead."""


@reading("arming", "gates", "people", "stages")
def somebody_may_approve(draft: AnyDraft) -> Iterator[Complaint]:
    """A run that waits for an approval which nobody may give is a failover that never happens."""
    plan = draft.plan
    asking: list[Where] = [(*placed.where, "kind") for placed in draft.steps() if placed.kind and placed.kind.asks]
    if plan.gates.approval:
        asking.insert(0, ("gates", "approval"))
    elif plan.arming is Arming.STAGED:
        asking.insert(0, ("arming",))
    if plan.people.approvers or not asking:
        return
    sentence = (
        "A run waits for an approval, and nobody may give it; name people.approvers, by the ARNs that "
        "`aws sts get-caller-identity` says of them."
    )
    yield Complaint(asking[0], sentence)


@reading("stages")
def nobody_is_asked_beside_a_closed_primary(draft: AnyDraft) -> Iterator[Complaint]:
    """Between the fence and the move nobody writes anywhere, and a person takes minutes."""
    for placed in draft.steps():
        if placed.kind and placed.kind.asks and placed.stage is StageName.MOVE:
            sentence = (
                f"'{placed.name}' waits for a person while the primary is closed; ask before that, in prepare, or "
                "after it, in serve."
            )
            yield Complaint((*placed.where, "kind"), sentence)


@reading("account", "people")
def people_are_of_the_account(draft: AnyDraft) -> Iterator[Complaint]:
    """Who is of another account is refused whatever the list says."""
    plan = draft.plan
    for field in ("approvers", "overriders"):
        for index, person in enumerate(getattr(plan.people, field)):
            if not person.startswith(IN_SLACK) and person.split(":")[4] != plan.account:
                sentence = (
                    f"'{person}' is of another account than the application's, {plan.account}; name the role or user "
                    "that the person has there."
                )
                yield Complaint(("people", field, index), sentence)


@reading("gates")
def people_answer_in_time(draft: AnyDraft) -> Iterator[Complaint]:
    """A run that waits too long fills the history of its execution."""
    gates = draft.plan.gates
    spans = {
        "approval_within": gates.approval_within,
        "veto_window": gates.veto_window,
        "failed_step_waits": gates.failed_step_waits * len(STAGES_THAT_WAIT),
    }
    waits = sum(spans.values(), timedelta())
    if waits > LONGEST_WAIT:
        field = max(spans, key=lambda name: spans[name])
        sentence = (
            f"A run could wait {say_duration(waits)} for people, at its gate and at failed steps of "
            f"{len(STAGES_THAT_WAIT)} stages, and {say_duration(LONGEST_WAIT)} is the most; shorten the veto window, "
            "approval_within or failed_step_waits."
        )
        yield Complaint(("gates", field), sentence)


PEOPLE_RULES = (
    somebody_may_approve,
    nobody_is_asked_beside_a_closed_primary,
    people_are_of_the_account,
    people_answer_in_time,
)
