"""What the closer settles: the note on the writer says what is true, and no primary stays closed for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from deployment import names
from pilotlight.aws.tables import DynamoTable
from pilotlight.aws.tombstones import read_tombstone
from pilotlight.domain.life import StepStatus
from pilotlight.domain.ports import Silence, WebAnswer
from pilotlight.domain.records import RecordKind
from pilotlight.domain.tombstone import TombstoneState
from pilotlight.handlers.moving import GIVE_BACK
from pilotlight.steps import writers_of
from rehearsal.services.elbv2 import Elbv2
from rehearsal.services.lambda_functions import FunctionFailed
from rehearsal.services.rds import Rds
from rehearsal.wire import Call
from tests.builders import PRIMARY, PRIMARY_HOST, STANDBY, a_plan
from tests.handlers.conftest import Desk, a_desk
from tests.handlers.test_close import CLOSE, close
from tests.handlers.test_open import CONFIRMED, furnish, open_run

BALANCER = "the-balancer"
STAGES = {
    "fence": {
        "traffic": [
            {"step": "shut", "kind": "fence_listener", "params": {"load_balancer": BALANCER, "ports": [443]}},
        ]
    },
    "move": {
        "database": [
            {"step": "promote", "kind": "promote_replica", "params": {"replica": "the-replica", "source": "the-source"}}
        ]
    },
}
LONGER_THAN_A_PROMOTION_SECONDS = 30 * 60.0


@pytest.fixture
def fenced() -> Iterator[Desk]:
    """A run that a person started because the application is gone, and that has closed the primary, which answers."""
    with a_desk(a_plan(stages=STAGES, fence={"drain_within": "0 s"})) as desk:
        furnish(desk)
        elbv2 = desk.account.aws.service(Elbv2)
        elbv2.add_listener(elbv2.add_load_balancer(PRIMARY, BALANCER))
        gone = WebAnswer(None, "", "no connection came about in time", silence=Silence.TIMED_OUT)
        desk.account.internet.put(PRIMARY_HOST, lambda request: gone)
        desk.alarm.state, desk.alarm.updated = "ALARM", desk.now
        desk.watch(4)
        assert open_run(desk, "by-hand", CONFIRMED)["next"] == "go"
        while turn(desk, "fence_listener", "shut")["status"] == "running":
            desk.world.time.run(limit_seconds=5)
        assert is_shut(desk)
        yield desk


def turn(desk: Desk, kind: str, step: str) -> Any:
    return desk.call(names.step_function("fileflow", kind), {"do": "turn", "run_id": "by-hand", "step": step})


def is_shut(desk: Desk) -> bool:
    return desk.account.aws.service(Elbv2).answers_503(f"{BALANCER}-123456.{PRIMARY}.elb.amazonaws.com")


def noted(desk: Desk) -> TombstoneState:
    """What the note on the writer says."""
    table = DynamoTable(desk.account.sdk(STANDBY), STANDBY, names.TOMBSTONES_TABLE)
    stone = desk.inside(lambda: read_tombstone(table, writers_of(desk.plan)[0].old))
    assert stone is not None
    return TombstoneState(stone.state)


def told(desk: Desk, kind: RecordKind) -> list[str]:
    return [record.entry.sentence for record in desk.records(kind)]


def fail_to_move(desk: Desk) -> None:
    """The replica takes a backup, so RDS accepts no promotion."""
    desk.account.aws.service(Rds).begin_backup(STANDBY, "the-replica", LONGER_THAN_A_PROMOTION_SECONDS)
    assert turn(desk, "promote_replica", "promote")["status"] == "running"
    assert noted(desk) is TombstoneState.INTENDED


def promote_and_crash(desk: Desk) -> None:
    """RDS accepts the promotion, and the function dies before it can say so."""

    def crash(call: Call) -> None:
        if call.operation == "PromoteReadReplica":
            desk.account.aws.after_call.remove(crash)
            raise MemoryError("the function was killed after its call")

    desk.account.aws.after_call.append(crash)
    with pytest.raises(FunctionFailed):
        turn(desk, "promote_replica", "promote")
    assert noted(desk) is TombstoneState.INTENDED


class TestARunThatMovedNothing:
    def test_withdraws_its_note_and_opens_what_it_closed(self, fenced: Desk) -> None:
        fail_to_move(fenced)

        assert close(fenced, "by-hand")["outcome"] == "FAILED"

        assert noted(fenced) is TombstoneState.WITHDRAWN
        assert not is_shut(fenced)
        assert len(told(fenced, RecordKind.STEP_UNDONE)) == 1
        assert fenced.lease().holder == ""

    def test_that_is_asked_twice_to_give_the_primary_back_tells_once(self, fenced: Desk) -> None:
        fail_to_move(fenced)

        answers = [fenced.call(CLOSE, {"do": GIVE_BACK, "run_id": "by-hand"}) for _ in range(2)]

        assert answers == [{"stays": []}, {"stays": []}]
        assert not is_shut(fenced)
        assert [sentence.rsplit(", ", 1)[1] for sentence in told(fenced, RecordKind.TOMBSTONE)] == [
            "intended.",
            "withdrawn.",
        ]
        assert len(told(fenced, RecordKind.STEP_UNDONE)) == 1

    def test_that_gave_the_primary_back_does_not_tell_again_when_it_ends(self, fenced: Desk) -> None:
        fail_to_move(fenced)
        fenced.call(CLOSE, {"do": GIVE_BACK, "run_id": "by-hand"})

        close(fenced, "by-hand")
        again = fenced.call(CLOSE, {"do": GIVE_BACK, "run_id": "by-hand"})

        assert again == {"stays": []}
        assert len(told(fenced, RecordKind.TOMBSTONE)) == 2
        assert len(told(fenced, RecordKind.STEP_UNDONE)) == 1


class TestARunWhosePromotionWasAcceptedAndNotRecorded:
    def test_is_committed_and_keeps_the_primary_closed(self, fenced: Desk) -> None:
        promote_and_crash(fenced)
        fenced.world.time.run(limit_seconds=LONGER_THAN_A_PROMOTION_SECONDS)

        assert close(fenced, "by-hand")["outcome"] == "FAILED"

        assert noted(fenced) is TombstoneState.COMMITTED
        assert is_shut(fenced)
        assert told(fenced, RecordKind.STEP_UNDONE) == []

    def test_is_settled_later_where_the_replica_does_not_tell_yet(self, fenced: Desk) -> None:
        promote_and_crash(fenced)
        replica = fenced.account.aws.service(Rds).instance(STANDBY, "the-replica")
        fenced.world.time.run(until=lambda: replica.status == "modifying", limit_seconds=600)
        assert replica.source is not None

        with pytest.raises(FunctionFailed, match="whether promote moved its writer cannot be told yet") as refused:
            close(fenced, "by-hand")
        assert refused.value.error == "Unavailable"
        assert noted(fenced) is TombstoneState.INTENDED
        assert is_shut(fenced)
        assert fenced.lease().holder == "by-hand", "nobody else starts in between"
        assert told(fenced, RecordKind.RUN_CLOSED) == []

        fenced.world.time.run(limit_seconds=LONGER_THAN_A_PROMOTION_SECONDS)
        assert close(fenced, "by-hand")["outcome"] == "FAILED"
        assert noted(fenced) is TombstoneState.COMMITTED
        assert is_shut(fenced)
        assert fenced.lease().holder == ""


def test_a_fence_that_was_cut_off_before_it_recorded_what_it_did_is_undone(fenced: Desk) -> None:
    """The function died between its call and the record of it; what it closed bears its mark."""

    def forget() -> None:
        kept = fenced.control.kept_steps("by-hand")["shut"]
        cut_off = replace(kept.state, status=StepStatus.RUNNING, receipt=None, outputs={}, finished=None)
        fenced.control.keep_step("by-hand", "shut", kept, cut_off)

    fenced.inside(forget)

    assert close(fenced, "by-hand")["outcome"] == "FAILED"

    assert not is_shut(fenced)
