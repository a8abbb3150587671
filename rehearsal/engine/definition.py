"""Loads a definition in Amazon States Language, and refuses what the rehearsal does not play.

The subset is what independent engines agree on: JSONPath; Pass, Task (`lambda:invoke`, with or without
`.waitForTaskToken`), Choice, Wait, Parallel, inline Map, Succeed, Fail; no variables. It fails closed: a
field, path, operator, error name or resource that is not known here raises DefinitionRefused, one sentence
with the state's name.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from rehearsal.engine.documents import JsonValue
from rehearsal.engine.errors import DefinitionRefused
from rehearsal.engine.fields import Fields
from rehearsal.engine.reading import read_state
from rehearsal.engine.states import Choice, Fail, Graph, Map, Parallel, Pass, State, Succeed, Task, Wait


@dataclass(frozen=True)
class Machine:
    """A loaded state machine, ready to be executed."""

    name: str
    graph: Graph
    timeout_seconds: int | None

    @classmethod
    def parse(cls, definition_text: str, *, name: str) -> Machine:
        """Raises DefinitionRefused with one sentence about the first fault."""
        try:
            raw = json.loads(definition_text, object_pairs_hook=_without_doubles)
        except json.JSONDecodeError as reason:
            raise DefinitionRefused(f"The definition of '{name}' is no JSON: {reason}.") from reason
        fields = Fields(f"The machine '{name}'", raw)
        fields.only("QueryLanguage", "JSONPath")
        fields.only("Version", "1.0")
        timeout_seconds = fields.whole("TimeoutSeconds", least=1)
        machine = cls(name, _graph(fields), timeout_seconds)
        doubles = [state for state, times in Counter(machine.state_names()).items() if times > 1]
        if doubles:
            raise fields.refusal(f"has two states called '{doubles[0]}': give each its own name, in branches too")
        return machine

    def state_names(self) -> list[str]:
        return [state.name for state in _every_state(self.graph)]


def _without_doubles(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    document = dict(pairs)
    if len(document) < len(pairs):
        doubled = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise DefinitionRefused(f"The definition has the key '{doubled}' twice in one object: keep one of them.")
    return document


def _every_state(graph: Graph) -> Iterator[State]:
    for state in graph.states.values():
        yield state
        inner = state.branches if isinstance(state, Parallel) else (state.processor,) if isinstance(state, Map) else ()
        for branch in inner:
            yield from _every_state(branch)


def _graph(fields: Fields) -> Graph:
    start_at, raw_states = fields.text("StartAt"), fields.required("States")
    fields.done()
    if not isinstance(raw_states, dict) or not raw_states:
        raise fields.refusal("has no States")
    graph = Graph(start_at, {name: read_state(name, raw, _graph) for name, raw in raw_states.items()})
    if start_at not in graph.states:
        raise fields.refusal(f"starts at '{start_at}', which is none of its states")
    _check_targets(graph, fields)
    return graph


def _check_targets(graph: Graph, fields: Fields) -> None:
    reached, ahead = {graph.start_at}, [graph.start_at]
    while ahead:
        name = ahead.pop()
        for target in _targets(graph.states[name]):
            if target not in graph.states:
                raise DefinitionRefused(
                    f"State '{name}' goes to '{target}', no state beside it: correct the name, or add it."
                )
            if target not in reached:
                reached.add(target)
                ahead.append(target)
    for name in graph.states:
        if name not in reached:
            raise DefinitionRefused(f"State '{name}' is never reached: lead to it, or take it out ({fields.owner}).")


def _targets(state: State) -> list[str]:
    match state:
        case Choice():
            return [target for _, target in state.rules] + ([state.default] if state.default else [])
        case Succeed() | Fail():
            return []
        case Task() | Parallel() | Map():
            return [catcher.next for catcher in state.handlers.catchers] + ([state.next] if state.next else [])
        case Pass() | Wait():
            return [state.next] if state.next else []
