"""What the steps of a plan must be to each other: unique, awaited, each after those whose output it needs.

Written like the rules in `planfile.rules`, which says how they are asked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from pilotlight.domain.stages import RunStep, StageName, StartStep
from pilotlight.domain.step import Access, Harm, OutputOf
from pilotlight.steps.check_database import CheckDatabaseParams
from planfile.document import places_of
from planfile.draft import AnyDraft, Draft, Placed
from planfile.faults import Complaint, Where, any_of, did_you_mean
from planfile.rules import host_in, indirect, reading

_CONTROLLERS_PARAMETERS = ":parameter/pilotlight/"

LONGEST_TITLE = 63
"""A state is named by its step's title and up to 17 characters more, and ASL allows 80."""


@reading("stages")
def names_are_unique(draft: AnyDraft) -> Iterator[Complaint]:
    """A step is known by its name in the ledger, in Slack and to the steps that use its outputs."""
    seen: dict[str, Placed] = {}
    for placed in draft.steps():
        first = seen.setdefault(placed.name, placed)
        if first is not placed:
            sentence = (
                f"There is a step '{placed.name}' in stage {first.stage.value} already; give this one another name."
            )
            yield Complaint((*placed.where, role_of(placed)), sentence)


@reading("stages")
def titles_are_unique_and_short(draft: AnyDraft) -> Iterator[Complaint]:
    """A state of the machine is named by the title of its step."""
    seen: dict[str, Placed] = {}
    for placed in draft.steps():
        if placed.kind is None or placed.params is None:
            continue
        title = placed.kind.title(placed.params)
        if len(title) > LONGEST_TITLE:
            sentence = (
                f"'{title}' has {len(title)} characters, and a state's name has room for {LONGEST_TITLE}; "
                "give the resource a shorter name."
            )
            yield Complaint((*placed.where, role_of(placed)), sentence)
        first = seen.setdefault(title, placed)
        if first is not placed and first.name != placed.name:
            sentence = f"'{placed.name}' does what '{first.name}' does ({title}); remove one of the two."
            yield Complaint((*placed.where, role_of(placed)), sentence)


@reading("stages")
def what_is_awaited_was_started(draft: AnyDraft) -> Iterator[Complaint]:
    """An await needs exactly one start before it."""
    started = {placed.name: placed for placed in draft.steps() if isinstance(placed.entry, StartStep)}
    run = {placed.name for placed in draft.steps() if isinstance(placed.entry, RunStep)}
    awaited: dict[str, Placed] = {}
    for placed in draft.awaits():
        where, name = (*placed.where, "await"), placed.name
        first = awaited.setdefault(name, placed)
        if name in run:
            yield Complaint(
                where,
                f"'{name}' runs, and is waited for, where it stands; begin that entry with `start:` to await it here.",
            )
        elif name not in started:
            yield Complaint(where, f"No step '{name}' is started{_known(started)}.", did_you_mean(name, started))
        elif started[name].stage is StageName.AFTER and placed.stage is not StageName.AFTER:
            yield Complaint(where, _after(started[name], f"stage {placed.stage.value} awaits it here"))
        elif first is not placed:
            yield Complaint(where, f"'{name}' is awaited in stage {first.stage.value} already; await it once.")
        elif not started[name].is_over_before(placed):
            yield Complaint(
                where,
                f"'{name}' may not be started yet when it is awaited here; await it in a later stage, or "
                "later in its lane.",
            )


@reading("stages")
def what_is_started_is_awaited(draft: AnyDraft) -> Iterator[Complaint]:
    """What nobody awaits would be forgotten."""
    awaited = {placed.name for placed in draft.awaits()}
    for placed in draft.steps():
        if isinstance(placed.entry, StartStep) and placed.name not in awaited:
            sentence = (
                f"'{placed.name}' is started and never awaited, so nobody would see it fail; add `await: "
                f"{placed.name}` to a later stage."
            )
            yield Complaint((*placed.where, "start"), sentence)


@reading()
def prepare_is_harmless(draft: AnyDraft) -> Iterator[Complaint]:
    """Prepare runs before anyone has decided that the application moves."""
    for placed in draft.steps():
        if placed.stage is StageName.PREPARE and placed.kind is not None and placed.kind.harm is not Harm.HARMLESS:
            sentence = (
                f"'{placed.name}' is {placed.kind.harm.value} ({placed.kind.name}), and prepare comes "
                "before the gate; put it into a later stage."
            )
            yield Complaint((*placed.where, "kind"), sentence)


@reading("stages")
def a_failover_moves_something(draft: Draft) -> Iterator[Complaint]:
    """A plan that only prepares recovers nothing."""
    moving = {StageName.MOVE, StageName.SERVE}
    if not any(placed.stage in moving for placed in draft.entries):
        yield Complaint(
            ("stages",),
            "A failover has a step in stage move or serve, and this plan has none; add one.",
            at_key=True,
        )


@reading("stages")
def needed_outputs_are_there(draft: AnyDraft) -> Iterator[Complaint]:
    """An output exists once its step is settled, and only if its kind gives it."""
    steps: dict[str, Placed] = {}
    settled: dict[str, list[Placed]] = defaultdict(list)
    for placed in draft.entries:
        if not isinstance(placed.entry, StartStep):
            settled[placed.name].append(placed)
    for placed in draft.steps():
        steps.setdefault(placed.name, placed)
    for placed in draft.steps():
        if placed.kind is None or placed.params is None:
            continue
        for need in placed.kind.needs(placed.params):
            in_time = any(earlier.is_over_before(placed) for earlier in settled[need.step])
            yield from _need(placed, need, steps, in_time=in_time)


def _need(placed: Placed, need: OutputOf, steps: dict[str, Placed], *, in_time: bool) -> Iterator[Complaint]:
    where = _place_of(placed, need)
    giver = steps.get(need.step)
    if giver is None:
        yield Complaint(
            (*where, "step"),
            f"No step '{need.step}' gives an output{_known(steps)}.",
            did_you_mean(need.step, steps),
        )
    elif giver.stage is StageName.AFTER and placed.stage is not StageName.AFTER:
        yield Complaint((*where, "step"), _after(giver, f"'{placed.name}' asks for its {need.output}"))
    elif not in_time:
        sentence = (
            f"'{need.step}' may not be done when '{placed.name}' asks for its {need.output}; put it into "
            "an earlier stage, or earlier in this lane."
        )
        yield Complaint((*where, "step"), sentence)
    elif giver.kind is not None and giver.params is not None:
        gives = giver.kind.gives(giver.params)
        if need.output in gives:
            return
        given = f"; it gives {any_of(gives)}" if gives else "; it gives none"
        sentence = f"'{need.step}' ({giver.kind.name}) gives no output '{need.output}'{given}."
        yield Complaint((*where, "output"), sentence, did_you_mean(need.output, gives))


def _after(late: Placed, who_waits: str) -> str:
    return (
        f"'{late.name}' stands in stage after, which begins once the application is served, and {who_waits}; put it "
        "into the stage that needs it, or an earlier one."
    )


def _place_of(placed: Placed, need: OutputOf) -> Where:
    """Where a need is written: the mapping `{step, output}` in the parameters, or all of them."""
    written = getattr(placed.entry, "params", {})
    wanted = {"step": need.step, "output": need.output}
    inside = next((where for where, value in places_of(written) if value == wanted), ())
    return (*placed.where, "params", *inside)


@reading("objectives", "stages")
def objectives_name_steps_that_exist(draft: Draft) -> Iterator[Complaint]:
    """The end of the named step is the recovery of the resource."""
    steps = {placed.name for placed in draft.steps()}
    for index, resource in enumerate(draft.plan.objectives.resources):
        if resource.step is not None and resource.step not in steps:
            sentence = f"No step '{resource.step}' recovers {resource.resource}{_known(steps)}."
            yield Complaint(("objectives", "resources", index, "step"), sentence, did_you_mean(resource.step, steps))


@reading("regions")
def checks_ask_the_standby_itself(draft: Draft) -> Iterator[Complaint]:
    """A step that asks a URL has to reach the standby, where the public name does not lead yet."""
    for placed in draft.steps():
        params = placed.params.model_dump(mode="json") if placed.params else {}
        if not {"url", "connect_to"} <= params.keys() or isinstance(params["connect_to"], dict):
            continue
        connect_to, primary = params["connect_to"], draft.plan.regions.primary
        problem = indirect(params["url"], connect_to, wrong_region=primary, name_this="the standby's own load balancer")
        if problem:
            written = "connect_to" if connect_to and host_in(params["url"]) else "url"
            yield Complaint((*placed.where, "params", written), f"'{placed.name}' {problem}")


@reading("stages", "application", "account", "regions", "region")
def no_step_steers_the_controller(draft: AnyDraft) -> Iterator[Complaint]:
    """The switch, a guard's mode and its notes are parameters; the role of a step must not come to hold them."""
    for placed in draft.steps():
        if placed.kind is None or placed.params is None:
            continue
        given = placed.kind.statements(placed.params, draft.plan.place)
        written = (r for statement in given if statement.access is not Access.READ for r in statement.resources)
        own = next((r for r in written if _CONTROLLERS_PARAMETERS in r), None)
        if own is not None:
            sentence = (
                f"'{placed.name}' would write {own.partition(':parameter')[2]}, and what stands under /pilotlight/ "
                "steers this controller; give the application's own value another name."
            )
            yield Complaint((*placed.where, "params"), sentence)


def role_of(placed: Placed) -> str:
    """The key under which an entry names the step that it runs or starts."""
    return "start" if isinstance(placed.entry, StartStep) else "step"


def _known(names: dict[str, Placed] | set[str]) -> str:
    return f"; there are {', '.join(sorted(names))}" if names else ", because this plan has none"


@reading()
def the_runtime_knows_what_is_called(draft: AnyDraft) -> Iterator[Complaint]:
    """A function that calls what its SDK does not know fails in the incident."""
    for placed in draft.steps():
        if placed.kind is not None and placed.kind.waits_for_the_runtime:
            sentence = (
                f"'{placed.name}' ({placed.kind.name}) calls what the SDK of Lambda's runtime does not know yet; leave "
                "it out until it does, and do by hand what it would."
            )
            yield Complaint((*placed.where, "kind"), sentence)


@reading()
def databases_are_asked_from_one_place(draft: AnyDraft) -> Iterator[Complaint]:
    """One function of the plan asks them all, and it stands in one network."""
    first: tuple[str, CheckDatabaseParams] | None = None
    for placed in draft.steps():
        if not isinstance(placed.params, CheckDatabaseParams):
            continue
        first = first or (placed.name, placed.params)
        if placed.params.foothold != first[1].foothold:
            sentence = (
                f"'{placed.name}' asks from other subnets or security groups than '{first[0]}', and one function asks "
                "for both; name the same ones, from which both databases are reached."
            )
            yield Complaint((*placed.where, "params", "subnets"), sentence)


SHARED_STEP_RULES = (
    the_runtime_knows_what_is_called,
    names_are_unique,
    titles_are_unique_and_short,
    what_is_awaited_was_started,
    what_is_started_is_awaited,
    prepare_is_harmless,
    needed_outputs_are_there,
    no_step_steers_the_controller,
    databases_are_asked_from_one_place,
)
"""What holds of the steps of every plan."""

STEP_RULES = (
    a_failover_moves_something,
    objectives_name_steps_that_exist,
    checks_ask_the_standby_itself,
)
