"""The same runs on engines that nobody here wrote, and proof that a difference would be seen."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from rehearsal.engine import Counts
from tests.definitions.agreement import ENGINES, MOTO_ENGINE, NODE_ENGINE, ForeignEngine, disagreements
from tests.definitions.explorer import explore
from tests.definitions.machines import SAMPLES, Sample
from tests.definitions.recording import NotReplayable, Recording, every_state

pytestmark = pytest.mark.full

# An antlr parser reads the definition anew for every run on moto: half a second each
SEEDS = {NODE_ENGINE.name: range(60), MOTO_ENGINE.name: range(8)}


def recordings_of(machine: Sample, seeds: range) -> list[Recording]:
    """Explorations that ended by themselves and hang on no race."""
    found = []
    for seed in seeds:
        execution = explore(machine.name, machine.definition_text, machine.input, seed)
        try:
            found.append(Recording.of(machine.definition_text, execution))
        except NotReplayable:
            continue
    return found


@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
def test_every_explored_run_agrees(engine: ForeignEngine, assembled_machine: Sample) -> None:
    seeds = SEEDS[engine.name]
    recordings = recordings_of(assembled_machine, seeds)
    kept_back = [defect.sentence for recording in recordings if (defect := engine.defect_in(recording))]

    said = disagreements(engine, recordings)

    assert said == []
    assert kept_back == [], "a machine touches a known defect: write it in the portable subset"
    assert len(recordings) >= 0.9 * len(seeds), "too many explorations go in circles to say anything"


def test_explorations_come_through_every_state(assembled_machine: Sample) -> None:
    recordings = recordings_of(assembled_machine, range(500))

    seen = {state for recording in recordings for state in recording.outcome.counts}

    assert seen == {name for name, _ in every_state(json.loads(assembled_machine.definition_text))}
    assert {recording.outcome.status for recording in recordings} == {"SUCCEEDED", "FAILED"}


CHANGES: dict[str, Callable[[Recording], Recording]] = {
    "the status is 'FAILED' here and 'SUCCEEDED'": lambda run: with_outcome(run, status="FAILED"),
    "the output is {'outcome': 'LOST'} here": lambda run: with_outcome(run, output={"outcome": "LOST"}),
    "the state 'Gate' has Counts": lambda run: with_counts(run, "Gate", retried=9),
    "the state 'Never' has Counts": lambda run: with_counts(run, "Never", entered=1),
    "the state 'Gate' asked [{}] here": lambda run: with_outcome(run, asked={**run.outcome.asked, "Gate": [{}]}),
    "the run went another way: 'Close' was asked a question that was not recorded": lambda run: replace(
        run, attempts=tuple(attempt for attempt in run.attempts if attempt.state != "Close")
    ),
}


def with_outcome(run: Recording, **changed: Any) -> Recording:
    return replace(run, outcome=replace(run.outcome, **changed))


def with_counts(run: Recording, state: str, **changed: int) -> Recording:
    counts = run.outcome.counts
    return with_outcome(run, counts={**counts, state: replace(counts.get(state, Counts()), **changed)})


@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
def test_a_recording_that_is_changed_by_hand_is_one_that_no_engine_plays(engine: ForeignEngine) -> None:
    recordings = recordings_of(SAMPLES["failover"], range(60))
    recovered = [run for run in recordings if run.outcome.status == "SUCCEEDED" and "Gate" in run.outcome.counts]
    changed = [change(run) for change, run in zip(CHANGES.values(), recovered, strict=False)]

    said = disagreements(engine, changed)

    assert len(said) == len(CHANGES)
    for sentence, run, difference in zip(said, changed, CHANGES, strict=True):
        assert sentence.startswith(f"failover, run {run.name}: {difference}")


def a_pass(**fields: Any) -> dict[str, Any]:
    return {"Type": "Pass", **fields, "End": True}


def a_run_of(state: dict[str, Any], *, input: Any = None) -> Recording:
    definition_text = json.dumps({"StartAt": "X", "States": {"X": state}})
    return Recording.of(definition_text, explore("probe", definition_text, input or {}, 1))


A_TASK = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke",
    "Parameters": {"FunctionName": "f", "Payload": {}},
    "End": True,
}


def within_a_branch(state: dict[str, Any]) -> dict[str, Any]:
    return {
        "Type": "Parallel",
        "Branches": [{"StartAt": "Y", "States": {"Y": state}}],
        "End": True,
        "OutputPath": "$[0]",
    }


class TestKnownDefects:
    """Each is still there; one that is not any more can be struck off the list."""

    @pytest.mark.parametrize(
        ("engine", "number", "state", "input"),
        [
            (NODE_ENGINE, 0, a_pass(Parameters={"name.$": "$$.State.Name"}), {}),
            (
                NODE_ENGINE,
                1,
                within_a_branch(a_pass(Parameters={"run.$": "$$.Execution.Input"}))
                | {"Parameters": {"only.$": "$.run"}},
                {"run": "r-1", "more": 1},
            ),
            (NODE_ENGINE, 2, a_pass(Result=False, ResultPath="$.result"), {}),
            (MOTO_ENGINE, 0, a_pass(Parameters={"b.$": "$.a[0].b"}), {"a": [{"b": 1}]}),
        ],
        ids=["node: $$.State", "node: Execution.Input", "node: falsy Result", "moto: index"],
    )
    def test_of_a_data_flow(self, engine: ForeignEngine, number: int, state: dict[str, Any], input: Any) -> None:
        recording = a_run_of(state, input=input)

        assert engine.defect_in(recording) is engine.defects[number]

        assert disagreements(replace(engine, defects=()), [recording]) != []

    def test_of_node_that_a_replayed_timeout_is_a_failed_task(self) -> None:
        task = A_TASK | {
            "TimeoutSeconds": 1,
            "Retry": [{"ErrorEquals": ["States.TaskFailed"], "MaxAttempts": 1}],
            "Catch": [{"ErrorEquals": ["States.Timeout"], "Next": "Y"}],
        }
        definition_text = json.dumps({"StartAt": "X", "States": {"X": task, "Y": a_pass()}})
        runs = [Recording.of(definition_text, explore("probe", definition_text, {}, seed)) for seed in range(20)]
        recording = next(run for run in runs if [attempt.error for attempt in run.attempts] == ["States.Timeout"])

        assert NODE_ENGINE.defect_in(recording) is NODE_ENGINE.defects[3]
        assert disagreements(replace(NODE_ENGINE, defects=()), [recording]) != []
        assert disagreements(MOTO_ENGINE, [recording]) == []

    def test_of_moto_that_all_errors_include_the_uncatchable_one(self) -> None:
        caught = {"ErrorEquals": ["States.ALL"], "Next": "Y"}
        task = A_TASK | {"ResultSelector": {"key.$": "$.absent"}, "Catch": [caught]}
        definition_text = json.dumps({"StartAt": "X", "States": {"X": task, "Y": a_pass()}})
        runs = [Recording.of(definition_text, explore("probe", definition_text, {}, seed)) for seed in range(5)]
        recording = next(run for run in runs if run.outcome.error == "States.Runtime")

        assert MOTO_ENGINE.defect_in(recording) is MOTO_ENGINE.defects[1]
        assert disagreements(replace(MOTO_ENGINE, defects=()), [recording]) != []
        assert disagreements(NODE_ENGINE, [recording]) == []
