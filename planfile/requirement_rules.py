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


REQUIREMENT_RULES = (requirements_have_names_of_their_own,)
