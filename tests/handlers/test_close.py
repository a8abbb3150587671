"""How a run is concluded, once, whatever came before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import stepfunctions
from deployment import names
from pilotlight.domain.records import RecordKind
from pilotlight.domain.run import EXECUTION_STATUS, Outcome
from tests.handlers.conftest import Desk
from tests.handlers.test_open import CONFIRMED, furnish, open_run

CLOSE = names.close_function("fileflow")
OPEN = names.open_function("fileflow")


def close(desk: Desk, run_id: str, state: Any = None) -> Any:
    return desk.call(CLOSE, {"run_id": run_id, "state": state or {}})


@pytest.fixture
def opened(desk: Desk) -> Desk:
    furnish(desk)
    desk.darken()
    open_run(desk, "by-hand", CONFIRMED)
    return desk


def test_a_run_whose_steps_did_not_come_to_an_end_has_failed(opened: Desk) -> None:
    answer = close(opened, "by-hand")

    assert answer["outcome"] == "FAILED"
    closed = opened.records(RecordKind.RUN_CLOSED)[0].entry
    assert "Not begun: promote" in " ".join(closed.details["to_do"])
    assert opened.lease().holder == ""


def test_the_machines_own_trouble_is_the_reason(opened: Desk) -> None:
    answer = close(opened, "by-hand", {"trouble": {"Error": "States.Timeout", "Cause": "too slow"}})

    assert answer == {"outcome": "FAILED", "reason": "The machine stopped with States.Timeout: too slow"}


def test_concluding_twice_concludes_once(opened: Desk) -> None:
    first = close(opened, "by-hand")

    assert close(opened, "by-hand", {"trouble": {"Error": "X", "Cause": "y"}}) == first
    assert len(opened.records(RecordKind.RUN_CLOSED)) == 1


def test_a_run_that_was_never_opened_is_concluded_in_words(desk: Desk) -> None:
    refused = close(desk, "by-hand", {"open": {"sentence": "The input was refused."}})
    crashed = close(desk, "by-hand", {"trouble": {"Error": "Misconfigured", "Cause": "no table"}})

    assert refused == {"outcome": "BLOCKED", "reason": "The input was refused."}
    assert crashed["outcome"] == "FAILED"
    assert desk.records() == []


def test_the_machine_ends_as_the_one_table_of_outcomes_says() -> None:
    machine = json.loads((Path(stepfunctions.__path__[0]) / "run.asl.json").read_text())["States"]
    ends = {choice["And"][1]["StringEquals"]: choice["Next"] for choice in machine["How did it end?"]["Choices"]}
    ends["FAILED"] = machine["How did it end?"]["Default"]

    status = {"Succeed": "SUCCEEDED", "Fail": "FAILED"}

    assert {Outcome(o): status[machine[end]["Type"]] for o, end in ends.items()} == dict(EXECUTION_STATUS)


def test_a_step_that_crashes_for_ever_ends_the_run_after_three_entries(opened: Desk) -> None:
    answers = [opened.call(OPEN, {"do": "review", "run_id": "by-hand", "stage": "move"})["next"] for _ in range(4)]

    assert answers == ["again", "again", "again", "stop"]


def test_the_gate_stops_a_run_whose_primary_is_back(opened: Desk) -> None:
    opened.recover()

    assert opened.call(OPEN, {"do": "gate", "run_id": "by-hand"})["next"] == "close"
    assert close(opened, "by-hand")["outcome"] == "NOT_NEEDED"
