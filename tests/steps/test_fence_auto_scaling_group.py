"""The step kind `fence_auto_scaling_group`: the old primary's group has no instance, and may start none."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pilotlight.domain.life import StepStatus
from pilotlight.domain.step import CannotUndo, Receipt, Severity, Undone
from pilotlight.steps.fence_auto_scaling_group import KIND, FenceAutoScalingGroupParams
from rehearsal.services.autoscaling import AutoScaling
from rehearsal.services.autoscaling_groups import AutoScalingGroup
from rehearsal.services.autoscaling_instances import Lifecycle
from tests.steps.conftest import Bench
from tests.steps.fences import SEOUL, OldPrimary, seconds

NAME = "MegaTicket-Web-ASG"
UPDATE, TAG, UNTAG = (f"autoscaling:{o}" for o in ("UpdateAutoScalingGroup", "CreateOrUpdateTags", "DeleteTags"))
BEFORE = {"minimum": "2", "maximum": "4", "desired": "2"}


@pytest.fixture
def primary(bench: Bench) -> OldPrimary:
    old = OldPrimary(bench, KIND, FenceAutoScalingGroupParams(group=NAME))
    old.furnish()
    bench.world.time.sleep(600)
    return old


def group(primary: OldPrimary) -> AutoScalingGroup:
    found = primary.bench.aws.service(AutoScaling).find(SEOUL, NAME)
    assert found is not None
    return found


def sizes(primary: OldPrimary) -> tuple[int, int, int]:
    here = group(primary)
    return (here.minimum, here.maximum, here.desired)


# Closing


def test_all_sizes_go_to_none_in_one_call_and_nothing_starts_again(primary: OldPrimary) -> None:
    state = primary.live()
    primary.bench.world.time.sleep(900)

    assert state.outputs == {"closed": "yes"}
    assert state.reason == "Group MegaTicket-Web-ASG has no instance, and may start none."
    assert primary.bench.writes() == [TAG, UPDATE]
    assert (sizes(primary), group(primary).instances) == ((0, 0, 0), [])


def test_an_instance_that_drains_or_shuts_down_is_not_called_closed(primary: OldPrimary) -> None:
    state = primary.live()

    waited = [s.reason for s in primary.bench.states if "Terminating" in s.reason]
    assert waited[0] == "Group MegaTicket-Web-ASG still has 2 instances: 2 Terminating."
    assert seconds(state) > 300


def test_an_instance_that_is_still_starting_is_ended_too(primary: OldPrimary) -> None:
    group(primary).resize(2, 4, 4)
    primary.bench.world.time.sleep(20)
    assert any(i.lifecycle is Lifecycle.PENDING for i in group(primary).instances)

    state = primary.live()
    primary.bench.world.time.sleep(900)

    assert state.outputs == {"closed": "yes"}
    assert group(primary).instances == []


def test_a_primary_that_is_dark_takes_seconds(primary: OldPrimary) -> None:
    primary.bench.world.darken(SEOUL)

    state = primary.live()

    assert (state.status, state.outputs) == (StepStatus.SETTLED, {"closed": "unreachable"})
    assert seconds(state) < 20
    assert "Group MegaTicket-Web-ASG in ap-northeast-2 could not be reached" in state.reason


def test_a_primary_that_goes_dark_while_it_closes_is_unreachable_and_not_closed(primary: OldPrimary) -> None:
    primary.bench.world.time.spawn(lambda: primary.bench.world.darken(SEOUL), name="dark", delay_seconds=60)

    state = primary.live()

    assert state.outputs == {"closed": "unreachable"}
    assert seconds(state) < 90


def test_closed_already_it_changes_nothing(primary: OldPrimary) -> None:
    primary.live()
    calls = len(primary.bench.world.trace)

    again = primary.execute()

    assert isinstance(again, Receipt)
    assert (again.acted, again.data["before"]) == (False, BEFORE)
    assert primary.calls_since(calls) == ["DescribeAutoScalingGroups"]


def test_what_a_deployment_opened_is_closed_again_and_the_first_state_is_the_one_kept(primary: OldPrimary) -> None:
    primary.live()
    group(primary).resize(1, 1, 1)

    primary.live()
    done = primary.undo()

    assert done == Undone("Group MegaTicket-Web-ASG wants 2 instances between 2 and 4, as before it was closed.")
    assert sizes(primary) == (2, 4, 2)


def test_a_scheduled_action_that_opens_it_is_closed_by_the_next_look_of_the_guard(primary: OldPrimary) -> None:
    primary.live()
    primary.bench.world.time.spawn(lambda: group(primary).resize(2, 4, 2), name="schedule", delay_seconds=90)

    primary.guarded(minutes=4)
    primary.bench.world.time.sleep(900)

    assert (sizes(primary), group(primary).instances) == ((0, 0, 0), [])


def test_a_crash_between_the_mark_and_the_sizes_loses_nothing_of_what_was_before(primary: OldPrimary) -> None:
    primary.refuse("autoscaling", "UpdateAutoScalingGroup", "ValidationError")

    failed, retried = primary.live(), primary.live()
    primary.undo()

    assert failed.status is StepStatus.FAILED
    assert retried.outputs == {"closed": "yes"}
    assert sizes(primary) == (2, 4, 2)


@pytest.mark.parametrize("operation", ["CreateOrUpdateTags", "UpdateAutoScalingGroup"])
def test_a_lost_answer_is_looked_at(primary: OldPrimary, operation: str) -> None:
    primary.bench.lose_answers(operation)

    state = primary.live()
    primary.undo()

    assert state.outputs == {"closed": "yes"}
    assert sizes(primary) == (2, 4, 2)


@pytest.mark.parametrize("code", ["ScalingActivityInProgress", "ResourceContention", "Throttling"])
def test_a_busy_group_is_asked_again(primary: OldPrimary, code: str) -> None:
    primary.refuse("autoscaling", "UpdateAutoScalingGroup", code, times=3)

    assert primary.live().outputs == {"closed": "yes"}


def test_a_role_that_may_not_fails_the_step(primary: OldPrimary) -> None:
    state = primary.without("UpdateAutoScalingGroup").live()

    assert state.status is StepStatus.FAILED
    assert "is not authorized to perform: autoscaling:UpdateAutoScalingGroup" in state.reason


def test_a_group_that_is_not_there_fails_the_step(primary: OldPrimary) -> None:
    primary.bench.aws.service(AutoScaling).groups.clear()

    state = primary.live()

    assert state.status is StepStatus.FAILED
    assert "because ap-northeast-2 has none of that name" in state.reason


# What scaling in does not end


def protect(here: AutoScalingGroup) -> None:
    here.instances[0].protected = True


def set_aside(here: AutoScalingGroup) -> None:
    here.instances[0].lifecycle = Lifecycle.STANDBY


def suspend(here: AutoScalingGroup) -> None:
    here.suspended["Terminate"] = "User suspended"


@pytest.mark.parametrize(
    ("keep", "why"),
    [
        (protect, "which scale-in protection keeps."),
        (set_aside, "which stands in Standby."),
        (suspend, "ends none of its instances because its process Terminate is suspended."),
    ],
)
def test_what_scaling_in_does_not_end_is_said_before_and_is_not_called_closed(
    primary: OldPrimary, keep: Callable[[AutoScalingGroup], None], why: str
) -> None:
    keep(group(primary))
    before = primary.readiness()["does-not-end"]

    state = primary.live()
    primary.bench.world.time.sleep(900)

    assert (before.severity, before.sentence.endswith(why)) == (Severity.ERROR, True)
    assert state.status is StepStatus.FAILED
    assert state.reason.endswith(why)
    assert state.fix
    assert group(primary).instances
    assert isinstance(primary.undo(state.receipt), Undone)
    assert sizes(primary) == (2, 4, 2)


def test_a_process_that_is_suspended_keeps_nothing_open_where_no_instance_is(primary: OldPrimary) -> None:
    primary.live()
    suspend(group(primary))

    assert primary.live().outputs == {"closed": "yes"}


def test_once_a_person_lifted_it_the_next_look_closes(primary: OldPrimary) -> None:
    protect(group(primary))
    primary.live()
    group(primary).instances[0].protected = False
    group(primary).reconcile("protection was taken off")

    assert primary.live().outputs == {"closed": "yes"}


# Taking it back


def test_undo_needs_no_receipt_and_takes_its_mark_away(primary: OldPrimary) -> None:
    primary.live()

    done = primary.undo()

    assert isinstance(done, Undone)
    assert (sizes(primary), group(primary).tags) == ((2, 4, 2), {})
    assert primary.bench.writes() == [TAG, UPDATE, UPDATE, UNTAG]


def test_undo_goes_by_the_receipt_where_a_deployment_took_the_mark_away(primary: OldPrimary) -> None:
    state = primary.live()
    group(primary).tags.clear()

    primary.undo(state.receipt)

    assert sizes(primary) == (2, 4, 2)


def test_undo_leaves_what_a_person_set_since(primary: OldPrimary) -> None:
    primary.live()
    group(primary).resize(1, 3, 3)

    primary.undo()

    assert sizes(primary) == (1, 3, 3)


def test_undo_of_what_another_application_closed_starts_nothing(primary: OldPrimary) -> None:
    primary.live()
    group(primary).tags["pilotlight:fence"] = ("portforge minimum=2 maximum=4 desired=2", False)

    done = primary.undo()

    assert done == Undone("Group MegaTicket-Web-ASG was not stopped by this application, so nothing was started.")
    assert sizes(primary) == (0, 0, 0)


def test_undo_of_a_group_that_is_gone_or_dark_says_so(primary: OldPrimary) -> None:
    primary.live()
    primary.bench.world.darken(SEOUL)
    dark = primary.undo()
    primary.bench.world.relight(SEOUL)
    primary.bench.aws.service(AutoScaling).groups.clear()

    assert isinstance(dark, CannotUndo)
    assert isinstance(primary.undo(), CannotUndo)


def test_undo_that_does_not_show_is_not_called_done(primary: OldPrimary) -> None:
    primary.live()
    primary.bench.aws.service(AutoScaling)._operations["UpdateAutoScalingGroup"] = lambda *_: {}

    done = primary.undo()

    assert isinstance(done, CannotUndo)
    assert "does not show its 2 instances between 2 and 4 again" in done.sentence
    assert "pilotlight:fence" in group(primary).tags


def test_its_mark_is_not_passed_on_to_instances(primary: OldPrimary) -> None:
    primary.live()

    assert group(primary).tags == {"pilotlight:fence": ("fileflow minimum=2 maximum=4 desired=2", False)}


# Readiness


def test_readiness_is_fine_where_instances_run(primary: OldPrimary) -> None:
    (found,) = primary.readiness().values()

    assert (found.severity, found.sentence) == (
        Severity.FINE,
        "Group MegaTicket-Web-ASG can go from 2 instances to none.",
    )


def test_readiness_warns_where_nothing_runs(primary: OldPrimary) -> None:
    group(primary).resize(0, 4, 0)

    assert "nothing-to-close" in primary.readiness()


def test_readiness_says_that_new_instances_would_be_protected(primary: OldPrimary) -> None:
    group(primary).protects_new = True

    assert primary.readiness()["protects-new"].severity is Severity.ERROR


def test_readiness_warns_of_the_mark_of_a_fence_that_was_reopened_by_hand(primary: OldPrimary) -> None:
    primary.live()
    group(primary).resize(2, 4, 2)

    assert "bears the tag pilotlight:fence of an earlier fence" in primary.readiness()["fence-mark-left"].sentence


def test_readiness_blocks_where_there_is_no_such_group(primary: OldPrimary) -> None:
    primary.bench.aws.service(AutoScaling).groups.clear()

    assert primary.readiness()["missing"].severity is Severity.IMPOSSIBLE
