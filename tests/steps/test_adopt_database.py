"""The copy that was restored becomes the writer; nothing else does."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pilotlight.domain.life import StepStatus
from pilotlight.domain.place import Writer
from pilotlight.domain.standing_in import LeftOut
from pilotlight.domain.step import (
    CannotUndo,
    Failed,
    Receipt,
    Severity,
    Undone,
)
from pilotlight.steps.adopt_database import KIND
from tests.builders import ISOLATION
from tests.steps.conftest import PLACE, Bench
from tests.steps.copies import ADOPT, COPY, COPY_ARN, SOURCE_ARN, TO_POINT, TOKYO, Restores, backups_in_tokyo

TAG, PROTECT = "rds:AddTagsToResource", "rds:ModifyDBInstance"


@pytest.fixture
def tokyo(bench: Bench) -> Restores:
    """A copy that was restored, and whose first backup is over."""
    standby = backups_in_tokyo(bench)
    standby.settled()
    standby.pass_by(timedelta(minutes=30))
    return standby


def has_moved(tokyo: Restores) -> bool | None:
    return tokyo.bench.inside(lambda: KIND.moved(ADOPT, tokyo.bench.context()))


def undo(tokyo: Restores, run: str) -> Undone | CannotUndo:
    receipt = Receipt("Adopted.", True, {"resource_id": tokyo.copy.resource_id, "run": run})
    return tokyo.bench.inside(lambda: KIND.undo(ADOPT, receipt, tokyo.bench.context()))


def test_it_declares_the_copy_as_the_new_writer() -> None:
    assert KIND.writers(ADOPT, PLACE) == (Writer(SOURCE_ARN, COPY_ARN),)


def test_the_copy_is_marked_and_protected_within_seconds(tokyo: Restores) -> None:
    # Given a copy that nobody was led to
    assert has_moved(tokyo) is False
    began = tokyo.now()

    # When
    state = tokyo.adopt()

    # Then it is the writer, and cannot be deleted by one call
    copy = tokyo.copy
    assert state.status is StepStatus.SETTLED
    assert tokyo.now() - began < timedelta(seconds=30)
    assert tokyo.bench.writes() == [TO_POINT, TAG, PROTECT]
    assert copy.tags["pilotlight:adopted"] == copy.resource_id
    assert copy.tags["pilotlight:adopted-by"] == "fileflow-e1"
    assert copy.deletion_protection
    assert state.outputs == {"address": copy.address, "port": "5432", "endpoint": f"{copy.address}:5432"}
    assert has_moved(tokyo) is True


def test_a_copy_that_is_being_backed_up_is_adopted_and_left_unprotected_and_that_is_said(bench: Bench) -> None:
    standby = backups_in_tokyo(bench)
    standby.settled()
    standby.rds.begin_backup(TOKYO, COPY, 3600.0)

    state = standby.adopt()

    assert state.status is StepStatus.SETTLED
    assert state.receipt is not None
    assert "not protected from deletion yet" in state.receipt.sentence


def test_an_answer_that_was_lost_leads_to_no_second_adoption(tokyo: Restores) -> None:
    tokyo.bench.lose_answers("AddTagsToResource")

    state = tokyo.adopt()

    assert state.status is StepStatus.SETTLED
    assert tokyo.bench.writes() == [TO_POINT, TAG, PROTECT]
    assert state.receipt is not None
    assert state.receipt.data["run"] == "fileflow-e1"


def test_a_copy_that_was_adopted_before_stays_the_writer(tokyo: Restores) -> None:
    tokyo.adopt()
    tokyo.copy.tags["pilotlight:adopted-by"] = "fileflow-e0"

    state = tokyo.adopt()

    assert state.status is StepStatus.SETTLED
    assert state.receipt is not None
    assert not state.receipt.acted
    assert isinstance(undo(tokyo, "fileflow-e0"), Undone)


def test_another_instance_than_was_restored_is_not_adopted(tokyo: Restores) -> None:
    state = tokyo.adopt(restored="db-ANOTHER")

    assert state.status is StepStatus.FAILED
    assert "restore-database restored db-ANOTHER" in state.reason
    assert tokyo.bench.writes() == [TO_POINT]


def test_a_namesake_is_not_adopted(tokyo: Restores) -> None:
    restored = tokyo.copy.resource_id
    tokyo.rds.remove(TOKYO, COPY)
    tokyo.rds.add_instance(TOKYO, COPY)

    state = tokyo.adopt(restored)

    assert state.status is StepStatus.FAILED
    assert "no copy of" in state.reason


@pytest.mark.parametrize("status", ["storage-full", "inaccessible-encryption-credentials"])
def test_a_broken_copy_is_not_adopted(tokyo: Restores, status: str) -> None:
    tokyo.copy.status = status

    state = tokyo.adopt()

    assert state.status is StepStatus.FAILED
    assert status in state.reason
    assert tokyo.bench.writes() == [TO_POINT]


def test_a_copy_that_is_gone_is_not_adopted(tokyo: Restores) -> None:
    restored = tokyo.copy.resource_id
    tokyo.rds.remove(TOKYO, COPY)

    done = tokyo.bench.inside(lambda: KIND.execute(ADOPT, tokyo.adoption_context(restored)))

    assert isinstance(done, Failed)
    assert has_moved(tokyo) is False


def test_it_is_not_adopted_before_its_parameters_are_in_sync(tokyo: Restores) -> None:
    tokyo.copy.parameters_in = "pending-reboot"

    done = tokyo.bench.inside(lambda: KIND.execute(ADOPT, tokyo.adoption_context(tokyo.copy.resource_id)))

    assert "pending-reboot" in done.reason  # type: ignore[union-attr]
    assert tokyo.bench.writes() == [TO_POINT]


def test_an_adoption_is_not_taken_back(tokyo: Restores) -> None:
    tokyo.adopt()

    undone = undo(tokyo, "fileflow-e1")

    assert isinstance(undone, CannotUndo)
    assert "failback plan" in undone.sentence
    assert isinstance(KIND.stand_in(ADOPT, ISOLATION), LeftOut)


def test_what_it_would_lose_is_what_the_copy_lacks(bench: Bench) -> None:
    standby = backups_in_tokyo(bench)
    onset = standby.now()
    ask = lambda: KIND.data_at_risk(ADOPT, standby.bench.context(), onset)  # noqa: E731
    assert standby.bench.inside(ask) is None

    standby.settled()

    risk = standby.bench.inside(ask)
    assert risk is not None
    assert risk.seconds == 300


@pytest.mark.parametrize(
    ("standing", "severity"),
    [("nothing", Severity.FINE), ("a namesake", Severity.IMPOSSIBLE), ("the writer", Severity.WARNING)],
)
def test_a_look_ahead_tells_what_stands_there(bench: Bench, standing: str, severity: Severity) -> None:
    standby = backups_in_tokyo(bench)
    if standing == "a namesake":
        standby.rds.add_instance(TOKYO, COPY)
    elif standing == "the writer":
        standby.settled()
        standby.adopt()

    (finding,) = standby.bench.inside(lambda: KIND.preflight(ADOPT, standby.bench.context()))

    assert finding.severity is severity
