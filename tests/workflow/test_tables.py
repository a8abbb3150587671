"""MegaTicket whole, whose only writers are global tables: they change hands before the standby can write."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import Any

import pytest

from deployment import names
from pilotlight.domain.errors import PlanRefused
from pilotlight.domain.records import Record, RecordKind
from pilotlight.domain.run import Outcome
from pilotlight.report.text import summary
from pilotlight.report.view import view
from planfile import load
from rehearsal.invariants import InvariantBroken
from rehearsal.play import Played, play
from rehearsal.scenarios import SCENARIOS, Scenario, scenario
from rehearsal.scenarios.darkness import BROKEN
from rehearsal.scenarios.scenario import later, outage, start_by_hand
from rehearsal.scene import Scene, let_primary_answer
from rehearsal.services.elbv2 import Elbv2
from rehearsal.services.rds import Rds
from tests.ticketing import CHECK, SCALE, STAGES, TABLES, TAKE_OVER, megaticket
from tests.workflow.played import FILEFLOW

pytestmark = pytest.mark.full

SEOUL, TOKYO = "ap-northeast-2", "ap-northeast-1"
SEOULS_BALANCER = "megaticket-alb-123456.ap-northeast-2.elb.amazonaws.com"
CHATS = {
    "step": "take-over-chats",
    "kind": "take_over_tables",
    "params": {"tables": ["team_chats_ddb", "chat_rooms_ddb"]},
}
PROMOTE: dict[str, Any] = {
    "step": "promote",
    "kind": "promote_replica",
    "params": {"replica": "the-replica", "source": "the-source"},
}

PORTFORGE = {**STAGES, "move": {"data": [PROMOTE, CHATS]}}


@cache
def played(name: str, minutes: float | None = None) -> Played:
    at = timedelta(minutes=minutes) if minutes else None
    return play(megaticket(), scenario(name, at), seed=1)


def said(seen: Played, kind: RecordKind) -> list[Record]:
    return [record for record in seen.records if record.entry.kind is kind]


class TestAnOutage:
    @pytest.fixture
    def seen(self) -> Played:
        return played("outage")

    def test_it_ends_in_a_recovery(self, seen: Played) -> None:
        assert seen.result.outcome == "RECOVERED", seen.result.reason
        assert seen.result.objectives["met"] is True

    def test_every_table_is_committed_before_the_first_capacity_of_the_standby(self, seen: Played) -> None:
        committed = [r for r in said(seen, RecordKind.TOMBSTONE) if r.entry.details["state"] == "committed"]
        capacity = next(line.time for line in seen.scene.world.trace if line.operation == "UpdateService")

        assert [r.entry.details["writer"].rsplit("/", 1)[1] for r in committed] == list(TABLES)
        assert all(r.entry.time < capacity for r in committed)

    def test_nothing_is_changed_in_the_tables_themselves(self, seen: Played) -> None:
        written = [line.resource for line in seen.scene.world.trace if line.service == "dynamodb" and line.mutating]

        assert written
        assert not [arn for arn in written if any(table in arn for table in TABLES)]

    def test_the_loss_is_what_was_remembered_before_the_outage(self, seen: Played) -> None:
        """A reading is remembered a minute or two late, and the window says so."""
        assert seen.result.rpo_seconds is not None
        assert 60.0 < seen.result.rpo_seconds < 6 * 60.0

    def test_the_report_names_the_conflict_window_of_each_table(self, seen: Played) -> None:
        told = view(seen.records)
        window = told.loss_window
        assert window is not None

        assert [sentence.split(":")[0] for sentence in told.conflicts] == [f"Table {table}" for table in TABLES]
        assert all("until its guard closes it, because no read shows it closed yet" in s for s in told.conflicts)
        assert f"wrote from {window.began:%Y-%m-%d %H:%M}" in told.conflicts[0]
        assert summary(told).count("\nConflict Table ") == len(TABLES)


def test_without_remembered_latencies_it_is_blocked_before_anything_is_disrupted() -> None:
    seen = played("latency-missing")

    assert seen.result.outcome == "BLOCKED"
    assert f"How far table {TABLES[0]} in {TOKYO} was behind is unknown" in seen.result.reason
    assert seen.primary[0] == seen.primary[1]
    assert said(seen, RecordKind.TOMBSTONE) == []


def test_that_scenario_refuses_a_plan_without_global_tables() -> None:
    with pytest.raises(PlanRefused, match="needs a step of kind take_over_tables"):
        play(load(FILEFLOW), SCENARIOS["latency-missing"], seed=1)


class TestAPrimaryThatReturns:
    @pytest.fixture
    def seen(self) -> Played:
        return played("primary-returns", 10)

    def test_its_guard_closes_what_writes_to_the_tables(self, seen: Played) -> None:
        assert seen.result.outcome == "RECOVERED"
        assert seen.scene.account.aws.service(Elbv2).answers_503(SEOULS_BALANCER)

    def test_what_both_wrote_is_measured_and_never_called_zero(self, seen: Played) -> None:
        assert 0.0 < seen.result.exposure_seconds <= 120.0

    def test_the_guard_keeps_a_copy_of_each_note(self, seen: Played) -> None:
        guard = names.guard_function("megaticket")
        kept = [line for line in seen.scene.world.trace if line.operation == "PutParameter" and line.by == guard]

        assert [line.region for line in kept] == [SEOUL] * len(TABLES)


def _by_hand(scene: Scene) -> None:
    """The application is gone, its region answers, and a person starts the run."""
    let_primary_answer(scene, lambda request: BROKEN)
    later(scene, timedelta(minutes=2), lambda: start_by_hand(scene), "a person starts the run")


def test_a_primary_that_answers_is_closed_first_and_its_window_has_an_end() -> None:
    stages = {**STAGES, "fence": {"listener": STAGES["fence"]["listener"]}}
    by_hand = Scenario("by-hand", "A person starts it.", Outcome.RECOVERED, _by_hand)

    seen = play(megaticket(stages=stages), by_hand, seed=1)

    assert seen.result.outcome == "RECOVERED", seen.result.reason
    assert seen.result.exposure_seconds == 0.0
    conflicts = view(seen.records).conflicts
    assert len(conflicts) == len(TABLES)
    assert all("read closed" in sentence and "no read shows it closed" not in sentence for sentence in conflicts)


class TestBesideAReplica:
    """PortForge: a database to promote, and tables that follow it."""

    def test_the_tables_follow_the_promotion(self) -> None:
        seen = play(megaticket(application="portforge", stages=PORTFORGE), scenario("outage"), seed=1)
        order = [r.entry.step for r in said(seen, RecordKind.STEP_SETTLED)]

        assert seen.result.outcome == "RECOVERED", seen.result.reason
        assert order.index("promote") < order.index("take-over-chats") < order.index("scale")
        assert seen.scene.account.aws.service(Rds).instance(TOKYO, "the-replica").source is None

    @pytest.mark.full
    def test_a_promotion_that_is_refused_leaves_the_tables_where_they_are(self) -> None:
        plan = megaticket(application="portforge", stages=PORTFORGE)
        seen = play(plan, scenario("tombstone-then-promote-refused"), seed=1)

        assert seen.result.outcome == "FAILED"
        assert not [r for r in said(seen, RecordKind.TOMBSTONE) if ":dynamodb:" in r.entry.details["writer"]]
        assert not seen.scene.account.aws.service(Elbv2).answers_503(SEOULS_BALANCER)


def test_capacity_beside_the_tables_would_be_seen_as_a_second_writer() -> None:
    """The validator refuses such a plan; here it is played all the same."""
    stages = {**STAGES, "move": {"tables": [SCALE, TAKE_OVER]}, "serve": {"application": [CHECK]}}
    early = Scenario("early", "Capacity comes first.", Outcome.RECOVERED, outage)

    with pytest.raises(InvariantBroken, match="takes writes, and no committed note says that it was taken over"):
        play(megaticket(stages=stages), early, seed=1)
