"""A database is restored to a chosen moment beside the one that serves, once, and nothing else is touched."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from pydantic import ValidationError

from pilotlight.domain.life import StepState, StepStatus
from pilotlight.domain.place import Place
from pilotlight.domain.standing_in import Refusal
from pilotlight.domain.step import (
    CannotUndo,
    Failed,
    Receipt,
    Severity,
    Undone,
)
from pilotlight.steps.restore_to_moment import KIND, RestoreToMomentParams
from rehearsal.services.rds import Rds
from rehearsal.services.rds_holdings import AutomatedBackups
from rehearsal.services.rds_instance import Instance, Status
from tests.builders import ISOLATION, drilled
from tests.steps.conftest import PLACE, Bench

SEOUL = PLACE.primary
SOURCE, COPY = "triflow-ai-production-db", "triflow-ai-production-db-pitr"
SOURCE_ARN = f"arn:aws:rds:{SEOUL}:123456789012:db:{SOURCE}"
TO_POINT = "rds:RestoreDBInstanceToPointInTime"
IN_SEOUL = Place("fileflow", "123456789012", SEOUL, SEOUL)
ORDER = {
    "source": SOURCE,
    "back": "30 min",
    "instance": COPY,
    "instance_class": "db.t4g.medium",
    "multi_az": True,
    "subnet_group": "triflow-db",
    "security_groups": ["sg-0d1e2f3a4b5c60718"],
    "parameter_group": "triflow-postgres16",
}


def order(**differences: Any) -> RestoreToMomentParams:
    wanted = {name: value for name, value in {**ORDER, **differences}.items() if value is not None}
    return RestoreToMomentParams.model_validate(wanted)


@dataclass
class Seoul:
    """TriFlow's database in Seoul with a week of backups, and a run-book that works there."""

    bench: Bench
    rds: Rds
    source: Instance
    backups: AutomatedBackups
    params: RestoreToMomentParams = field(default_factory=order)

    @property
    def copy(self) -> Instance:
        return self.rds.instance(SEOUL, COPY)

    @property
    def now(self) -> datetime:
        return self.bench.world.time.now()

    def live(self) -> StepState:
        return self.bench.live(KIND, self.params)

    def settled(self) -> StepState:
        self.rds.plan_next_restore(SEOUL, seconds=1800.0)
        state = self.live()
        assert state.status is StepStatus.SETTLED, state.reason
        return state

    def execute(self) -> Any:
        return self.bench.inside(lambda: KIND.execute(self.params, self.bench.context()))

    def undo(self) -> Undone | CannotUndo:
        done = Receipt("It was restored.", acted=True)
        return self.bench.inside(lambda: KIND.undo(self.params, done, self.bench.context()))

    def findings(self) -> dict[str, tuple[Severity, str]]:
        found = self.bench.inside(lambda: KIND.readiness(self.params, self.bench.context()))
        return {finding.code: (finding.severity, finding.sentence) for finding in found}


@pytest.fixture
def seoul(bench: Bench) -> Seoul:
    bench.place = IN_SEOUL
    rds = bench.aws.service(Rds)
    source = rds.add_instance(SEOUL, SOURCE, engine="postgres", engine_version="16.4", port=5432, retention_days=7)
    rds.add_group(SEOUL, "subnet group", "triflow-db")
    rds.add_group(SEOUL, "parameter group", "triflow-postgres16")
    return Seoul(bench, rds, source, rds.back_up(SEOUL, SOURCE))


class TestRestoring:
    def test_it_makes_one_copy_of_that_moment_and_says_where_it_answers(self, seoul: Seoul) -> None:
        # Given somebody deleted data at 00:40, and 00:30 is the moment before that
        seoul.params = order(back=None, moment="2026-11-21T00:30:00Z")

        state = seoul.settled()

        # Then there is a second instance of the plan's size and groups, and the first one is as it was
        copy = seoul.copy
        assert seoul.bench.writes() == [TO_POINT]
        assert (copy.instance_class, copy.multi_az, copy.subnet_group, copy.retention_days) == (
            "db.t4g.medium",
            True,
            "triflow-db",
            7,
        )
        assert copy.tags == {
            "pilotlight:application": "fileflow",
            "pilotlight:run": "fileflow-e1",
            "pilotlight:restored-from": SOURCE_ARN,
            "pilotlight:restored-to": "2026-11-21T00:30:00+00:00",
        }
        assert state.outputs["endpoint"] == f"{copy.address}:5432"
        assert state.outputs["reaches"] == "2026-11-21T00:30:00+00:00"
        assert seoul.source.status == Status.AVAILABLE

    def test_the_moment_is_sent_as_it_was_meant_in_whatever_zone_it_is_written(self, seoul: Seoul) -> None:
        seoul.params = order(back=None, moment="2026-11-21T09:30:00+09:00")

        assert seoul.settled().outputs["reaches"] == "2026-11-21T00:30:00+00:00"

    def test_five_minutes_ago_is_waited_for_until_the_logs_are_there(self, seoul: Seoul) -> None:
        # Given logs come every five minutes, the last one at 01:00, and it is two minutes past that
        seoul.params = order(back="1 min")
        seoul.bench.inside(lambda: seoul.bench.world.time.sleep(120))

        state = seoul.settled()

        # Then what was meant when the step began is restored, once the log of 01:05 holds it
        assert "reach to 01:00:00 UTC, and have to reach beyond 2026-11-21 01:01:00" in seoul.bench.states[0].reason
        assert state.outputs["reaches"] == "2026-11-21T01:01:00+00:00"

    def test_a_parameter_group_that_waits_for_a_restart_gets_it(self, seoul: Seoul) -> None:
        seoul.rds.plan_next_restore(SEOUL, seconds=900.0, asks_for_restart=True)

        assert seoul.live().status is StepStatus.SETTLED
        assert seoul.bench.writes() == [TO_POINT, "rds:RebootDBInstance"]


class TestMomentsOutOfReach:
    @pytest.mark.parametrize(
        ("moment", "why"),
        [
            ("2026-11-21T01:30:00Z", "that moment is to come"),
            ("2026-11-14T00:59:59Z", "its backups begin at 2026-11-14 01:00:00 UTC"),
        ],
    )
    def test_they_fail_the_step_and_are_found_before(self, seoul: Seoul, moment: str, why: str) -> None:
        seoul.params = order(back=None, moment=moment)

        severity, said = seoul.findings()["restore-window"]
        done = seoul.execute()

        assert isinstance(done, Failed)
        assert why in done.reason
        assert (severity, said) == (Severity.IMPOSSIBLE, done.reason)
        assert seoul.bench.writes() == []

    @pytest.mark.parametrize("trouble", ["none", "untold", "replicated ones only"])
    def test_backups_that_say_nothing_fail_it(self, seoul: Seoul, trouble: str) -> None:
        if trouble == "none":
            seoul.rds.automated.clear()
        elif trouble == "untold":
            seoul.backups.told = False
        else:
            seoul.backups.source = seoul.rds.add_instance("ap-northeast-1", SOURCE)

        done = seoul.execute()

        assert isinstance(done, Failed)
        assert "shows no automated backups of it that say how far they reach" in done.reason

    def test_rds_refuses_what_its_backups_do_not_hold(self, seoul: Seoul) -> None:
        # Given backups that lose what the step saw of them
        seoul.rds.refuse_next_restore(SEOUL, "InvalidParameterValue", "It cannot be restored to that time.")

        state = seoul.live()

        assert state.status is StepStatus.FAILED
        assert "InvalidParameterValue" in state.reason


class TestTwice:
    def test_an_answer_that_was_lost_leads_to_no_second_copy(self, seoul: Seoul) -> None:
        seoul.rds.plan_next_restore(SEOUL, seconds=900.0)
        seoul.bench.lose_answers("RestoreDBInstanceToPointInTime")

        assert seoul.live().status is StepStatus.SETTLED
        assert seoul.bench.writes() == [TO_POINT]

    def test_a_copy_of_another_run_is_never_taken_for_this_ones(self, seoul: Seoul) -> None:
        seoul.settled()
        seoul.copy.tags["pilotlight:run"] = "fileflow-e0"

        done = seoul.execute()

        assert isinstance(done, Failed)
        assert "fileflow-e0 made it" in done.reason
        assert f"delete-db-instance --region {SEOUL} --db-instance-identifier {COPY}" in done.fix

    def test_a_namesake_stops_it(self, seoul: Seoul) -> None:
        seoul.rds.add_instance(SEOUL, COPY)

        done = seoul.execute()

        assert isinstance(done, Failed)
        assert "bears no tag pilotlight:application" in done.reason
        assert seoul.findings()["copy-name"][0] is Severity.IMPOSSIBLE

    def test_a_copy_that_somebody_replaced_is_not_read_back_as_restored(self, seoul: Seoul) -> None:
        receipt = seoul.settled().receipt
        assert receipt is not None
        seoul.rds.remove(SEOUL, COPY)
        seoul.bench.inside(lambda: seoul.bench.world.time.sleep(60))
        seoul.rds.add_instance(SEOUL, COPY)

        seen = seoul.bench.inside(lambda: KIND.verify(seoul.params, receipt, seoul.bench.context()))

        assert isinstance(seen, Failed)

    def test_a_copy_that_comes_to_nothing_fails_the_step(self, seoul: Seoul) -> None:
        seoul.execute()
        seoul.copy.status = "incompatible-restore"

        assert isinstance(seoul.execute(), Failed)


def test_no_run_deletes_the_copy(seoul: Seoul) -> None:
    assert isinstance(seoul.undo(), Undone)
    seoul.settled()

    kept = seoul.undo()

    assert isinstance(kept, CannotUndo)
    assert "because people may use it already" in kept.sentence
    assert seoul.bench.writes() == [TO_POINT]


def test_all_is_well_in_seoul(seoul: Seoul) -> None:
    found = seoul.findings()

    assert {severity for severity, _ in found.values()} == {Severity.FINE}
    assert found["restore-window"][1] == (
        f"Database {SOURCE} can be restored to any moment from 2026-11-14 01:00:00 to 2026-11-21 01:00:00 UTC."
    )


@pytest.mark.parametrize(
    ("differences", "why"),
    [
        ({"back": None}, "say either the moment"),
        ({"moment": "2026-11-21T00:30:00Z"}, "say either the moment"),
        ({"back": None, "moment": "2026-11-21T00:30:00"}, "timezone"),
        ({"back": "0 s"}, "more than no time"),
        ({"instance": SOURCE}, "a name of its own"),
        ({"security_groups": []}, "at least 1 item"),
    ],
)
def test_parameters_that_contradict_themselves_are_refused(differences: dict[str, Any], why: str) -> None:
    wanted = {name: value for name, value in {**ORDER, **differences}.items() if value is not None}

    with pytest.raises(ValidationError, match=why):
        RestoreToMomentParams.model_validate(wanted)


def test_it_may_restore_that_copy_and_delete_nothing() -> None:
    given = KIND.statements(order(), IN_SEOUL)

    written = {(action, arn) for s in given if s.access.value == "write" for action in s.actions for arn in s.resources}
    assert (TO_POINT, SOURCE_ARN) in written
    assert {arn for action, arn in written if action == "rds:AddTagsToResource"} == {SOURCE_ARN + "-pitr"}
    assert "rds:DeleteDBInstance" not in {action for action, _ in written}


def test_a_drill_restores_a_copy_of_another_name() -> None:
    stand_in = drilled(KIND, order())

    assert (stand_in.instance, stand_in.security_groups) == (f"drill-{COPY}", ISOLATION.security_groups)
    assert isinstance(KIND.stand_in(order(instance="a" * 60), ISOLATION), Refusal)
