"""The step kind `invoke_function`: a function of one's own does a step, and is believed only what it says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from pilotlight.domain.life import StepState, StepStatus
from pilotlight.domain.standing_in import Refusal
from pilotlight.domain.step import (
    Access,
    CannotUndo,
    Receipt,
    Severity,
    Undone,
)
from pilotlight.steps.invoke_function import KIND, InvokeFunctionParams
from rehearsal.access import CURRENT_ROLE, Role
from rehearsal.services.lambda_functions import LambdaFunctions
from rehearsal.services.own_functions import Event, OwnFunction
from tests.builders import ISOLATION
from tests.steps.conftest import PLACE, Bench
from tests.steps.fences import OldPrimary

NAME, LOST = "fileflow-dr-warm-search", Receipt("lost", acted=True)
PARAMS = InvokeFunctionParams.model_validate(
    {
        "function": NAME,
        "qualifier": "live",
        "payload": {"index": "files", "database": {"step": "promote", "output": "address"}},
        "gives": ["documents"],
        "within": "10 min",
    }
)
OUTPUTS = {"promote": {"address": "replica.example"}}


def says(status: str, reason: str = "It is as it is.", **outputs: str) -> dict[str, Any]:
    return {"status": status, "reason": reason, "outputs": outputs}


class Warming:
    """A function that begins once for each step of a run, and is done after some looks."""

    def __init__(self, looks: int) -> None:
        self.left, self.begun = looks, set[tuple[str, str]]()

    def __call__(self, event: Event) -> Any:
        if event["do"] == "undo":
            self.begun.discard((event["run_id"], event["step"]))
            return says("done", "The index is dropped.")
        if event["do"] == "execute":
            self.begun.add((event["run_id"], event["step"]))
            return says("pending", "The index is being filled.")
        self.left -= 1
        return says("pending", "Half of it is in.") if self.left else says("done", "All is in.", documents="42")


def function(bench: Bench, answers: Callable[[Event], Any]) -> OwnFunction:
    return bench.aws.service(LambdaFunctions).add_function(PLACE.standby, NAME, "live", answers)


def under_its_role(work: Callable[[], Any]) -> Any:
    token = CURRENT_ROLE.set(Role("the-step", KIND.statements(PARAMS, PLACE)))
    try:
        return work()
    finally:
        CURRENT_ROLE.reset(token)


def live(bench: Bench) -> StepState:
    state: StepState = under_its_role(lambda: bench.live(KIND, PARAMS, outputs=OUTPUTS))
    return state


def undo(bench: Bench) -> Any:
    return under_its_role(lambda: bench.inside(lambda: KIND.undo(PARAMS, LOST, bench.context())))


# Doing it


def test_it_is_set_in_motion_once_and_asked_until_it_is_done(bench: Bench) -> None:
    called = function(bench, Warming(looks=3))

    state = live(bench)

    assert (state.status, state.outputs, state.reason) == (StepStatus.SETTLED, {"documents": "42"}, "All is in.")
    assert [event["do"] for event in called.events] == ["execute", "verify", "verify", "verify"]
    assert called.events[0] == {
        "do": "execute",
        "run_id": "fileflow-e1",
        "step": "the-step",
        "epoch": 1,
        "application": "fileflow",
        "payload": {"index": "files", "database": "replica.example"},
    }
    assert "Half of it is in." in [s.reason for s in bench.states]


def test_a_lost_answer_is_asked_for_again_and_begins_nothing_twice(bench: Bench) -> None:
    work = Warming(looks=1)
    called = function(bench, work)
    bench.lose_answers("Invoke")

    state = live(bench)

    assert state.status is StepStatus.SETTLED
    assert [event["do"] for event in called.events] == ["execute", "execute", "verify"]
    assert len(work.begun) == 1


@pytest.mark.parametrize(
    "code", ["ResourceConflictException", "SnapStartNotReadyException", "TooManyRequestsException"]
)
def test_a_function_that_cannot_be_called_at_the_moment_is_called_again(bench: Bench, code: str) -> None:
    function(bench, Warming(looks=1))
    OldPrimary(bench, KIND, PARAMS).refuse("lambda", "Invoke", code)

    state = live(bench)

    assert state.status is StepStatus.SETTLED
    assert any(code in s.reason for s in bench.states)


def test_a_function_that_is_not_done_in_time_fails(bench: Bench) -> None:
    function(bench, Warming(looks=10_000))

    state = live(bench)

    assert state.status is StepStatus.FAILED
    assert state.reason == f"Function {NAME} is not done after 10 min: Half of it is in."
    assert state.started is not None
    assert state.finished is not None
    assert timedelta(minutes=10) < state.finished - state.started < timedelta(minutes=11)


# What it may answer


@pytest.mark.parametrize("do", ["execute", "verify"])
@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (says("failed", "The cluster is read-only."), "failed: The cluster is read-only."),
        ({"status": "well"}, 'answered in a shape that says nothing: {"status": "well"}'),
        (says("done", ""), "answered in a shape that says nothing"),
        ([], "answered in a shape that says nothing: []"),
        (None, "answered in a shape that says nothing: null"),
        ({**says("done"), "more": 1}, "answered in a shape that says nothing"),
        ({**says("done"), "outputs": {"documents": 42}}, "answered in a shape that says nothing"),
    ],
)
def test_what_is_no_answer_fails_the_step(bench: Bench, do: str, answer: Any, why: str) -> None:
    function(bench, lambda event: answer if event["do"] == do else says("pending"))

    state = live(bench)

    assert state.status is StepStatus.FAILED
    assert state.reason.startswith(f"Function {NAME}:live {why}")
    assert state.fix


def test_a_function_that_raises_fails_the_step(bench: Bench) -> None:
    def raises(event: Event) -> Any:
        raise ValueError("no such index")

    function(bench, raises)

    state = live(bench)

    assert state.status is StepStatus.FAILED
    assert state.reason == f"Function {NAME}:live did not answer but broke off: ValueError: no such index."


def test_a_function_that_runs_into_its_timeout_fails_the_step(bench: Bench) -> None:
    function(bench, Warming(looks=1)).seconds = 30.0

    state = live(bench)

    assert state.status is StepStatus.FAILED
    assert state.reason.endswith("broke off: Sandbox.Timedout: Task timed out after 6.00 seconds.")


def test_a_function_that_does_not_give_what_the_plan_says_fails_the_step(bench: Bench) -> None:
    function(bench, lambda _: says("done", pages="7"))

    state = live(bench)

    assert state.status is StepStatus.FAILED
    assert state.reason == f"Function {NAME} is done and did not give documents, as the plan says."


def test_the_outputs_are_those_that_the_plan_names() -> None:
    assert KIND.gives(PARAMS) == ("documents",)
    assert [need.step for need in KIND.needs(PARAMS)] == ["promote"]


# Taking it back


def test_undo_is_asked_of_the_function_even_without_a_receipt(bench: Bench) -> None:
    work = Warming(looks=1)
    function(bench, work)
    live(bench)

    done = undo(bench)

    assert KIND.marks
    assert done == Undone(f"Function {NAME} took it back: The index is dropped.")
    assert work.begun == set()


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (says("failed", "Mails were sent."), f"Function {NAME}:live failed: Mails were sent."),
        (
            says("pending", "Half is dropped."),
            f"Function {NAME} has not taken it back yet: Half is dropped. Undo the step again.",
        ),
    ],
)
def test_undo_that_is_not_done_is_not_called_done(bench: Bench, answer: Any, sentence: str) -> None:
    function(bench, lambda _: answer)

    assert undo(bench) == CannotUndo(sentence)


# Before an incident


@pytest.mark.parametrize(
    ("change", "severity", "said"),
    [
        ({}, Severity.FINE, "can be called"),
        ({"timeout_seconds": 60}, Severity.WARNING, "may run for 1 min"),
        ({"state": "Failed"}, Severity.IMPOSSIBLE, "The image cannot be pulled"),
    ],
)
def test_readiness_looks_at_the_function(bench: Bench, change: dict[str, Any], severity: Severity, said: str) -> None:
    called = function(bench, Warming(looks=1))
    for name, value in change.items():
        setattr(called, name, value)

    found = under_its_role(lambda: bench.inside(lambda: KIND.readiness(PARAMS, bench.context())))

    assert [finding.severity for finding in found] == [severity]
    assert said in found[0].sentence


def test_readiness_says_that_an_alias_is_missing(bench: Bench) -> None:
    bench.aws.service(LambdaFunctions).add_function(PLACE.standby, NAME, "blue")

    found = under_its_role(lambda: bench.inside(lambda: KIND.readiness(PARAMS, bench.context())))

    assert [finding.severity for finding in found] == [Severity.IMPOSSIBLE]


def test_it_may_call_that_very_function_and_nothing_else() -> None:
    written = [s for s in KIND.statements(PARAMS, PLACE) if s.access is Access.WRITE]

    arn = f"arn:aws:lambda:ap-northeast-1:123456789012:function:{NAME}:live"
    assert [(s.actions, s.resources) for s in written] == [(("lambda:InvokeFunction",), (arn,))]


def test_the_newest_code_is_not_a_version_that_can_be_relied_on() -> None:
    with pytest.raises(ValidationError, match="qualifier"):
        InvokeFunctionParams(function=NAME, qualifier="$LATEST")


def test_a_drill_is_refused() -> None:
    assert isinstance(KIND.stand_in(PARAMS, ISOLATION), Refusal)
