"""What a plan must say of its drills so that they can be kept apart from production.

Written like the rules in `planfile.rules`, which says how they are asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pilotlight.domain.durations import say_duration
from pilotlight.domain.stages import StageName
from planfile.draft import Draft, Kinds
from planfile.drill import stand_ins
from planfile.faults import Complaint, Where
from planfile.rules import Rule, reading
from planfile.step_rules import role_of
from planfile.timetable import no_moment


def drill_rules(kinds: Kinds) -> Sequence[Rule]:
    """The rules; those about stand-ins ask the step kinds."""

    @reading("drill", "stages", "application", "account", "regions", "objectives")
    def every_step_has_a_stand_in_or_is_left_out(draft: Draft) -> Iterator[Complaint]:
        """What cannot be kept apart from production is not drilled."""
        if draft.plan.drill is None or any(p.kind is None or p.params is None for p in draft.steps()):
            return
        written = {placed.name: (*placed.where, role_of(placed)) for placed in draft.steps()}
        then = {step.step: ("drill", "then", index, "step") for index, step in enumerate(draft.plan.drill.then)}
        for problem in stand_ins(draft.plan, kinds).problems:
            declared: Where = ("drill", "stand_ins", problem.step)
            where = declared if problem.declared else written.get(problem.step) or then[problem.step]
            yield Complaint(where, problem.sentence)

    return (every_step_has_a_stand_in_or_is_left_out, *DRILL_RULES)


@reading("drill", "stages")
def stand_ins_are_of_steps(draft: Draft) -> Iterator[Complaint]:
    """A stand-in of no step would be forgotten."""
    drilling = draft.plan.drill
    if drilling is None:
        return
    names = [placed.name for placed in draft.steps()]
    for name in drilling.stand_ins:
        if name not in names:
            sentence = f"There is no step '{name}' to stand in for; there are {', '.join(names)}."
            yield Complaint(("drill", "stand_ins", name), sentence)
    for index, step in enumerate(drilling.then):
        if step.step in names:
            sentence = f"There is a step '{step.step}' already; give this one another name."
            yield Complaint(("drill", "then", index, "step"), sentence)
    if drilling.then and len(draft.plan.stages.of(StageName.SERVE)) > 1:
        sentence = (
            "What a drill does besides comes behind the one lane of stage serve, which has several; leave it out."
        )
        yield Complaint(("drill", "then"), sentence)


@reading("drill")
def a_drill_costs_no_more_than_it_may(draft: Draft) -> Iterator[Complaint]:
    """The time to live is what bounds the cost, whatever happens."""
    drilling = draft.plan.drill
    if drilling is None:
        return
    hours = drilling.time_to_live.total_seconds() / 3600
    if hours * drilling.usd_per_hour > drilling.usd_at_most:
        sentence = (
            f"In {say_duration(drilling.time_to_live)} a drill costs {hours * drilling.usd_per_hour:.2f} USD at "
            f"{drilling.usd_per_hour:.2f} USD an hour, and may cost {drilling.usd_at_most:.2f} USD; shorten its time "
            "to live, or raise what it may cost."
        )
        yield Complaint(("drill", "time_to_live"), sentence)


@reading("drill")
def its_schedule_names_a_moment(draft: Draft) -> Iterator[Complaint]:
    """A drill at a wrong hour is one that nobody watches."""
    if draft.plan.drill:
        yield from no_moment(draft.plan.drill.schedule, ("drill", "schedule"))


DRILL_RULES = (stand_ins_are_of_steps, a_drill_costs_no_more_than_it_may, its_schedule_names_a_moment)
