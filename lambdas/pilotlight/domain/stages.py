"""The stages of a plan: lanes side by side, steps in order, and steps that are started here and awaited later."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag

from pilotlight.domain.part import Name, Part


class StageName(StrEnum):
    """The stages of a plan, in the order they run.

    `prepare` holds harmless steps only; the gate follows it. `fence` closes the old primary's write path, `move` moves
    the writer, `serve` brings the application up, and what fails in `after` is a follow-up, not a failed run.
    """

    PREPARE = "prepare"
    FENCE = "fence"
    MOVE = "move"
    SERVE = "serve"
    AFTER = "after"


Skippable = Annotated[
    bool, Field(description="Whether a person may let the run go on without the step, should it fail.")
]


class RunStep(Part):
    """A step that runs, and is waited for, where it stands."""

    step: Name
    kind: str
    params: dict[str, Any] = Field(default_factory=dict)
    skippable: Skippable = False


class StartStep(Part):
    """A step that is only started here; a later stage awaits it."""

    start: Name
    kind: str
    params: dict[str, Any] = Field(default_factory=dict)
    skippable: Skippable = False


class AwaitStep(Part):
    """The place where a step that was started earlier must be done."""

    await_: Name = Field(alias="await")


def _which(value: Any) -> str:
    keys = value.keys() if isinstance(value, dict) else getattr(value, "__dict__", {}).keys()
    if "start" in keys:
        return "start"
    return "await" if "await" in keys or "await_" in keys else "step"


Entry = Annotated[
    Annotated[RunStep, Tag("step")] | Annotated[StartStep, Tag("start")] | Annotated[AwaitStep, Tag("await")],
    Discriminator(_which),
]
Lane = Annotated[tuple[Entry, ...], Field(min_length=1)]
Stage = dict[Name, Lane]


class Stages(Part):
    """The stages in order; each holds lanes side by side, each lane its steps in order."""

    prepare: Stage = Field(default_factory=dict)
    fence: Stage = Field(default_factory=dict)
    move: Stage = Field(default_factory=dict)
    serve: Stage = Field(default_factory=dict)
    after: Stage = Field(default_factory=dict)

    def of(self, name: StageName) -> Stage:
        """The lanes of one stage, by lane name."""
        stage: Stage = getattr(self, name.value)
        return stage


@dataclass(frozen=True)
class PlannedStep:
    """One step of a plan with the places it has in it."""

    name: str
    kind: str
    params: dict[str, Any]
    started_in: StageName
    awaited_in: StageName | None
    lane: str
    skippable: bool = False
