"""Joins the hand-written ASL into one machine for a plan.

The assembler only repeats the step fragment under each step's own name and chains lanes, stages and the gate; all
behaviour stands in the `*.asl.json` files beside this module. Machines carry `run_id` and step names, and no data.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from pilotlight.domain.drill import Drill
from pilotlight.domain.errors import PlanRefused
from pilotlight.domain.plan import AnyPlan
from pilotlight.domain.stages import AwaitStep, RunStep, Stage, StageName, StartStep
from pilotlight.steps import kind, kind_and_params

States = dict[str, Any]
LONGEST_STATE_NAME = 80
"""The limit of Amazon States Language for the name of a state."""

_RETRY = [
    {
        "ErrorEquals": [
            "Lambda.ServiceException",
            "Lambda.AWSLambdaException",
            "Lambda.SdkClientException",
            "Lambda.ClientExecutionTimeoutException",
            "Lambda.TooManyRequestsException",
            "Unavailable",
            "Throttled",
            "Ambiguous",
            "Changed",
            "States.Timeout",
        ],
        "IntervalSeconds": 1,
        "BackoffRate": 2.0,
        "MaxAttempts": 5,
        "MaxDelaySeconds": 20,
        "JitterStrategy": "FULL",
    }
]


@dataclass(frozen=True)
class Functions:
    """The ARNs of the functions that a machine calls; `steps` is by kind."""

    open: str
    close: str
    steps: Mapping[str, str]


def assemble(plan: AnyPlan, functions: Functions) -> str:
    """The definition of a plan's machine, as JSON text; its gate stands behind what only prepares.

    However a drill goes on or ends, it goes through "Clean up" before it is closed.

    Raises `PlanRefused` when a state's name would be longer than ASL allows or stand twice.
    """
    ending = "Clean up" if isinstance(plan, Drill) else "Close"
    names = [*_stages_with_steps(plan), ending]
    gated = next((name for name in names[:-1] if name != StageName.PREPARE), names[0])
    called = {"open": functions.open, "close": functions.close, "ending": ending}
    machine = _fill("run", {**called, "first": _entrance(names[0], gated)})
    states: States = machine["States"]
    if isinstance(plan, Drill):
        states |= _fill("clean", called)
    for name, following in pairwise(names):
        if name == gated:
            states |= _fill("gate", {**called, "next": name})
        stage = plan.stages.of(StageName(name))
        lanes = [_lane(plan, stage, lane, name, functions) for lane in stage]
        states |= _fill("stage", {**called, "stage": name, "lanes": lanes, "next": _entrance(following, gated)})
    _check_names(states, set())
    return json.dumps({**machine, "TimeoutSeconds": _patience(plan)}, indent=2, ensure_ascii=False)


def title_of(plan: AnyPlan, step: str) -> str:
    """What a step does, as its state is named."""
    its_kind, params = kind_and_params(plan.steps()[step])
    return its_kind.title(params)


def _stages_with_steps(plan: AnyPlan) -> list[str]:
    return [stage.value for stage in StageName if plan.stages.of(stage)]


def _entrance(name: str, gated: str) -> str:
    return "Gate" if name == gated else name


def _lane(plan: AnyPlan, stage: Stage, lane: str, stage_name: str, functions: Functions) -> States:
    over = f"{stage_name} {lane}: over"
    states: States = {}
    titles = [_state_name(plan, entry) for entry in stage[lane]]
    for entry, title, following in zip(stage[lane], titles, [*titles[1:], over], strict=True):
        fragment = "start" if isinstance(entry, StartStep) else "step"
        step = _step_name(entry)
        words = {
            "title": title,
            "step": step,
            "function": functions.steps[plan.steps()[step].kind],
            "next": following,
            "over": over,
        }
        states |= _fill(fragment, words)
    states[over] = {"Type": "Pass", "End": True}
    return {"StartAt": titles[0], "States": states}


def _step_name(entry: RunStep | StartStep | AwaitStep) -> str:
    match entry:
        case RunStep():
            return entry.step
        case StartStep():
            return entry.start
        case AwaitStep():
            return entry.await_


def _state_name(plan: AnyPlan, entry: RunStep | StartStep | AwaitStep) -> str:
    title = title_of(plan, _step_name(entry))
    match entry:
        case StartStep():
            return f"{title}: start"
        case AwaitStep():
            return f"{title}: await"
        case RunStep():
            return title


def _patience(plan: AnyPlan) -> int:
    """The execution's own limit, in seconds: three times what all steps may take one after the other, the looking
    before the run and at its gate, and the waiting for people, at the gate and in each stage. What is retried begins
    while its stage waits, and so ends within one more of its times after that. That of a drill is its
    time to live.
    """
    if isinstance(plan, Drill):
        # What it has made by then, its janitor deletes.
        return int(plan.time_to_live.total_seconds())
    steps = sum((its_kind.timing.give_up for its_kind in (kind(s.kind) for s in plan.steps().values())), timedelta())
    gates, stages = plan.gates, len(_stages_with_steps(plan))
    people = gates.approval_within + gates.veto_window + stages * gates.failed_step_waits
    return int((3 * steps + 2 * plan.longest_look + people + timedelta(hours=1)).total_seconds())


@cache
def _fragment(name: str) -> str:
    return (Path(__file__).parent / f"{name}.asl.json").read_text()


def _fill(fragment: str, words: Mapping[str, Any]) -> States:
    filled: States = _put(json.loads(_fragment(fragment)), {"retry": _RETRY, **words})
    return filled


def _put(value: Any, words: Mapping[str, Any]) -> Any:
    if isinstance(value, dict):
        return {_put(name, words): _put(inner, words) for name, inner in value.items()}
    if isinstance(value, list):
        return [_put(inner, words) for inner in value]
    if not isinstance(value, str):
        return value
    for word, meaning in words.items():
        if value == f"{{{word}}}" and not isinstance(meaning, str):
            return meaning
        if isinstance(meaning, str):
            value = value.replace(f"{{{word}}}", meaning)
    return value


def _check_names(states: States, taken: set[str]) -> None:
    for name, state in states.items():
        if len(name) > LONGEST_STATE_NAME:
            raise PlanRefused(
                f"The state name '{name}' has {len(name)} characters and ASL allows {LONGEST_STATE_NAME}; "
                "give the resource a shorter name."
            )
        if name in taken:
            raise PlanRefused(f"Two states would be named '{name}'; give the two resources different names.")
        taken.add(name)
        for branch in state.get("Branches", ()):
            _check_names(branch["States"], taken)
