"""What a run-book is: its names, its snapshot, the words that may be said of its runs, the objectives it keeps."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pilotlight.domain.life import StepState, StepStatus
from pilotlight.domain.objectives import objectives_met
from pilotlight.domain.run import Clocks, Origin, Run
from pilotlight.domain.runbook import Runbook
from pilotlight.domain.snapshots import read_snapshot
from pilotlight.domain.word import Word, WordKind
from pilotlight.domain.word_refusal import Standing, refusal
from tests.builders import a_plan, a_runbook

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
ANNA = "arn:aws:sts::123456789012:assumed-role/Operators/anna"
STEP = {"step": "mend", "kind": "check_http", "params": {"url": "https://example.com"}}
OBJECTIVES = {"rto": "10 min", "steps": {"mend": "3 min"}}


def a_run(plan: Runbook, *, verified_after: timedelta) -> Run:
    clocks = Clocks(onset=NOON, verified=NOON + verified_after)
    snapshot, digest = plan.snapshot(), plan.digest()
    run = Run("by-hand", plan.name, Origin.CONSOLE, "why", "anna", {plan.name: 1}, NOON, snapshot, digest, "arn", 1)
    return replace(run, clocks=clocks)


def a_state(took: timedelta) -> dict[str, StepState]:
    return {"mend": StepState(StepStatus.SETTLED, started=NOON, finished=NOON + took)}


def test_it_goes_by_its_application_and_its_own_name() -> None:
    plan = a_runbook(STEP)

    assert (plan.name, plan.machine) == ("triflow-mend", "triflow-mend-runbook")


@pytest.mark.parametrize("plan", [a_runbook(STEP, objectives=OBJECTIVES), a_plan()])
def test_a_snapshot_is_read_back_as_the_kind_that_it_is(plan: Runbook) -> None:
    assert read_snapshot(plan.snapshot()) == plan
    assert type(read_snapshot(plan.snapshot())) is type(plan)


@pytest.mark.parametrize(
    ("whole", "step", "met"),
    [
        (timedelta(minutes=9), timedelta(minutes=2), True),
        (timedelta(minutes=11), timedelta(minutes=2), False),
        (timedelta(minutes=9), timedelta(minutes=4), False),
    ],
)
def test_it_is_kept_if_the_whole_and_each_promised_step_were_in_time(
    whole: timedelta, step: timedelta, met: bool
) -> None:
    run = a_run(a_runbook(STEP, objectives=OBJECTIVES), verified_after=whole)

    assert objectives_met(run, a_state(step)) is met


@pytest.mark.parametrize("kind", [WordKind.OVERRIDE, WordKind.ACKNOWLEDGE, WordKind.CHANGE])
def test_what_only_a_failover_knows_is_refused_with_the_words_there_are(kind: WordKind) -> None:
    plan = a_runbook(STEP, people={"approvers": [ANNA], "overriders": [ANNA]})
    word = Word(kind, "by-hand", ANNA, True, "why", NOON, "unknown")

    said = refusal(word, plan, Standing(a_run(plan, verified_after=timedelta(minutes=1))))

    assert said == (
        "triflow-mend is a run-book: it moves no writer, loses no data and no outage starts it, so there is nothing "
        f"to {kind.value}; the other words are approve, hold, release, abort, retry, skip, start."
    )
