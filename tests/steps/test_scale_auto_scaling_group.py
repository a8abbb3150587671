"""The step kind `scale_auto_scaling_group`: a standby comes up, and every trap on the way."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from pilotlight.domain.life import StepState, StepStatus
from pilotlight.domain.standing_in import Refusal
from pilotlight.domain.step import (
    CannotUndo,
    Failed,
    Harm,
    Pending,
    Receipt,
    Undone,
)
from pilotlight.steps.scale_auto_scaling_group import KIND, ScaleAutoScalingGroupParams
from tests.builders import ISOLATION
from tests.steps.conftest import PLACE, Bench
from tests.steps.groups import RESUME, SUSPEND, UPDATE, WEB, Standby, bench_of, params, stand


@pytest.fixture
def standby(bench: Bench) -> Standby:
    return stand(bench)


# The main line


def test_the_standby_goes_from_nothing_to_two_instances_that_answer(standby: Standby) -> None:
    state = standby.live()

    assert state.status is StepStatus.SETTLED
    assert state.reason == (
        "Group MegaTicket-DR-Web-ASG has 2 instances in service, healthy in MegaTicket-DR-Web-TG and "
        "MegaTicket-DR-Api-TG."
    )
    assert state.outputs == {"in_service": "2"}
    assert [group.healthy_count for group in standby.group.groups] == [2, 2]
    assert standby.sizes == (2, 3, 2)
    assert standby.bench.writes() == [UPDATE]


@pytest.mark.parametrize("desired", [0, 1])
@pytest.mark.parametrize("seed", range(4))
def test_it_is_noticed_within_a_poll_of_the_last_healthy_target(seed: int, desired: int) -> None:
    with bench_of(seed) as bench:
        standby = stand(bench, sizes=(0, 3, desired))

        state = standby.live()

    [effect] = bench.world.effects
    assert state.finished is not None
    late = state.finished - effect.started - timedelta(seconds=effect.seconds)
    assert timedelta(seconds=-1) <= late <= KIND.timing.poll + timedelta(seconds=1)


def test_the_wanted_size_alone_settles_nothing(standby: Standby) -> None:
    receipt = standby.execute()

    assert standby.group.desired == 2
    assert standby.verify(receipt) == Pending(
        "Group MegaTicket-DR-Web-ASG has 0 of 2 instances in service; it shows none yet."
    )


def test_an_instance_in_service_is_not_enough_until_it_is_a_healthy_target(standby: Standby) -> None:
    standby.live()

    waits = [reason for reason in standby.reasons() if "healthy targets" in reason]
    assert waits
    assert re.search(r"has 2 instances in service, but \S+ has [01] of 2 as healthy targets, the others are", waits[0])


def test_an_instance_must_be_healthy_in_each_target_group_and_two_halves_make_no_whole(bench: Bench) -> None:
    standby = stand(bench, sizes=(0, 3, 2))
    receipt = standby.execute()
    one, other = standby.group.instances
    for group, target in (one.targets[0], other.targets[1]):
        group.deregister(target)

    seen = standby.verify(receipt, healthy=1)

    assert [group.healthy_count for group in standby.group.groups] == [1, 1]
    assert seen == Pending(
        "Group MegaTicket-DR-Web-ASG has 0 of 1 instance healthy in each of MegaTicket-DR-Web-TG and "
        "MegaTicket-DR-Api-TG."
    )


def test_fewer_that_answer_suffice_where_the_plan_says_so(standby: Standby) -> None:
    all_of_them = standby.live()
    assert all_of_them.finished is not None
    with bench_of(1) as bench:
        enough = stand(bench).live(healthy=1)

    assert enough.outputs == {"in_service": "1"}
    assert enough.finished is not None
    assert enough.finished < all_of_them.finished


def test_a_group_without_target_groups_is_done_when_its_instances_are_in_service(bench: Bench) -> None:
    state = stand(bench, target_groups=()).live()

    assert state.reason == "Group MegaTicket-DR-Web-ASG has 2 instances in service, with no target group to ask."


def test_the_version_is_resolved_when_an_instance_is_launched(standby: Standby) -> None:
    newer = standby.ec2.add_image(standby.group.region)
    standby.template.versions.append(type(standby.template.versions[0])(2, newer.id, "t2.small"))

    standby.live()

    assert {instance.version.number for instance in standby.group.instances} == {2}


# Sizes only go up


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((0, 0, 0), (2, 3, 2)),
        ((0, 3, 0), (2, 3, 2)),
        ((1, 9, 1), (2, 9, 2)),
        ((0, 4, 4), (2, 4, 4)),
        ((3, 6, 5), (3, 6, 5)),
    ],
)
def test_no_size_is_ever_lowered(bench: Bench, before: tuple[int, int, int], after: tuple[int, int, int]) -> None:
    standby = stand(bench, sizes=before)

    standby.execute()

    assert standby.sizes == after
    assert bench.writes() == ([UPDATE] if before != after else [])


def test_what_runs_already_is_found_done(bench: Bench) -> None:
    standby = stand(bench, sizes=(2, 3, 3))

    state = standby.live()

    assert (state.attempts, state.outputs) == (1, {"in_service": "3"})
    assert bench.writes() == []


def test_a_size_that_something_takes_back_fails_the_step(standby: Standby) -> None:
    receipt = standby.execute()
    standby.group.resize(0, 3, 1)

    at_once = standby.verify(receipt)
    standby.bench.world.time.sleep(120)
    later = standby.verify(receipt)

    assert at_once == Pending("Group MegaTicket-DR-Web-ASG does not show yet that it wants 2 instances.")
    assert isinstance(later, Failed)
    assert later.reason == (
        "Group MegaTicket-DR-Web-ASG wants 1 instance and not 2 because something took its size back after this step "
        "set it."
    )


# Suspended processes


@pytest.mark.parametrize(
    ("process", "what"),
    [("Launch", "launch no instance"), ("AddToLoadBalancer", "put no instance before its load balancer")],
)
def test_a_suspended_process_fails_the_step_before_anything_changes(standby: Standby, process: str, what: str) -> None:
    standby.suspend(process)

    state = standby.live()

    assert state.status is StepStatus.FAILED
    assert state.reason == f"Group MegaTicket-DR-Web-ASG will {what} because {process} is suspended."
    assert "resume_suspended" in state.fix
    assert standby.bench.writes() == []


def test_the_plan_may_let_it_resume_what_is_suspended_and_nothing_else(standby: Standby) -> None:
    standby.suspend("Launch", "AddToLoadBalancer", "ScheduledActions")

    state = standby.live(resume_suspended=True)

    assert state.status is StepStatus.SETTLED
    assert standby.bench.writes() == [RESUME, UPDATE]
    assert list(standby.group.suspended) == ["ScheduledActions"]
    assert standby.bench.states[0].reason == (
        "Group MegaTicket-DR-Web-ASG wants 2 instances between 2 and 3 instead of 0 instances between 0 and 3; "
        "Launch and AddToLoadBalancer was resumed first."
    )


def test_what_serves_already_is_found_done_and_nothing_is_resumed_that_the_plan_does_not_let(bench: Bench) -> None:
    standby = stand(bench, sizes=(2, 3, 2))
    standby.suspend("Launch")

    ready = bench.inside(lambda: KIND.readiness(params(), bench.context()))
    state = standby.live()

    assert (state.status, bench.writes()) == (StepStatus.SETTLED, [])
    assert [f.sentence for f in ready if f.code == "suspended"] == [
        "Group MegaTicket-DR-Web-ASG will launch no instance because Launch is suspended, and as many as the plan "
        "needs serve by now."
    ]


def test_what_somebody_suspends_on_the_way_is_said(standby: Standby) -> None:
    standby.later(20, lambda: standby.suspend("Launch"))

    state = standby.live()

    assert state.status is StepStatus.FAILED
    assert "because Launch is suspended" in state.reason


# Taking it back


def test_undo_restores_the_sizes_and_ends_what_was_started(standby: Standby) -> None:
    state = standby.live()

    done = standby.undo(state.receipt)
    standby.bench.world.time.sleep(900)

    assert done == Undone("Group MegaTicket-DR-Web-ASG wants 0 instances between 0 and 3, as before this run.")
    assert standby.sizes == (0, 3, 0)
    assert standby.group.instances == []


def test_undo_suspends_again_what_the_run_resumed(standby: Standby) -> None:
    standby.suspend("Launch")
    state = standby.live(resume_suspended=True)

    done = standby.undo(state.receipt, resume_suspended=True)

    assert isinstance(done, Undone)
    assert done.sentence.endswith("as before this run, and has Launch suspended again.")
    assert list(standby.group.suspended) == ["Launch"]
    assert standby.bench.writes() == [RESUME, UPDATE, UPDATE, SUSPEND]


def test_undo_twice_is_once(standby: Standby) -> None:
    state = standby.live()

    first, again = standby.undo(state.receipt), standby.undo(state.receipt)

    assert first == again
    assert standby.bench.writes() == [UPDATE, UPDATE]


def test_undo_leaves_sizes_that_somebody_set_since(standby: Standby) -> None:
    state = standby.live()
    standby.group.resize(2, 8, 5)

    done = standby.undo(state.receipt)

    assert done == CannotUndo(
        "Group MegaTicket-DR-Web-ASG keeps its sizes because it wants 5 instances between 2 and 8 by now and not the "
        "2 instances between 2 and 3 that this run set; set them by hand if they are to be lower."
    )
    assert standby.sizes == (2, 8, 5)


def test_undo_of_a_group_that_is_gone_says_so(standby: Standby) -> None:
    receipt = standby.execute()
    standby.bench.aws.services["autoscaling"].groups.clear()  # type: ignore[attr-defined]

    assert isinstance(standby.undo(receipt), CannotUndo)


def test_a_turn_that_died_unrecorded_is_joined_and_not_undone(standby: Standby) -> None:
    started = standby.bench.world.time.now()
    standby.execute()
    standby.bench.world.time.sleep(15)

    state = standby.bench.live(KIND, params(), state=StepState(StepStatus.RUNNING, started=started))

    assert state.status is StepStatus.SETTLED
    assert standby.bench.writes() == [UPDATE]
    assert isinstance(standby.undo(state.receipt), CannotUndo)
    assert standby.group.desired == 2


def test_executing_again_in_the_same_step_changes_nothing_more(standby: Standby) -> None:
    started = standby.bench.world.time.now()

    def execute() -> object:
        return KIND.execute(params(), standby.bench.context(started=started))

    first = standby.bench.inside(execute)
    standby.bench.world.time.sleep(20)
    second = standby.bench.inside(execute)

    assert isinstance(first, Receipt)
    assert isinstance(second, Receipt)
    assert (first.acted, second.acted) == (True, False)
    assert standby.bench.writes() == [UPDATE]


# What it is called with


def test_the_examples_of_the_docstring_are_valid() -> None:
    examples = re.findall(r"```yaml\n(.*?)```", ScaleAutoScalingGroupParams.__doc__ or "", re.DOTALL)
    web, app = (ScaleAutoScalingGroupParams.model_validate(yaml.safe_load(e)["params"]) for e in examples)

    assert KIND.title(web) == "Scale MegaTicket-DR-Web-ASG to 2 instances"
    assert (web.enough, app.enough) == (2, 1)
    assert dict(web.target_groups) == {WEB: 3000}


@pytest.mark.parametrize(
    "differences",
    [
        {"desired": 0},
        {"desired": 4},
        {"minimum": 3},
        {"maximum": 1},
        {"minimum": -1},
        {"healthy": 3},
        {"healthy": 0},
        {"group": ""},
        {"group": "*"},
        {"group": "web?"},
        {"target_groups": {"": 3000}},
        {"target_groups": {"web": 0}},
        {"user_data_marker": ""},
        {"unknown": 1},
    ],
)
def test_parameters_that_mean_nothing_or_everything_are_refused(differences: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        params(**differences)


def test_it_is_disruptive_and_no_drill_may_do_it_to_the_standby_itself() -> None:
    refusal = KIND.stand_in(params(), ISOLATION)

    assert KIND.harm is Harm.DISRUPTIVE
    assert isinstance(refusal, Refusal)
    assert "a drill needs a copy of the group" in refusal.sentence


def test_a_world_furnished_with_what_the_step_says_must_stand_is_ready_for_it(bench: Bench) -> None:
    asked = params(target_groups={WEB: 3000}, user_data_marker="DR_RECOVERY_MODE=true")
    for thing in KIND.standing(asked, PLACE):
        bench.world.models[thing.service].furnish(thing)

    ready = bench.inside(lambda: KIND.readiness(asked, bench.context()))
    state = bench.live(KIND, asked)

    assert [f.code for f in ready] == ["group-ready"]
    assert state.status is StepStatus.SETTLED
