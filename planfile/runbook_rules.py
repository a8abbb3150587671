"""What a run-book must be beyond its schema: steps of one region that a person starts, with objectives they can keep.

Written like the rules in `planfile.rules`, which says how they are asked.
"""

from __future__ import annotations

from collections.abc import Iterator

from pilotlight.domain.durations import say_duration
from pilotlight.domain.plan import Arming
from pilotlight.domain.stages import StageName
from pilotlight.steps.latch_traffic import LatchTrafficParams
from planfile.draft import RunbookDraft
from planfile.faults import Complaint, Where, any_of, did_you_mean
from planfile.rules import reading
from planfile.timetable import no_moment

STAGES = (StageName.PREPARE, StageName.SERVE, StageName.AFTER)


@reading("arming")
def a_person_starts_it(draft: RunbookDraft) -> Iterator[Complaint]:
    """Nobody watches for a run-book, so nothing could start it by itself."""
    if draft.plan.arming not in (Arming.OBSERVE, Arming.MANUAL):
        sentence = (
            f"A run-book starts by hand alone and cannot be armed '{draft.plan.arming.value}'; arm 'manual', or "
            "'observe' to have it only say what it would do."
        )
        yield Complaint(("arming",), sentence)


@reading("test_of")
def its_test_begins_at_some_time(draft: RunbookDraft) -> Iterator[Complaint]:
    """A test that never begins shows nothing."""
    if draft.plan.test_of:
        yield from no_moment(draft.plan.test_of.schedule, ("test_of", "schedule"))


@reading("stages")
def it_has_the_stages_of_one_region(draft: RunbookDraft) -> Iterator[Complaint]:
    """Fence and move close one region and open another."""
    for stage in StageName:
        if stage not in STAGES and draft.plan.stages.of(stage):
            sentence = (
                f"A run-book works in one region and has no stage {stage.value}; put its steps into "
                f"{any_of([allowed.value for allowed in STAGES])}."
            )
            yield Complaint(("stages", stage.value), sentence, at_key=True)


@reading("stages")
def it_mends_something(draft: RunbookDraft) -> Iterator[Complaint]:
    """What stands in prepare and after brings nothing back."""
    if not any(placed.stage is StageName.SERVE for placed in draft.entries):
        yield Complaint(
            ("stages",), "A run-book has a step in stage serve, and this one has none; add one.", at_key=True
        )


@reading("application", "account", "region", "stages")
def its_steps_move_nothing_between_regions(draft: RunbookDraft) -> Iterator[Complaint]:
    """A writer that moves needs a fence and a tombstone, and traffic that moves needs a latch: a failover's."""
    for placed in draft.steps():
        if placed.kind is None or placed.params is None:
            continue
        moves = placed.kind.fences or placed.kind.writers(placed.params, draft.plan.place)
        if moves or isinstance(placed.params, LatchTrafficParams):
            sentence = (
                f"'{placed.name}' ({placed.kind.name}) belongs to a move between two regions, which is a failover "
                "plan's; take it out, or write a failover plan."
            )
            yield Complaint((*placed.where, "kind"), sentence)


@reading("objectives", "stages")
def objectives_can_be_kept(draft: RunbookDraft) -> Iterator[Complaint]:
    """A promise is about a step that there is, and no step may take longer than the whole."""
    objectives, steps = draft.plan.objectives, {placed.name for placed in draft.steps()}
    where: Where = ("objectives", "steps")
    if not objectives.rto:
        yield Complaint(("objectives", "rto"), "'rto' is 0 s, and nothing can be done in no time; make it longer.")
    for name, promised in objectives.steps.items():
        if name not in steps:
            there = f"there are {', '.join(sorted(steps))}" if steps else "there is none"
            yield Complaint(
                (*where, name), f"No step '{name}' is in this run-book; {there}.", did_you_mean(name, steps)
            )
        elif not promised:
            yield Complaint((*where, name), f"'{name}' may take 0 s, and nothing can be done in no time; allow more.")
        elif promised > objectives.rto:
            said = f"'{name}' may take {say_duration(promised)}, and the whole run-book {say_duration(objectives.rto)}"
            yield Complaint((*where, name), f"{said}; lower this one, or raise objectives.rto.")


RUNBOOK_RULES = (
    a_person_starts_it,
    its_test_begins_at_some_time,
    it_has_the_stages_of_one_region,
    it_mends_something,
    its_steps_move_nothing_between_regions,
    objectives_can_be_kept,
)
