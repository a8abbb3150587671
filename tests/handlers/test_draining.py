"""Between the fence and the tombstone: what a run waits for, and what it says is lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from deployment import names
from pilotlight.domain.ports import Silence, WebAnswer
from pilotlight.domain.records import RecordKind
from rehearsal.services.cloudwatch import CloudWatch
from rehearsal.services.elbv2 import Elbv2
from rehearsal.sts import put_sts
from tests.builders import PRIMARY, PRIMARY_HOST, STANDBY, a_plan
from tests.handlers.conftest import Desk, a_desk
from tests.handlers.test_open import CONFIRMED, furnish, open_run
from tests.handlers.test_settling import BALANCER, STAGES, is_shut
from tests.people import ANNA, EVERYBODY, PEOPLE, said

WORD = names.word_function("fileflow")


@contextmanager
def fenced(*, answers: bool = True) -> Iterator[Desk]:
    """A run that a person started and that is behind its fence, in a primary that answers, or is dark by then."""
    with a_desk(a_plan(stages=STAGES, people=PEOPLE)) as desk:
        put_sts(desk.account.internet, desk.world, STANDBY, EVERYBODY)
        furnish(desk)
        elbv2 = desk.account.aws.service(Elbv2)
        elbv2.add_listener(elbv2.add_load_balancer(PRIMARY, BALANCER))
        gone = WebAnswer(None, "", "no connection came about in time", silence=Silence.TIMED_OUT)
        desk.account.internet.put(PRIMARY_HOST, lambda request: gone)
        desk.alarm.state, desk.alarm.updated = "ALARM", desk.now
        desk.watch(4)
        assert open_run(desk, "by-hand", CONFIRMED)["next"] == "go"
        if not answers:
            desk.world.darken(PRIMARY)
        while turn(desk, "fence_listener", "shut")["status"] == "running":
            desk.world.time.run(limit_seconds=5)
        yield desk


def turn(desk: Desk, kind: str = "promote_replica", step: str = "promote") -> Any:
    return desk.call(names.step_function("fileflow", kind), {"do": "turn", "run_id": "by-hand", "step": step})


def wait(desk: Desk, seconds: float) -> None:
    desk.inside(lambda: desk.world.time.sleep(seconds))


def lag(desk: Desk, seconds: float) -> None:
    """The replica reports a lag in the minute that begins now."""
    metrics, dimensions = desk.account.aws.service(CloudWatch), {"DBInstanceIdentifier": "the-replica"}
    metrics.put_metric(STANDBY, "AWS/RDS", "ReplicaLag", dimensions, desk.now, seconds)


def change(desk: Desk, to: str) -> None:
    answer = desk.call(WORD, said("change", ANNA, desk.now, "by-hand", "It is needed.", accept=to))
    assert answer["accepted"], answer["sentence"]


def promotions(desk: Desk) -> int:
    return sum(line.operation == "PromoteReadReplica" for line in desk.world.trace)


def drained(desk: Desk) -> list[str]:
    return [record.entry.sentence for record in desk.records(RecordKind.DRAINED)]


class TestAnUnplannedRun:
    def test_waits_until_the_standby_holds_everything_and_says_that_nothing_is_lost(self) -> None:
        with fenced() as desk:
            assert turn(desk)["status"] == "running"
            assert promotions(desk) == 0

            wait(desk, 60)
            lag(desk, 0.0)
            wait(desk, 60)
            turn(desk)

            assert promotions(desk) == 1
            (sentence,) = drained(desk)
            assert sentence.startswith("Nothing is lost: replica the-replica holds all that the-source wrote until")
            assert desk.inside(lambda: desk.control.run("by-hand")).lag_at_onset_seconds == 0.0

    def test_goes_on_when_its_time_is_over_and_says_what_may_be_missing(self) -> None:
        with fenced() as desk:
            lag(desk, 40.0)
            turn(desk)
            wait(desk, desk.plan.fence.drain_within.total_seconds())
            turn(desk)

            assert promotions(desk) == 1
            assert "Replica the-replica may lack the writes between" in drained(desk)[0]

    def test_does_not_wait_for_a_primary_that_could_not_be_closed(self) -> None:
        with fenced(answers=False) as desk:
            turn(desk)

            assert promotions(desk) == 1
            assert drained(desk) == []

    def test_has_its_45_seconds_for_the_move_after_the_drain(self) -> None:
        """So that a drain of minutes does not count as a primary that is closed for nothing."""
        with fenced() as desk:
            wait(desk, 120)
            lag(desk, 0.0)
            wait(desk, 50)

            assert turn(desk)["status"] == "running"
            assert promotions(desk) == 1


class TestAPlannedRun:
    def test_moves_nothing_where_its_time_is_over_and_gives_the_primary_back(self) -> None:
        with fenced() as desk:
            change(desk, "planned")
            turn(desk)
            wait(desk, desk.plan.fence.drain_within.total_seconds())
            answer = turn(desk)
            wait(desk, 30)

            assert (answer["status"], promotions(desk)) == ("failed", 0)
            assert not is_shut(desk)
            run = desk.inside(lambda: desk.control.run("by-hand"))
            assert run.outcome_reason == (
                "The run is planned, so it loses nothing or moves nothing, and 3 min were not enough to show it: What "
                "replica the-replica lacks is unknown, because it reports no lag."
            )

    def test_moves_nothing_from_a_primary_that_could_not_be_closed(self) -> None:
        with fenced(answers=False) as desk:
            change(desk, "planned")

            assert turn(desk)["status"] == "failed"
            assert promotions(desk) == 0

    def test_that_is_made_unplanned_while_it_drains_goes_on_when_its_time_is_over(self) -> None:
        with fenced() as desk:
            change(desk, "planned")
            turn(desk)
            wait(desk, 60)
            change(desk, "unplanned")
            wait(desk, desk.plan.fence.drain_within.total_seconds() - 60)
            turn(desk)

            assert promotions(desk) == 1


@pytest.mark.parametrize("within", [timedelta(0), timedelta(minutes=10)])
def test_how_long_it_waits_is_the_plans(within: timedelta) -> None:
    assert a_plan(fence={"drain_within": f"{within.total_seconds():.0f} s"}).fence.drain_within == within
