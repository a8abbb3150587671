"""What the requirements of a plan must be to each other. Written like the rules in `planfile.rules`."""

from __future__ import annotations

from collections.abc import Iterator

from planfile.draft import AnyDraft
from planfile.faults import Complaint
from planfile.rules import reading


@reading("requirements")
def requirements_have_names_of_their_own(draft: AnyDraft) -> Iterator[Complaint]:
    """A finding is told, and remembered, by the name of its requirement or step."""
    steps = {placed.name for placed in draft.steps()}
    seen: set[str] = set()
    for index, requirement in enumerate(draft.plan.requirements):
        name = requirement.requirement
        if name in seen or name in steps:
            what = "requirement" if name in seen else "step"
            sentence = f"There is a {what} '{name}' already; give this requirement another name."
            yield Complaint(("requirements", index, "requirement"), sentence)
        seen.add(name)


@reading("requirements")
def nothing_is_required_twice(draft: AnyDraft) -> Iterator[Complaint]:
    """Where one requirement says the same as another, the thing that was meant by it is asked for by none."""
    listed = draft.plan.requirements
    for index, requirement in enumerate(listed):
        asked = (requirement.kind, requirement.params)
        first = next(each for each in listed if (each.kind, each.params) == asked)
        if first is not requirement and first.requirement != requirement.requirement:
            sentence = (
                f"'{requirement.requirement}' asks for what '{first.requirement}' asks for already; remove one of the "
                "two, or name the resource that was meant."
            )
            yield Complaint(("requirements", index, "requirement"), sentence)


REQUIREMENT_RULES = (requirements_have_names_of_their_own, nothing_is_required_twice)
