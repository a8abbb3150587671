"""Reads each type of state from its fields; what is left over in the fields is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import TypeAlias

from rehearsal.engine.choice import parse_rule
from rehearsal.engine.context import admits
from rehearsal.engine.documents import JsonValue
from rehearsal.engine.expressions import Template
from rehearsal.engine.fields import Fields
from rehearsal.engine.handlers import read_handlers
from rehearsal.engine.paths import Path, ResultPath, Root
from rehearsal.engine.states import (
    Choice,
    DataFlow,
    Fail,
    Graph,
    Map,
    Parallel,
    Pass,
    State,
    Succeed,
    Task,
    Wait,
)

INVOKE = "arn:aws:states:::lambda:invoke"
INVOKE_AND_WAIT = f"{INVOKE}.waitForTaskToken"
_FUNCTION_FIELDS = {"FunctionName", "Payload", "Qualifier"}
ReadGraph: TypeAlias = Callable[[Fields], Graph]


def read_state(name: str, raw: JsonValue, read_graph: ReadGraph) -> State:
    """One state; `read_graph` reads the branches inside it. Raises DefinitionRefused."""
    fields = Fields(f"State '{name}'", raw)
    fields.only("QueryLanguage", "JSONPath")
    kind = fields.text("Type")
    if kind not in _READERS:
        raise fields.refusal(f"is of the type {kind}, which the rehearsal does not play")
    state = _READERS[kind](name, fields, read_graph)
    fields.done()
    return state


def _pass(name: str, fields: Fields, _: ReadGraph) -> Pass:
    result = (fields.take("Result"),) if fields.has("Result") else ()
    flow = _flow(fields, results=False)
    return Pass(name, flow, _next(fields), result)


def _task(name: str, fields: Fields, _: ReadGraph) -> Task:
    resource = fields.text("Resource")
    if resource not in (INVOKE, INVOKE_AND_WAIT):
        raise fields.refusal(f"calls {resource}: the rehearsal plays {INVOKE} and {INVOKE_AND_WAIT} only")
    waits = resource == INVOKE_AND_WAIT
    timeout_seconds, heartbeat_seconds = (fields.whole(f, least=1) for f in ("TimeoutSeconds", "HeartbeatSeconds"))
    if heartbeat_seconds is not None and timeout_seconds is not None and heartbeat_seconds >= timeout_seconds:
        raise fields.refusal("has HeartbeatSeconds that are no less than its TimeoutSeconds: it could never expire")
    handlers = read_handlers(fields, is_task=True, has_heartbeat=heartbeat_seconds is not None)
    flow = _flow(fields, results=True, token=waits)
    _check_call(fields, flow.parameters, waits)
    return Task(name, flow, _next(fields), handlers, waits, timeout_seconds, heartbeat_seconds)


def _check_call(fields: Fields, parameters: Template | None, waits: bool) -> None:
    named = set(parameters.root) if parameters and isinstance(parameters.root, dict) else set()
    if "FunctionName" not in named:
        raise fields.refusal("names no FunctionName in its Parameters")
    if strange := sorted(named - _FUNCTION_FIELDS):
        raise fields.refusal(
            f"has {strange[0]} in its Parameters: of lambda:invoke the rehearsal plays "
            f"{', '.join(sorted(_FUNCTION_FIELDS))}"
        )
    if waits and parameters and not any(_is_token(expression) for expression in parameters.expressions()):
        raise fields.refusal("waits for a task token that it gives to nobody: put $$.Task.Token in its Payload")


def _is_token(expression: object) -> bool:
    return isinstance(expression, Path) and expression.root is Root.CONTEXT and expression.steps == ("Task", "Token")


def _choice(name: str, fields: Fields, _: ReadGraph) -> Choice:
    rules = []
    for raw in fields.objects("Choices", required=True):
        rule = Fields(f"State '{name}'", raw)
        target = rule.text("Next")
        rule.take("Comment")
        left = rule.rest()
        rules.append((rule.parsed("a rule", partial(parse_rule, left)), target))
    default = fields.text("Default") if fields.has("Default") else None
    return Choice(name, _paths_only(fields), tuple(rules), default)


def _wait(name: str, fields: Fields, _: ReadGraph) -> Wait:
    field = fields.exactly_one("Seconds", "SecondsPath", "Timestamp")
    duration: int | Path | datetime | None
    if field == "Seconds":
        duration = fields.whole("Seconds", least=0)
    elif field == "SecondsPath":
        duration = fields.path("SecondsPath", definite=True)
    else:
        duration = datetime.fromisoformat(str(fields.timestamp("Timestamp")))
    if duration is None:
        raise fields.refusal("does not say how long it waits")
    return Wait(name, _paths_only(fields), _next(fields), duration)


def _parallel(name: str, fields: Fields, read_graph: ReadGraph) -> Parallel:
    raw_branches = fields.objects("Branches", required=True)
    branches = tuple(read_graph(Fields(f"Branch {i} of state '{name}'", raw)) for i, raw in enumerate(raw_branches))
    handlers = read_handlers(fields, is_task=False)
    flow = _flow(fields, results=True)
    return Parallel(name, flow, _next(fields), handlers, branches)


def _map(name: str, fields: Fields, read_graph: ReadGraph) -> Map:
    processor = Fields(f"The ItemProcessor of state '{name}'", fields.required("ItemProcessor"))
    config = Fields(f"The ProcessorConfig of state '{name}'", processor.take("ProcessorConfig", {}))
    config.only("Mode", "INLINE")
    config.done()
    graph = read_graph(processor)
    items_path = fields.path("ItemsPath")
    if items_path is None:
        raise fields.refusal("has ItemsPath null: there is nothing to go through")
    selector = fields.template("ItemSelector")
    _check_context(fields, "ItemSelector", selector, item=True)
    if fields.has("Parameters"):
        raise fields.refusal("has Parameters, the old name in a Map: use ItemSelector")
    max_concurrency = fields.whole("MaxConcurrency", least=0, default=0) or 0
    handlers = read_handlers(fields, is_task=False)
    flow = _flow(fields, results=True)
    return Map(name, flow, _next(fields), handlers, items_path, selector, graph, max_concurrency)


def _fail(name: str, fields: Fields, _: ReadGraph) -> Fail:
    return Fail(name, _literal_or_path(fields, "Error"), _literal_or_path(fields, "Cause"))


def _succeed(name: str, fields: Fields, _: ReadGraph) -> Succeed:
    return Succeed(name, _paths_only(fields))


def _literal_or_path(fields: Fields, field: str) -> str | Path:
    if fields.has(field) and fields.has(f"{field}Path"):
        raise fields.refusal(f"has both {field} and {field}Path: keep one")
    if fields.has(field):
        return fields.text(field)
    if not fields.has(f"{field}Path"):
        return ""
    path = fields.path(f"{field}Path", definite=True)
    if path is None:
        raise fields.refusal(f"has {field}Path null: name the value, or leave the field out")
    return path


def _next(fields: Fields) -> str | None:
    if fields.exactly_one("Next", "End") == "Next":
        return fields.text("Next")
    if fields.take("End") is not True:
        raise fields.refusal("has an End that is not true: leave it out and give it a Next")
    return None


def _flow(fields: Fields, *, results: bool, token: bool = False) -> DataFlow:
    parameters = fields.template("Parameters")
    _check_context(fields, "Parameters", parameters, token=token)
    selector = fields.template("ResultSelector") if results else None
    _check_context(fields, "ResultSelector", selector)
    input_path, result_path = fields.path("InputPath"), fields.result_path()
    return DataFlow(input_path, parameters, selector, result_path, fields.path("OutputPath"))


def _paths_only(fields: Fields) -> DataFlow:
    """Choice, Wait and Succeed have no result of their own: what came in goes out."""
    input_path = fields.path("InputPath")
    return DataFlow(input_path, None, None, ResultPath(()), fields.path("OutputPath"))


def _check_context(
    fields: Fields, field: str, template: Template | None, *, item: bool = False, token: bool = False
) -> None:
    for expression in template.expressions() if template else ():
        if not isinstance(expression, Path) or expression.root is Root.INPUT:
            continue
        if not admits(expression.steps, item=item, token=token):
            raise fields.refusal(f"reads {expression.text} in {field}, which the rehearsal does not know there")


_READERS: dict[str, Callable[[str, Fields, ReadGraph], State]] = {
    "Pass": _pass,
    "Task": _task,
    "Choice": _choice,
    "Wait": _wait,
    "Parallel": _parallel,
    "Map": _map,
    "Succeed": _succeed,
    "Fail": _fail,
}
