"""The step kind `fence_listener`: the old primary's load balancer answers 503."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from pilotlight.domain.life import StepStatus
from pilotlight.domain.step import CannotUndo, Receipt, Severity, Undone
from pilotlight.steps.fence_listener import KIND, FenceListenerParams
from rehearsal.services.elbv2 import Elbv2
from rehearsal.services.elbv2_listeners import Listener
from tests.steps.conftest import Bench
from tests.steps.fences import SEOUL, OldPrimary

ALB = "fileflow-prod-alb"
HOST = f"{ALB}-123456.{SEOUL}.elb.amazonaws.com"
FORWARD = {
    "Type": "forward",
    "TargetGroupArn": "arn:aws:elasticloadbalancing:ap-northeast-2:123456789012:targetgroup/a/b",
}
NOT_FOUND = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}


@pytest.fixture
def primary(bench: Bench) -> OldPrimary:
    old = OldPrimary(bench, KIND, FenceListenerParams(load_balancer=ALB, ports=(443,)))
    old.furnish()
    return old


def balancing(primary: OldPrimary) -> Elbv2:
    return primary.bench.aws.service(Elbv2)


def listener(primary: OldPrimary) -> Listener:
    return balancing(primary).listeners[0]


# Closing


def test_every_request_is_answered_503_within_seconds(primary: OldPrimary) -> None:
    before = balancing(primary).answers_503(HOST)

    state = primary.live()

    assert not before
    assert balancing(primary).answers_503(HOST, path="/upload/42")
    assert state.outputs == {"closed": "yes"}
    assert state.reason == "Load balancer fileflow-prod-alb answers an error to every request on port 443."


def test_rules_that_forward_come_after_it(primary: OldPrimary) -> None:
    balancing(primary).add_rule(listener(primary), 10, ("/api/*",), FORWARD)

    primary.live()

    assert balancing(primary).answers_503(HOST, path="/api/files")


def test_closed_already_it_reads_and_changes_nothing(primary: OldPrimary) -> None:
    primary.live()
    calls = len(primary.bench.world.trace)

    again = primary.execute()

    assert isinstance(again, Receipt)
    assert not again.acted
    assert primary.calls_since(calls) == ["DescribeLoadBalancers", "DescribeListeners", "DescribeRules"]


def test_what_was_opened_again_is_closed_again(primary: OldPrimary) -> None:
    primary.live()
    listener(primary).rules = [rule for rule in listener(primary).rules if rule.priority is None]

    primary.guarded(minutes=2)

    assert balancing(primary).answers_503(HOST)
    assert primary.bench.writes() == ["elbv2:CreateRule"] * 2


def test_a_lost_answer_makes_no_second_rule(primary: OldPrimary) -> None:
    primary.bench.lose_answers("CreateRule")

    state = primary.live()

    assert state.outputs == {"closed": "yes"}
    assert primary.bench.writes() == ["elbv2:CreateRule"]


def test_a_priority_that_was_taken_meanwhile_is_looked_at_again(primary: OldPrimary) -> None:
    primary.refuse("elbv2", "CreateRule", "PriorityInUse")

    assert primary.live().outputs == {"closed": "yes"}


@pytest.mark.parametrize("action", [FORWARD, NOT_FOUND])
def test_a_rule_of_somebody_else_at_priority_1_is_not_renumbered(primary: OldPrimary, action: dict[str, str]) -> None:
    balancing(primary).add_rule(listener(primary), 1, ("/*",), action)

    state = primary.live()

    assert state.status is StepStatus.FAILED
    assert "because another rule has priority 1 there" in state.reason
    assert "set-rule-priorities" in state.fix
    assert primary.bench.writes() == []


def test_an_error_at_priority_1_that_only_some_paths_meet_closes_nothing(primary: OldPrimary) -> None:
    unavailable = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}
    balancing(primary).add_rule(listener(primary), 1, ("/admin/*",), unavailable)

    assert primary.live().status is StepStatus.FAILED


def test_a_port_without_a_listener_fails_the_step(bench: Bench) -> None:
    old = OldPrimary(bench, KIND, FenceListenerParams(load_balancer=ALB, ports=(443, 8443)))
    balancing(old).add_listener(balancing(old).add_load_balancer(SEOUL, ALB))

    state = old.live()

    assert state.status is StepStatus.FAILED
    assert "has no listener on port 8443" in state.reason
    assert bench.writes() == []


def test_a_load_balancer_that_is_not_there_fails_the_step(primary: OldPrimary) -> None:
    balancing(primary).load_balancers.clear()

    state = primary.live()

    assert state.status is StepStatus.FAILED
    assert state.reason.startswith("Load balancer fileflow-prod-alb cannot be closed because ap-northeast-2 has none")


def test_a_missing_permission_fails_the_step_and_is_no_darkness(primary: OldPrimary) -> None:
    state = primary.without("CreateRule").live()

    assert state.status is StepStatus.FAILED
    assert "AccessDenied" in state.reason


# Taking it back


def test_undo_deletes_the_rule_and_nothing_else(primary: OldPrimary) -> None:
    theirs = balancing(primary).add_rule(listener(primary), 10, ("/api/*",), FORWARD)
    state = primary.live()

    done = primary.undo(state.receipt)

    assert done == Undone("Load balancer fileflow-prod-alb serves on port 443 as before.")
    assert [rule.priority for rule in listener(primary).rules] == [None, 10]
    assert theirs in listener(primary).rules


def test_undo_needs_no_receipt(primary: OldPrimary) -> None:
    primary.live()

    assert isinstance(primary.undo(), Undone)
    assert not balancing(primary).answers_503(HOST)


def test_undo_leaves_a_rule_that_another_application_made(primary: OldPrimary) -> None:
    primary.live()
    listener(primary).rules[-1].tags = {"pilotlight:fence": "portforge"}

    done = primary.undo()

    assert isinstance(done, CannotUndo)
    assert "by a rule that is not of fileflow's fence" in done.sentence
    assert balancing(primary).answers_503(HOST)


def test_undo_twice_is_undone_once(primary: OldPrimary) -> None:
    primary.live()
    primary.undo()

    assert isinstance(primary.undo(), Undone)
    assert primary.bench.writes() == ["elbv2:CreateRule", "elbv2:DeleteRule"]


# Readiness


def test_readiness_is_fine_where_it_can_be_closed(primary: OldPrimary) -> None:
    assert [f.severity for f in primary.readiness().values()] == [Severity.FINE]


def test_readiness_blocks_where_priority_1_is_taken(primary: OldPrimary) -> None:
    balancing(primary).add_rule(listener(primary), 1, ("/*",), FORWARD)

    assert primary.readiness()["priority-taken"].severity is Severity.IMPOSSIBLE


def test_readiness_warns_of_a_listener_that_the_plan_leaves_open(primary: OldPrimary) -> None:
    balancing(primary).add_listener(listener(primary).balancer, 80)

    assert "forwards on port 80 too" in primary.readiness()["left-open"].sentence


def test_readiness_warns_where_it_is_closed_before_any_incident(primary: OldPrimary) -> None:
    primary.live()

    assert "closed-already" in primary.readiness()


def test_readiness_warns_where_nothing_is_forwarded(primary: OldPrimary) -> None:
    listener(primary).rules[0].action = NOT_FOUND

    assert "nothing-to-close" in primary.readiness()


# Parameters


def test_no_port_and_a_port_twice_are_refused() -> None:
    for ports in ((), (443, 443), (0,)):
        with pytest.raises(ValidationError):
            FenceListenerParams(load_balancer=ALB, ports=ports)
