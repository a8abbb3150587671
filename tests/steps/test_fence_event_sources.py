"""The step kind `fence_event_sources`: nothing starts the old primary's functions by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

from pilotlight.domain.life import StepStatus
from pilotlight.domain.step import Access, CannotUndo, NotYet, Receipt, Severity, Statement, Undone
from pilotlight.steps.fence_event_sources import KIND, FenceEventSourcesParams
from rehearsal.services.event_rules import ApplicationRule
from rehearsal.services.event_source_mappings import EventSourceMapping
from rehearsal.services.events import Events
from rehearsal.services.lambda_functions import LambdaFunctions
from rehearsal.services.scheduler import Schedule, Scheduler
from tests.steps.conftest import PLACE, Bench
from tests.steps.fences import OldPrimary

UUID, NIGHTLY = "1a2b3c4d-5e6f-4a1b-8c2d-3e4f5a6b7c8d", "fileflow-nightly-cleanup"
UPDATE, DISABLE = "lambda:UpdateEventSourceMapping", "events:DisableRule"


@pytest.fixture
def primary(bench: Bench) -> OldPrimary:
    old = OldPrimary(bench, KIND, FenceEventSourcesParams(mappings=(UUID,), rules=(NIGHTLY,)))
    old.furnish()
    return old


def mapping(primary: OldPrimary) -> EventSourceMapping:
    return primary.bench.aws.service(LambdaFunctions).mappings[0]


def rule(primary: OldPrimary) -> ApplicationRule:
    return primary.bench.aws.service(Events).application_rules[0]


# Closing


def test_what_is_on_goes_off_and_is_waited_for(primary: OldPrimary) -> None:
    state = primary.live()

    assert state.outputs == {"closed": "yes"}
    assert (mapping(primary).state, rule(primary).state) == ("Disabled", "DISABLED")
    assert f"mapping {UUID} is turning off." in [s.reason for s in primary.bench.states]


def test_what_was_off_before_is_not_marked_and_stays_off_after_undo(primary: OldPrimary) -> None:
    rule(primary).state = "DISABLED"
    primary.live()

    done = primary.undo()

    assert done == Undone(f"Mapping {UUID} was told to be on again.")
    assert (mapping(primary).state, rule(primary).state) == ("Enabling", "DISABLED")
    assert mapping(primary).tags == rule(primary).tags == {}


def test_closed_already_it_reads_and_changes_nothing(primary: OldPrimary) -> None:
    primary.live()
    calls = len(primary.bench.world.trace)

    again = primary.execute()

    assert isinstance(again, Receipt)
    assert not again.acted
    assert primary.calls_since(calls) == ["GetEventSourceMapping", "DescribeRule"]


def test_what_was_opened_again_is_closed_again(primary: OldPrimary) -> None:
    primary.live()
    rule(primary).state = "ENABLED"

    primary.guarded(minutes=2)

    assert rule(primary).state == "DISABLED"
    assert primary.bench.writes().count(DISABLE) == 2
    assert primary.bench.writes().count(UPDATE) == 1


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("lambda", "UpdateEventSourceMapping", "ResourceInUseException"),
        ("lambda", "TagResource", "ResourceConflictException"),
        ("events", "DisableRule", "ConcurrentModificationException"),
    ],
)
def test_what_somebody_else_changes_at_the_moment_is_tried_again(
    primary: OldPrimary, service: str, operation: str, code: str
) -> None:
    primary.refuse(service, operation, code)

    state = primary.live()

    assert state.outputs == {"closed": "yes"}
    assert any("is being changed by somebody else" in s.reason for s in primary.bench.states)


def test_a_mapping_that_is_being_updated_is_waited_for(primary: OldPrimary) -> None:
    mapping(primary).state = "Updating"

    waiting = primary.execute()

    assert waiting == NotYet(f"mapping {UUID} is Updating, which has to be over before it can be switched off.")


@pytest.mark.parametrize("operation", ["UpdateEventSourceMapping", "DisableRule"])
def test_a_lost_answer_is_looked_at(primary: OldPrimary, operation: str) -> None:
    primary.bench.lose_answers(operation)

    state = primary.live()
    primary.undo()

    assert state.outputs == {"closed": "yes"}
    assert (mapping(primary).state, rule(primary).state) == ("Enabling", "ENABLED")


def test_a_state_that_undo_could_not_give_back_fails_the_step(primary: OldPrimary) -> None:
    rule(primary).state = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"

    state = primary.live()

    assert state.status is StepStatus.FAILED
    assert "cannot be switched off and on again because it is ENABLED_WITH_ALL" in state.reason
    assert primary.bench.writes() == []


def test_a_name_is_said_as_it_is_written(bench: Bench) -> None:
    old = OldPrimary(bench, KIND, FenceEventSourcesParams(rules=("FileFlow-Nightly",)))

    state = old.live()

    assert state.reason == "Rule FileFlow-Nightly cannot be closed because ap-northeast-2 has none of that name."


def test_a_rule_that_an_aws_service_manages_fails_the_step(primary: OldPrimary) -> None:
    rule(primary).managed_by = "autoscaling.amazonaws.com"

    state = primary.live()

    assert state.status is StepStatus.FAILED
    assert "ManagedRuleException" in state.reason


def test_a_source_that_is_not_there_fails_the_step(primary: OldPrimary) -> None:
    primary.bench.aws.service(LambdaFunctions).mappings.clear()

    state = primary.live()

    assert state.status is StepStatus.FAILED
    assert state.reason.startswith(f"Mapping {UUID} cannot be closed because")


# Schedules, which cannot be tagged


@pytest.fixture
def invoices(bench: Bench) -> tuple[OldPrimary, Schedule]:
    params = FenceEventSourcesParams.model_validate({"schedules": [{"name": "invoices", "role": "fileflow-scheduler"}]})
    old = OldPrimary(bench, KIND, params)
    old.furnish()
    schedule = bench.aws.service(Scheduler).schedule(PLACE.primary, "default", "invoices")
    schedule.said |= {"Description": "Sends invoices.", "ScheduleExpressionTimezone": "Asia/Seoul"}
    return old, schedule


def test_a_schedule_is_switched_off_and_keeps_all_else_that_was_said_of_it(
    invoices: tuple[OldPrimary, Schedule],
) -> None:
    old, schedule = invoices
    before = dict(schedule.said)

    state = old.live()

    assert state.outputs == {"closed": "yes"}
    marked = "Sends invoices. [pilotlight:fence fileflow was=on]"
    assert schedule.said == before | {"State": "DISABLED", "Description": marked}


def test_a_schedule_is_given_back_as_it_was(invoices: tuple[OldPrimary, Schedule]) -> None:
    old, schedule = invoices
    before = dict(schedule.said)
    old.live()

    done = old.undo()

    assert done == Undone("Schedule invoices was told to be on again.")
    assert schedule.said == before


def test_a_schedule_whose_start_has_passed_is_switched_without_it(invoices: tuple[OldPrimary, Schedule]) -> None:
    old, schedule = invoices
    schedule.said["StartDate"] = old.bench.world.time.now() - timedelta(days=30)

    state = old.live()

    assert state.outputs == {"closed": "yes"}
    assert "StartDate" not in schedule.said


def test_a_start_that_is_to_come_is_kept(invoices: tuple[OldPrimary, Schedule]) -> None:
    old, schedule = invoices
    start = schedule.said["StartDate"] = old.bench.world.time.now() + timedelta(days=30)

    old.live()

    assert schedule.said["StartDate"] == start


def test_the_mark_of_a_schedule_finds_room_in_a_description_that_has_none(
    invoices: tuple[OldPrimary, Schedule],
) -> None:
    old, schedule = invoices
    schedule.said["Description"] = "x" * 512

    state = old.live()

    assert state.outputs == {"closed": "yes"}
    assert len(schedule.said["Description"]) == 512
    assert old.undo() == Undone("Schedule invoices was told to be on again.")


def test_the_role_of_a_schedule_is_passed_to_scheduler_alone() -> None:
    params = FenceEventSourcesParams.model_validate({"schedules": [{"name": "invoices", "role": "fileflow-scheduler"}]})

    passed = [s for s in KIND.statements(params, PLACE) if s.access is Access.PASS_ROLE]

    to_scheduler = {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}}
    role = "arn:aws:iam::123456789012:role/fileflow-scheduler"
    assert passed == [Statement(Access.PASS_ROLE, ("iam:PassRole",), (role,), to_scheduler)]


# Taking it back


def test_undo_goes_by_the_receipt_where_the_marks_are_gone(primary: OldPrimary) -> None:
    state = primary.live()
    mapping(primary).tags.clear()
    rule(primary).tags.clear()

    primary.undo(state.receipt)

    assert (mapping(primary).state, rule(primary).state) == ("Enabling", "ENABLED")


def test_undo_of_what_another_application_closed_switches_nothing_on(primary: OldPrimary) -> None:
    primary.live()
    mapping(primary).tags = rule(primary).tags = {"pilotlight:fence": "portforge was=on"}

    done = primary.undo()

    assert isinstance(done, Undone)
    assert "was not switched off by this application" in done.sentence
    assert rule(primary).state == "DISABLED"


def test_undo_of_what_somebody_else_changes_at_the_moment_is_to_be_done_again(primary: OldPrimary) -> None:
    primary.live()
    primary.refuse("events", "EnableRule", "ConcurrentModificationException")

    done = primary.undo()

    assert isinstance(done, CannotUndo)
    assert f"rule {NIGHTLY} were being changed at this moment; undo the step again." in done.sentence
    assert isinstance(primary.undo(), Undone)


def test_undo_that_does_not_show_is_not_called_done(primary: OldPrimary) -> None:
    primary.live()
    events = primary.bench.aws.service(Events)
    events._operations["EnableRule"] = lambda *_: {}

    done = primary.undo()

    assert done == CannotUndo(f"Rule {NIGHTLY} was told to be on again and does not show it; switch it on by hand.")


# Readiness and parameters


def test_readiness_is_fine_where_a_source_is_on(primary: OldPrimary) -> None:
    assert [f.severity for f in primary.readiness().values()] == [Severity.FINE]


def test_readiness_warns_where_all_are_off(primary: OldPrimary) -> None:
    mapping(primary).state, rule(primary).state = "Disabled", "DISABLED"

    assert "nothing-to-close" in primary.readiness()


def test_readiness_warns_of_the_mark_of_a_fence_that_was_reopened_by_hand(primary: OldPrimary) -> None:
    primary.live()
    rule(primary).state = "ENABLED"

    assert "fence-mark-left" in primary.readiness()


def test_an_empty_list_is_no_way_to_say_all() -> None:
    with pytest.raises(ValidationError, match="name at least one mapping, rule or schedule"):
        FenceEventSourcesParams()


def test_a_source_named_twice_is_refused() -> None:
    with pytest.raises(ValidationError, match="once"):
        FenceEventSourcesParams(rules=(NIGHTLY, NIGHTLY))


def test_a_rule_on_another_bus_has_another_arn(bench: Bench) -> None:
    old = OldPrimary(bench, KIND, FenceEventSourcesParams(rules=(NIGHTLY,), event_bus="fileflow"))
    old.furnish()

    state = old.live()

    assert state.outputs == {"closed": "yes"}
    assert rule(old).arn.endswith(f":rule/fileflow/{NIGHTLY}")
    assert _resources(KIND.statements(FenceEventSourcesParams(rules=(NIGHTLY,)), PLACE)) == {
        f"arn:aws:events:ap-northeast-2:123456789012:rule/{NIGHTLY}"
    }


def _resources(statements: tuple[Statement, ...]) -> set[str]:
    return {resource for statement in statements for resource in statement.resources}
