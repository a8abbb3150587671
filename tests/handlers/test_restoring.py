"""A run that restores a database: what the gate waits for begins with the gate, and what it made bears its mark."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from deployment import names
from pilotlight.domain.run import Outcome
from pilotlight.domain.step import Standing
from rehearsal.services.rds import Rds
from tests.builders import PRIMARY, STANDBY, a_plan
from tests.handlers.conftest import Desk, a_desk
from tests.handlers.test_close import close
from tests.handlers.test_gate import hold
from tests.handlers.test_gate_waiting import see_nothing_clearly
from tests.handlers.test_open import CONFIRMED, open_run

COPY = "the-copy"
RESTORE = {
    "instance": COPY,
    "source": "the-source",
    "automated_backups": {},
    "instance_class": "db.t4g.medium",
    "subnet_group": "the-subnets",
    "security_groups": ["sg-0d1e2f3a4b5c60718"],
    "parameter_group": "the-parameters",
}
STAGES = {
    "prepare": {"database": [{"step": "restore", "kind": "restore_database", "params": RESTORE}]},
    "move": {
        "database": [
            {
                "step": "adopt",
                "kind": "adopt_database",
                "params": {
                    "instance": COPY,
                    "source": "the-source",
                    "restored": {"step": "restore", "output": "resource_id"},
                },
            }
        ]
    },
}


@pytest.fixture
def restoring() -> Iterator[Desk]:
    """A run that a person started, and that has begun to restore."""
    with a_desk(a_plan(stages=STAGES)) as desk:
        rds = desk.account.aws.service(Rds)
        source = {"source": "the-source", "source_region": PRIMARY}
        for what, facts in (
            ("automated backups", source),
            ("subnet group", {"name": "the-subnets"}),
            ("parameter group", {"name": "the-parameters"}),
        ):
            rds.furnish(Standing("rds", what, STANDBY, facts))
        rds.plan_next_restore(STANDBY, seconds=3600.0)
        desk.darken()
        assert open_run(desk, "by-hand", CONFIRMED)["next"] == "go"
        assert turn(desk, "restore_database", "restore")["status"] == "running"
        yield desk


def turn(desk: Desk, kind: str, step: str) -> Any:
    return desk.call(names.step_function("fileflow", kind), {"do": "turn", "run_id": "by-hand", "step": step})


def restore_to_the_end(desk: Desk) -> None:
    while turn(desk, "restore_database", "restore")["status"] == "running":
        desk.world.time.run(limit_seconds=60)


def end_as(desk: Desk, outcome: Outcome) -> None:
    desk.inside(
        lambda: desk.control.change_run("by-hand", lambda run: replace(run, outcome=outcome, outcome_reason="So."))
    )


def is_being_deleted(desk: Desk) -> bool:
    return desk.account.aws.service(Rds).instance(STANDBY, COPY).status == "deleting"


def test_a_copy_without_a_receipt_is_deleted_where_the_run_was_not_needed(restoring: Desk) -> None:
    # Given the restore came to its end, and no turn has seen that
    restoring.world.time.run(limit_seconds=3700)
    end_as(restoring, Outcome.NOT_NEEDED)

    closed = close(restoring, "by-hand")

    assert closed["outcome"] == "NOT_NEEDED"
    assert is_being_deleted(restoring)


def test_a_copy_without_a_receipt_is_told_where_it_stays(restoring: Desk) -> None:
    end_as(restoring, Outcome.BLOCKED)

    close(restoring, "by-hand")

    (told,) = [record.entry for record in restoring.records() if record.entry.details.get("to_do")]
    assert any(
        line.startswith(f"restore may leave something that costs money: Database {COPY} is being restored")
        for line in told.details["to_do"]
    )
    assert not is_being_deleted(restoring)


def test_the_patience_of_the_gate_begins_when_the_copy_is_there(restoring: Desk) -> None:
    """A restore takes longer than a doubt is looked at; the first doubtful look of the gate is not its last."""
    restore_to_the_end(restoring)
    see_nothing_clearly(restoring)
    restoring.world.time.sleep(1)

    doubtful = hold(restoring)

    run = restoring.inside(lambda: restoring.control.run("by-hand"))
    assert restoring.now - run.clocks.decided > timedelta(hours=1)
    assert doubtful["next"] == "look_again"


def test_the_copy_is_adopted_behind_the_gate(restoring: Desk) -> None:
    restore_to_the_end(restoring)

    assert hold(restoring)["next"] == "go"
    while turn(restoring, "adopt_database", "adopt")["status"] == "running":
        restoring.world.time.run(limit_seconds=5)

    copy = restoring.account.aws.service(Rds).instance(STANDBY, COPY)
    assert copy.tags["pilotlight:adopted-by"] == "by-hand"
