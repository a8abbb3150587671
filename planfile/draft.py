"""A plan as far as it could be read: what the rules look at, so that one fault does not hide the next.

A field with a fault is left out, and so is an entry of a stage with one; the rules that need what is left
out are not asked. An entry is placed with its step kind and that kind's parameters, where both are sound.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError

from pilotlight import requirements
from pilotlight.domain.kind import Kind
from pilotlight.domain.plan import AnyPlan, Plan, PlanKind, Requirement
from pilotlight.domain.runbook import Runbook
from pilotlight.domain.stages import AwaitStep, Entry, RunStep, StageName, StartStep
from pilotlight.domain.step import Params, StepKind
from planfile.faults import Complaint, Where, any_of, did_you_mean, is_under
from planfile.sentences import complaints_about

Kinds = Mapping[str, StepKind[Any]]
"""The step kinds by name."""

ROLES = ("step", "start", "await")
STAGES = tuple(StageName)
_ENTRY: TypeAdapter[RunStep | StartStep | AwaitStep] = TypeAdapter(Entry)


@dataclass(frozen=True)
class Placed:
    """One entry of a stage, where it stands, with its kind and parameters as far as they are sound."""

    where: Where
    stage: StageName
    lane: str
    entry: RunStep | StartStep | AwaitStep
    kind: StepKind[Any] | None = None
    params: Params | None = None

    @property
    def name(self) -> str:
        """The step that the entry runs, starts or awaits."""
        match self.entry:
            case RunStep():
                return self.entry.step
            case StartStep():
                return self.entry.start
            case AwaitStep():
                return self.entry.await_

    def is_over_before(self, other: Placed) -> bool:
        """Whether this entry is over at the other one's turn: in an earlier stage, or above it in a lane."""
        if self.stage is other.stage:
            return self.lane == other.lane and self.where < other.where
        return STAGES.index(self.stage) < STAGES.index(other.stage)


@dataclass(frozen=True)
class AnyDraft:
    """The sound fields of a plan, the names of the others, and the sound entries of its stages in order."""

    plan: AnyPlan
    unread: frozenset[str]
    entries: tuple[Placed, ...]

    def steps(self) -> Iterator[Placed]:
        """The entries that run or start a step."""
        return (placed for placed in self.entries if not isinstance(placed.entry, AwaitStep))

    def awaits(self) -> Iterator[Placed]:
        """The entries that await a step."""
        return (placed for placed in self.entries if isinstance(placed.entry, AwaitStep))


@dataclass(frozen=True)
class Draft(AnyDraft):
    """The draft of a failover plan."""

    plan: Plan


@dataclass(frozen=True)
class RunbookDraft(AnyDraft):
    """The draft of a run-book."""

    plan: Runbook


def read_draft(value: dict[str, Any], kinds: Kinds) -> tuple[Draft | RunbookDraft, list[Complaint]]:
    """Read the fields of a plan as far as they are sound; the complaints say what is not."""
    complaints = list(_plan_kind(value))
    if complaints:
        value = {name: inner for name, inner in value.items() if name != "kind"}
    model: type[Plan] | type[Runbook] = Runbook if value.get("kind") == PlanKind.RUNBOOK else Plan
    complaints += [complaint for where, entry in _entries(value) for complaint in _role(where, entry)]
    misshapen = {complaint.where for complaint in complaints}
    readable = _without(value, misshapen)
    try:
        plan, unread = model.model_validate(readable), frozenset[str]()
    except ValidationError as error:
        found = complaints_about(error, readable, model, "the plan")
        complaints += [complaint for complaint in found if not is_under(complaint.where, misshapen)]
        named = frozenset(str(details["loc"][0]) for details in error.errors() if details["loc"])
        unread = named or frozenset(model.model_fields)
        plan = _sound_fields(model, readable, unread)
    placed = []
    for where, entry in _entries(readable):
        entry_placed, found = _place(where, entry, kinds)
        complaints += found
        placed += [entry_placed] if entry_placed and where not in misshapen else []
    complaints += _about_requirements(readable)
    if isinstance(plan, Runbook):
        return RunbookDraft(plan, unread, tuple(placed)), complaints
    return Draft(plan, unread, tuple(placed)), complaints


def _plan_kind(value: Mapping[str, Any]) -> Iterator[Complaint]:
    """What a plan of no known kind is told, which is read as a failover plan beyond that."""
    # A drill is computed from a failover plan, and written by nobody.
    kind, known = value.get("kind"), [each.value for each in PlanKind if each is not PlanKind.DRILL]
    if kind is not None and kind not in known:
        sentence = f"There is no kind '{kind}' of plan; there are {' and '.join(known)}."
        yield Complaint(("kind",), sentence, did_you_mean(str(kind), known))


def _entries(value: Mapping[str, Any]) -> Iterator[tuple[Where, Any]]:
    """The entries of all stages as they are written, in the order in which they run."""
    stages = value.get("stages")
    for stage in STAGES:
        lanes = stages.get(stage.value) if isinstance(stages, dict) else None
        for lane, entries in lanes.items() if isinstance(lanes, dict) else ():
            for index, entry in enumerate(entries if isinstance(entries, list) else ()):
                yield ("stages", stage.value, lane, index), entry


def _role(where: Where, entry: Any) -> Iterator[Complaint]:
    """An entry runs, starts or awaits one step."""
    if not isinstance(entry, dict):
        yield Complaint(
            where,
            "An entry of a lane is a mapping that begins with `step:`, `start:` or `await:`, and this is not one.",
        )
        return
    roles = [role for role in ROLES if role in entry]
    if not roles:
        meant = next(filter(None, (did_you_mean(str(key), ROLES) for key in entry)), "")
        yield Complaint(where, f"This entry has none of {any_of(ROLES)}; begin it with one of them.", meant)
    elif len(roles) > 1:
        yield Complaint(where, f"This entry has both '{roles[0]}' and '{roles[1]}'; make two entries of it.")


def _without(value: dict[str, Any], misshapen: set[Where]) -> dict[str, Any]:
    """The same values, with an empty entry in the place of each misshapen one, so that positions stay."""
    if not misshapen:
        return value
    stages = {
        stage: {
            lane: [{} if ("stages", stage, lane, index) in misshapen else entry for index, entry in enumerate(entries)]
            if isinstance(entries, list)
            else entries
            for lane, entries in lanes.items()
        }
        if isinstance(lanes, dict)
        else lanes
        for stage, lanes in value["stages"].items()
    }
    return {**value, "stages": stages}


def _sound_fields(
    model: type[Plan] | type[Runbook], value: Mapping[str, Any], unread: frozenset[str]
) -> Plan | Runbook:
    """A plan of those fields that are sound; a rule that asks it for another required one is mistaken."""
    sound: dict[str, Any] = {}
    for name, info in model.model_fields.items():
        if name in value and name not in unread:
            adapter: TypeAdapter[Any] = TypeAdapter(Annotated[info.annotation, info])  # type: ignore[arg-type]  # a type made at run time
            sound[name] = adapter.validate_python(value[name])
    return model.model_construct(None, **sound)


def _place(where: Where, written: Any, kinds: Kinds) -> tuple[Placed | None, list[Complaint]]:
    """Place one entry; a kind that does not exist and parameters that do not fit are said here."""
    stage, lane = StageName(str(where[1])), str(where[2])
    if not isinstance(written, dict):
        return None, []
    try:
        entry = _ENTRY.validate_python(written)
    except ValidationError:
        return None, []
    if isinstance(entry, AwaitStep):
        return Placed(where, stage, lane, entry), []
    kind = kinds.get(entry.kind)
    if kind is None:
        return Placed(where, stage, lane, entry), [_no_such_kind("step", entry.kind, kinds, where)]
    params = _params_of(kind, entry.params, where, written)
    if not isinstance(params, Params):
        return Placed(where, stage, lane, entry, kind), params
    return Placed(where, stage, lane, entry, kind, params), []


def _about_requirements(value: Mapping[str, Any]) -> Iterator[Complaint]:
    """What is wrong with the kinds and the parameters of those requirements that are sound otherwise."""
    listed = value.get("requirements")
    for index, written in enumerate(listed if isinstance(listed, list) else ()):
        where: Where = ("requirements", index)
        try:
            requirement = Requirement.model_validate(written)
        except ValidationError:
            continue
        if requirement.kind not in requirements.kind_names():
            yield _no_such_kind("requirement", requirement.kind, requirements.kind_names(), where)
            continue
        params = _params_of(requirements.kind(requirement.kind), requirement.params, where, written)
        yield from () if isinstance(params, Params) else params


def _no_such_kind(what: str, name: str, known: Iterable[str], where: Where) -> Complaint:
    names = sorted(known)
    sentence = f"There is no {what} kind '{name}'; there are {', '.join(names)}."
    return Complaint((*where, "kind"), sentence, did_you_mean(name, names))


def _params_of(kind: Kind[Any], given: Any, where: Where, written: Mapping[str, Any]) -> Params | list[Complaint]:
    try:
        params: Params = kind.params.model_validate(given)
    except ValidationError as error:
        found = complaints_about(error, given, kind.params, f"the params of {kind.name}")
        return [_deeper(complaint, (*where, "params"), written) for complaint in found]
    return params


def _deeper(complaint: Complaint, params: Where, written: Mapping[str, Any]) -> Complaint:
    """The complaint about parameters as one about the plan; where none are written, it points at the kind."""
    if "params" not in written:
        return replace(complaint, where=(*params[:-1], "kind"), at_key=False)
    return replace(complaint, where=(*params, *complaint.where))
