"""Compares what two engines made of one recorded run, and knows where a foreign engine is known to be wrong.

Compared are status, error, output, what each Task was asked, and how often each state was entered,
attempted, retried, caught and exited: counts, never an order. Not compared: the wording of an engine's own
causes, and the insides of a Parallel or Map that failed, since how far its other branches had come is a
matter of timing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.node import NODE_MODULES, find_node
from rehearsal.engine import Counts
from tests.definitions.recording import Outcome, Recording, every_state, inner_graphs, masked

FOREIGN = Path(__file__).parent / "foreign"
REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True)
class Defect:
    """Something that a foreign engine gets wrong, or cannot know; runs that it touches are not replayed there."""

    sentence: str
    touches: Callable[[Recording], bool]


@dataclass(frozen=True)
class ForeignEngine:
    name: str
    command: Callable[[], tuple[Sequence[str], dict[str, str]]]
    defects: tuple[Defect, ...]

    def defect_in(self, recording: Recording) -> Defect | None:
        return next((defect for defect in self.defects if defect.touches(recording)), None)

    def replay(self, recordings: Sequence[Recording]) -> list[Outcome]:
        """All recordings of one definition, in one fresh process."""
        (definition_text,) = {recording.definition_text for recording in recordings}
        job = {"definition": json.loads(definition_text), "runs": [recording.job() for recording in recordings]}
        command, environment = self.command()
        ended = subprocess.run(
            command, input=json.dumps(job), env=environment, capture_output=True, text=True, check=False
        )
        if ended.returncode != 0 or not ended.stdout:
            raise RuntimeError(f"{self.name} ended with {ended.returncode}: {ended.stderr[-2000:]}")
        return [_outcome(raw) for raw in json.loads(ended.stdout)]


def disagreements(engine: ForeignEngine, recordings: Sequence[Recording]) -> list[str]:
    """One sentence for each thing on which the engine and the recordings do not agree."""
    replayable = [recording for recording in recordings if engine.defect_in(recording) is None]
    if not replayable:
        return []
    return [
        f"{recording.machine}, run {recording.name}: {difference} on {engine.name}."
        for recording, outcome in zip(replayable, engine.replay(replayable), strict=True)
        for difference in _differences(recording, outcome)
    ]


def _differences(recording: Recording, foreign: Outcome) -> list[str]:
    own = recording.outcome
    if foreign.status == "DIVERGED":
        return [f"the run went another way: {foreign.cause}"]
    found = [
        f"the {what} is {getattr(own, what)!r} here and {getattr(foreign, what)!r}"
        for what in ("status", "error", "output")
        if getattr(own, what) != getattr(foreign, what)
    ]
    if own.cause != foreign.cause and not own.error.startswith("States."):
        found.append(f"the cause is {own.cause!r} here and {foreign.cause!r}")
    for state in sorted((own.counts.keys() | foreign.counts.keys()) - recording.cut_short):
        here, there = own.counts.get(state, Counts()), foreign.counts.get(state, Counts())
        if here != there:
            found.append(f"the state '{state}' has {here} here and {there}")
        if _in_no_order(own.asked.get(state, [])) != _in_no_order(foreign.asked.get(state, [])):
            found.append(f"the state '{state}' asked {own.asked.get(state)} here and {foreign.asked.get(state)}")
    return found


def _in_no_order(payloads: Sequence[Any]) -> list[str]:
    return sorted(json.dumps(payload, sort_keys=True) for payload in payloads)


def _outcome(raw: dict[str, Any]) -> Outcome:
    counts = {state: Counts(**tally) for state, tally in raw["counts"].items() if any(tally.values())}
    asked = {state: masked(payloads) for state, payloads in raw["asked"].items()}
    return Outcome(raw["status"], masked(raw["output"]), raw["error"], raw["cause"], counts, asked)


def node_command(script: str) -> tuple[Sequence[str], dict[str, str]]:
    """How a script of `foreign/` is run on Node, with the modules that PILOTLIGHT_NODE_MODULES names."""
    node = find_node(os.environ)
    modules = os.environ.get("PILOTLIGHT_NODE_MODULES", str(NODE_MODULES))
    if not (Path(modules) / "aws-local-stepfunctions").is_dir():
        raise RuntimeError(f"The engines for the checks are not in {modules}: run ./pilotlight test --full once.")
    environment = {**node.environment(os.environ), "PILOTLIGHT_NODE_MODULES": modules}
    return [str(node.executable), str(FOREIGN / script)], environment


def _moto_command() -> tuple[Sequence[str], dict[str, str]]:
    return [sys.executable, str(FOREIGN / "moto_replay.py")], {**os.environ, "PYTHONPATH": str(REPOSITORY)}


def _reads_state_context(recording: Recording) -> bool:
    return "$$.State." in recording.definition_text


def _reads_execution_input_inside(recording: Recording) -> bool:
    states = every_state(json.loads(recording.definition_text))
    return any("$$.Execution.Input" in json.dumps(inner_graphs(state)) for _, state in states)


def _has_a_falsy_result(recording: Recording) -> bool:
    return any(
        state["Type"] == "Pass"
        and "Result" in state
        and not state["Result"]
        and not isinstance(state["Result"], dict | list)
        for _, state in every_state(json.loads(recording.definition_text))
    )


def _retries_timeouts_as_task_failures(recording: Recording) -> bool:
    states = dict(every_state(json.loads(recording.definition_text)))
    return any(
        (attempt.error or "").endswith("Timeout") and "States.TaskFailed" in json.dumps(states[attempt.state])
        for attempt in recording.attempts
    )


def _goes_on_after_an_index(recording: Recording) -> bool:
    return "]." in recording.definition_text or "][" in recording.definition_text


def _ends_with_a_runtime_error(recording: Recording) -> bool:
    return recording.outcome.error == "States.Runtime"


NODE_ENGINE = ForeignEngine(
    "aws-local-stepfunctions",
    lambda: node_command("replay.mjs"),
    (
        Defect("its context object is what the caller passes, so it has no $$.State", _reads_state_context),
        Defect("in a branch its $$.Execution.Input is the branch's input", _reads_execution_input_inside),
        Defect("it passes over a Result of null, false, 0 or an empty string", _has_a_falsy_result),
        Defect(
            "it tells a timeout by its own class, so States.TaskFailed matches one that is replayed",
            _retries_timeouts_as_task_failures,
        ),
    ),
)
MOTO_ENGINE = ForeignEngine(
    "moto",
    _moto_command,
    (
        Defect("a path that goes on after an index gives it a list", _goes_on_after_an_index),
        Defect(
            "its States.ALL matches States.Runtime, and a missing Choice variable is no error",
            _ends_with_a_runtime_error,
        ),
    ),
)
ENGINES = {engine.name: engine for engine in (NODE_ENGINE, MOTO_ENGINE)}
