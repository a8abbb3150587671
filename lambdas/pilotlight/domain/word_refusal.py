"""Whether a person may say a word about a run now, and why not: the person first, then the moment."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import assert_never

from pilotlight.domain.decision import LastRun
from pilotlight.domain.durations import parse_duration
from pilotlight.domain.in_one_region import InOneRegion
from pilotlight.domain.plan import AnyPlan, PlanKind
from pilotlight.domain.run import Origin, Phase, Run
from pilotlight.domain.word import STARTS, UNKNOWN_LOSS, Mode, Word, WordKind, holding

_OF_A_FAILOVER = (WordKind.OVERRIDE, WordKind.CHANGE, WordKind.ACKNOWLEDGE)
_OF_ANY_RUN = tuple(kind for kind in WordKind if kind not in _OF_A_FAILOVER)
_NEED_A_REASON = (WordKind.ABORT, WordKind.OVERRIDE, WordKind.CHANGE, WordKind.ACKNOWLEDGE, WordKind.SKIP)


@dataclass(frozen=True)
class Standing:
    """What a word meets: the run that it is about, or None; whether its writer moved; what was said of it before.

    `last` is how the application's last run ended, `asked` the failed steps that the run asks people about.
    """

    run: Run | None
    moved: bool = False
    words: Sequence[Word] = ()
    last: LastRun | None = None
    asked: Collection[str] = ()


def refusal(word: Word, plan: AnyPlan, standing: Standing) -> str:
    """Why a word is not taken, with the way out; empty where it is."""
    return _refuse_the_person(word, plan) or _refuse_at_this_time(word, plan, standing)


def _refuse_the_person(word: Word, plan: AnyPlan) -> str:
    said = f"'{word.kind.value}' by {word.person or 'nobody named'} is refused, because"
    if not word.person:
        return f"{said} a word has a person; say who you are."
    if word.kind is WordKind.HOLD:
        return ""
    if not word.proven:
        return f"{said} that name is claimed and not proven; say it with ./pilotlight, so that AWS vouches for you."
    if word.kind is WordKind.START:
        return ""
    listed, where = plan.people.approvers, "people.approvers"
    if word.kind is WordKind.OVERRIDE:
        listed, where = plan.people.overriders, "people.overriders"
    if not is_listed(word.person, listed):
        return f"{said} {where} of the plan of {plan.name} does not name that person; ask one whom it names."
    if word.kind in _NEED_A_REASON and not word.reason.strip():
        return f"{said} it has no reason; give one with --reason, or behind the command in Slack."
    return ""


def is_listed(person: str, patterns: Iterable[str]) -> bool:
    """Whether a caller's ARN fits one of the patterns; `*` stands for any text without a slash, as one name is."""
    return any(re.fullmatch("[^/]*".join(map(re.escape, pattern.split("*"))), person) for pattern in patterns)


def _refuse_at_this_time(word: Word, plan: AnyPlan, standing: Standing) -> str:
    run = standing.run if standing.run and standing.run.application == plan.name else None
    if isinstance(plan, InOneRegion) and word.kind in _OF_A_FAILOVER:
        return (
            f"{plan.name} is a {plan.kind.said}: it moves no writer, loses no data and no outage starts it, so there "
            f"is nothing to {word.kind.value}; the other words are {', '.join(_OF_ANY_RUN)}."
        )
    match word.kind:
        case WordKind.ACKNOWLEDGE:
            return _refuse_acknowledgement(word, plan, standing.last)
        case WordKind.OVERRIDE:
            return _refuse_override(word, run)
        case WordKind.CHANGE:
            return _refuse_change(word, run, standing)
        case WordKind.START:
            return ""
        case WordKind.APPROVE | WordKind.HOLD | WordKind.RELEASE | WordKind.ABORT | WordKind.RETRY | WordKind.SKIP:
            return _refuse_of_a_run(word, plan, run, standing)
        case _:
            assert_never(word.kind)


def _refuse_of_a_run(word: Word, plan: AnyPlan, run: Run | None, standing: Standing) -> str:
    if run is None:
        return f"There is no run {word.run_id} of {plan.name}; ./pilotlight status says which run is at work."
    if _is_over(run):
        return f"Run {run.run_id} is over, so there is nothing to {word.kind.value}: {run.outcome_reason}"
    if word.kind in (WordKind.RETRY, WordKind.SKIP) or (word.kind is WordKind.ABORT and standing.asked):
        # Whether that step may be retried or skipped stands in `pilotlight.domain.failing`.
        return ""
    if word.kind is WordKind.ABORT:
        return _refuse_past_the_move(run, standing, "abort")
    return _refuse_at_the_gate(word, run, standing)


def _is_over(run: Run) -> bool:
    return run.phase is Phase.CLOSED or run.outcome is not None


def _refuse_at_the_gate(word: Word, run: Run, standing: Standing) -> str:
    if word.kind is WordKind.APPROVE and word.accept and word.accept not in run.plan.steps():
        return f"The plan of run {run.run_id} has no step '{word.accept}'; it has {', '.join(run.plan.steps())}."
    if run.gate.passed and not (word.kind is WordKind.APPROVE and word.accept):
        until = "it is done" if isinstance(run.plan, InOneRegion) else "the writer moves"
        return (
            f"Run {run.run_id} passed its gate at {run.gate.passed:%H:%M:%S} UTC, so it is too late to "
            f"{word.kind.value}; until {until} it can be aborted."
        )
    if word.kind is WordKind.RELEASE and holding(standing.words) is None:
        return f"Run {run.run_id} is not held, so there is nothing to release."
    if word.kind is WordKind.APPROVE and needs_second_person(run) and _started(word.person, run):
        return (
            f"'approve' by {word.person} is refused, because {run.requested_by} started run {run.run_id}, and who "
            "starts a run does not approve it; ask another person."
        )
    return ""


def needs_second_person(run: Run) -> bool:
    """Whether nobody may approve what they started: the plan asks for it, or it was requested from Slack in earnest."""
    in_earnest = run.plan.kind in (PlanKind.FAILOVER, PlanKind.RUNBOOK)
    return run.plan.gates.approval or (run.origin is Origin.SLACK and in_earnest)


def _started(person: str, run: Run) -> bool:
    """Whether a person started a run, under whichever of the names that the plan knows."""
    return any(is_same_person(name, run.requested_by) for name in run.plan.people.names_of(person))


def _refuse_past_the_move(run: Run, standing: Standing, what: str) -> str:
    if standing.moved:
        standby, primary = run.plan.place.standby, run.plan.place.primary
        return (
            f"Run {run.run_id} is past its point of no return: the writer of {run.application} has moved to {standby}, "
            f"and going back to {primary} would lose what was written since. The run goes forward; leading back is a "
            "run of its own."
        )
    if run.clocks.verified:
        return f"Run {run.run_id} has brought {run.application} up already, so there is nothing to {what}."
    return ""


def _refuse_change(word: Word, run: Run | None, standing: Standing) -> str:
    """A change may be said ahead of a run, which is how a planned failover of a primary that is well begins."""
    if word.accept not in [mode.value for mode in Mode]:
        return f"A run is changed to {' or '.join(mode.value for mode in Mode)}, and not to '{word.accept}'; use --to."
    if run and _is_over(run):
        return f"Run {run.run_id} is over; say it for a run that is yet to start, by the name of its execution."
    return _refuse_past_the_move(run, standing, "change") if run else ""


def _refuse_override(word: Word, run: Run | None) -> str:
    if not word.run_id:
        return "An override belongs to one run; name the run."
    if run and _is_over(run):
        return (
            f"Run {run.run_id} is over; give the override for a run that is yet to start, by the name that you will "
            "give its execution."
        )
    if run and run.gate.passed:
        return f"Run {run.run_id} passed its gate at {run.gate.passed:%H:%M:%S} UTC, so no override is needed."
    try:
        accepted_seconds(word.accept)
    except ValueError as error:
        return f"What the override accepts is not clear: {error}; or '{UNKNOWN_LOSS}', with --accept."
    return ""


def accepted_seconds(accept: str) -> float | None:
    """The greatest loss that is accepted; None accepts an unknown one. Raises ValueError for what is no loss."""
    return None if accept == UNKNOWN_LOSS else parse_duration(accept).total_seconds()


def _refuse_acknowledgement(word: Word, plan: AnyPlan, last: LastRun | None) -> str:
    if word.accept not in ("", STARTS):
        return f"An acknowledgement accepts '{STARTS}' or nothing besides, and not '{word.accept}'."
    if last is None:
        return f"{plan.name} has had no run, so there is nothing to acknowledge."
    if word.run_id != last.run_id:
        return f"The last run of {plan.name} is {last.run_id}, not {word.run_id}; read how it ended, then name it."
    return ""


def is_same_person(arn: str, name: str) -> bool:
    """Whether a proven caller goes by a name that was given at a start: all of the ARN, or its last part."""
    return name.strip().casefold() in (arn.casefold(), arn.rsplit("/", 1)[-1].casefold())
