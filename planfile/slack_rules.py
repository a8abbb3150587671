"""What a plan must say so that people are heard through Slack, and nobody stands in a list in vain.

Written like the rules in `planfile.rules`, which says how they are asked.
"""

from __future__ import annotations

from collections.abc import Iterator

from pilotlight.domain.plan import PlanKind
from pilotlight.domain.policy import IN_SLACK
from planfile.draft import AnyDraft
from planfile.faults import Complaint
from planfile.rules import reading

_LISTS = ("approvers", "overriders", "drillers", "starters")


@reading("people", "notifications")
def who_speaks_in_slack_is_heard(draft: AnyDraft) -> Iterator[Complaint]:
    """A person of a workspace that the plan does not name speaks in vain."""
    slack = draft.plan.notifications.slack
    team = slack.team if slack else None
    for field in _LISTS:
        for index, person in enumerate(getattr(draft.plan.people, field)):
            if not person.startswith(IN_SLACK) or person.startswith(f"{IN_SLACK}{team}/"):
                continue
            sentence = (
                f"'{person}' is not heard, because the plan listens to workspace {team} alone; name one of its members."
                if team
                else f"'{person}' is not heard, because the plan names no workspace; set notifications.slack.team."
            )
            yield Complaint(("people", field, index), sentence)


@reading("people")
def a_second_person_approves_what_is_requested(draft: AnyDraft) -> Iterator[Complaint]:
    """Who requests a run from Slack does not approve it, so somebody else must be there who may."""
    people = draft.plan.people
    for index, person in enumerate(people.starters):
        if set(people.approvers) <= people.names_of(person):
            sentence = f"'{person}' may request a run, and nobody else may approve it; name a second approver."
            yield Complaint(("people", "starters", index), sentence)


@reading("kind", "people")
def a_run_book_has_no_drill(draft: AnyDraft) -> Iterator[Complaint]:
    """A list that means nothing is taken for one that protects."""
    if draft.plan.kind is PlanKind.RUNBOOK and draft.plan.people.drillers:
        sentence = "A run-book has no drill that somebody could start; leave drillers out, and rehearse it instead."
        yield Complaint(("people", "drillers"), sentence, at_key=True)


SLACK_RULES = (who_speaks_in_slack_is_heard, a_second_person_approves_what_is_requested, a_run_book_has_no_drill)
