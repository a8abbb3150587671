"""Tasks that wait for their token: answered, failed, kept alive, too late."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.engine import Status, TaskFailed, TokenRefused
from tests.rehearsal.engine.builders import After, Stage, a_catcher, a_pass, a_retrier, a_stage, a_token_task


def asked(**fields: Any) -> Stage:
    return a_stage({"Ask": a_token_task(**fields)}, script={"Ask": ["posted"]})


def token(stage: Stage, nth: int = -1) -> str:
    given = stage.functions.calls[nth].token
    assert given is not None
    return given


def test_the_function_gets_the_token_and_the_answer_is_the_result() -> None:
    stage = asked()
    stage.at(900, lambda: stage.execution.send_task_success(token(stage), {"approved_by": "U123"}))

    execution = stage.play()

    assert execution.output == {"approved_by": "U123"}
    assert stage.functions.calls[0].payload == {"token": token(stage)}
    assert stage.time.elapsed_seconds() == 900


def test_a_token_fits_into_what_send_task_success_takes() -> None:
    stage = asked()
    stage.at(1, lambda: stage.execution.send_task_success(token(stage), {}))
    stage.play()

    assert 100 < len(token(stage)) <= 1024


def test_a_failure_is_the_task_s_error() -> None:
    stage = asked()
    stage.at(5, lambda: stage.execution.send_task_failure(token(stage), "Vetoed", "by U123"))

    execution = stage.play()

    assert (execution.status, execution.error, execution.cause) == (Status.FAILED, "Vetoed", "by U123")


def test_a_function_that_fails_to_ask_fails_the_task() -> None:
    stage = a_stage({"Ask": a_token_task()}, script={"Ask": [TaskFailed("SlackDown")]})

    assert stage.play().error == "SlackDown"


def test_an_answer_may_come_before_the_function_returns() -> None:
    stage = a_stage({"Ask": a_token_task()}, script={"Ask": [After(30, "posted")]})
    stage.at(10, lambda: stage.execution.send_task_success(token(stage), "early"))

    assert stage.play().output == "early"


class TestTooLate:
    def test_after_its_timeout_a_token_answers_nothing(self) -> None:
        states = {
            "Ask": a_token_task(TimeoutSeconds=60, Catch=[a_catcher("States.Timeout", next="Later")]),
            "Later": {"Type": "Wait", "Seconds": 600, "End": True},
        }
        stage = a_stage(states)
        refused: list[str] = []

        def press_the_old_button() -> None:
            with pytest.raises(TokenRefused) as caught:
                stage.execution.send_task_success(token(stage), {})
            refused.append(caught.value.code)

        stage.at(61, press_the_old_button)
        stage.play()

        assert refused == ["TaskTimedOut"]

    def test_a_retry_asks_with_a_new_token(self) -> None:
        stage = asked(TimeoutSeconds=60, Retry=[a_retrier("States.Timeout", IntervalSeconds=1)])
        stage.at(70, lambda: stage.execution.send_task_success(token(stage, 1), "approved"))

        execution = stage.play()

        assert execution.output == "approved"
        assert token(stage, 0) != token(stage, 1)

    @pytest.mark.parametrize("send", ["send_task_success", "send_task_failure", "send_task_heartbeat"])
    def test_a_token_of_nobody_is_invalid(self, send: str) -> None:
        stage = asked()
        arguments: dict[str, tuple[Any, ...]] = {
            "send_task_success": ({},),
            "send_task_failure": ("E", "c"),
            "send_task_heartbeat": (),
        }

        with pytest.raises(TokenRefused) as caught:
            getattr(stage.execution, send)("forged", *arguments[send])

        assert caught.value.code == "InvalidToken"
        assert not stage.execution.knows_token("forged")

    def test_a_token_answers_once(self) -> None:
        states = {"Ask": a_token_task(next="Later"), "Later": a_pass()}
        states["Ask"] = {key: value for key, value in a_token_task().items() if key != "End"} | {"Next": "Later"}
        stage = a_stage(states)

        def press_twice() -> None:
            stage.execution.send_task_success(token(stage), "first")
            with pytest.raises(TokenRefused):
                stage.execution.send_task_success(token(stage), "second")

        stage.at(5, press_twice)

        assert stage.play().output == "first"


class TestHeartbeat:
    @pytest.mark.parametrize("names", [["States.HeartbeatTimeout", "States.Timeout"], ["States.ALL"]])
    def test_a_silent_task_fails_and_both_documented_names_match(self, names: list[str]) -> None:
        states = {
            "Ask": {key: value for key, value in a_token_task().items() if key != "End"}
            | {
                "TimeoutSeconds": 600,
                "HeartbeatSeconds": 60,
                "Catch": [{"ErrorEquals": names, "Next": "Silent", "ResultPath": "$.failure"}],
                "Next": "Silent",
            },
            "Silent": a_pass(OutputPath="$.failure.Error"),
        }
        stage = a_stage(states)

        assert stage.play().output == "States.HeartbeatTimeout"
        assert stage.time.elapsed_seconds() == 60

    def test_each_beat_puts_it_off_but_never_beyond_the_timeout(self) -> None:
        stage = asked(TimeoutSeconds=200, HeartbeatSeconds=60)
        for seconds in (50, 100, 150, 199):
            stage.at(seconds, lambda: stage.execution.send_task_heartbeat(token(stage)))

        execution = stage.play()

        assert execution.error == "States.Timeout"
        assert stage.time.elapsed_seconds() == 200

    def test_without_a_beat_in_time_it_ends_after_the_last_one(self) -> None:
        stage = asked(TimeoutSeconds=600, HeartbeatSeconds=60)
        stage.at(50, lambda: stage.execution.send_task_heartbeat(token(stage)))

        stage.play()

        assert stage.time.elapsed_seconds() == 110
