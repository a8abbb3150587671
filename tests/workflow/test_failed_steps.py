"""A failed step on the whole machine: the run asks, a person puts right what failed and answers, and it goes on."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import boto3
import pytest

from cli.saying import Wanted, say
from pilotlight.domain.plan import Plan
from pilotlight.domain.records import RecordKind
from planfile import load
from rehearsal.operators import approver_of, heeding
from rehearsal.play import Played, play
from rehearsal.scenarios import scenario
from rehearsal.scene import Scene
from rehearsal.services.ecs import Ecs
from rehearsal.sts import put_sts
from tests.workflow.played import FILEFLOW

PLAN: Plan = heeding(load(FILEFLOW))
ANSWERED_AFTER_SECONDS = 1500.0


def the_image_is_missing(answer: str = "") -> Played:
    """The standby lacks the image; 25 min after onset somebody copies it and gives an answer, or nobody does."""
    missing = scenario("image-missing")

    def happen(scene: Scene) -> None:
        if answer:
            scene.world.time.spawn(
                partial(mend, scene, answer), name="a person mends it", delay_seconds=ANSWERED_AFTER_SECONDS
            )
        missing.happen(scene)

    return play(PLAN, replace(missing, happen=happen), 1)


def mend(scene: Scene, answer: str) -> None:
    standby, who = PLAN.regions.standby, approver_of(PLAN)
    put_sts(scene.account.internet, scene.world, standby, [who])
    scene.account.aws.service(Ecs).troubles[standby].unreadable.clear()
    session = boto3.session.Session(who.access_key, who.secret_key, region_name=standby)
    accept = "scale-service" if answer == "retry" else ""
    word = Wanted(answer, FILEFLOW, reason="The image is copied.", accept=accept, yes=True)
    assert say(word, session, scene.account.sdk(standby)) == 0


@pytest.mark.full
def test_a_retry_brings_the_application_up_from_where_it_stood() -> None:
    seen = the_image_is_missing("retry")

    promotions = [line for line in seen.scene.world.trace if line.operation == "PromoteReadReplica"]
    asked = [r.entry for r in seen.records if r.entry.kind is RecordKind.STAGE_WAITING]
    assert seen.result.outcome == "RECOVERED"
    assert len(promotions) == 1
    assert [entry.details["steps"] for entry in asked] == [["scale-service"]]
    assert len([r for r in seen.records if r.entry.kind is RecordKind.RUN_OPENED]) == 1


@pytest.mark.full
@pytest.mark.parametrize(("answer", "outcome"), [("", "FAILED"), ("abort", "ABORTED_FORWARD_ONLY")])
def test_nobody_or_an_abort_ends_it_where_it_stands(answer: str, outcome: str) -> None:
    seen = the_image_is_missing(answer)

    (closed,) = [r.entry for r in seen.records if r.entry.kind is RecordKind.RUN_CLOSED]
    assert seen.result.outcome == outcome
    assert any(line.startswith("scale-service: ") for line in closed.details["to_do"])
    assert closed.details["to_do"][-1].startswith("Not begun: check-health")
