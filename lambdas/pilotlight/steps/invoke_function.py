"""Have a function of your own do a step: what no kind does, written as a Lambda function that stands in the standby.

It is called by a name and an alias or version, with `{do, run_id, step, epoch, application, payload}`, and answers
`{"status": "done" | "pending" | "failed", "reason": "...", "outputs": {...}}`, a reason always and outputs as text:

* `do: execute` sets the work in motion. It may come several times for one step of one run, because an answer can be
  lost: the function tells by `run_id` and `step` that it began already, and answers as if it were the first time.
* `do: verify` only looks how far it is. It comes every 10 s after `execute` was answered `pending` or `done`; `done`
  here settles the step, with every output that the plan says it gives.
* `do: undo` takes back what that step of that run did, whether it was done or not, and answers `done` where nothing is
  left of it. A function that cannot take it back answers `failed` and says what a person can do.

Each call is answered within 6 s, since Pilotlight waits for no longer than 8: what takes longer is set in motion and
answered `pending`. An epoch that is lower than one the function has seen is that of a run that was superseded.

It fails where the function answers `failed`, raises or times out, answers in another shape, or is not `done` in time.
It counts as disruptive, because nobody here knows what the function does; one that would move a writer belongs to no
step of this kind, for nothing would fence, measure or note the move.

Sources: botocore's model of Lambda (Invoke: `FunctionError`; the states of a function).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from pilotlight.domain.durations import Duration, say_duration
from pilotlight.domain.errors import InvalidRequest, NotFound
from pilotlight.domain.handwork import Handwork
from pilotlight.domain.place import Place
from pilotlight.domain.standing_in import Isolation, Refusal
from pilotlight.domain.step import (
    Access,
    CannotUndo,
    Failed,
    Finding,
    Harm,
    NotYet,
    Operation,
    OutputOf,
    Params,
    Pending,
    Receipt,
    Settled,
    Severity,
    Standing,
    Statement,
    StepContext,
    StepKind,
    Timing,
    Undone,
)
from pilotlight.estate.own_functions import BUSY, OPERATIONS, calling_by_hand

_LONGEST = timedelta(hours=2)
_ANSWERS_WITHIN = timedelta(seconds=7)
"""What may pass from a call to its answer, below the 8 s after which a call from the standby is given up."""
_FIX = "Read the function's log and mend it, then retry the step."

OutputName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class InvokeFunctionParams(Params):
    """Which function is called, with what, and what it gives.

    ```yaml
    step: warm-search
    kind: invoke_function
    params:
      function: fileflow-dr-warm-search
      qualifier: live
      payload: {index: files, database: {step: promote, output: address}}
      gives: [documents]
      within: 20 min
    ```
    """

    function: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$", description="Its name, in the standby.")
    qualifier: str = Field(
        pattern=r"^[A-Za-z0-9_-]{1,128}$", description="The alias or the version that is called; never $LATEST."
    )
    payload: Mapping[str, str | int | bool | OutputOf] = Field(
        {}, description="What it is called with: values of the plan's own, or what an earlier step gave."
    )
    gives: tuple[OutputName, ...] = Field((), max_length=10, description="The outputs that it has to give.")
    within: Duration = Field(timedelta(minutes=15), description="How long it may take: 2 h at most.")

    @field_validator("within")
    @classmethod
    def _comes_to_an_end(cls, value: timedelta) -> timedelta:
        if not timedelta(0) < value <= _LONGEST:
            raise ValueError("a function gets more than no time, and 2 h at most")
        return value


class _Status(StrEnum):
    DONE = "done"
    PENDING = "pending"
    FAILED = "failed"


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    status: _Status
    reason: str = Field(min_length=1, max_length=1000)
    outputs: Mapping[str, str] = {}


class InvokeFunction(StepKind[InvokeFunctionParams]):
    """Calls a function until it says that it is done."""

    name = "invoke_function"
    params = InvokeFunctionParams
    harm = Harm.DISRUPTIVE
    leaves_nothing = "what the function did its owner alone can tell"
    marks = True
    verifies_by = ("Invoke",)
    timing = Timing(
        shortest=timedelta(seconds=1),
        typical=timedelta(minutes=1),
        longest=timedelta(minutes=15),
        poll=timedelta(seconds=10),
        give_up=_LONGEST + timedelta(minutes=1),
    )
    operations: ClassVar[tuple[Operation, ...]] = OPERATIONS

    def title(self, params: InvokeFunctionParams) -> str:
        return f"Have {params.function} do its step"[:63]

    def needs(self, params: InvokeFunctionParams) -> tuple[OutputOf, ...]:
        return tuple(value for value in params.payload.values() if isinstance(value, OutputOf))

    def gives(self, params: InvokeFunctionParams) -> tuple[str, ...]:
        return params.gives

    def statements(self, params: InvokeFunctionParams, place: Place) -> tuple[Statement, ...]:
        arn = (place.arn("lambda", f"function:{params.function}:{params.qualifier}"),)
        return (
            Statement(Access.WRITE, ("lambda:InvokeFunction",), arn),
            Statement(Access.READ, ("lambda:GetFunctionConfiguration",), arn),
        )

    def standing(self, params: InvokeFunctionParams, place: Place) -> tuple[Standing, ...]:
        facts = {"name": params.function, "qualifier": params.qualifier, "gives": params.gives}
        why = "It does a step of the plan: it may be called twice for one, and answers each call within 6 s."
        return (Standing("lambda", "function", place.standby, facts, why),)

    def readiness(self, params: InvokeFunctionParams, context: StepContext) -> tuple[Finding, ...]:
        return self.preflight(params, context)

    def preflight(self, params: InvokeFunctionParams, context: StepContext) -> tuple[Finding, ...]:
        named, where = f"{params.function}:{params.qualifier}", context.place.standby
        asked = {"FunctionName": params.function, "Qualifier": params.qualifier}
        try:
            found = context.aws.call("lambda", "GetFunctionConfiguration", where, **asked)
        except NotFound:
            said = f"Function {named} cannot be called, because {where} has none of that name and qualifier."
            return (Finding(Severity.IMPOSSIBLE, "function", said, "Deploy it there, or correct the plan."),)
        state, limit = str(found.get("State", "Active")), timedelta(seconds=int(found.get("Timeout", 3)))
        if state == "Failed":
            said = f"Function {named} cannot be called, because it is Failed: {found.get('StateReason', 'no reason')}."
            return (Finding(Severity.IMPOSSIBLE, "function", said, "Deploy it again."),)
        if limit > _ANSWERS_WITHIN:
            said = (
                f"Function {named} may run for {say_duration(limit)}, and an answer is waited for no longer than "
                f"{say_duration(_ANSWERS_WITHIN)}; it is then called again while it runs."
            )
            fix = "Let it set long work in motion and answer 'pending', and lower its timeout."
            return (Finding(Severity.WARNING, "function", said, fix),)
        return (Finding(Severity.FINE, "function", f"Function {named} can be called in {where}."),)

    def execute(self, params: InvokeFunctionParams, context: StepContext) -> Receipt | NotYet | Failed:
        answer = _ask("execute", params, context)
        if isinstance(answer, Pending):
            return NotYet(answer.reason)
        if isinstance(answer, Failed):
            return answer
        return Receipt(f"Function {params.function} was called and says: {answer.reason}", acted=True)

    def verify(
        self, params: InvokeFunctionParams, receipt: Receipt, context: StepContext
    ) -> Settled | Pending | Failed:
        answer = _ask("verify", params, context)
        if isinstance(answer, Failed):
            return answer
        if isinstance(answer, Pending) or answer.status is _Status.PENDING:
            if context.waited > params.within:
                late = f"Function {params.function} is not done after {say_duration(params.within)}: {answer.reason}"
                return Failed(late, "See what keeps it, then retry the step: it is asked anew.")
            return Pending(answer.reason)
        missing = [name for name in params.gives if name not in answer.outputs]
        if missing:
            said = f"Function {params.function} is done and did not give {', '.join(missing)}, as the plan says."
            return Failed(said, _FIX)
        return Settled(answer.reason, {name: answer.outputs[name] for name in params.gives})

    def undo(self, params: InvokeFunctionParams, receipt: Receipt, context: StepContext) -> Undone | CannotUndo:
        answer = _ask("undo", params, context)
        if isinstance(answer, _Answer) and answer.status is _Status.DONE:
            return Undone(f"Function {params.function} took it back: {answer.reason}")
        still = f"Function {params.function} has not taken it back yet: {answer.reason}"
        is_failed = isinstance(answer, Failed)
        return CannotUndo(answer.reason if is_failed else f"{still} Undo the step again.")

    def stand_in(self, params: InvokeFunctionParams, isolation: Isolation) -> Refusal:
        return Refusal(
            f"Function {params.function} is not called in a drill, because nobody here knows what it would do to the "
            "application; name a function of the drill's own in its place."
        )

    def by_hand(self, params: InvokeFunctionParams, place: Place) -> Handwork:
        payload = {n: v.by_hand if isinstance(v, OutputOf) else v for n, v in params.payload.items()}
        return calling_by_hand(params.function, params.qualifier, payload, params.gives, place)


def _ask(do: str, params: InvokeFunctionParams, context: StepContext) -> _Answer | Pending | Failed:
    """What the function says, a failure of its own included; pending where Lambda is not ready to call it."""
    named, where = f"{params.function}:{params.qualifier}", context.place.standby
    event = {
        "do": do,
        "run_id": context.run_id,
        "step": context.step,
        "epoch": context.epoch,
        "application": context.place.application,
        "payload": _payload(params, context) if do != "undo" else {},
    }
    call = {"FunctionName": params.function, "Qualifier": params.qualifier, "Payload": json.dumps(event).encode()}
    try:
        answered = context.aws.call("lambda", "Invoke", where, **call)
    except InvalidRequest as refused:
        if refused.code not in BUSY:
            raise
        return Pending(f"Function {named} cannot be called at this moment ({refused.code}), and is called again.")
    body = answered["Payload"].read()
    if answered.get("FunctionError"):
        return Failed(f"Function {named} did not answer but broke off: {_what_broke(body)}", _FIX)
    try:
        answer = _Answer.model_validate_json(body)
    except ValidationError:
        text = body[:200].decode("utf-8", "replace")
        said = f"Function {named} answered in a shape that says nothing: {text}"
        return Failed(said, "Let it answer with status, reason and outputs, then retry the step.")
    if answer.status is _Status.FAILED:
        return Failed(f"Function {named} failed: {answer.reason}", _FIX)
    return answer


def _payload(params: InvokeFunctionParams, context: StepContext) -> dict[str, Any]:
    return {
        name: context.outputs[value.step][value.output] if isinstance(value, OutputOf) else value
        for name, value in params.payload.items()
    }


def _what_broke(body: bytes) -> str:
    """The error that Lambda tells of a function that raised or timed out."""
    try:
        told = json.loads(body)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        return "Lambda does not say why."
    kind, message = told.get("errorType", ""), str(told.get("errorMessage", "Lambda does not say why")).rstrip(".")
    return f"{kind}: {message}." if kind else f"{message}."


KIND = InvokeFunction()
