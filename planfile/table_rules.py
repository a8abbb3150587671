"""What a plan must be so that its global tables have one writer: both regions take writes, whatever a run does.

Written like the rules in `planfile.rules`, which says how they are asked.
"""

from __future__ import annotations

from collections.abc import Iterator

from pilotlight.domain.stages import StageName
from pilotlight.domain.step import Harm
from pilotlight.steps.fence_security_group import FenceSecurityGroupParams
from pilotlight.steps.take_over_tables import TakeOverTablesParams
from planfile.draft import Draft, Placed
from planfile.faults import Complaint
from planfile.rules import reading

MOST_TABLES = 10
"""Their ARNs stand in one statement of a role, twice each, and no policy holds a larger one than 6,144 characters (IAM
quotas): 10 tables with the longest of names take 5,900."""


@reading("stages")
def tables_fit_into_a_role(draft: Draft) -> Iterator[Complaint]:
    """What no role can hold would only be found out when it is deployed."""
    before = 0
    for placed, params in _taking_over(draft):
        if before + len(params.tables) > MOST_TABLES:
            sentence = (
                f"The plan takes over {before + len(params.tables)} tables with '{placed.name}', and the policies of "
                f"one role have room for {MOST_TABLES}; make two plans of it, or leave out what may stay as it is."
            )
            yield Complaint((*placed.where, "params"), sentence)
        before += len(params.tables)


@reading("stages")
def tables_are_taken_over_in_their_stage(draft: Draft) -> Iterator[Complaint]:
    """Later, the standby might write already; earlier, the gate has not been passed."""
    for placed, _ in _taking_over(draft):
        if placed.stage is not StageName.MOVE:
            sentence = f"'{placed.name}' moves the writer of its tables; put it into the stage move."
            yield Complaint((*placed.where, "kind"), sentence)


@reading("stages")
def who_writes_to_a_table_is_closed(draft: Draft) -> Iterator[Complaint]:
    """No promotion takes the writes from the old region, so nothing but a fence of the application does."""
    closing = [
        placed
        for placed in draft.steps()
        if placed.kind and placed.kind.fences and not isinstance(placed.params, FenceSecurityGroupParams)
    ]
    for placed, _ in _taking_over(draft):
        if not closing:
            sentence = (
                f"'{placed.name}' takes over tables that the old primary can write to for ever, and no fence closes "
                "what writes to them; add one to the stage fence (a fence_security_group closes a database only)."
            )
            yield Complaint((*placed.where, "kind"), sentence)


@reading("stages", "application", "account", "regions")
def what_can_be_refused_moves_before_the_tables(draft: Draft) -> Iterator[Complaint]:
    """Taking a table over is accepted at once; a promotion that is refused afterwards would leave two halves."""
    for placed, _ in _taking_over(draft):
        for other in draft.steps():
            if other.kind is None or other.params is None or isinstance(other.params, TakeOverTablesParams):
                continue
            if other.kind.writers(other.params, draft.plan.place) and not other.is_over_before(placed):
                sentence = (
                    f"'{placed.name}' would be past the point of no return before '{other.name}' has moved its writer, "
                    "which can be refused; put it behind that step, in the same lane."
                )
                yield Complaint((*placed.where, "kind"), sentence)


@reading("stages")
def tables_are_taken_over_before_anything_writes(draft: Draft) -> Iterator[Complaint]:
    """What is brought up beside it could write to the tables before they have changed hands."""
    for placed, _ in _taking_over(draft):
        for other in draft.steps():
            beside = other.stage is placed.stage and not placed.is_over_before(other)
            if beside and other.kind is not None and other.kind.harm is Harm.DISRUPTIVE:
                sentence = (
                    f"'{other.name}' ({other.kind.name}) may let the standby write before '{placed.name}' has taken "
                    "the tables over; put it into the stage serve."
                )
                yield Complaint((*other.where, "kind"), sentence)


def _taking_over(draft: Draft) -> list[tuple[Placed, TakeOverTablesParams]]:
    return [(placed, placed.params) for placed in draft.steps() if isinstance(placed.params, TakeOverTablesParams)]


TABLE_RULES = (
    tables_fit_into_a_role,
    tables_are_taken_over_in_their_stage,
    who_writes_to_a_table_is_closed,
    what_can_be_refused_moves_before_the_tables,
    tables_are_taken_over_before_anything_writes,
)
