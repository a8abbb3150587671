"""Global tables change hands under the rules of any writer: lease, fence, tombstone; nothing else shows it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from deployment import names
from pilotlight.aws.tables import DynamoTable
from pilotlight.aws.tombstones import Tombstones
from pilotlight.domain.ports import Silence, WebAnswer
from pilotlight.domain.records import RecordKind
from pilotlight.domain.tombstone import Tombstone, TombstoneState
from pilotlight.domain.word import Word, WordKind
from pilotlight.steps import writers_of
from rehearsal.services.dynamodb import DynamoDb, Replica
from rehearsal.services.elbv2 import Elbv2
from rehearsal.services.lambda_functions import FunctionFailed
from rehearsal.wire import Call
from tests.builders import PRIMARY, PRIMARY_HOST, STANDBY, a_plan
from tests.handlers.conftest import Desk, a_desk
from tests.handlers.test_close import close
from tests.handlers.test_open import CONFIRMED, furnish, open_run
from tests.handlers.test_settling import BALANCER, STAGES, is_shut, turn
from tests.people import ANNA

INTENDED, COMMITTED, WITHDRAWN = TombstoneState.INTENDED, TombstoneState.COMMITTED, TombstoneState.WITHDRAWN
CHATS, ROOMS = "team_chats_ddb", "chat_rooms_ddb"
TAKE_OVER = {"step": "take-over", "kind": "take_over_tables", "params": {"tables": [CHATS, ROOMS]}}
PROMOTE = STAGES["move"]["database"][0]
YESTERDAY = datetime(2026, 11, 20, tzinfo=UTC)


@contextmanager
def a_closed_primary(*steps: dict[str, Any], before: tuple[Tombstone, ...] = ()) -> Iterator[Desk]:
    """A run that a person started and that has closed the primary, which answers; these steps move its writers."""
    with a_desk(a_plan(stages={"fence": STAGES["fence"], "move": {"data": list(steps)}})) as desk:
        furnish(desk)
        model = desk.account.aws.service(DynamoDb)
        for table in (CHATS, ROOMS):
            desk.inside(partial(model.add_global_table, table, PRIMARY, STANDBY))
        for stone in before:
            desk.inside(partial(notes(desk).write, stone))
        elbv2 = desk.account.aws.service(Elbv2)
        elbv2.add_listener(elbv2.add_load_balancer(PRIMARY, BALANCER))
        gone = WebAnswer(None, "", "no connection came about in time", silence=Silence.TIMED_OUT)
        desk.account.internet.put(PRIMARY_HOST, lambda request: gone)
        desk.alarm.state, desk.alarm.updated = "ALARM", desk.now
        desk.watch(4)
        assert open_run(desk, "by-hand", CONFIRMED)["next"] == "go"
        while turn(desk, "fence_listener", "shut")["status"] == "running":
            desk.world.time.run(limit_seconds=5)
        yield desk


@pytest.fixture
def closed() -> Iterator[Desk]:
    with a_closed_primary(TAKE_OVER) as desk:
        yield desk


def notes(desk: Desk) -> Tombstones:
    return Tombstones(DynamoTable(desk.account.sdk(STANDBY), STANDBY, names.TOMBSTONES_TABLE), {})


def noted(desk: Desk) -> list[TombstoneState | None]:
    """What stands on each writer, in the order of the plan."""
    found = [desk.inside(partial(notes(desk).of, writer.old)) for writer in writers_of(desk.plan)]
    return [stone.state if stone else None for stone in found]


def chats(desk: Desk) -> Replica:
    found = desk.account.aws.service(DynamoDb).find(STANDBY, CHATS)
    assert found is not None
    return found


def take_over(desk: Desk) -> Any:
    return turn(desk, "take_over_tables", "take-over")


def crash_after_first_commitment(desk: Desk) -> None:
    """The function dies when the first of its notes is committed."""

    def crash(call: Call) -> None:
        if call.operation == "PutItem" and '"state":"committed"' in str(call.parameters["Item"].get("body")):
            desk.account.aws.after_call.remove(crash)
            raise MemoryError("the function was killed after its call")

    desk.account.aws.after_call.append(crash)
    with pytest.raises(FunctionFailed):
        take_over(desk)
    assert noted(desk) == [COMMITTED, INTENDED]


def abort(desk: Desk) -> None:
    word = Word(WordKind.ABORT, "by-hand", ANNA.arn, proven=True, reason="Stop.", given=desk.now)
    desk.inside(lambda: desk.control.keep_word(word, "abort"))


def test_one_turn_notes_the_intention_looks_and_commits(closed: Desk) -> None:
    assert take_over(closed)["status"] == "settled"

    assert noted(closed) == [COMMITTED, COMMITTED]
    told = [record.entry.details["state"] for record in closed.records(RecordKind.TOMBSTONE)]
    assert told == ["intended", "intended", "committed", "committed"]


def test_it_says_until_when_the_primary_wrote(closed: Desk) -> None:
    shut = closed.inside(lambda: closed.control.steps("by-hand"))["shut"].finished
    assert shut is not None

    take_over(closed)

    (settled,) = [r for r in closed.records(RecordKind.STEP_SETTLED) if r.entry.step == "take-over"]
    for sentence in settled.entry.details["outputs"]["conflicts"].splitlines():
        assert f"until {shut:%H:%M:%S} UTC, when it was read closed" in sentence


def test_a_run_that_lost_its_lease_commits_nothing(closed: Desk) -> None:
    """No call of AWS proves the lease, so the commitment does."""
    closed.grant("another-run")

    with pytest.raises(FunctionFailed, match="so it moves no writer") as refused:
        take_over(closed)

    assert refused.value.error == "StaleActor"
    assert COMMITTED not in noted(closed)


def test_tables_that_cannot_be_taken_over_give_the_primary_back(closed: Desk) -> None:
    chats(closed).status = "ARCHIVED"

    assert take_over(closed)["status"] == "failed"
    assert close(closed, "by-hand")["outcome"] == "FAILED"

    assert noted(closed) == [WITHDRAWN, WITHDRAWN]
    assert not is_shut(closed)


def test_a_crash_between_two_commitments_is_taken_to_its_end(closed: Desk) -> None:
    crash_after_first_commitment(closed)
    closed.world.time.run(limit_seconds=61)

    assert take_over(closed)["status"] == "settled"
    assert noted(closed) == [COMMITTED, COMMITTED]


def test_an_abort_after_the_first_commitment_comes_too_late(closed: Desk) -> None:
    crash_after_first_commitment(closed)
    abort(closed)
    closed.world.time.run(limit_seconds=61)

    assert take_over(closed)["status"] == "settled"
    assert noted(closed) == [COMMITTED, COMMITTED]


def test_a_run_that_ends_after_the_first_commitment_commits_the_others(closed: Desk) -> None:
    crash_after_first_commitment(closed)

    assert close(closed, "by-hand")["outcome"] == "FAILED"

    assert noted(closed) == [COMMITTED, COMMITTED]
    assert is_shut(closed)


def test_an_abort_before_it_leaves_the_tables_where_they_are(closed: Desk) -> None:
    abort(closed)

    assert take_over(closed)["status"] == "failed"
    assert noted(closed) == [None, None]


def test_what_an_earlier_run_took_over_is_not_given_back_by_one_that_only_intends_to() -> None:
    """The note is all there is to show it; an intention written over it, and withdrawn, would open the old primary."""
    old, new = (f"arn:aws:dynamodb:{region}:123456789012:table/{CHATS}" for region in (PRIMARY, STANDBY))
    with a_closed_primary(
        TAKE_OVER, before=(Tombstone(old, new, "fileflow", "fileflow-e0", 0, COMMITTED, YESTERDAY),)
    ) as desk:
        chats(desk).status = "CREATING"
        assert take_over(desk)["status"] == "running"

        assert noted(desk) == [COMMITTED, INTENDED]
        chats(desk).status = "ACTIVE"
        assert take_over(desk)["status"] == "settled"
        stone = desk.inside(lambda: notes(desk).of(old))
        assert stone is not None
        assert (stone.state, stone.epoch) == (COMMITTED, 1)


class TestBesideAPromotion:
    @pytest.fixture
    def both(self) -> Iterator[Desk]:
        with a_closed_primary(PROMOTE, TAKE_OVER) as desk:
            yield desk

    @staticmethod
    def promote(desk: Desk) -> None:
        while turn(desk, "promote_replica", "promote")["status"] == "running":
            desk.world.time.run(limit_seconds=10)

    def test_the_tables_follow_though_the_primary_has_been_closed_for_long(self, both: Desk) -> None:
        """A promotion takes minutes; once it was accepted there is only forward."""
        began = both.now
        self.promote(both)
        assert both.now - began > timedelta(seconds=60)

        assert take_over(both)["status"] == "settled"
        assert noted(both) == [COMMITTED, COMMITTED, COMMITTED]

    def test_an_abort_after_the_promotion_stops_them_no_more(self, both: Desk) -> None:
        self.promote(both)
        abort(both)

        assert take_over(both)["status"] == "settled"
