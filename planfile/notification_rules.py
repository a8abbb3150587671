"""What a plan may say of how people are reminded.

Written like the rules in `planfile.rules`, which says how they are asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from pilotlight.domain.durations import say_duration
from pilotlight.domain.severity import Severities
from planfile.draft import AnyDraft, Draft, RunbookDraft
from planfile.faults import Complaint
from planfile.rules import reading

MOST_RUNGS = 8
SHORTEST_UPDATE = timedelta(minutes=5)


@reading("notifications")
def updates_are_not_noise(draft: AnyDraft) -> Iterator[Complaint]:
    """Who is told too often does not read it any more."""
    updates = draft.plan.notifications.updates
    if updates is not None and updates < SHORTEST_UPDATE:
        sentence = (
            f"People would hear every {say_duration(updates)} how an incident stands; give them "
            f"{say_duration(SHORTEST_UPDATE)} at least, because each turn of a run is told anyway."
        )
        yield Complaint(("notifications", "updates"), sentence)


@reading("notifications")
def a_ladder_goes_up(draft: AnyDraft) -> Iterator[Complaint]:
    """Each rung has its own name and comes later than the one before."""
    ladder = draft.plan.notifications.escalation
    if len(ladder) > MOST_RUNGS:
        sentence = f"The ladder has {len(ladder)} rungs, and {MOST_RUNGS} are the most; leave some out."
        yield Complaint(("notifications", "escalation"), sentence, at_key=True)
    for index, rung in enumerate(ladder[1:], start=1):
        below = ladder[index - 1]
        if rung.level in [earlier.level for earlier in ladder[:index]]:
            sentence = f"Two rungs of the ladder are named '{rung.level}'; give each a name of its own."
            yield Complaint(("notifications", "escalation", index, "level"), sentence)
        if rung.after <= below.after:
            sentence = (
                f"'{rung.level}' would be called after {say_duration(rung.after)}, which is not later than "
                f"'{below.level}' before it; put the rungs in order."
            )
            yield Complaint(("notifications", "escalation", index, "after"), sentence)


@reading("notifications")
def what_is_worse_comes_no_later(draft: AnyDraft) -> Iterator[Complaint]:
    """A rung's own times hurry, they do not put off; and they are of severities that come to it."""
    for index, rung in enumerate(draft.plan.notifications.escalation):
        for severity, sooner in rung.sooner.items():
            where = ("notifications", "escalation", index, "sooner", severity.value)
            if sooner > rung.after:
                sentence = (
                    f"'{rung.level}' would be called for {severity.value} after {say_duration(sooner)}, which is later "
                    f"than its 'after'; 'sooner' can only hurry."
                )
                yield Complaint(where, sentence)
            if rung.only and severity not in rung.only:
                sentence = f"{severity.value} never comes to '{rung.level}', because 'only' does not name it; drop one."
                yield Complaint(where, sentence, at_key=True)


@reading("notifications")
def a_failover_carries_out_no_run_book(draft: Draft) -> Iterator[Complaint]:
    """How bad a run-book is stands in its own plan."""
    yield from _not_of_this_kind(draft, ("runbook",), "a failover plan has no run-book; say it in the run-book's plan")


@reading("notifications")
def a_run_book_fails_nothing_over(draft: RunbookDraft) -> Iterator[Complaint]:
    """How bad a failover is stands in the plan of the failover."""
    yield from _not_of_this_kind(draft, ("degraded", "planned"), "a run-book fails nothing over; its word is 'runbook'")


def _not_of_this_kind(draft: AnyDraft, fields: tuple[str, ...], because: str) -> Iterator[Complaint]:
    for field in fields:
        # What a plan that was written out whole says is what holds anyway.
        if getattr(draft.plan.notifications.severities, field) != getattr(Severities(), field):
            where = ("notifications", "severities", field)
            yield Complaint(where, f"'{field}' says nothing here: {because}.", at_key=True)


@reading("notifications")
def a_run_book_reminds_nobody(draft: RunbookDraft) -> Iterator[Complaint]:
    """The detector of a failover reminds people; a run-book is watched by whoever started it."""
    notifications = draft.plan.notifications
    for field in ("updates", "escalation", "pager"):
        if getattr(notifications, field):
            sentence = (
                f"A run-book has no detector that would see to '{field}'; leave it out, whoever starts it watches."
            )
            yield Complaint(("notifications", field), sentence, at_key=True)


NOTIFICATION_RULES = (
    updates_are_not_noise,
    a_ladder_goes_up,
    what_is_worse_comes_no_later,
    a_failover_carries_out_no_run_book,
)
RUNBOOK_NOTIFICATION_RULES = (a_run_book_reminds_nobody, a_run_book_fails_nothing_over)
