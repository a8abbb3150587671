"""`alarm-storm`: one event raises the alarms of many applications; three start by themselves, and the rest wait."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from unittest.mock import patch

import pytest
from moto.dynamodb.models import dynamodb_backends

from deployment import names
from pilotlight.domain.records import Record, RecordKind, broken_link
from planfile import load
from rehearsal.engine import Status
from rehearsal.play import Played, play
from rehearsal.scenarios import scenario
from rehearsal.scenarios.darkness import storm_of
from rehearsal.scene import Scene, close_scene
from rehearsal.services.step_functions import StepFunctions
from tests.workflow.played import FILEFLOW

STARTED = 3
WAITS = "3 failovers started by themselves within 1 h, and more than 3 are likelier a broken observer"

in_storms = pytest.mark.parametrize(
    "applications", [pytest.param(12, marks=pytest.mark.full), pytest.param(200, marks=pytest.mark.nightly)]
)
Ledgers = Mapping[str, Sequence[Record]]


@cache
def storm(applications: int) -> tuple[Played, Ledgers]:
    """The storm, played to its end under all invariants, and the ledger of each application in it."""
    ledgers: dict[str, Sequence[Record]] = {}

    def read_and_close(scene: Scene) -> None:
        ledgers.update(ledgers_in(scene))
        close_scene(scene)

    alike = replace(scenario("alarm-storm"), company=storm_of(applications))
    with patch("rehearsal.play.close_scene", read_and_close):
        return play(load(FILEFLOW), alike, seed=1), ledgers


def ledgers_in(scene: Scene) -> Ledgers:
    """What stands in the ledger's table, by application."""
    kept = dynamodb_backends[scene.world.account][scene.plan.regions.standby].tables[names.LEDGER_TABLE].items
    read: dict[str, Sequence[Record]] = {}
    for partition, items in kept.items():
        bodies = [json.loads(item.to_json()["Attributes"]["body"]["S"]) for item in items.values()]
        read[partition.value] = sorted(map(Record.from_item, bodies), key=lambda record: record.sequence)
    return read


def applications_that(ledgers: Ledgers, kind: RecordKind) -> set[str]:
    return {name for name, records in ledgers.items() if any(r.entry.kind is kind for r in records)}


@in_storms
def test_no_application_is_overlooked(applications: int) -> None:
    _, ledgers = storm(applications)

    assert len(ledgers) == applications
    assert all(broken_link(records) is None for records in ledgers.values())


@in_storms
def test_three_start_by_themselves_and_come_to_their_end(applications: int) -> None:
    seen, ledgers = storm(applications)
    executions = seen.scene.account.aws.service(StepFunctions).executions.values()

    assert len(applications_that(ledgers, RecordKind.RUN_OPENED)) == STARTED
    assert len(applications_that(ledgers, RecordKind.RUN_CLOSED)) == STARTED
    assert [e.status for e in executions] == [Status.SUCCEEDED] * STARTED


@in_storms
def test_each_of_the_others_waits_for_a_person_and_says_so(applications: int) -> None:
    _, ledgers = storm(applications)

    for name in set(ledgers) - applications_that(ledgers, RecordKind.RUN_OPENED):
        last = [r.entry for r in ledgers[name] if r.entry.kind is RecordKind.VERDICT][-1]
        assert last.details["verdict"] == "block"
        assert last.sentence.startswith(WAITS)
        assert last.sentence.endswith(f"a person can start {name}-failover.")


@in_storms
def test_people_hear_of_each_application(applications: int) -> None:
    seen, ledgers = storm(applications)

    told = " ".join(message["text"] for message in seen.result.messages if message["thread_ts"] is None)
    assert all(name in told for name in ledgers)


@in_storms
def test_no_call_was_refused_for_want_of_permission(applications: int) -> None:
    seen, _ = storm(applications)

    assert [line for line in seen.scene.world.trace if line.error == "AccessDenied"] == []
