"""`scale_node_group`: both bounds and the count in one call, instances counted, trouble in the words of EKS."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from pilotlight.domain.life import StepState, StepStatus
from pilotlight.domain.standing_in import Refusal
from pilotlight.domain.step import (
    CannotUndo,
    NotYet,
    Receipt,
    Severity,
    Undone,
)
from pilotlight.steps.scale_node_group import KIND, ScaleNodeGroupParams
from rehearsal.services.autoscaling_instances import Lifecycle
from rehearsal.services.ec2 import Ec2
from rehearsal.services.eks import LAUNCH_FAILURES, Eks, NodeGroup
from tests.builders import ISOLATION
from tests.steps.conftest import PLACE, Bench

NO_ROOM = "You have requested more vCPU capacity than your current vCPU limit of 0 allows"
UPDATE = "eks:UpdateNodegroupConfig"


def params(**differences: Any) -> ScaleNodeGroupParams:
    given = {"cluster": "portforge-dr-cluster", "node_group": "portforge-dr-nodes", "nodes": 3}
    return ScaleNodeGroupParams.model_validate({**given, **differences})


def stand(bench: Bench, *, nodes: int = 0) -> NodeGroup:
    eks = bench.aws.service(Eks)
    return eks.add_node_group(eks.add_cluster(PLACE.standby, "portforge-dr-cluster"), "portforge-dr-nodes", nodes=nodes)


def leave_no_room(bench: Bench) -> None:
    bench.aws.service(Ec2).limits_of(PLACE.standby).vcpus = 0


def sizes(group: NodeGroup) -> tuple[int, int, int]:
    return group.group.minimum, group.group.maximum, group.group.desired


def undo(bench: Bench, state: StepState) -> Undone | CannotUndo:
    receipt = state.receipt
    assert receipt is not None
    return bench.inside(lambda: KIND.undo(params(), receipt, bench.context()))


class TestScaling:
    def test_an_empty_group_gets_its_nodes(self, bench: Bench) -> None:
        group = stand(bench)

        ended = bench.live(KIND, params())

        assert ended.status is StepStatus.SETTLED
        assert sizes(group) == (3, 3, 3)
        assert ended.outputs == {"nodes": "3"}
        assert ended.reason.startswith(
            "Node group portforge-dr-nodes of portforge-dr-cluster has 3 instances in service."
        )
        assert "Pods that start on them show that they are Ready." in ended.reason

    def test_bounds_and_count_go_in_one_call(self, bench: Bench) -> None:
        # One by one EKS would refuse them: a minimum above the count, or a count above the maximum.
        stand(bench)

        bench.live(KIND, params(minimum=2, maximum=6))

        assert bench.writes() == [UPDATE]

    def test_it_settles_only_when_the_instances_serve(self, bench: Bench) -> None:
        group = stand(bench)

        bench.live(KIND, params())

        assert [i.lifecycle for i in group.group.instances] == [Lifecycle.IN_SERVICE] * 3
        assert any("0 of 3 instances in service, and of the others 3 Pending" in s.reason for s in bench.states)

    def test_what_is_wider_or_more_already_is_left(self, bench: Bench) -> None:
        group = stand(bench, nodes=5)

        ended = bench.live(KIND, params(minimum=2, maximum=4))

        assert ended.status is StepStatus.SETTLED
        assert sizes(group) == (2, 5, 5)

    def test_the_minimum_holds_idle_nodes_unless_the_plan_says_otherwise(self, bench: Bench) -> None:
        group = stand(bench)

        bench.live(KIND, params(minimum=1))

        assert sizes(group) == (1, 3, 3)

    def test_a_group_that_is_as_wanted_is_not_touched(self, bench: Bench) -> None:
        stand(bench, nodes=3).group.minimum = 3

        ended = bench.live(KIND, params())

        assert ended.status is StepStatus.SETTLED
        assert bench.writes() == []


class TestTwice:
    def test_another_update_is_waited_for(self, bench: Bench) -> None:
        bench.aws.service(Eks).begin_update(stand(bench), 90.0)

        ended = bench.live(KIND, params())

        assert ended.status is StepStatus.SETTLED
        assert any("EKS is busy with another update: Nodegroup cannot be updated" in s.reason for s in bench.states)

    def test_a_call_that_comes_twice_is_one_update(self, bench: Bench) -> None:
        group, context = stand(bench), bench.context()
        first = bench.inside(lambda: KIND.execute(params(), context))
        group.group.minimum = 0  # a stale answer: the second turn does not see what the first set

        second = bench.inside(lambda: KIND.execute(params(), context))

        assert isinstance(first, Receipt)
        assert isinstance(second, Receipt)
        assert first.data["update"] == second.data["update"]
        assert len(group.updates) == 1

    def test_a_lost_answer_is_read_before_it_is_repeated(self, bench: Bench) -> None:
        stand(bench)
        bench.lose_answers("UpdateNodegroupConfig")

        ended = bench.live(KIND, params())

        assert ended.status is StepStatus.SETTLED
        assert bench.writes() == [UPDATE]


class TestTrouble:
    def test_a_health_issue_that_stays_ends_the_wait_in_the_words_of_eks(self, bench: Bench) -> None:
        stand(bench)
        leave_no_room(bench)

        ended = bench.live(KIND, params())

        assert ended.status is StepStatus.FAILED
        assert f"EKS names '{LAUNCH_FAILURES}: Could not launch On-Demand Instances. {NO_ROOM}" in ended.reason
        assert ended.fix.startswith("Name instance types or zones with capacity")

    def test_until_eks_names_an_issue_the_failed_launch_is_told(self, bench: Bench) -> None:
        stand(bench)
        leave_no_room(bench)

        bench.live(KIND, params())

        assert any(f"a launch failed with '{NO_ROOM}" in s.reason for s in bench.states)

    def test_an_issue_that_passes_is_waited_for(self, bench: Bench) -> None:
        group = stand(bench)
        group.issues[LAUNCH_FAILURES] = "There was no capacity in this zone."

        ended = bench.live(KIND, params())

        assert ended.status is StepStatus.SETTLED
        assert f"EKS still names '{LAUNCH_FAILURES}" in ended.reason

    def test_instances_that_do_not_join_the_cluster_are_no_nodes(self, bench: Bench) -> None:
        group = stand(bench, nodes=3)
        group.issues["NodeCreationFailure"] = "Instances failed to join the kubernetes cluster"

        ended = bench.live(KIND, params())

        assert ended.status is StepStatus.FAILED
        assert "'NodeCreationFailure: Instances failed to join the kubernetes cluster'" in ended.reason

    def test_an_update_that_failed_says_why(self, bench: Bench) -> None:
        stand(bench)
        bench.aws.service(Eks).next_update_fails = [("AccessDenied", "The node role may not be passed.")]

        ended = bench.live(KIND, params())

        assert ended.status is StepStatus.FAILED
        assert "its update ended as Failed: 'AccessDenied: The node role may not be passed.'" in ended.reason

    def test_a_count_that_is_taken_back_is_noticed(self, bench: Bench) -> None:
        group = stand(bench)

        def take_back() -> None:
            group.group.resize(0, 3, 1)

        bench.world.time.spawn(take_back, name="an autoscaler", delay_seconds=40.0)
        ended = bench.live(KIND, params())

        assert ended.status is StepStatus.FAILED
        assert "something took the count back" in ended.reason

    def test_a_group_that_is_missing_or_goes_is_named(self, bench: Bench) -> None:
        missing = bench.live(KIND, params())
        stand(bench).status = "DELETING"
        going = bench.live(KIND, params())

        assert "Node group portforge-dr-nodes of portforge-dr-cluster is missing in ap-northeast-1." in missing.reason
        assert "takes no nodes because it is DELETING" in going.reason


class TestUndo:
    def test_the_sizes_are_taken_back(self, bench: Bench) -> None:
        group = stand(bench, nodes=1)
        ended = bench.live(KIND, params())

        undone = undo(bench, ended)

        assert isinstance(undone, Undone)
        assert sizes(group) == (0, 1, 1)

    def test_it_may_be_asked_twice(self, bench: Bench) -> None:
        stand(bench)
        ended = bench.live(KIND, params())
        undo(bench, ended)

        assert isinstance(undo(bench, ended), Undone)
        assert bench.writes() == [UPDATE, UPDATE]

    def test_sizes_that_are_another_s_by_now_stay(self, bench: Bench) -> None:
        group = stand(bench)
        ended = bench.live(KIND, params())
        group.group.resize(3, 8, 7)

        undone = undo(bench, ended)

        assert isinstance(undone, CannotUndo)
        assert "7 nodes within 3 and 8 by now" in undone.sentence
        assert sizes(group) == (3, 8, 7)

    def test_while_eks_is_busy_it_says_what_to_set_by_hand(self, bench: Bench) -> None:
        group = stand(bench)
        ended = bench.live(KIND, params())
        bench.aws.service(Eks).begin_update(group, 600.0)

        undone = undo(bench, ended)

        assert isinstance(undone, CannotUndo)
        assert "set its sizes back to no nodes within 0 and 1 by hand" in undone.sentence

    def test_what_was_so_before_is_nothing_to_take_back(self, bench: Bench) -> None:
        stand(bench, nodes=3).group.minimum = 3
        ended = bench.live(KIND, params())

        undone = undo(bench, ended)

        assert isinstance(undone, Undone)
        assert "before this run, so nothing is taken back" in undone.sentence

    @pytest.mark.parametrize("ago", [timedelta(seconds=10), timedelta(minutes=2)], ids=["lost answer", "died"])
    def test_what_an_earlier_turn_may_have_set_stays(self, bench: Bench, ago: timedelta) -> None:
        stand(bench, nodes=3).group.minimum = 3
        context = bench.context(started=bench.world.time.now() - ago)
        receipt = bench.inside(lambda: KIND.execute(params(), context))
        assert not isinstance(receipt, NotYet)

        undone = bench.inside(lambda: KIND.undo(params(), receipt, context))  # type: ignore[arg-type]

        assert isinstance(undone, CannotUndo)


class TestReadiness:
    def findings(self, bench: Bench) -> list[tuple[Severity, str]]:
        found = bench.inside(lambda: KIND.readiness(params(), bench.context()))
        return [(f.severity, f.code) for f in found]

    def test_a_group_in_order_is_fine(self, bench: Bench) -> None:
        stand(bench)

        assert self.findings(bench) == [(Severity.FINE, "node-group")]

    def test_a_missing_group_is_impossible(self, bench: Bench) -> None:
        assert self.findings(bench) == [(Severity.IMPOSSIBLE, "node-group")]

    def test_issues_and_suspended_processes_are_named(self, bench: Bench) -> None:
        group = stand(bench)
        group.issues["InsufficientFreeAddresses"] = "The subnet has no free addresses."
        group.group.suspended["Launch"] = "User suspended"

        assert self.findings(bench) == [
            (Severity.WARNING, "node-group-issue"),
            (Severity.ERROR, "node-group-suspended"),
        ]

    def test_preflight_asks_for_the_group_alone(self, bench: Bench) -> None:
        stand(bench)

        found = bench.inside(lambda: KIND.preflight(params(), bench.context()))

        assert [f.code for f in found] == ["node-group"]
        assert [line.operation for line in bench.world.trace] == ["DescribeNodegroup"]


class TestParameters:
    @pytest.mark.parametrize("wrong", [{"minimum": 4}, {"maximum": 2}, {"nodes": 0}, {"node_group": "a b"}])
    def test_bounds_that_do_not_hold_the_nodes_are_refused(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            params(**wrong)

    def test_a_drill_is_refused(self) -> None:
        assert isinstance(KIND.stand_in(params(), ISOLATION), Refusal)
