"""What every kind has that a plan names: its parameters, its calls, its permissions, and what it looks at.

Two contracts stand on it: that of a step kind (`pilotlight.domain.step`), which acts in a run, and that of a
requirement kind (`pilotlight.domain.requirement`), which only looks before one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict

from pilotlight.domain.place import Place
from pilotlight.domain.ports import Aws, Web
from pilotlight.domain.traffic import Traffic


class Access(StrEnum):
    """What an IAM statement, or an AWS operation, lets its caller do."""

    READ = "read"
    WRITE = "write"
    PASS_ROLE = "pass-role"
    GRANT = "grant"


@dataclass(frozen=True)
class Statement:
    """One IAM permission: `actions` on `resources`, under `conditions`, of one class of access."""

    access: Access
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Mapping[str, Mapping[str, str | list[str]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Operation:
    """One AWS operation that a kind calls, as botocore names it, with the fate of each error its model lists.

    `handled` maps a wire error code to what the kind does about it, in a few words; `fatal` lists the codes that end
    the step. Together they name every modelled error of the operation (a convention test compares them with botocore).
    """

    service: str
    name: str
    access: Access
    handled: Mapping[str, str] = field(default_factory=dict)
    fatal: tuple[str, ...] = ()


@dataclass(frozen=True)
class StepContext:
    """What a kind sees: a step kind of the run it works in, and whoever looks before an incident of no run.

    `started` is when this step's first turn began, `now` when this turn did; `outputs` are those of the steps settled
    before it, by step name. `aws` and `web` are the only ways out. `traffic` is what the plan says of its users' ways.
    `closed` is when the last fence of the run was read closed; None where one was not, or where there is none.
    `planned` says for a step that moves a writer whether the run may lose nothing.
    """

    place: Place
    run_id: str
    step: str
    epoch: int
    started: datetime
    now: datetime
    aws: Aws
    web: Web
    outputs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    traffic: Traffic | None = None
    approved_by: str = ""
    aborted_by: str = ""
    closed: datetime | None = None
    planned: bool = False

    @property
    def waited(self) -> timedelta:
        """How long this step has been at work."""
        return self.now - self.started

    @property
    def first_turn(self) -> bool:
        """Whether no earlier turn of this step can have acted, even one that died before it recorded what it did."""
        return self.now == self.started

    @classmethod
    def of_no_run(  # the parts of a context that exist before an incident
        cls, place: Place, step: str, now: datetime, aws: Aws, web: Web, traffic: Traffic | None = None
    ) -> Self:
        """What is seen before an incident, by the step or the requirement of that name."""
        return cls(place, "", step, 0, now, now, aws, web, traffic=traffic)


@dataclass(frozen=True)
class Standing:
    """One thing that stands in a region before an incident: `what` of which service, with facts, and why it must."""

    service: str
    what: str
    region: str
    facts: Mapping[str, Any]
    why: str = ""


class Severity(StrEnum):
    """How a finding bears on a run: only `impossible` blocks one. `error` is for readiness: it must be put right before
    the plan is relied on, though a run would reach its end (users who go round the latch, for example)."""

    FINE = "fine"
    WARNING = "warning"
    ERROR = "error"
    IMPOSSIBLE = "impossible"


@dataclass(frozen=True)
class Finding:
    """One thing looked at before it was needed, with what to do about it."""

    severity: Severity
    code: str
    sentence: str
    fix: str = ""

    @classmethod
    def fine(cls, code: str, sentence: str) -> Self:
        """All is well with it."""
        return cls(Severity.FINE, code, sentence)

    @classmethod
    def warning(cls, code: str, sentence: str, fix: str) -> Self:
        """A run would bear it."""
        return cls(Severity.WARNING, code, sentence, fix)

    @classmethod
    def error(cls, code: str, sentence: str, fix: str) -> Self:
        """It must be put right before the plan is relied on."""
        return cls(Severity.ERROR, code, sentence, fix)

    @classmethod
    def impossible(cls, code: str, sentence: str, fix: str) -> Self:
        """It blocks a run."""
        return cls(Severity.IMPOSSIBLE, code, sentence, fix)


class Params(BaseModel):
    """What a step or a requirement is called with in a plan.

    Each subclass's docstring holds a YAML example, which a test validates.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)


P = TypeVar("P", bound=Params)


class Kind(ABC, Generic[P]):
    """One kind of step or requirement. The module holds one instance, named `KIND`."""

    name: ClassVar[str]
    params: type[P]
    operations: ClassVar[tuple[Operation, ...]]

    @abstractmethod
    def title(self, params: P) -> str:
        """What a person calls it: a verb and the resource."""

    @abstractmethod
    def statements(self, params: P, place: Place) -> tuple[Statement, ...]:
        """The permissions that these parameters need; a write never falls back to `*`."""

    def standing(self, params: P, place: Place) -> tuple[Standing, ...]:
        """What the plan takes to stand before an incident; a rehearsal furnishes its world with it."""
        return ()

    def prerequisites(self, params: P, place: Place) -> tuple[Standing, ...]:
        """What the owner's own infrastructure code must hold for it."""
        return self.standing(params, place)

    @abstractmethod
    def readiness(self, params: P, context: StepContext) -> tuple[Finding, ...]:
        """Everything that must be true before an incident; may read any region, and only reads."""
