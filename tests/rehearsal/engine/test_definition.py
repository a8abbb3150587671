"""What is refused when a machine is loaded: all outside the subset, in a sentence with the state's name."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.engine import DefinitionRefused, Machine
from tests.rehearsal.engine.builders import (
    INVOKE,
    States,
    a_branch,
    a_catcher,
    a_definition,
    a_map,
    a_parallel,
    a_pass,
    a_retrier,
    a_task,
    a_token_task,
    a_wait,
)


def load(states: States, **fields: Any) -> Machine:
    return Machine.parse(a_definition(states, **fields), name="m")


def a_choice(*rules: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"Type": "Choice", "Choices": list(rules), **fields}


def a_rule(**fields: Any) -> dict[str, Any]:
    return {"Variable": "$.a", "IsPresent": True, "Next": "End", **fields}


END = {"End": a_pass()}


def test_every_type_of_the_subset_loads() -> None:
    machine = load(
        {
            "Open": a_task(next="Look", TimeoutSeconds=60, Retry=[a_retrier("States.ALL", MaxDelaySeconds=20)]),
            "Look": a_choice(a_rule(Next="Wait"), Default="Wait", Comment="guarded"),
            "Wait": a_wait(5, next="Stage"),
            "Stage": a_parallel(
                a_branch(Cache=a_task(next="Each"), Each=a_map(a_branch(Item=a_pass()))),
                a_branch(Ask=a_token_task(TimeoutSeconds=900, HeartbeatSeconds=60)),
                next="Done",
            ),
            "Done": {"Type": "Succeed"},
        },
        Comment="the life of a run",
        TimeoutSeconds=7200,
        Version="1.0",
        QueryLanguage="JSONPath",
    )

    assert machine.timeout_seconds == 7200
    assert sorted(machine.state_names()) == sorted(
        ["Open", "Look", "Wait", "Stage", "Cache", "Each", "Item", "Ask", "Done"]
    )


TASK_WITHOUT_FUNCTION = a_task() | {"Parameters": {"Payload.$": "$"}}

REFUSALS: list[tuple[str, States, str]] = [
    ("JSONata", {"X": a_pass(QueryLanguage="JSONata")}, "State 'X' has another QueryLanguage than JSONPath"),
    ("Assign", {"X": a_pass(Assign={"a": 1})}, "State 'X' has the field Assign.*pass the value on"),
    ("Output", {"X": a_pass(Output={"a": 1})}, "State 'X' has the field Output.*belongs to JSONata"),
    ("Arguments", {"X": a_task(Arguments={})}, "State 'X' has the field Arguments.*use Parameters"),
    ("misspelt field", {"X": a_task(Rety=[])}, "State 'X' has the field Rety"),
    ("no type", {"X": {"End": True}}, "State 'X' has no Type"),
    ("unknown type", {"X": {"Type": "Activity", "End": True}}, "State 'X' is of the type Activity"),
    ("another resource", {"X": a_task(Resource="arn:aws:states:::sqs:sendMessage")}, "State 'X' calls .*sqs"),
    (
        "an SDK resource",
        {"X": a_task(Resource="arn:aws:states:::aws-sdk:rds:promoteReadReplica")},
        "'X' calls",
    ),
    ("no function", {"X": TASK_WITHOUT_FUNCTION}, "State 'X' names no FunctionName"),
    (
        "another parameter",
        {"X": a_task() | {"Parameters": {"FunctionName": "f", "InvocationType": "Event"}}},
        "State 'X' has InvocationType in its Parameters",
    ),
    (
        "a token for nobody",
        {"X": a_task(Resource=f"{INVOKE}.waitForTaskToken")},
        "State 'X' waits for a task token that it gives to nobody",
    ),
    (
        "a token without a wait",
        {"X": a_token_task(Resource=INVOKE)},
        r"State 'X' reads \$\$.Task.Token in Parameters",
    ),
    (
        "unknown context",
        {"X": a_pass(Parameters={"a.$": "$$.Execution.RedriveCount"})},
        "RedriveCount in Parameters",
    ),
    ("the whole context", {"X": a_pass(Parameters={"a.$": "$$"})}, r"State 'X' reads \$\$ in Parameters"),
    (
        "an item outside a Map",
        {"X": a_pass(Parameters={"a.$": "$$.Map.Item.Index"})},
        "Map.Item.Index in Parameters",
    ),
    (
        "context as input",
        {"X": a_pass(InputPath="$$.Execution.Input")},
        "State 'X' has InputPath .*take .* in Parameters",
    ),
    (
        "a filter",
        {"X": a_pass(InputPath="$.a[?(@.b)]")},
        "State 'X' has InputPath outside what the rehearsal plays",
    ),
    ("a number as path", {"X": a_pass(OutputPath=1)}, "State 'X' has OutputPath 1"),
    ("a result path into a list", {"X": a_pass(ResultPath="$.a[0]")}, "State 'X' has ResultPath outside"),
    (
        "an unknown function",
        {"X": a_pass(Parameters={"a.$": "States.Sum(1)"})},
        "none of the 18 intrinsic functions",
    ),
    ("bare parameters", {"X": a_pass(Parameters="$.a")}, "State 'X' has Parameters that is no object"),
    ("a variable", {"X": a_pass(Parameters={"a.$": "$lag"})}, "State 'X' has Parameters outside"),
    ("no next", {"X": {"Type": "Pass"}}, "State 'X' has none of Next, End"),
    ("next and end", {"X": a_pass(Next="X")}, "State 'X' has Next and End of Next, End"),
    ("end false", {"X": {"Type": "Pass", "End": False}}, "State 'X' has an End that is not true"),
    ("dangling next", {"X": a_pass(next="Y")}, "State 'X' goes to 'Y', no state beside it"),
    (
        "dangling catch",
        {"X": a_task(Catch=[a_catcher("States.ALL", next="Y")])},
        "State 'X' goes to 'Y', no state beside it",
    ),
    ("dangling default", {"X": a_choice(a_rule(), Default="Y"), **END}, "State 'X' goes to 'Y'"),
    ("dangling choice", {"X": a_choice(a_rule(Next="Y"))}, "State 'X' goes to 'Y'"),
    ("unreachable", {"X": a_pass(), "Y": a_pass()}, "State 'Y' is never reached"),
    (
        "into a branch from outside",
        {"X": a_parallel(a_branch(Y=a_pass()), next="Y")},
        "State 'X' goes to 'Y', no state beside it",
    ),
    (
        "a name twice",
        {"X": a_parallel(a_branch(X=a_pass()))},
        "The machine 'm' has two states called 'X'",
    ),
    ("no branches", {"X": a_parallel()}, "State 'X' has Branches that is no list with something in it"),
    ("no choices", {"X": a_choice(Default="End"), **END}, "State 'X' has Choices that is no list"),
    (
        "a rule outside",
        {"X": a_choice(a_rule(IsPresent=1)), **END},
        "State 'X' has a rule outside what the rehearsal",
    ),
    (
        "no duration",
        {"X": {"Type": "Wait", "End": True}},
        "State 'X' has none of Seconds, SecondsPath, Timestamp",
    ),
    ("two durations", {"X": a_wait(1) | {"SecondsPath": "$.s"}}, "State 'X' has Seconds and SecondsPath"),
    ("timestamp path", {"X": a_wait(1) | {"TimestampPath": "$.t"}}, "State 'X' has the field TimestampPath"),
    (
        "no timestamp",
        {"X": {"Type": "Wait", "Timestamp": "soon", "End": True}},
        "State 'X' has Timestamp 'soon'",
    ),
    ("negative seconds", {"X": a_wait(-1)}, "State 'X' has Seconds -1"),
    ("fractional seconds", {"X": {"Type": "Wait", "Seconds": 0.5, "End": True}}, "State 'X' has Seconds 0.5"),
    ("no timeout of zero", {"X": a_task(TimeoutSeconds=0)}, "State 'X' has TimeoutSeconds 0"),
    ("timeout path", {"X": a_task(TimeoutSecondsPath="$.t")}, "State 'X' has the field TimeoutSecondsPath"),
    (
        "heartbeat no less than timeout",
        {"X": a_task(TimeoutSeconds=60, HeartbeatSeconds=60)},
        "State 'X' has HeartbeatSeconds that are no less",
    ),
    (
        "one name of a heartbeat",
        {"X": a_task(HeartbeatSeconds=60, Retry=[a_retrier("States.HeartbeatTimeout")])},
        "A retrier of state 'X' names one of States.HeartbeatTimeout and States.Timeout",
    ),
    (
        "ALL not alone",
        {"X": a_task(Retry=[a_retrier("States.ALL", "States.Timeout")])},
        "A retrier of state 'X' names States.ALL beside or before",
    ),
    (
        "ALL not last",
        {
            "X": a_task(Catch=[a_catcher("States.ALL", next="End"), a_catcher("A", next="End")], next="End"),
            **END,
        },
        "A catcher of state 'X' names States.ALL beside or before",
    ),
    (
        "no errors",
        {"X": a_task(Retry=[a_retrier()])},
        "A retrier of state 'X' has ErrorEquals that is no list",
    ),
    (
        "the uncatchable",
        {"X": a_task(Retry=[a_retrier("States.Runtime")])},
        "A retrier of state 'X' names States.Runtime, which cannot be relied on",
    ),
    ("a branch's name", {"X": a_task(Retry=[a_retrier("States.BranchFailed")])}, "names States.BranchFailed"),
    (
        "TaskFailed of a Parallel",
        {"X": a_parallel(a_branch(Y=a_pass()), Retry=[a_retrier("States.TaskFailed")])},
        "A retrier of state 'X' names States.TaskFailed outside a Task",
    ),
    (
        "a cap below the interval",
        {"X": a_task(Retry=[a_retrier("A", IntervalSeconds=5, MaxDelaySeconds=5)])},
        "A retrier of state 'X' has MaxDelaySeconds that are no more",
    ),
    ("a shrinking rate", {"X": a_task(Retry=[a_retrier("A", BackoffRate=0.5)])}, "has BackoffRate 0.5"),
    (
        "an odd jitter",
        {"X": a_task(Retry=[a_retrier("A", JitterStrategy="HALF")])},
        "has JitterStrategy 'HALF'",
    ),
    ("a negative count", {"X": a_task(Retry=[a_retrier("A", MaxAttempts=-1)])}, "has MaxAttempts -1"),
    ("retry of a Pass", {"X": a_pass(Retry=[a_retrier("A")])}, "State 'X' has the field Retry"),
    (
        "an iterator",
        {"X": {"Type": "Map", "Iterator": a_branch(Y=a_pass()), "End": True}},
        "State 'X' has no ItemProc",
    ),
    (
        "map parameters",
        {"X": a_map(a_branch(Y=a_pass()), Parameters={})},
        "State 'X' has Parameters, the old name",
    ),
    (
        "distributed map",
        {"X": a_map(a_branch(Y=a_pass()) | {"ProcessorConfig": {"Mode": "DISTRIBUTED"}})},
        "The ProcessorConfig of state 'X' has another Mode than INLINE",
    ),
    ("item reader", {"X": a_map(a_branch(Y=a_pass()), ItemReader={})}, "State 'X' has the field ItemReader"),
    ("no items", {"X": a_map(a_branch(Y=a_pass()), ItemsPath=None)}, "State 'X' has ItemsPath null"),
    (
        "two errors",
        {"X": {"Type": "Fail", "Error": "A", "ErrorPath": "$.e"}},
        "State 'X' has both Error and ErrorPath",
    ),
    (
        "cause intrinsics",
        {"X": {"Type": "Fail", "CausePath": "States.Format('a')"}},
        "State 'X' has CausePath outside",
    ),
]


@pytest.mark.parametrize(("states", "sentence"), [case[1:] for case in REFUSALS], ids=[case[0] for case in REFUSALS])
def test_a_state_is_refused(states: States, sentence: str) -> None:
    with pytest.raises(DefinitionRefused, match=sentence) as refused:
        load(states)

    assert str(refused.value).endswith((".", ")."))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "The definition of 'm' is no JSON"),
        ("[]", "The machine 'm' is no object"),
        ('{"StartAt": "X"}', "The machine 'm' has no States"),
        ('{"StartAt": "X", "States": {}}', "The machine 'm' has no States"),
        ('{"States": {"X": {"Type": "Succeed"}}}', "The machine 'm' has no StartAt"),
        (
            '{"StartAt": "Y", "States": {"X": {"Type": "Succeed"}}}',
            "starts at 'Y', which is none of its states",
        ),
        (
            '{"StartAt": "X", "States": {"X": {"Type": "Succeed"}}, "TimeoutSeconds": "1"}',
            "has TimeoutSeconds '1'",
        ),
        ('{"StartAt": "X", "States": {"X": {"Type": "Succeed"}}, "Globals": 1}', "has the field Globals"),
        (
            '{"StartAt": "X", "States": {"X": {"Type": "Succeed"}}, "QueryLanguage": "JSONata"}',
            "another QueryLanguage",
        ),
        ('{"StartAt": "X", "States": {"X": {"Type": "Pass", "Type": "Succeed"}}}', "the key 'Type' twice"),
        ('{"StartAt": "X", "States": {"X": []}}', "State 'X' is no object"),
    ],
)
def test_a_machine_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(DefinitionRefused, match=sentence):
        Machine.parse(text, name="m")


def test_comments_are_for_people() -> None:
    machine = load({"X": a_choice(a_rule(Comment="why"), Default="End", Comment="what"), "End": a_pass(Comment="")})

    assert machine.state_names() == ["X", "End"]
