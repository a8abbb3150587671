"""A small sound plan, changed one place at a time, and step kinds that do nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

import planfile
from pilotlight.domain.handwork import Handwork
from pilotlight.domain.plan import Plan
from pilotlight.domain.standing_in import Isolation, Refusal
from pilotlight.domain.step import (
    CannotUndo,
    Finding,
    Harm,
    Operation,
    OutputOf,
    Params,
    Receipt,
    Settled,
    Statement,
    StepContext,
    StepKind,
    Timing,
)
from planfile.draft import Kinds

SOUND = """\
application: shop
account: "123456789012"
regions:
  primary: eu-west-1
  standby: eu-central-1
objectives:
  rto: 2 h
  rpo: 15 min
  resources:
    - {resource: Database, rto: 30 min, rpo: 15 min, step: promote}
signals:
  health_check:
    host: shop-1.eu-west-1.elb.amazonaws.com
  probe:
    url: https://shop.example.com/health
    connect_to: shop-1.eu-west-1.elb.amazonaws.com
decision:
  must_last: 5 min
stages:
  prepare:
    cache:
      - {start: create-cache, kind: create, params: {resource: cache}}
  move:
    database:
      - {step: promote, kind: promote, params: {resource: replica}}
    cache:
      - await: create-cache
  serve:
    application:
      - step: scale
        kind: scale
        params:
          resource: service
          tasks: 4
          takes: {step: promote, output: endpoint}
      - step: check
        kind: check
        params:
          url: https://shop.example.com/health
          connect_to: shop-2.eu-central-1.elb.amazonaws.com
"""


PEOPLE = "people: {approvers: ['arn:aws:sts::123456789012:assumed-role/Operators/*']}"
"""Who may approve a run of the sound plan, where a test needs somebody."""


class ResourceParams(Params):
    """What a fake step works on.

    ```yaml
    step: scale
    kind: scale
    params:
      resource: service
    ```
    """

    resource: str = Field(description="What is worked on.")
    tasks: int = Field(1, ge=1, description="How many | are wanted.")
    takes: OutputOf | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.takes and self.tasks > 100:
            raise ValueError("tasks that take something are 100 at most; lower tasks, or leave takes out")
        return self


class UrlParams(Params):
    """What a fake check asks."""

    url: str
    connect_to: str | None = None
    expect: int | tuple[int, ...] = 200


class FakeKind(StepKind[Any]):
    """A step kind that is described, and does nothing."""

    operations: ClassVar[tuple[Operation, ...]] = ()

    def title(self, params: Any) -> str:
        return f"{self.name.title()} {params.resource if hasattr(params, 'resource') else params.url}"

    def needs(self, params: Any) -> tuple[OutputOf, ...]:
        takes = getattr(params, "takes", None)
        return (takes,) if takes else ()

    def statements(self, params: Any, place: Any) -> tuple[Statement, ...]:
        return ()

    def readiness(self, params: Any, context: StepContext) -> tuple[Finding, ...]:
        return ()

    def preflight(self, params: Any, context: StepContext) -> tuple[Finding, ...]:
        return ()

    def execute(self, params: Any, context: StepContext) -> Receipt:
        return Receipt("Nothing was done.", acted=False)

    def verify(self, params: Any, receipt: Receipt, context: StepContext) -> Settled:
        return Settled("Nothing had to be done.")

    def undo(self, params: Any, receipt: Receipt, context: StepContext) -> CannotUndo:
        return CannotUndo("There is nothing to undo.")

    def stand_in(self, params: Any, isolation: Isolation) -> Refusal:
        return Refusal("There is nothing to stand in for.")

    def by_hand(self, params: Any, place: Any) -> Handwork:
        return Handwork(do=(), check=(), stop_if="")


def a_kind(
    name: str,
    *,
    harm: Harm = Harm.DISRUPTIVE,
    outputs: tuple[str, ...] = (),
    minutes: tuple[int, int, int] = (1, 2, 3),
    params: type[Params] = ResourceParams,
    fences: bool = False,
) -> StepKind[Any]:
    """A step kind of a name, with its shortest, typical and longest time in minutes."""
    return described(FakeKind, name, harm=harm, outputs=outputs, minutes=minutes, params=params, fences=fences)


def described(
    base: type[FakeKind],
    name: str,
    *,
    harm: Harm = Harm.DISRUPTIVE,
    outputs: tuple[str, ...] = (),
    minutes: tuple[int, int, int] = (1, 2, 3),
    params: type[Params] = ResourceParams,
    fences: bool = False,
) -> StepKind[Any]:
    """A step kind that does what `base` does."""
    shortest, typical, longest = (timedelta(minutes=count) for count in minutes)
    timing = Timing(shortest, typical, longest, poll=timedelta(seconds=5), give_up=2 * longest)
    attributes = {
        "__module__": __name__,
        "name": name,
        "harm": harm,
        "outputs": outputs,
        "timing": timing,
        "params": params,
        "fences": fences,
    }
    kind: StepKind[Any] = type(f"Fake{name.title()}", (base,), attributes)()
    return kind


KINDS: Kinds = {
    "create": a_kind("create", harm=Harm.HARMLESS, outputs=("endpoint",), minutes=(5, 8, 15)),
    "promote": a_kind("promote", harm=Harm.IRREVERSIBLE, outputs=("address", "endpoint"), minutes=(2, 6, 30)),
    "scale": a_kind("scale", minutes=(1, 2, 5)),
    "check": a_kind("check", harm=Harm.HARMLESS, params=UrlParams, minutes=(1, 1, 2)),
}


def changed(*changes: tuple[str, str]) -> str:
    """The sound plan with some of its text replaced; each replaced text stands in it exactly once."""
    text = SOUND
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the sound plan"
        text = text.replace(old, new)
    return text


def read(text: str, kinds: Kinds = KINDS) -> Plan:
    """The plan of a text."""
    return planfile.parse(text, "shop.yaml", kinds)


def faults_of(text: str, kinds: Kinds = KINDS) -> tuple[planfile.Fault, ...]:
    """What is wrong with a text."""
    try:
        read(text, kinds)
    except planfile.PlanFileRefused as refusal:
        return refusal.faults
    return ()


def the_fault_of(text: str, kinds: Kinds = KINDS) -> planfile.Fault:
    """The one thing that is wrong with a text."""
    (fault,) = faults_of(text, kinds)
    return fault


def spot_of(text: str, needle: str) -> tuple[int, int]:
    """The line and column, from one, of the only place of a piece of text."""
    assert text.count(needle) == 1, f"{needle!r} stands {text.count(needle)} times"
    before = text[: text.index(needle)]
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def points_at(fault: planfile.Fault, text: str, needle: str) -> bool:
    """Whether a fault stands where a piece of text begins."""
    return (fault.line, fault.column) == spot_of(text, needle)
