"""A run that asks a person on its way: it waits for the word, and goes on with it."""

from __future__ import annotations

from pilotlight.domain.policy import People
from pilotlight.domain.records import RecordKind
from pilotlight.domain.stages import RunStep
from planfile import load
from rehearsal.play import play
from rehearsal.scenarios import scenario
from tests.workflow.played import FILEFLOW

ASKS = RunStep(step="agree", kind="ask_a_person", params={"about": "that Tokyo holds the orders of today"})


def test_a_person_is_asked_before_traffic_is_led_over_and_answers() -> None:
    plan = load(FILEFLOW)
    *before, latch = plan.stages.serve["application"]
    serve = {**plan.stages.serve, "application": (*before, ASKS, latch)}
    people = People(approvers=(f"arn:aws:sts::{plan.account}:assumed-role/Operators/*",))
    asking = plan.model_copy(update={"stages": plan.stages.model_copy(update={"serve": serve}), "people": people})

    seen = play(asking, scenario("outage"), 1)

    settled = {r.entry.step: r.entry for r in seen.records if r.entry.kind is RecordKind.STEP_SETTLED}
    assert seen.result.outcome == "RECOVERED"
    assert settled["agree"].sentence.endswith("(proven) confirms that Tokyo holds the orders of today.")
    assert settled["agree"].time < settled["latch-traffic"].time
