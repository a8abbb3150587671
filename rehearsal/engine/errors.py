"""What can go wrong with a state machine, named by what the reader can do about it.

    DefinitionRefused      the definition is outside the portable subset, or wrong: change the definition
    StatesError            an error inside an execution, with the name that Retry and Catch match
    └── TaskFailed         the same, raised by whatever plays the Lambda function of a Task
    TokenRefused           a task token that is unknown, or whose task has already ended
    ExecutionRefused       what was asked of an execution does not fit its status

Anything else that leaves the interpreter is a fault in the rehearsal, and stops the world.
"""

from __future__ import annotations

import json
import traceback
from pathlib import PurePath
from types import TracebackType

RUNTIME = "States.Runtime"
TIMEOUT = "States.Timeout"
HEARTBEAT_TIMEOUT = "States.HeartbeatTimeout"
DATA_LIMIT = "States.DataLimitExceeded"
NO_CHOICE_MATCHED = "States.NoChoiceMatched"
INTRINSIC_FAILURE = "States.IntrinsicFailure"
RESULT_PATH_MATCH_FAILURE = "States.ResultPathMatchFailure"

# SensitiveCause in botocore's service model of stepfunctions
LONGEST_CAUSE = 32_768


class DefinitionRefused(Exception):
    """The definition cannot be played; the message is one sentence with the state's name and the way out."""


class StatesError(Exception):
    """An error as Step Functions sees it: `error` is what ErrorEquals matches, `cause` is for people."""

    def __init__(self, error: str, cause: str = "") -> None:
        super().__init__(f"{error}: {cause}" if cause else error)
        self.error = error
        self.cause = cause[:LONGEST_CAUSE]


class TaskFailed(StatesError):
    """The function of a Task failed."""

    @classmethod
    def raised(cls, exception: BaseException) -> TaskFailed:
        """What Step Functions makes of an exception that leaves a Python handler: the class's bare name,
        and the JSON document that the Lambda runtime answers with.

        Source: the Lambda developer guide on Python exceptions ("errorMessage", "errorType",
        "stackTrace").
        """
        document = {
            "errorMessage": str(exception),
            "errorType": type(exception).__name__,
            "stackTrace": _stack_trace(exception.__traceback__),
        }
        return cls(type(exception).__name__, json.dumps(document, ensure_ascii=False))


class TokenRefused(Exception):
    """A token that answers nothing; `code` is the modelled error of SendTaskSuccess and its sisters."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class ExecutionRefused(Exception):
    """A redrive of an execution that runs or has succeeded."""


def _stack_trace(trace: TracebackType | None) -> list[str]:
    """The frames as the function would show them under /var/task: the same text on every machine."""
    lines = []
    for frame in traceback.extract_tb(trace):
        parts = PurePath(frame.filename).parts
        inside = parts[parts.index("lambdas") + 1 :] if "lambdas" in parts else parts[-1:]
        lines.append(f'  File "/var/task/{"/".join(inside)}", line {frame.lineno}, in {frame.name}\n    {frame.line}\n')
    return lines
