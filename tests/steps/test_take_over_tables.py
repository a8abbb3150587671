"""Global tables change hands: nothing is called on DynamoDB, and what may have been written twice is said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from pilotlight.aws.tables import DynamoTable
from pilotlight.aws.tombstones import Tombstones
from pilotlight.domain.data_loss import DataAtRisk
from pilotlight.domain.life import StepStatus
from pilotlight.domain.standing_in import LeftOut
from pilotlight.domain.step import (
    CannotUndo,
    Failed,
    Finding,
    NotYet,
    Receipt,
    Settled,
    Severity,
    StepContext,
    Undone,
)
from pilotlight.domain.tombstone import TABLE, Tombstone, TombstoneState
from pilotlight.estate.dynamodb.replication import METRIC, namespace_of
from pilotlight.steps.take_over_tables import KIND, TakeOverTablesParams
from rehearsal.services.application_autoscaling import ApplicationAutoScaling, ScalableTarget
from rehearsal.services.cloudwatch import CloudWatch
from rehearsal.services.dynamodb import DynamoDb, Replica
from tests.builders import ISOLATION
from tests.steps.conftest import PLACE, Bench

SEOUL, TOKYO = PLACE.primary, PLACE.standby
CHATS, ROOMS = "team_chats_ddb", "chat_rooms_ddb"
BOTH = TakeOverTablesParams(tables=(CHATS, ROOMS))
ONE = TakeOverTablesParams(tables=(CHATS,))


@dataclass
class Tables:
    """Two global tables of Seoul and Tokyo, and the tombstones that Tokyo keeps."""

    bench: Bench
    here: Replica
    there: Replica

    @property
    def now(self) -> datetime:
        return self.bench.world.time.now()

    def context(self, **changes: Any) -> StepContext:
        return replace(self.bench.context(), **changes)

    def remember(self, table: str, milliseconds: float, ago: timedelta) -> datetime:
        """Tokyo holds a latency of the minute that began so long ago."""
        stamp = self.now - ago
        metrics, of = self.bench.aws.service(CloudWatch), {"TableName": table}
        metrics.put_metric(TOKYO, namespace_of(PLACE.application), METRIC, of, stamp, milliseconds)
        return stamp

    def note(self, state: TombstoneState, epoch: int = 1, table: str = CHATS) -> None:
        """A tombstone on one of the tables stands in Tokyo."""
        (writer,) = KIND.writers(TakeOverTablesParams(tables=(table,)), PLACE)
        run = f"fileflow-e{epoch}"
        stone = Tombstone(writer.old, writer.new, PLACE.application, run, epoch, state, self.now)
        kept = Tombstones(DynamoTable(self.bench.context().aws, TOKYO, TABLE), {})
        self.bench.inside(lambda: kept.write(stone))

    def execute(self) -> Receipt | NotYet | Failed:
        return self.bench.inside(lambda: KIND.execute(ONE, self.context()))

    def settled(self, params: TakeOverTablesParams = BOTH, **changes: Any) -> Settled:
        """What the step settles with, in one turn."""
        done = self.bench.inside(lambda: KIND.execute(params, self.context(**changes)))
        assert isinstance(done, Receipt), done
        seen = self.bench.inside(lambda: KIND.verify(params, done, self.context(**changes)))
        assert isinstance(seen, Settled), seen
        return seen

    def loss(self, params: TakeOverTablesParams = BOTH) -> DataAtRisk:
        return self.bench.inside(lambda: KIND.data_at_risk(params, self.context(), self.now))

    def readiness(self) -> dict[str, Finding]:
        """What is said of one table, by code."""
        found = self.bench.inside(lambda: KIND.readiness(ONE, self.context()))
        return {finding.code: finding for finding in found}


@pytest.fixture
def tables(bench: Bench) -> Tables:
    model = bench.aws.service(DynamoDb)
    there, here = model.add_global_table(CHATS, SEOUL, TOKYO)
    model.add_global_table(ROOMS, SEOUL, TOKYO)
    keys = [("partition", "HASH"), ("sort", "RANGE")]
    made = {
        "TableName": TABLE,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": name, "KeyType": kind} for name, kind in keys],
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
    }
    bench.inside(lambda: bench.context().aws.call("dynamodb", "CreateTable", TOKYO, **made))
    return Tables(bench, here, there)


class TestTakingOver:
    def test_it_settles_in_one_turn_and_changes_nothing_in_aws(self, tables: Tables) -> None:
        before = tables.bench.writes()

        state = tables.bench.live(KIND, BOTH)

        assert state.status is StepStatus.SETTLED
        assert len(tables.bench.states) == 1
        assert tables.bench.writes() == before
        assert state.outputs["tables"] == "team_chats_ddb, chat_rooms_ddb"
        assert state.reason.startswith(
            "Each of the tables team_chats_ddb, chat_rooms_ddb is written to in ap-northeast-1 from now on. Table"
        )

    def test_each_table_is_a_writer_of_its_own(self) -> None:
        old = [writer.old for writer in KIND.writers(BOTH, PLACE)]
        new = [writer.new for writer in KIND.writers(BOTH, PLACE)]

        assert old == [f"arn:aws:dynamodb:{SEOUL}:123456789012:table/{name}" for name in (CHATS, ROOMS)]
        assert new == [f"arn:aws:dynamodb:{TOKYO}:123456789012:table/{name}" for name in (CHATS, ROOMS)]

    def test_the_dark_primary_is_not_asked(self, tables: Tables) -> None:
        tables.bench.world.darken(SEOUL)

        assert tables.bench.live(KIND, BOTH).status is StepStatus.SETTLED

    def test_a_table_that_is_updated_takes_writes(self, tables: Tables) -> None:
        tables.here.status = "UPDATING"

        assert isinstance(tables.execute(), Receipt)

    def test_a_table_that_is_being_made_is_waited_for(self, tables: Tables) -> None:
        tables.here.status = "CREATING"

        assert tables.execute() == NotYet("Table team_chats_ddb in ap-northeast-1 is CREATING still.")

    @pytest.mark.parametrize(
        "status", ["INACCESSIBLE_ENCRYPTION_CREDENTIALS", "REPLICATION_NOT_AUTHORIZED", "ARCHIVED"]
    )
    def test_a_table_that_takes_no_writes_fails(self, tables: Tables, status: str) -> None:
        tables.here.status = status

        failed = tables.execute()

        assert isinstance(failed, Failed)
        assert failed.reason == f"Table team_chats_ddb in ap-northeast-1 is {status}, so it takes no writes."
        assert failed.fix

    def test_a_table_that_replicates_from_elsewhere_fails(self, tables: Tables) -> None:
        tables.here.replicas = {"us-west-2": "ACTIVE"}

        failed = tables.execute()

        assert isinstance(failed, Failed)
        assert failed.reason == (
            "Table team_chats_ddb in ap-northeast-1 is a replica of us-west-2, so nothing says that it holds the items "
            "of ap-northeast-2."
        )

    def test_a_table_that_is_not_there_fails_with_the_command_that_adds_it(self, tables: Tables) -> None:
        tables.bench.aws.service(DynamoDb).replicas.remove(tables.here)

        failed = tables.execute()

        assert isinstance(failed, Failed)
        assert failed.reason.startswith("Table team_chats_ddb does not exist in ap-northeast-1")
        assert "aws dynamodb update-table --region ap-northeast-2 --table-name team_chats_ddb" in failed.fix

    def test_a_legacy_global_table_is_taken_over_and_said_to_be_one(self, tables: Tables) -> None:
        tables.here.legacy = tables.there.legacy = True

        settled = tables.settled()

        assert "team_chats_ddb: global table of version 2017.11.29 (legacy)." in settled.reason

    def test_preflight_calls_what_would_fail_impossible(self, tables: Tables) -> None:
        tables.here.status = "ARCHIVED"

        chats, rooms = tables.bench.inside(lambda: KIND.preflight(BOTH, tables.context()))

        assert (chats.severity, rooms.severity) == (Severity.IMPOSSIBLE, Severity.FINE)


class TestConflictWindows:
    def test_a_closed_primary_ends_the_window_of_each_table(self, tables: Tables) -> None:
        since = tables.remember(CHATS, 800.0, timedelta(minutes=3)) - timedelta(milliseconds=800)
        closed = tables.now - timedelta(seconds=20)

        chats, rooms = tables.settled(closed=closed).outputs["conflicts"].splitlines()

        assert chats == (
            f"Table team_chats_ddb: what ap-northeast-2 wrote from {since:%Y-%m-%d %H:%M:%S} UTC until "
            f"{closed:%H:%M:%S} UTC, when it was read closed, may reach ap-northeast-1 late; of an item that both "
            "wrote, the last writer wins."
        )
        assert rooms.startswith("Table chat_rooms_ddb: what ap-northeast-2 wrote from a moment that is not known until")

    def test_a_primary_that_no_read_shows_closed_leaves_it_open(self, tables: Tables) -> None:
        tables.remember(CHATS, 800.0, timedelta(minutes=3))

        said = tables.settled(ONE).outputs["conflicts"]

        assert "until its guard closes it, because no read shows it closed yet" in said

    def test_where_all_was_replicated_after_it_was_closed_there_is_none(self, tables: Tables) -> None:
        tables.remember(CHATS, 800.0, timedelta(minutes=1))

        said = tables.settled(ONE, closed=tables.now - timedelta(minutes=5)).outputs["conflicts"]

        assert (
            said
            == "Table team_chats_ddb: ap-northeast-1 knows all that ap-northeast-2 wrote before it was read closed."
        )

    def test_strong_consistency_leaves_none(self, tables: Tables) -> None:
        tables.here.strong = True

        assert "its consistency is strong" in tables.settled(ONE).outputs["conflicts"]

    def test_metrics_that_cannot_be_read_hold_nobody_up(self, tables: Tables) -> None:
        tables.bench.aws.service(CloudWatch).silent.add(TOKYO)

        assert "from a moment that is not known" in tables.settled(ONE).outputs["conflicts"]


class TestDataAtRisk:
    def test_the_table_that_is_furthest_behind_counts(self, tables: Tables) -> None:
        tables.remember(CHATS, 800.0, timedelta(minutes=2))
        tables.remember(ROOMS, 30_000.0, timedelta(minutes=2))

        loss = tables.loss()

        assert round(loss.seconds or 0.0) == 150
        assert "Writes to table chat_rooms_ddb took 30 s to ap-northeast-1" in loss.sentence

    def test_one_table_that_is_unknown_makes_all_unknown(self, tables: Tables) -> None:
        tables.remember(CHATS, 800.0, timedelta(minutes=2))

        loss = tables.loss()

        assert loss.window is None
        assert loss.sentence.startswith("How far table chat_rooms_ddb in ap-northeast-1 was behind is unknown")

    def test_what_was_taken_over_before_loses_nothing_more(self, tables: Tables) -> None:
        tables.note(TombstoneState.COMMITTED)

        assert tables.loss(ONE).seconds == 0.0
        assert tables.loss(BOTH).window is None, "the other table is still to be taken over"

    def test_strong_consistency_loses_nothing(self, tables: Tables) -> None:
        tables.here.strong = True

        assert tables.loss(ONE).seconds == 0.0

    def test_a_table_that_is_missing_is_unknown(self, tables: Tables) -> None:
        tables.bench.aws.service(DynamoDb).replicas.remove(tables.here)

        assert tables.loss(ONE).window is None


class TestWhetherItMoved:
    @pytest.mark.parametrize(
        ("state", "moved"),
        [(TombstoneState.INTENDED, False), (TombstoneState.WITHDRAWN, False), (TombstoneState.COMMITTED, True)],
    )
    def test_a_committed_note_alone_says_so(self, tables: Tables, state: TombstoneState, moved: bool) -> None:
        tables.note(state)

        assert tables.bench.inside(lambda: KIND.moved(BOTH, tables.context())) is moved

    def test_without_a_note_it_did_not(self, tables: Tables) -> None:
        assert tables.bench.inside(lambda: KIND.moved(BOTH, tables.context())) is False

    def test_before_the_note_is_committed_there_is_nothing_to_take_back(self, tables: Tables) -> None:
        tables.note(TombstoneState.INTENDED)

        undone = tables.bench.inside(lambda: KIND.undo(ONE, Receipt("", False, {}), tables.context()))

        assert undone == Undone("Table team_chats_ddb was not changed in DynamoDB, so there is nothing to take back.")

    def test_afterwards_it_is_not_taken_back(self, tables: Tables) -> None:
        tables.note(TombstoneState.COMMITTED)

        kept = tables.bench.inside(lambda: KIND.undo(ONE, Receipt("", False, {}), tables.context()))

        assert isinstance(kept, CannotUndo)
        assert "give it back to ap-northeast-2 with the failback plan" in kept.sentence


class TestReadiness:
    def test_a_table_in_order_has_only_fine_findings(self, tables: Tables) -> None:
        tables.remember(CHATS, 800.0, timedelta(minutes=2))

        found = tables.readiness()

        assert {finding.severity for finding in found.values()} == {Severity.FINE}
        assert list(found) == ["table", "latency"]

    @pytest.mark.parametrize(
        ("code", "change", "words"),
        [
            ("legacy", lambda t: _both(t, legacy=True), "of a global table of version 2017.11.29 (legacy)"),
            ("replica-status", lambda t: t.there.replicas.update({TOKYO: "REGION_DISABLED"}), "is REGION_DISABLED"),
            ("capacity", lambda t: _set(t.here, billing="PROVISIONED"), "is PROVISIONED and in ap-northeast-2 PAY_PER"),
            ("point-in-time-recovery", lambda t: _set(t.here, recoverable=False), "has no point-in-time recovery"),
            ("deletion-protection", lambda t: _set(t.here, deletion_protected=False), "not protected from deletion"),
            ("time-to-live", lambda t: _set(t.there, expires_by="until"), "deletes no items by age, and in ap-northe"),
            ("stream", lambda t: _set(t.here, stream=""), "streams nothing, and in ap-northeast-2 NEW_AND_OLD_IMAGES"),
            ("encryption-key", lambda t: _set(t.there, key="arn:aws:kms:k"), "encrypted with DynamoDB's own key, and"),
        ],
    )
    def test_what_is_not_in_order_has_a_sentence_and_a_fix(
        self, tables: Tables, code: str, change: Callable[[Tables], None], words: str
    ) -> None:
        change(tables)

        finding = tables.readiness()[code]

        assert finding.severity in (Severity.WARNING, Severity.ERROR)
        assert words in finding.sentence
        assert CHATS in finding.sentence
        assert finding.fix

    def test_less_write_capacity_than_the_primary_is_said(self, tables: Tables) -> None:
        _both(tables, billing="PROVISIONED", write_units=100)
        tables.here.write_units = 5

        assert "has 5 write capacity units, and 100 in ap-northeast-2" in tables.readiness()["capacity"].sentence

    def test_autoscaling_in_the_primary_alone_is_said(self, tables: Tables) -> None:
        _both(tables, billing="PROVISIONED", write_units=100)
        targets = tables.bench.aws.service(ApplicationAutoScaling).targets
        targets.append(ScalableTarget(SEOUL, f"table/{CHATS}", "arn:aws:target", tables.now, 5, 100))

        assert "has no autoscaling of its write capacity" in tables.readiness()["autoscaling"].sentence

        targets.append(ScalableTarget(TOKYO, f"table/{CHATS}", "arn:aws:target", tables.now, 5, 100))
        assert "autoscaling" not in tables.readiness()

    @pytest.mark.parametrize(
        ("policy", "is_said"),
        [
            ('{"Statement": [{"Sid": "Freeze", "Effect": "Deny", "Action": "dynamodb:PutItem"}]}', True),
            ('{"Statement": {"Sid": "Freeze", "Effect": "Deny", "NotAction": ["dynamodb:GetItem"]}}', True),
            ('{"Statement": [{"Sid": "Freeze", "Effect": "Deny", "Action": ["dynamodb:DeleteTable"]}]}', False),
            ('{"Statement": [{"Sid": "Freeze", "Effect": "Allow", "Action": "dynamodb:*"}]}', False),
        ],
    )
    def test_a_policy_that_denies_writes_is_an_error(self, tables: Tables, policy: str, is_said: bool) -> None:
        tables.here.policy = policy

        found = tables.readiness().get("resource-policy")

        assert (found is not None) is is_said
        assert found is None or "denies writes (statement Freeze)" in found.sentence

    def test_a_table_that_nobody_writes_to_would_stop_a_run(self, tables: Tables) -> None:
        finding = tables.readiness()["latency"]

        assert finding.severity is Severity.ERROR
        assert "the data-loss gate would stop a run" in finding.sentence
        assert "let something write an item of its own each minute" in finding.fix

    def test_a_dark_primary_leaves_the_two_uncompared(self, tables: Tables) -> None:
        tables.bench.world.darken(SEOUL)

        found = tables.readiness()

        assert found["not-compared"].severity is Severity.WARNING
        assert "stream" not in found


class TestItsParameters:
    def test_a_table_is_named_once(self) -> None:
        with pytest.raises(ValidationError, match="table team_chats_ddb is named twice"):
            TakeOverTablesParams(tables=(CHATS, CHATS))

    def test_a_drill_has_no_stand_in(self) -> None:
        assert isinstance(KIND.stand_in(BOTH, ISOLATION), LeftOut)

    def test_the_title_says_how_many(self) -> None:
        assert (KIND.title(ONE), KIND.title(BOTH)) == (
            "Take over team_chats_ddb",
            "Take over team_chats_ddb and 1 more",
        )


def _set(replica: Replica, **changes: Any) -> None:
    for name, value in changes.items():
        setattr(replica, name, value)


def _both(tables: Tables, **changes: Any) -> None:
    _set(tables.here, **changes)
    _set(tables.there, **changes)
