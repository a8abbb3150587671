"""Replays recorded runs of one machine on moto's engine, a port of LocalStack's; started in a process of its own.

stdin and stdout as in `replay.mjs`. A fresh process per definition, since one that moto rejects spoils its
parser for good. The engine's own code runs but for four places, patched below: a Task's call takes the
recorded answer, Wait and the retrier's sleep take no time, and Retry and Catch are counted by state.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections import Counter
from types import SimpleNamespace
from typing import Any

import boto3
from moto import mock_aws
from moto.stepfunctions.parser.api import HistoryEventType, TaskFailedEventDetails
from moto.stepfunctions.parser.asl.component.common.catch.catch_outcome import CatchOutcome
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.common.retry.retry_outcome import RetryOutcome
from moto.stepfunctions.parser.asl.component.eval_component import EvalComponent
from moto.stepfunctions.parser.asl.component.state.exec.execute_state import ExecutionState
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_lambda import (
    StateTaskServiceLambda,
)
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction
from moto.stepfunctions.parser.asl.eval.callback.callback import CallbackOutcomeSuccess

SETTINGS: Any = {"stepfunctions": {"execute_state_machine": True}, "lambda": {"use_docker": False}}
PATIENCE_SECONDS = 60.0


class Replay:
    """One run on moto: its answers, and what was counted. Branches are threads, so counting takes the lock."""

    def __init__(self, run: dict[str, Any]) -> None:
        self.run = run
        self.lock = threading.Lock()
        self.asked: dict[str, list[Any]] = {}
        self.counts: dict[str, Counter[str]] = {}
        self.diverged = ""

    def count(self, state: str, what: str) -> None:
        with self.lock:
            self.counts.setdefault(state, Counter())[what] += 1

    def attempt_for(self, state: str, payload: Any) -> dict[str, Any] | None:
        """The recorded answer to this question. None when it was never recorded: then the run has diverged, unless
        the branch was aborted when it was recorded."""
        with self.lock:
            earlier = self.asked.setdefault(state, [])
            recorded = [attempt for attempt in self.run["attempts"] if attempt["state"] == state]
            nth = len(earlier)
            if state in self.run["by_payload"]:
                recorded = [attempt for attempt in recorded if attempt["payload"] == payload]
                nth = earlier.count(payload)
            earlier.append(payload)
            if nth < len(recorded):
                return recorded[nth]
            if state not in self.run["cut_short"]:
                self.diverged = f"'{state}' was asked a question that was not recorded: {payload!r}"
            return None


current: Replay


def answer_task(self: Any, env: Any, resource_runtime_part: Any, normalised_parameters: Any, **_: Any) -> None:
    """Stands in for the call of the Lambda function."""
    token = env.states.context_object.context_object_data.get("Task", {}).get("Token")
    payload = json.loads(normalised_parameters.get("Payload", b"{}"))
    attempt = current.attempt_for(self.name, _without(payload, token))
    if attempt is None or not attempt["answered"]:
        while env.is_running() and not current.diverged:
            time.sleep(0.002)
        return
    if attempt["error"] is not None:
        raise FailureEventException(_failure(env, attempt["error"], attempt["cause"]))
    if token is None:
        env.stack.append(attempt["result"])
        return
    success = CallbackOutcomeSuccess(token, json.dumps(attempt["result"]))
    threading.Thread(target=_send_success, args=(self, env, token, success), daemon=True).start()
    env.stack.append({"StatusCode": 200})


def _send_success(task: Any, env: Any, token: str, success: CallbackOutcomeSuccess) -> None:
    """Answers the token once the engine listens: an answer that comes before, it hears only at the next heartbeat."""
    endpoint = env.callback_pool_manager.get(token)
    while task.heartbeat is not None and endpoint._heartbeat_endpoint is None:
        time.sleep(0.002)
    endpoint.notify(success)


def _without(payload: Any, token: str | None) -> Any:
    return json.loads(json.dumps(payload).replace(token, current.run["token"])) if token else payload


def _failure(env: Any, error: str, cause: str) -> FailureEvent:
    name = StatesErrorName.from_name(error) if error.startswith("States.") else CustomErrorName(error)
    details: Any = {"taskFailedEventDetails": TaskFailedEventDetails(error=error, cause=cause)}
    return FailureEvent(env, error_name=name, event_type=HistoryEventType.TaskFailed, event_details=details)


def patch_the_engine() -> None:
    task, wait, component, state, retrier = _untyped(
        StateTaskServiceLambda, WaitFunction, EvalComponent, ExecutionState, retrier_decl
    )
    task._eval_service_task = answer_task
    wait._wait_interval = lambda self, env, wait_seconds: None
    retrier.time = SimpleNamespace(sleep=lambda seconds: None)
    # A failing state is described with all that is in it, again at each level: most of the time of a run.
    component._log_failure_event_exception = lambda self, failure_event_exception: None
    component._log_exception = lambda self, exception: None
    count_by_wrapping(state)


def _untyped(*parts: Any) -> tuple[Any, ...]:
    return parts


def count_by_wrapping(state: Any) -> None:
    """Counts attempts, retries and catches of each state."""
    retry, catch, evaluate = state._handle_retry, state._handle_catch, state._evaluate_with_timeout

    def counted_retry(self: Any, env: Any, failure_event: Any) -> Any:
        outcome = retry(self, env=env, failure_event=failure_event)
        if outcome == RetryOutcome.CanRetry:
            current.count(self.name, "retried")
        return outcome

    def counted_catch(self: Any, env: Any, failure_event: Any) -> None:
        catch(self, env=env, failure_event=failure_event)
        if env.stack[-1] == CatchOutcome.Caught:
            current.count(self.name, "caught")

    def counted_attempt(self: Any, env: Any) -> None:
        current.count(self.name, "attempted")
        evaluate(self, env)

    state._handle_retry, state._handle_catch = counted_retry, counted_catch
    state._evaluate_with_timeout = counted_attempt


def replay(run: dict[str, Any], machine_arn: str, client: Any) -> dict[str, Any]:
    global current  # noqa: PLW0603  # the patched engine has no other way to the run
    current = Replay(run)
    arn = client.start_execution(stateMachineArn=machine_arn, name=run["name"], input=json.dumps(run["input"]))[
        "executionArn"
    ]
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (described := client.describe_execution(executionArn=arn))["status"] == "RUNNING":
        if time.monotonic() > deadline:
            current.diverged = current.diverged or "the engine did not come to an end"
        if current.diverged:
            break
        time.sleep(0.004)
    if current.diverged:
        return outcome("DIVERGED", cause=current.diverged)
    count_states(client, arn)
    return outcome(
        described["status"],
        output=described.get("output"),
        error=described.get("error", ""),
        cause=described.get("cause", ""),
    )


def count_states(client: Any, arn: str) -> None:
    pages = client.get_paginator("get_execution_history").paginate(executionArn=arn)
    for event in (event for page in pages for event in page["events"]):
        if event["type"].endswith("StateEntered"):
            current.count(event["stateEnteredEventDetails"]["name"], "entered")
        elif event["type"].endswith("StateExited"):
            current.count(event["stateExitedEventDetails"]["name"], "exited")


def outcome(status: str, *, output: str | None = None, error: str = "", cause: str = "") -> dict[str, Any]:
    try:
        document = None if output is None else json.loads(output)
    except json.JSONDecodeError:  # moto gives a string output back as it is, and not as JSON
        document = output
    return {
        "status": status,
        "output": document,
        "error": error,
        "cause": cause,
        "counts": current.counts,
        "asked": current.asked,
    }


def main() -> None:
    job = json.load(sys.stdin)
    patch_the_engine()
    os.environ |= {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    with mock_aws(config=SETTINGS):
        first = job["runs"][0]
        client = boto3.client("stepfunctions", region_name=first["arn"].split(":")[3])
        machine_arn = client.create_state_machine(
            name=first["machine"],
            definition=json.dumps(job["definition"]),
            roleArn="arn:aws:iam::123456789012:role/replay",
        )["stateMachineArn"]
        outcomes = [replay(run, machine_arn, client) for run in job["runs"]]
    sys.stdout.write(json.dumps(outcomes))
    sys.stdout.flush()
    os._exit(0)  # threads that were never answered would keep the process alive


if __name__ == "__main__":
    main()
