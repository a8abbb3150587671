"""One attempt of a Task: call the function, and wait for its answer, for the token's, or for the timeout.

The call lives in a task of its own in virtual time: when the attempt times out, is aborted with its
siblings or stopped, the function works on unsupervised, as a Lambda function does, and its answer is heard
by nobody. A fault in the rehearsal itself (anything but TaskFailed) still stops the world.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from rehearsal.engine.documents import JsonValue, copied, within_limit
from rehearsal.engine.errors import HEARTBEAT_TIMEOUT, TIMEOUT, StatesError, TaskFailed, TokenRefused
from rehearsal.engine.states import Task
from rehearsal.virtual_time import Bell, VirtualTime

# Real tokens are a few hundred characters; 1024 is the most that SendTaskSuccess takes
TOKEN_BYTES = 456
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class TaskCall:
    """What a Task asks for: `state` asks `function_name` (with `qualifier`, if it names one) to work on
    `payload`.
    """

    state: str
    function_name: str
    qualifier: str | None
    payload: JsonValue
    token: str | None
    attempt: int


Invoke = Callable[[TaskCall], JsonValue]


class Answer:
    """What one attempt is waiting for: whoever comes first, a result or an error, rings the bell."""

    def __init__(self, time: VirtualTime) -> None:
        self._time = time
        self.bell = Bell(time)
        self.last_beat = time.now()
        self.open = True
        self._result: JsonValue = None
        self._failure: StatesError | None = None

    def succeed(self, result: JsonValue) -> None:
        if self.open:
            self._result, self.open = result, False
            self.bell.ring()

    def fail(self, failure: StatesError) -> None:
        if self.open:
            self._failure, self.open = failure, False
            self.bell.ring()

    def beat(self) -> None:
        self.last_beat = self._time.now()

    def value(self) -> JsonValue:
        if self._failure is not None:
            raise StatesError(self._failure.error, self._failure.cause)
        return self._result


class Tokens:
    """The task tokens of one execution."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._answers: dict[str, Answer] = {}

    def issue(self) -> str:
        return base64.b64encode(self._random.randbytes(TOKEN_BYTES)).decode()

    def expect(self, token: str, answer: Answer) -> None:
        self._answers[token] = answer

    def knows(self, token: str) -> bool:
        return token in self._answers

    def waiting(self, token: str) -> Answer:
        """Raises TokenRefused when nobody waits for this token, or nobody does any more."""
        answer = self._answers.get(token)
        if answer is None:
            raise TokenRefused("InvalidToken", "The token belongs to no task of this execution: take the newest one.")
        if not answer.open:
            raise TokenRefused("TaskTimedOut", "The task of this token has ended; a retry has a token of its own.")
        return answer


def perform(state: Task, call: TaskCall, *, time: VirtualTime, invoke: Invoke, tokens: Tokens) -> JsonValue:
    """The task's result, or StatesError."""
    answer = Answer(time)
    if call.token is not None:
        tokens.expect(call.token, answer)

    def work() -> None:
        try:
            returned = _as_json(invoke(call))
        except TaskFailed as failure:
            answer.fail(failure)
            return
        if call.token is None:
            answer.succeed({"ExecutedVersion": "$LATEST", "Payload": returned, "StatusCode": 200})

    time.spawn(work, name=f"call of {call.state}")
    try:
        _await(answer, state, time)
    finally:
        answer.open = False
    return within_limit(answer.value(), f"The result of state '{call.state}'")


def _await(answer: Answer, state: Task, time: VirtualTime) -> None:
    deadline = _after(time.now(), state.timeout_seconds)
    while not answer.bell.rung:
        next_beat = _after(answer.last_beat, state.heartbeat_seconds)
        if time.now() >= deadline:
            raise StatesError(TIMEOUT, f"State '{state.name}' had no answer within {state.timeout_seconds} seconds.")
        if time.now() >= next_beat:
            raise StatesError(
                HEARTBEAT_TIMEOUT,
                f"State '{state.name}' had no heartbeat for {state.heartbeat_seconds} seconds.",
            )
        due = min(deadline, next_beat)
        answer.bell.wait(None if due == NEVER else (due - time.now()).total_seconds())


def _after(start: datetime, seconds: int | None) -> datetime:
    return NEVER if seconds is None else start + timedelta(seconds=seconds)


def _as_json(returned: JsonValue) -> JsonValue:
    """The answer as it travels. What is no JSON fails as the Lambda runtime lets it fail."""
    try:
        return copied(returned)
    except (TypeError, ValueError) as reason:
        document = {"errorMessage": f"Unable to marshal response: {reason}", "errorType": "Runtime.MarshalError"}
        raise TaskFailed("Runtime.MarshalError", json.dumps(document)) from reason
