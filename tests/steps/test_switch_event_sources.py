"""The step kind `switch_event_sources`: what waits switched off in the standby starts to work, and is given back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from pilotlight.domain.life import StepState, StepStatus
from pilotlight.domain.standing_in import LeftOut
from pilotlight.domain.step import (
    Access,
    NotYet,
    Pending,
    Receipt,
    Severity,
    Undone,
)
from pilotlight.steps.switch_event_sources import KIND, MARK, SwitchEventSourcesParams
from rehearsal.access import CURRENT_ROLE, Role
from rehearsal.services.event_rules import ApplicationRule
from rehearsal.services.event_source_mappings import EventSourceMapping
from rehearsal.services.events import Events
from rehearsal.services.lambda_functions import LambdaFunctions
from rehearsal.services.scheduler import Schedule, Scheduler
from tests.builders import ISOLATION
from tests.steps.conftest import PLACE, Bench
from tests.steps.fences import OldPrimary

UUID, NIGHTLY, INVOICES = "9f8e7d6c-5b4a-4c3d-8e2f-1a0b9c8d7e6f", "fileflow-nightly-cleanup", "fileflow-invoices"
PARAMS = SwitchEventSourcesParams.model_validate(
    {"mappings": [UUID], "rules": [NIGHTLY], "schedules": [{"name": INVOICES, "role": "fileflow-dr-scheduler"}]}
)
LOST = Receipt("lost", acted=True)


@pytest.fixture
def standby(bench: Bench) -> Bench:
    for standing in KIND.standing(PARAMS, PLACE):
        bench.world.models[standing.service].furnish(standing)
    return bench


def mapping(bench: Bench) -> EventSourceMapping:
    return bench.aws.service(LambdaFunctions).mappings[0]


def rule(bench: Bench) -> ApplicationRule:
    return bench.aws.service(Events).application_rules[0]


def schedule(bench: Bench) -> Schedule:
    return bench.aws.service(Scheduler).schedule(PLACE.standby, "default", INVOICES)


def states(bench: Bench) -> tuple[str, str, str]:
    return mapping(bench).state, rule(bench).state, schedule(bench).state


def under_its_role(work: Callable[[], Any]) -> Any:
    token = CURRENT_ROLE.set(Role("the-switch", KIND.statements(PARAMS, PLACE)))
    try:
        return work()
    finally:
        CURRENT_ROLE.reset(token)


def live(bench: Bench) -> StepState:
    state: StepState = under_its_role(lambda: bench.live(KIND, PARAMS))
    return state


def undo(bench: Bench, receipt: Receipt = LOST) -> Any:
    return under_its_role(lambda: bench.inside(lambda: KIND.undo(PARAMS, receipt, bench.context())))


def execute(bench: Bench) -> Any:
    return under_its_role(lambda: bench.inside(lambda: KIND.execute(PARAMS, bench.context())))


# Switching on


def test_what_waits_goes_on_and_enabling_is_not_on_yet(standby: Bench) -> None:
    assert states(standby) == ("Disabled", "DISABLED", "DISABLED")

    state = live(standby)

    assert state.status is StepStatus.SETTLED
    assert states(standby) == ("Enabled", "ENABLED", "ENABLED")
    assert f"mapping {UUID} is turning on." in [s.reason for s in standby.states]


def test_a_second_look_changes_nothing(standby: Bench) -> None:
    live(standby)
    writes = len(standby.writes())

    again = execute(standby)

    assert isinstance(again, Receipt)
    assert not again.acted
    assert len(standby.writes()) == writes


@pytest.mark.parametrize("operation", ["UpdateEventSourceMapping", "EnableRule", "UpdateSchedule"])
def test_a_lost_answer_is_looked_at_and_undone_all_the_same(standby: Bench, operation: str) -> None:
    standby.lose_answers(operation)

    state = live(standby)
    undone = undo(standby)

    assert state.status is StepStatus.SETTLED
    assert isinstance(undone, Undone)
    assert states(standby) == ("Disabling", "DISABLED", "DISABLED")


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("lambda", "UpdateEventSourceMapping", "ResourceInUseException"),
        ("events", "EnableRule", "ConcurrentModificationException"),
        ("scheduler", "UpdateSchedule", "ConflictException"),
    ],
)
def test_what_somebody_else_changes_at_the_moment_is_tried_again(
    standby: Bench, service: str, operation: str, code: str
) -> None:
    OldPrimary(standby, KIND, PARAMS).refuse(service, operation, code)

    state = live(standby)

    assert state.status is StepStatus.SETTLED
    assert any("being changed by somebody else" in s.reason for s in standby.states)


def test_a_mapping_that_is_on_its_way_off_is_waited_for(standby: Bench) -> None:
    mapping(standby).state = "Updating"

    waiting = execute(standby)

    assert waiting == NotYet(f"mapping {UUID} is Updating, which has to be over before it can be switched on.")


def test_a_source_that_is_missing_fails_the_step_before_anything_is_switched(standby: Bench) -> None:
    standby.aws.service(Events).application_rules.clear()

    state = live(standby)

    assert state.status is StepStatus.FAILED
    assert state.reason == f"Rule {NIGHTLY} cannot be switched on because ap-northeast-1 has none of that name."
    assert standby.writes() == []


def test_a_state_that_cannot_be_switched_fails_the_step(standby: Bench) -> None:
    mapping(standby).state = "Deleting"

    state = live(standby)

    assert state.status is StepStatus.FAILED
    assert state.reason.endswith("because it is Deleting.")


def test_what_goes_off_again_before_it_was_read_on_does_not_settle(standby: Bench) -> None:
    seen = execute(standby)
    rule(standby).state = "DISABLED"

    looked = standby.inside(lambda: KIND.verify(PARAMS, seen, standby.context()))

    assert isinstance(looked, Pending)
    assert f"rule {NIGHTLY} is off" in looked.reason


# Taking it back


def test_undo_switches_off_what_this_run_switched_on_and_leaves_what_was_on(standby: Bench) -> None:
    rule(standby).state = "ENABLED"
    live(standby)

    done = undo(standby)

    assert done == Undone(f"Mapping {UUID}, schedule {INVOICES} were told to be off again.")
    assert states(standby) == ("Disabling", "ENABLED", "DISABLED")
    assert mapping(standby).tags == {}
    assert "Description" not in schedule(standby).said


def test_undo_of_what_another_run_switched_on_leaves_it_on(standby: Bench) -> None:
    live(standby)
    mapping(standby).tags = rule(standby).tags = {MARK: "fileflow fileflow-e9"}
    schedule(standby).said["Description"] = f"[{MARK} fileflow fileflow-e9]"

    done = undo(standby)

    assert done == Undone(f"Event source {NIGHTLY} and 2 more was not switched on by this run, and stays as it is.")
    assert states(standby) == ("Enabled", "ENABLED", "ENABLED")


# Before an incident


@pytest.mark.parametrize(
    ("change", "severity"),
    [
        (lambda _: None, Severity.FINE),
        (lambda bench: setattr(rule(bench), "state", "ENABLED"), Severity.WARNING),
        (lambda bench: bench.aws.service(LambdaFunctions).mappings.clear(), Severity.IMPOSSIBLE),
    ],
    ids=["waiting", "on already", "missing"],
)
def test_readiness_says_whether_the_sources_wait(
    standby: Bench, change: Callable[[Bench], object], severity: Severity
) -> None:
    change(standby)

    found = under_its_role(lambda: standby.inside(lambda: KIND.readiness(PARAMS, standby.context())))

    assert [finding.severity for finding in found] == [severity]


def test_it_writes_to_the_named_sources_of_the_standby_and_to_nothing_else() -> None:
    written = {r for s in KIND.statements(PARAMS, PLACE) if s.access is Access.WRITE for r in s.resources}

    assert written == {
        f"arn:aws:lambda:ap-northeast-1:123456789012:event-source-mapping:{UUID}",
        f"arn:aws:events:ap-northeast-1:123456789012:rule/{NIGHTLY}",
        f"arn:aws:scheduler:ap-northeast-1:123456789012:schedule/default/{INVOICES}",
    }


def test_a_drill_is_refused() -> None:
    assert isinstance(KIND.stand_in(PARAMS, ISOLATION), LeftOut)


def test_an_empty_list_is_no_way_to_say_all() -> None:
    with pytest.raises(ValidationError, match="at least one"):
        SwitchEventSourcesParams()
