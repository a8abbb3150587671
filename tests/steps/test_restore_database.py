"""A database is restored from what the standby holds, once, and never over something else."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from pilotlight.domain.life import StepStatus
from pilotlight.domain.standing_in import Refusal
from pilotlight.domain.step import (
    CannotUndo,
    Failed,
    NotYet,
    Receipt,
    Severity,
    Undone,
)
from pilotlight.steps.restore_database import KIND
from rehearsal.services.rds_instance import Status
from rehearsal.wire import Call
from tests.builders import ISOLATION, drilled
from tests.steps.conftest import PLACE, Bench
from tests.steps.copies import (
    COPY,
    OF_SNAPSHOT,
    SEOUL,
    SOURCE,
    SOURCE_ARN,
    TO_POINT,
    TOKYO,
    WEEKLY,
    Restores,
    backups_in_tokyo,
    order,
)

DAY = timedelta(days=1)


@pytest.fixture
def tokyo(bench: Bench) -> Restores:
    return backups_in_tokyo(bench)


class TestRestoring:
    def test_it_restores_what_the_replicated_backups_reach_to_and_reads_it_back(self, tokyo: Restores) -> None:
        # Given Seoul went dark at 01:00, with logs in Tokyo up to 00:55
        tokyo.darken()

        # When the step runs to its end
        state = tokyo.settled()

        # Then one instance was made, of the plan's size and groups, and it says how far it reaches
        copy = tokyo.copy
        assert tokyo.bench.writes() == [TO_POINT]
        assert (copy.instance_class, copy.parameter_group, copy.subnet_group) == (
            "db.t4g.medium",
            "triflow-dr-postgres16",
            "triflow-dr-db",
        )
        assert (copy.security_groups, copy.retention_days, copy.port) == (("sg-0d1e2f3a4b5c60718",), 7, 5432)
        assert copy.tags == {
            "pilotlight:application": "fileflow",
            "pilotlight:run": "fileflow-e1",
            "pilotlight:restored-from": SOURCE_ARN,
            "pilotlight:restored-to": "2026-11-21T00:55:00+00:00",
        }
        assert state.outputs == {
            "address": copy.address,
            "port": "5432",
            "endpoint": f"{copy.address}:5432",
            "resource_id": copy.resource_id,
            "reaches": "2026-11-21T00:55:00+00:00",
        }
        assert "holds all up to 2026-11-21 00:55:00 UTC" in state.reason

    def test_it_waits_for_half_an_hour_without_asking_twice(self, tokyo: Restores) -> None:
        began = tokyo.now()

        tokyo.settled()

        assert timedelta(minutes=30) <= tokyo.now() - began < timedelta(minutes=32)
        said = [state.reason for state in tokyo.bench.states]
        assert said[0] == (
            f"Database {COPY} is being restored from the automated backups of {SOURCE}, up to 2026-11-21 00:55:00 UTC."
        )
        assert f"Database {COPY} is creating." in said

    def test_it_serves_while_its_first_backup_is_taken(self, tokyo: Restores) -> None:
        tokyo.settled()

        assert tokyo.copy.status == Status.BACKING_UP

    def test_a_parameter_group_that_waits_for_a_restart_gets_it(self, tokyo: Restores) -> None:
        # Given RDS will bring the copy up with parameters that wait for a restart
        tokyo.rds.plan_next_restore(TOKYO, seconds=900.0, asks_for_restart=True)

        # When
        state = tokyo.live()

        # Then it was restarted once its first backup was over, and only then counts as restored
        assert state.status is StepStatus.SETTLED
        assert tokyo.bench.writes() == [TO_POINT, "rds:RebootDBInstance"]
        assert tokyo.copy.parameters_in == "in-sync"
        assert len(tokyo.copy.restarts) == 1

    def test_the_newest_snapshot_is_taken_where_it_reaches_farther(self, tokyo: Restores) -> None:
        # Given backups that stopped two days ago, and copies of this week's and last week's snapshot, the older one
        # copied last
        now = tokyo.now()
        tokyo.backups.halted = now - 2 * DAY
        tokyo.rds.add_snapshot(TOKYO, "triflow-weekly-20261120", tokyo.source, taken=now - DAY)
        tokyo.rds.add_snapshot(TOKYO, "triflow-weekly-20261113", tokyo.source, taken=now - 8 * DAY)
        tokyo.params = order(snapshots=WEEKLY)

        # When
        state = tokyo.settled()

        # Then
        assert tokyo.bench.writes() == [OF_SNAPSHOT]
        assert state.outputs["reaches"] == (now - DAY).isoformat()

    @pytest.mark.parametrize(
        ("name", "changes"),
        [
            ("triflow-manual-20261120", {}),
            ("triflow-weekly-20261120", {"status": "creating"}),
        ],
    )
    def test_a_snapshot_of_another_series_or_half_a_copy_is_not_taken(
        self, tokyo: Restores, name: str, changes: dict[str, Any]
    ) -> None:
        snapshot = tokyo.rds.add_snapshot(TOKYO, name, tokyo.source, taken=tokyo.now() - DAY)
        vars(snapshot).update(changes)
        tokyo.params = order(automated_backups=None, snapshots=WEEKLY)

        done = tokyo.execute()

        assert isinstance(done, Failed)
        assert "holds no backup" in done.reason
        assert tokyo.bench.writes() == []

    def test_a_namesake_of_the_standby_is_not_restored_from(self, tokyo: Restores) -> None:
        # Given Tokyo has a database of the same name, with backups and a snapshot of its own
        namesake = tokyo.rds.add_instance(TOKYO, SOURCE)
        tokyo.rds.automated[0].source = namesake
        tokyo.rds.add_snapshot(TOKYO, "triflow-weekly-20261120", namesake, taken=tokyo.now() - DAY)
        tokyo.params = order(snapshots=WEEKLY)

        done = tokyo.execute()

        assert isinstance(done, Failed)
        assert SOURCE_ARN in done.reason

    def test_backups_that_do_not_say_how_far_they_reach_are_waited_for(self, tokyo: Restores) -> None:
        tokyo.backups.told = False

        done = tokyo.execute()

        assert isinstance(done, NotYet)
        assert "unknown" in done.reason
        assert tokyo.bench.writes() == []


class TestTwice:
    def test_an_answer_that_was_lost_leads_to_no_second_copy(self, tokyo: Restores) -> None:
        tokyo.rds.plan_next_restore(TOKYO, seconds=900.0)
        tokyo.bench.lose_answers("RestoreDBInstanceToPointInTime")

        state = tokyo.live()

        assert state.status is StepStatus.SETTLED
        assert tokyo.bench.writes() == [TO_POINT]

    def test_a_copy_that_does_not_show_yet_is_not_made_again(
        self, tokyo: Restores, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Given the copy is there, and RDS does not show it to the next look
        tokyo.execute()
        model, hidden = tokyo.rds.answer, [True]

        def hide(call: Call) -> Any:
            if call.operation == "DescribeDBInstances" and hidden.pop() if hidden else False:
                return {"DBInstances": []}
            return model(call)

        monkeypatch.setattr(tokyo.rds, "answer", hide)

        done = tokyo.execute()

        assert isinstance(done, NotYet)
        assert "appeared when it was to be restored" in done.reason

    def test_a_copy_of_an_earlier_run_is_used_if_it_is_as_new_as_the_backups(self, tokyo: Restores) -> None:
        # Given Seoul is dark, so that nothing newer can arrive, and an earlier run left its copy
        tokyo.darken()
        tokyo.settled()
        tokyo.copy.tags["pilotlight:run"] = "fileflow-e0"

        # When this run comes to it
        state = tokyo.live()

        # Then nothing is restored, and undoing this run leaves the copy where it was
        assert state.status is StepStatus.SETTLED
        assert tokyo.bench.writes() == [TO_POINT]
        assert isinstance(tokyo.undo(state.receipt), Undone)
        assert tokyo.bench.writes() == [TO_POINT]

    def test_a_copy_of_an_earlier_run_that_is_older_than_the_backups_is_refused(self, tokyo: Restores) -> None:
        tokyo.settled()
        tokyo.copy.tags["pilotlight:run"] = "fileflow-e0"
        tokyo.pass_by(timedelta(minutes=30))

        done = tokyo.execute()

        assert isinstance(done, Failed)
        assert f"fileflow-e0 left in {TOKYO}, is not used, because it reaches to 2026-11-21 00:55" in done.reason
        assert f"delete-db-instance --region {TOKYO} --db-instance-identifier {COPY}" in done.fix

    def test_a_copy_of_an_earlier_run_is_refused_where_nothing_tells_how_new_the_backups_are(
        self, tokyo: Restores
    ) -> None:
        tokyo.settled()
        tokyo.copy.tags["pilotlight:run"] = "fileflow-e0"
        tokyo.backups.told = False

        done = tokyo.execute()

        assert isinstance(done, Failed)
        assert "it cannot be told" in done.reason

    def test_a_copy_that_is_the_writer_is_never_restored_over(self, tokyo: Restores) -> None:
        tokyo.settled()
        tokyo.adopt()

        done = tokyo.execute()

        assert done == Receipt(
            f"Database {COPY} is the writer already, so nothing is restored.",
            False,
            {"resource_id": tokyo.copy.resource_id},
        )


class TestNamesakes:
    @pytest.mark.parametrize(
        ("tags", "why"),
        [
            ({}, "bears no tag pilotlight:application"),
            ({"pilotlight:application": "another"}, "marked as another's"),
            ({"pilotlight:application": "fileflow"}, "bears no tag pilotlight:restored-from"),
            (
                {"pilotlight:application": "fileflow", "pilotlight:restored-from": "arn:aws:rds:x:1:db:y"},
                "was restored from arn:aws:rds:x:1:db:y",
            ),
        ],
    )
    def test_an_instance_of_another_origin_stops_the_step_with_a_way_out(
        self, tokyo: Restores, tags: dict[str, str], why: str
    ) -> None:
        tokyo.rds.add_instance(TOKYO, COPY, tags=tags)

        done = tokyo.execute()

        assert isinstance(done, Failed)
        assert why in done.reason
        assert "Name another instance" in done.fix
        assert tokyo.bench.writes() == []

    def test_a_copy_of_an_application_that_moves_with_this_one_is_none(self, tokyo: Restores) -> None:
        # Given an application that writes to the same database has restored it, and Seoul is dark
        tokyo.darken()
        tokyo.settled()
        tokyo.copy.tags |= {"pilotlight:application": "another", "pilotlight:run": "another-e1"}
        together = replace(tokyo.bench.context(), place=replace(PLACE, shares_with=("another",)))

        done = tokyo.bench.inside(lambda: KIND.execute(tokyo.params, together))

        assert isinstance(done, Receipt)
        assert "was restored by another-e1 and is as new as its backups" in done.sentence

    def test_it_waits_until_a_copy_that_is_being_deleted_is_gone(self, tokyo: Restores) -> None:
        tokyo.settled()
        tokyo.undo()

        state = tokyo.live()

        assert state.status is StepStatus.SETTLED
        assert tokyo.bench.writes() == [TO_POINT, "rds:DeleteDBInstance", TO_POINT]


class TestTroubles:
    @pytest.mark.parametrize(
        ("code", "why", "fix"),
        [
            ("InsufficientDBInstanceCapacity", "has no capacity for its class", "another instance class"),
            ("KMSKeyNotAccessibleFault", "the key of its backups cannot be used", "kms_key"),
            ("InstanceQuotaExceeded", "quota of instances", "Service Quotas"),
        ],
    )
    def test_a_refusal_is_said_with_its_way_out(self, tokyo: Restores, code: str, why: str, fix: str) -> None:
        tokyo.rds.refuse_next_restore(TOKYO, code)

        state = tokyo.live()

        assert state.status is StepStatus.FAILED
        assert why in state.reason
        assert fix in state.fix

    def test_backups_that_are_gone_meanwhile_are_looked_for_anew(self, tokyo: Restores) -> None:
        tokyo.rds.refuse_next_restore(TOKYO, "DBInstanceAutomatedBackupNotFound")

        done = tokyo.execute()

        assert isinstance(done, NotYet)
        assert "looked for anew" in done.reason

    @pytest.mark.parametrize("status", ["incompatible-restore", "failed", "storage-full"])
    def test_a_copy_that_comes_to_nothing_fails_the_step(self, tokyo: Restores, status: str) -> None:
        tokyo.execute()
        tokyo.copy.status = status

        done = tokyo.execute()

        assert isinstance(done, Failed)
        assert status in done.reason

    def test_a_copy_that_somebody_replaced_is_not_read_back_as_restored(self, tokyo: Restores) -> None:
        receipt = tokyo.settled().receipt
        assert receipt is not None
        tokyo.rds.remove(TOKYO, COPY)
        tokyo.pass_by(timedelta(minutes=1))
        tokyo.rds.add_instance(TOKYO, COPY)

        seen = tokyo.bench.inside(lambda: KIND.verify(tokyo.params, receipt, tokyo.bench.context()))

        assert isinstance(seen, Failed)
        assert "deleted or replaced" in seen.reason


class TestUndo:
    def test_a_copy_of_this_run_is_deleted_without_a_final_snapshot(self, tokyo: Restores) -> None:
        state = tokyo.settled()

        undone = tokyo.undo(state.receipt)

        assert isinstance(undone, Undone)
        assert "without a final snapshot" in undone.sentence
        assert tokyo.bench.writes() == [TO_POINT, "rds:DeleteDBInstance"]

    def test_it_is_known_by_its_mark_where_the_step_was_cut_off(self, tokyo: Restores) -> None:
        tokyo.rds.plan_next_restore(TOKYO, seconds=600.0)
        tokyo.execute()
        tokyo.pass_by(timedelta(minutes=11))

        assert isinstance(tokyo.undo(), Undone)
        assert tokyo.copy.status == Status.DELETING

    def test_a_copy_that_cannot_be_deleted_yet_stays_with_the_way_to_delete_it(self, tokyo: Restores) -> None:
        tokyo.execute()

        undone = tokyo.undo()

        assert isinstance(undone, CannotUndo)
        assert "because it is creating; later: aws rds delete-db-instance" in undone.sentence

    def test_a_copy_that_became_the_writer_stays(self, tokyo: Restores) -> None:
        state = tokyo.settled()
        tokyo.adopt()

        undone = tokyo.undo(state.receipt)

        assert isinstance(undone, CannotUndo)
        assert tokyo.copy.status != Status.DELETING

    def test_what_is_gone_and_what_belongs_to_somebody_else_is_left(self, tokyo: Restores) -> None:
        assert isinstance(tokyo.undo(), Undone)
        tokyo.rds.add_instance(TOKYO, COPY)

        assert isinstance(tokyo.undo(), Undone)
        assert tokyo.bench.writes() == []


class TestDataAtRisk:
    def test_the_loss_is_what_the_backups_lack_at_the_onset(self, tokyo: Restores) -> None:
        onset = tokyo.now()
        tokyo.darken()
        tokyo.pass_by(timedelta(hours=1))

        risk = tokyo.at_risk(onset)

        assert risk.seconds == 300
        assert risk.measured == datetime.fromisoformat("2026-11-21T00:55:00+00:00")
        assert (
            f"A restore from the automated backups of {SOURCE} in {TOKYO} reaches to 2026-11-21 00:55:00"
            in risk.sentence
        )

    def test_once_the_copy_is_begun_it_is_what_the_copy_lacks(self, tokyo: Restores) -> None:
        # Given a copy that was begun while Seoul still answered, and backups that went on
        tokyo.execute()
        tokyo.pass_by(timedelta(minutes=30))

        risk = tokyo.at_risk(tokyo.now())

        assert risk.sentence.startswith(f"Copy {COPY} reaches to 2026-11-21 00:55:00 UTC")
        assert risk.seconds == pytest.approx(35 * 60, abs=1)

    @pytest.mark.parametrize("trouble", ["no backups", "untold", "a namesake"])
    def test_what_nothing_tells_is_unknown(self, tokyo: Restores, trouble: str) -> None:
        if trouble == "no backups":
            tokyo.rds.automated.clear()
        elif trouble == "untold":
            tokyo.backups.told = False
        else:
            tokyo.rds.add_instance(TOKYO, COPY)

        risk = tokyo.at_risk(tokyo.now())

        assert risk.window is None
        assert "unknown" in risk.sentence

    def test_a_writer_loses_nothing_more_unless_the_primary_lived_on(self, tokyo: Restores) -> None:
        # Given Seoul is dark and its copy was adopted
        tokyo.darken()
        tokyo.settled()
        tokyo.adopt()
        assert tokyo.at_risk(tokyo.now()).seconds == 0

        # When Seoul comes back and is backed up again
        tokyo.bench.world.relight(SEOUL)
        tokyo.pass_by(timedelta(minutes=10))

        # Then it may have taken writes that the copy lacks
        risk = tokyo.at_risk(tokyo.now())
        assert risk.window is None
        assert "may have taken writes" in risk.sentence


class TestReadiness:
    def test_all_is_well_in_tokyo(self, tokyo: Restores) -> None:
        found = tokyo.findings()

        assert {finding.severity for finding in found} == {Severity.FINE}
        assert {finding.code for finding in found} == {
            "copy-name",
            "backup-age",
            "copy-subnet-group",
            "copy-parameter-group",
        }

    def test_each_protection_is_judged_by_its_own_age(self, tokyo: Restores) -> None:
        # Given backups that stopped an hour ago, and a weekly snapshot of six days ago
        now = tokyo.now()
        tokyo.backups.halted = now - timedelta(hours=1)
        tokyo.rds.add_snapshot(TOKYO, "triflow-weekly-20261115", tokyo.source, taken=now - 6 * DAY)
        tokyo.params = order(snapshots=WEEKLY)

        found = [(f.severity, f.sentence) for f in tokyo.findings() if f.code == "backup-age"]

        assert found == [
            (
                Severity.ERROR,
                f"What {TOKYO} holds as the automated backups of {SOURCE} is 1 h 05 min old, more than 30 min.",
            ),
            (Severity.FINE, f"What {TOKYO} holds as snapshot triflow-weekly-20261115 is 144 h 00 min old."),
        ]

    def test_a_weekly_snapshot_that_was_not_copied_is_an_error(self, tokyo: Restores) -> None:
        tokyo.params = order(snapshots=WEEKLY)

        found = [f for f in tokyo.findings() if f.severity is Severity.ERROR]

        assert [f.sentence for f in found] == [
            f"No snapshot of {SOURCE} that begins with triflow-weekly- was copied to {TOKYO}."
        ]

    @pytest.mark.parametrize("trouble", ["no backups", "untold"])
    def test_nothing_to_restore_from_makes_a_restore_impossible(self, tokyo: Restores, trouble: str) -> None:
        if trouble == "untold":
            tokyo.backups.told = False
        else:
            tokyo.rds.automated.clear()

        assert Severity.IMPOSSIBLE in {finding.severity for finding in tokyo.findings()}

    def test_groups_that_are_missing_make_a_restore_impossible(self, tokyo: Restores) -> None:
        tokyo.params = order(subnet_group="no-such", parameter_group="none-such")

        found = {f.code for f in tokyo.findings() if f.severity is Severity.IMPOSSIBLE}

        assert found == {"copy-subnet-group", "copy-parameter-group"}

    def test_a_copy_that_nobody_needs_costs_money(self, tokyo: Restores) -> None:
        tokyo.darken()
        tokyo.settled()

        found = next(f for f in tokyo.findings() if f.code == "copy-name")

        assert found.severity is Severity.WARNING
        assert "costs money" in found.sentence


@pytest.mark.parametrize(
    ("differences", "why"),
    [
        ({"automated_backups": None}, "say what to restore from"),
        ({"backup_retention": "36 d"}, "from 1 d to 35 d"),
        ({"backup_retention": "0 d"}, "from 1 d to 35 d"),
        ({"storage_type": "io1"}, "needs iops"),
        ({"iops": 3000}, "needs storage_type"),
        ({"security_groups": []}, "at least 1 item"),
        ({"snapshots": {"named": "*", "no_older_than": "8 d"}}, "should match pattern"),
        ({"snapshots": {"named": "weekly-", "no_older_than": "0 d"}}, "never of this moment"),
    ],
)
def test_parameters_that_contradict_themselves_are_refused(differences: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        order(**differences)


def test_its_permissions_name_the_copy_and_the_series() -> None:
    given = KIND.statements(order(snapshots=WEEKLY, kms_key="mrk-" + "0" * 32), PLACE)

    written = {(action, arn) for s in given if s.access.value == "write" for action in s.actions for arn in s.resources}
    assert ("rds:DeleteDBInstance", f"arn:aws:rds:{TOKYO}:123456789012:db:{COPY}") in written
    assert (
        "rds:RestoreDBInstanceFromDBSnapshot",
        f"arn:aws:rds:{TOKYO}:123456789012:snapshot:triflow-weekly-*",
    ) in written
    assert "kms:CreateGrant" in {action for s in given for action in s.actions}


def test_a_drill_restores_a_copy_of_another_name() -> None:
    stand_in = drilled(KIND, order())

    assert (stand_in.instance, stand_in.security_groups) == (f"drill-{COPY}", ISOLATION.security_groups)
    assert isinstance(KIND.stand_in(order(instance="a" * 60), ISOLATION), Refusal)
