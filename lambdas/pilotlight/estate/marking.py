"""The tags of what a drill makes: whose it is, and which drill's.

They are set in the very call that creates a thing, so that what a drill made is known even where the drill died before
it recorded anything. What does not bear the application's tag was made by somebody else, and is left to a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pilotlight.domain.place import Place
from pilotlight.domain.standing_in import Remains
from pilotlight.domain.step import CannotUndo, Failed, StepContext, Undone

Conditions = dict[str, dict[str, str | list[str]]]

APPLICATION_TAG = "pilotlight:application"
RUN_TAG = "pilotlight:run"


def marks(context: StepContext) -> dict[str, str]:
    """The tags of what this run makes."""
    return {APPLICATION_TAG: context.place.application, RUN_TAG: context.run_id}


def asked_and_borne(place: Place) -> tuple[Conditions, Conditions]:
    """In a policy: that a creation sets the tag of the application's drill, and that a thing bears it."""
    return (
        {"StringEquals": {f"aws:RequestTag/{APPLICATION_TAG}": place.application}},
        {"StringEquals": {f"aws:ResourceTag/{APPLICATION_TAG}": place.application}},
    )


@dataclass(frozen=True)
class Thing:
    """Something that stands under a name of the drill's: `what` says kind, name and state, as in a sentence."""

    what: str
    tags: Mapping[str, str] = field(default_factory=dict)

    def is_ours(self, context: StepContext) -> bool:
        """Whether a drill of this application made it, whichever."""
        return self.tags.get(APPLICATION_TAG) == context.place.application and bool(self.tags.get(RUN_TAG))

    def is_of_this_run(self, context: StepContext) -> bool:
        """Whether this very drill made it."""
        return self.is_ours(context) and self.tags[RUN_TAG] == context.run_id

    @property
    def owner(self) -> str:
        """Whose it is, for a sentence."""
        if not self.tags.get(APPLICATION_TAG):
            return f"bears no tag {APPLICATION_TAG}"
        return f"is marked as {self.tags[APPLICATION_TAG]}'s, of run {self.tags.get(RUN_TAG) or 'unknown'}"


def remains_of(things: Iterable[Thing], context: StepContext) -> Remains | None:
    """What a step says of what stands: this run's first, then another drill's, and of others only where none is left.

    One sentence names all that stands of the same drill, because a person reads it.
    """
    standing = tuple(things)
    of_this_run = [thing for thing in standing if thing.is_of_this_run(context)]
    of_drills = [thing for thing in standing if thing.is_ours(context)]
    if not standing:
        return None
    if not of_drills:
        named = " and ".join(f"{thing.what}, which {thing.owner}" for thing in standing)
        way_out = "nobody but a person deletes it; delete it, or give the drill another name in the plan"
        return Remains("", f"There stands {named}, so {way_out}.")
    run = (of_this_run or of_drills)[0].tags[RUN_TAG]
    named = " and ".join(thing.what for thing in of_drills if thing.tags[RUN_TAG] == run)
    return Remains(run, f"Of drill {run} there still stands {named}.")


def taken(copy_as: str, things: Iterable[Thing], context: StepContext) -> Failed | None:
    """Whether something of the copy's name was made by another drill, or by somebody else."""
    others = [thing for thing in things if not thing.is_of_this_run(context)]
    if not others:
        return None
    first = others[0]
    return Failed(
        f"Copy {copy_as} cannot be made, because there is {first.what} of that name, which {first.owner}.",
        "Have the earlier drill cleared away if it is one of its, or give the copy another name in the plan.",
    )


def say_undone(
    copy_as: str, asked: Sequence[str], things: Sequence[Thing], context: StepContext
) -> Undone | CannotUndo:
    """What a turn of deleting came to.

    Parameters: `asked` is what was asked for in it, and `things` what stood before it.
    """
    others = [thing for thing in things if not thing.is_ours(context)]
    if others:
        stays = " and ".join(f"{thing.what} {thing.owner}" for thing in others)
        return CannotUndo(f"Not all of copy {copy_as} is deleted, because {stays}; find out whose it is.")
    if asked:
        return Undone(f"Of copy {copy_as}, {', '.join(asked)}.")
    what = "is gone already" if not things else "is on its way out"
    return Undone(f"Copy {copy_as} {what}.")
