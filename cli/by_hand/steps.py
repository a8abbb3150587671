"""The steps of a plan as tasks: what is done where it stands, what is only started there, and what is awaited later."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cli.by_hand.tombstones import note
from cli.by_hand.view import Block, Task
from pilotlight.domain.durations import say_duration
from pilotlight.domain.handwork import Command, Handwork, keep, variable_of
from pilotlight.domain.plan import AnyPlan, Plan
from pilotlight.domain.stages import AwaitStep, PlannedStep, RunStep, StageName
from pilotlight.domain.step import OutputOf
from pilotlight.domain.tombstone import TombstoneState
from pilotlight.steps import kind_and_params


def tasks_of(plan: AnyPlan, stage: StageName) -> tuple[Task, ...]:
    """The tasks of one stage; the lanes of a stage stand side by side, and each task says which is its own."""
    steps, lanes = plan.steps(), plan.stages.of(stage)
    found = []
    for lane, entries in lanes.items():
        beside = (f"lane {lane}",) if len(lanes) > 1 else ()
        for entry in entries:
            match entry:
                case RunStep():
                    found.append(_whole(plan, steps[entry.step], beside))
                case AwaitStep():
                    found.append(_awaited(plan, steps[entry.await_], beside))
                case _:
                    found.append(_started(plan, steps[entry.start], beside))
    return tuple(found)


def work_of(plan: AnyPlan, step: PlannedStep) -> tuple[str, Handwork]:
    """What a step is called, and how a person does it."""
    its_kind, params = kind_and_params(step)
    return its_kind.title(params), its_kind.by_hand(params, plan.place)


def losses(plan: AnyPlan) -> tuple[Task, ...]:
    """How to look at what would be lost, for each step that moves a writer."""
    found = []
    for step in plan.steps().values():
        title, work = work_of(plan, step)
        if work.loss:
            found.append(Task(f"loss-{step.name}", f"What would be lost by: {title}", (Block("Look", work.loss),)))
    return tuple(found)


def _whole(plan: AnyPlan, step: PlannedStep, beside: tuple[str, ...]) -> Task:
    title, work = work_of(plan, step)
    check = [Block("Check", work.check)] if work.do else []
    blocks = [*_doing(plan, step, work), *check, *_giving(plan, step, work), *_undoing(work)]
    return _task(plan, step, title, work, blocks, beside)


def _started(plan: AnyPlan, step: PlannedStep, beside: tuple[str, ...]) -> Task:
    title, work = work_of(plan, step)
    there = "below" if step.awaited_in is step.started_in else f"in stage {step.awaited_in}"
    where = f"It is only started here: do not wait for it. It is awaited {there}."
    blocks = [*_doing(plan, step, work), *_undoing(work)]
    return _task(plan, step, title, work, blocks, beside, where)


def _awaited(plan: AnyPlan, step: PlannedStep, beside: tuple[str, ...]) -> Task:
    title, work = work_of(plan, step)
    where = f"It was started {'above' if step.awaited_in is step.started_in else f'in stage {step.started_in}'}."
    blocks = [Block("Check", work.check), *_giving(plan, step, work)]
    return _task(plan, step, f"Await: {title}", work, blocks, (*beside, "awaited"), where)


def _task(  # a task is made of all that is known of its step
    plan: AnyPlan,
    step: PlannedStep,
    title: str,
    work: Handwork,
    blocks: Sequence[Block],
    tags: tuple[str, ...],
    says: str = "",
) -> Task:
    its_kind, _ = kind_and_params(step)
    region = plan.place.primary if its_kind.fences else plan.place.standby
    timing, stop_if = its_kind.timing, work.stop_if
    if "awaited" in tags:
        stop_if = f"it is not done {say_duration(timing.give_up)} after it was started."
    usually = f"{say_duration(timing.typical)} as a rule, {say_duration(timing.longest)} at most"
    name = step.name if "awaited" not in tags else f"await-{step.name}"
    return Task(name, title, tuple(blocks), stop_if, says, (its_kind.harm.value, region, usually, *tags))


def _doing(plan: AnyPlan, step: PlannedStep, work: Handwork) -> Iterator[Block]:
    """What is done; around the move of a writer, its tombstone. What does nothing is looked at instead."""
    its_kind, params = kind_and_params(step)
    writers = its_kind.writers(params, plan.place) if isinstance(plan, Plan) else ()
    done = Block("Do", work.do) if work.do else Block("Check", work.check)
    if not isinstance(plan, Plan) or not writers:
        yield done
        return

    def written(heading: str, state: TombstoneState, *, aside: bool = False) -> Block:
        return Block(heading, note(plan, writers, state, step.name), aside=aside)

    yield written("Tombstone first: that the writer is about to move", TombstoneState.INTENDED)
    yield done
    yield written(
        "Tombstone as soon as that was accepted: from here on there is only forward", TombstoneState.COMMITTED
    )
    refused = "Only in place of that, where it was refused for good: withdraw it, then undo the stage fence"
    yield written(refused, TombstoneState.WITHDRAWN, aside=True)


def _giving(plan: AnyPlan, step: PlannedStep, work: Handwork) -> Iterator[Block]:
    """The variables that later steps use, and only those."""
    used = {need.output for need in _needs(plan) if need.step == step.name}
    commands = []
    for output in work.gives:
        if output in used:
            variable = variable_of(step.name, output)
            commands.append(Command(f"Keep its {output}.", keep(variable, work.gives[output])))
            commands.append(Command("Look at it.", f'echo "${variable}"', "a value: neither nothing nor None"))
    if commands:
        yield Block("Keep what later steps use, in this same shell", tuple(commands))


def _needs(plan: AnyPlan) -> Iterator[OutputOf]:
    for step in plan.steps().values():
        its_kind, params = kind_and_params(step)
        yield from its_kind.needs(params)


def _undoing(work: Handwork) -> Iterator[Block]:
    if work.undo:
        yield Block("Only to take it back", work.undo, aside=True)
    else:
        yield Block(f"It is not taken back: {work.stays}")
