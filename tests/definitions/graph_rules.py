"""Our own rules for a definition, beyond what any validator checks; each fault is one sentence with the state's name.

Why each: a state that nothing leads to was meant to be led to; a Task without TimeoutSeconds can wait for
ever, one without Retry fails on the first throttled call, one without Catch ends the run on any error; a
Choice without Default ends it on any new word, and a comparison without IsPresent before it on any missing
field, which nothing can catch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.definitions.recording import every_state, inner_graphs

State = Mapping[str, Any]


def faults(definition: Mapping[str, Any]) -> list[str]:
    """Everything that is wrong with a definition, in the order of its states."""
    return [
        *_graph_faults(definition),
        *(f"State '{name}' {fault}." for name, state in every_state(definition) for fault in _state_faults(state)),
    ]


def _graph_faults(graph: Mapping[str, Any]) -> Iterator[str]:
    states, reached, ahead = graph["States"], {graph["StartAt"]}, [graph["StartAt"]]
    while ahead:
        name = ahead.pop()
        if name not in states:
            yield f"State '{name}' is led to and does not exist."
            continue
        for target in _targets(states[name]):
            if target not in reached:
                reached.add(target)
                ahead.append(target)
    yield from (f"State '{name}' is never reached." for name in states if name not in reached)
    for state in states.values():
        for inner in inner_graphs(state):
            yield from _graph_faults(inner)


def _targets(state: State) -> list[str]:
    rules = [*state.get("Choices", ()), *state.get("Catch", ())]
    return [target for target in (state.get("Next"), state.get("Default"), *(rule["Next"] for rule in rules)) if target]


def _state_faults(state: State) -> Iterator[str]:
    for retrier in state.get("Retry", ()):
        if retrier.get("MaxDelaySeconds", float("inf")) <= retrier.get("IntervalSeconds", 1):
            yield "has a MaxDelaySeconds that is no more than its IntervalSeconds"
    if state["Type"] == "Task":
        yield from (f"has no {field}" for field in ("TimeoutSeconds", "Retry", "Catch") if not state.get(field))
        if state["Resource"].endswith(".waitForTaskToken") and "$$.Task.Token" not in str(state.get("Parameters")):
            yield "waits for a token that it gives to nobody"
    if state["Type"] == "Choice":
        if not state.get("Default"):
            yield "has no Default"
        for rule in state["Choices"]:
            for variable in _unguarded(rule, frozenset()):
                yield f"compares {variable} without IsPresent before it"


def _unguarded(rule: Mapping[str, Any], guarded: frozenset[str]) -> Iterator[str]:
    """Variables that are compared where they may be missing; in an And, a guard holds for what comes after it."""
    for inner in rule.get("And", ()):
        yield from _unguarded(inner, guarded)
        if inner.get("IsPresent") is True:
            guarded |= {inner["Variable"]}
    for inner in rule.get("Or", ()):
        yield from _unguarded(inner, guarded)
    if "Not" in rule:
        yield from _unguarded(rule["Not"], guarded)
    if "Variable" not in rule or "IsPresent" in rule:
        return
    for path in (rule["Variable"], *(operand for name, operand in rule.items() if name.endswith("Path"))):
        if path not in guarded:
            yield path
