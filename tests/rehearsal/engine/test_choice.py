"""The rules of a Choice state, operator by operator."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.engine.choice import RuleRefused, parse_rule
from rehearsal.engine.errors import StatesError
from rehearsal.engine.paths import PathRefused

DOCUMENT: Any = {
    "text": "settled",
    "other": "settled",
    "path": "a*b\\c",
    "empty": "",
    "n": 3,
    "m": 3.0,
    "yes": True,
    "no": False,
    "nothing": None,
    "t": "2026-11-21T12:00:00Z",
    "t9": "2026-11-21T21:00:00+09:00",
    "later": "2026-11-21T12:00:00.500Z",
    "list": [1, 2],
}


def variable(name: str, operator: str, operand: Any) -> dict[str, Any]:
    return {"Variable": f"$.{name}", operator: operand}


@pytest.mark.parametrize(
    ("name", "operator", "operand", "matches"),
    [
        ("text", "StringEquals", "settled", True),
        ("text", "StringEquals", "pending", False),
        ("text", "StringLessThan", "z", True),
        ("text", "StringGreaterThan", "a", True),
        ("text", "StringLessThanEquals", "settled", True),
        ("text", "StringGreaterThanEquals", "settled", True),
        ("text", "StringEqualsPath", "$.other", True),
        ("text", "StringEqualsPath", "$.n", False),
        ("n", "StringEquals", "3", False),
        ("text", "StringMatches", "set*", True),
        ("text", "StringMatches", "*tt*d", True),
        ("text", "StringMatches", "tt", False),
        ("text", "StringMatches", "settled.", False),
        ("path", "StringMatches", r"a\*b\\c", True),
        ("text", "StringMatches", r"set\*", False),
        ("empty", "StringMatches", "*", True),
        ("n", "StringMatches", "*", False),
        ("n", "NumericEquals", 3, True),
        ("n", "NumericEquals", 3.0, True),
        ("n", "NumericEqualsPath", "$.m", True),
        ("n", "NumericLessThan", 3, False),
        ("n", "NumericLessThanEquals", 3, True),
        ("n", "NumericGreaterThan", 2.5, True),
        ("n", "NumericGreaterThanEquals", 4, False),
        ("yes", "NumericEquals", 1, False),
        ("text", "NumericEquals", 3, False),
        ("yes", "BooleanEquals", True, True),
        ("no", "BooleanEquals", True, False),
        ("no", "BooleanEqualsPath", "$.no", True),
        ("n", "BooleanEquals", True, False),
        ("t", "TimestampEquals", "2026-11-21T12:00:00Z", True),
        ("t", "TimestampEqualsPath", "$.t9", True),
        ("t", "TimestampLessThanPath", "$.later", True),
        ("t", "TimestampLessThan", "2026-11-21T12:00:00Z", False),
        ("later", "TimestampGreaterThanEquals", "2026-11-21T12:00:00Z", True),
        ("text", "TimestampEquals", "2026-11-21T12:00:00Z", False),
        ("nothing", "IsNull", True, True),
        ("n", "IsNull", True, False),
        ("n", "IsNull", False, True),
        ("nothing", "IsPresent", True, True),
        ("absent", "IsPresent", True, False),
        ("absent", "IsPresent", False, True),
        ("nothing", "IsPresent", False, False),
        ("n", "IsNumeric", True, True),
        ("yes", "IsNumeric", True, False),
        ("text", "IsString", True, True),
        ("yes", "IsBoolean", True, True),
        ("t", "IsTimestamp", True, True),
        ("text", "IsTimestamp", True, False),
        ("list[1]", "NumericEquals", 2, True),
    ],
)
def test_a_comparison(name: str, operator: str, operand: Any, matches: bool) -> None:
    assert parse_rule(variable(name, operator, operand)).matches(DOCUMENT) is matches


SETTLED = variable("text", "StringEquals", "settled")
FAILED = variable("text", "StringEquals", "failed")
UNGUARDED = variable("absent", "StringEquals", "x")


@pytest.mark.parametrize(
    ("rule", "matches"),
    [
        ({"And": [SETTLED, SETTLED]}, True),
        ({"And": [SETTLED, FAILED]}, False),
        ({"Or": [FAILED, SETTLED]}, True),
        ({"Or": [FAILED, FAILED]}, False),
        ({"Not": FAILED}, True),
        ({"Not": {"And": [SETTLED, {"Or": [FAILED, {"Not": FAILED}]}]}}, False),
        ({"And": [variable("absent", "IsPresent", True), UNGUARDED]}, False),
        ({"Or": [variable("absent", "IsPresent", False), UNGUARDED]}, True),
    ],
)
def test_rules_combine_and_stop_as_soon_as_they_know(rule: Any, matches: bool) -> None:
    assert parse_rule(rule).matches(DOCUMENT) is matches


@pytest.mark.parametrize(
    "rule",
    [
        UNGUARDED,
        variable("absent", "IsNull", True),
        variable("absent", "IsString", False),
        {"Not": UNGUARDED},
    ],
)
def test_a_missing_variable_without_a_guard_is_the_uncatchable_runtime_error(rule: Any) -> None:
    with pytest.raises(StatesError) as caught:
        parse_rule(rule).matches(DOCUMENT)

    assert caught.value.error == "States.Runtime"
    assert "Invalid path '$.absent'" in caught.value.cause


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ({}, "takes And, Or, Not"),
        ({"And": []}, "takes And, Or, Not"),
        ({"And": [SETTLED], "Or": [SETTLED]}, "takes And, Or, Not"),
        ({"And": [SETTLED], "Next": "x"}, "takes And, Or, Not"),
        ({"Variable": "$.n"}, "takes And, Or, Not"),
        ({"Variable": "$.n", "NumericEquals": 1, "IsNull": True}, "takes And, Or, Not"),
        (variable("n", "NumberEquals", 1), "no operator"),
        (variable("n", "BooleanLessThan", True), "no operator"),
        (variable("n", "NumericEquals", "1"), "cannot compare"),
        (variable("n", "NumericEquals", True), "cannot compare"),
        (variable("n", "StringEquals", 1), "cannot compare"),
        (variable("n", "TimestampEquals", "yesterday"), "cannot compare"),
        (variable("n", "IsPresent", "true"), "true or false"),
        (variable("n", "NumericEqualsPath", 1), "takes a path"),
        (variable("n", "StringMatches", 1), "takes a string"),
        ("settled", "no object"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(rule: Any, reason: str) -> None:
    with pytest.raises(RuleRefused, match=reason):
        parse_rule(rule)


@pytest.mark.parametrize(
    "rule",
    [
        {"Variable": "$$.Execution.Name", "StringEquals": "x"},
        {"Variable": "$.list[*]", "NumericEquals": 1},
        variable("n", "NumericEqualsPath", "$$.State.RetryCount"),
        variable("n", "NumericEqualsPath", "$.list[0:1]"),
    ],
)
def test_paths_that_engines_read_differently_are_refused(rule: Any) -> None:
    with pytest.raises(PathRefused, match="must name one value"):
        parse_rule(rule)
