"""The 18 intrinsic functions against the examples and limits of the developer guide."""

from __future__ import annotations

import uuid
from random import Random
from typing import Any

import pytest

from rehearsal.engine.errors import StatesError
from rehearsal.engine.expressions import ExpressionRefused, Template, View, evaluate, parse_expression
from rehearsal.engine.intrinsics import ARITIES

DOCUMENT: Any = {
    "name": "Ada",
    "array": [1, 2, 3, 4, 5, 6, 7, 8, 9],
    "twice": [1, 2, 2, "a", "a", True, 1.0],
    "json": '{"a":[1,null]}',
    "left": {"a": {"x": 1}, "b": 2},
    "right": {"a": {"y": 3}, "c": 4},
    "template": "Hi {}.",
    "two words": "x",
}


def compute(text: str, *, seed: int = 1) -> Any:
    context: Any = {"Execution": {"Name": "run-1"}}
    return evaluate(parse_expression(text), View(DOCUMENT, context, Random(seed)), "value.$")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("States.Format('Hello, {}.', $.name)", "Hello, Ada."),
        ("States.Format($.template, $.name)", "Hi Ada."),
        ("States.Format('{}-{}-{}-{}', 1, 2.5, true, null)", "1-2.5-true-null"),
        (r"States.Format('\{\} {} \'quoted\' \\', 'x')", "{} x 'quoted' \\"),
        (r"States.Format('\\{}', 'x')", "\\x"),
        ("States.Format('plain')", "plain"),
        ("States.Format('{}', $$.Execution.Name)", "run-1"),
        ("States.Format('a, b) {}', 'c')", "a, b) c"),
        ("States.StringToJson($.json)", {"a": [1, None]}),
        ("States.JsonToString($.left)", '{"a":{"x":1},"b":2}'),
        ("States.Array()", []),
        ("States.Array('a', 1, $.name, States.Array(null))", ["a", 1, "Ada", [None]]),
        ("States.ArrayPartition($.array, 4)", [[1, 2, 3, 4], [5, 6, 7, 8], [9]]),
        ("States.ArrayContains($.array, 5)", True),
        ("States.ArrayContains($.array, '5')", False),
        ("States.ArrayContains(States.Array(1), true)", False),
        ("States.ArrayRange(1, 9, 2)", [1, 3, 5, 7, 9]),
        ("States.ArrayRange(3, 1, -1)", [3, 2, 1]),
        ("States.ArrayGetItem($.array, 5)", 6),
        ("States.ArrayLength($.array)", 9),
        ("States.ArrayUnique($.twice)", [1, 2, "a", True]),
        ("States.Base64Encode('Data to encode')", "RGF0YSB0byBlbmNvZGU="),
        ("States.Base64Decode('RGVjb2RlZCBkYXRh')", "Decoded data"),
        ("States.Hash('input data', 'SHA-1')", "aaff4a450a104cd177d28d18d74485e8cae074b7"),
        ("States.Hash('', 'MD5')", "d41d8cd98f00b204e9800998ecf8427e"),
        ("States.JsonMerge($.left, $.right, false)", {"a": {"y": 3}, "b": 2, "c": 4}),
        ("States.MathAdd(111, -1)", 110),
        ("States.MathAdd(1.5, 2.4)", 4),
        ("States.StringSplit('1,2,3,4,5', ',')", ["1", "2", "3", "4", "5"]),
        ("States.StringSplit('This.is+a,test=string', '.+,=')", ["This", "is", "a", "test", "string"]),
        ("States.StringSplit('a-b', '-')", ["a", "b"]),
        ("States.StringSplit('ab', '-')", ["ab"]),
        ("States.ArrayLength( States.Array( 1 , 2 ) )", 2),
        ("States.Format('{}', $['two words'])", "x"),
    ],
)
def test_it_computes(text: str, value: Any) -> None:
    assert compute(text) == value


def test_there_are_eighteen() -> None:
    assert len(ARITIES) == 18


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-1", "SHA-256", "SHA-384", "SHA-512"])
def test_it_hashes_with_every_algorithm(algorithm: str) -> None:
    digest = compute(f"States.Hash('x', '{algorithm}')")

    assert len(digest) in (32, 40, 64, 96, 128)


def test_random_numbers_come_from_the_seed_and_stay_within_their_bounds() -> None:
    drawn = [compute("States.MathRandom(1, 4)", seed=seed) for seed in range(60)]

    assert set(drawn) == {1, 2, 3}
    assert drawn == [compute("States.MathRandom(1, 4)", seed=seed) for seed in range(60)]
    assert compute("States.MathRandom(1, 999, 5)", seed=1) == compute("States.MathRandom(1, 999, 5)", seed=2)


def test_a_uuid_is_of_version_4_and_comes_from_the_seed() -> None:
    assert uuid.UUID(compute("States.UUID()")).version == 4
    assert compute("States.UUID()", seed=3) == compute("States.UUID()", seed=3)
    assert compute("States.UUID()", seed=3) != compute("States.UUID()", seed=4)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("States.Format('{} {}', 'one')", "2 places and 1 values"),
        ("States.Format('none', 'one')", "0 places and 1 values"),
        ("States.Format('{}', $.left)", "no agreed text"),
        ("States.Format(7)", "must be a string"),
        ("States.StringToJson('{')", "no JSON"),
        ("States.ArrayPartition($.array, 0)", "above zero"),
        ("States.ArrayPartition($.name, 2)", "no array"),
        ("States.ArrayRange(1, 9, 0)", "must not be zero"),
        ("States.ArrayRange(0, 1000, 1)", "1001 elements"),
        ("States.ArrayGetItem($.array, 9)", "outside an array of 9"),
        ("States.ArrayGetItem($.array, -1)", "outside an array of 9"),
        ("States.Base64Decode('%%')", "no base64"),
        ("States.Hash('x', 'SHA1')", "none of MD5"),
        ("States.JsonMerge($.left, $.right, true)", "shallow"),
        ("States.JsonMerge($.left, 1, false)", "no object"),
        ("States.MathAdd(1, '2')", "no number"),
        ("States.MathRandom(3, 3)", "below the end"),
        ("States.StringSplit('a', '')", "must not be empty"),
        ("States.StringSplit(1, ',')", "must be a string"),
    ],
)
def test_a_wrong_argument_is_an_intrinsic_failure_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(StatesError) as caught:
        compute(text)

    assert caught.value.error == "States.IntrinsicFailure"
    assert reason in caught.value.cause


def test_a_text_that_is_too_long_to_hash_fails() -> None:
    long = "x" * 10_001

    with pytest.raises(StatesError, match="longer than 10000"):
        compute(f"States.Hash('{long}', 'MD5')")


def test_a_path_that_misses_inside_a_function_is_a_runtime_error() -> None:
    with pytest.raises(StatesError) as caught:
        compute("States.Format('{}', $.absent)")

    assert caught.value.error == "States.Runtime"


@pytest.mark.parametrize(
    "text",
    [
        "States.Nothing()",
        "States.Format",
        "States.Format()",
        "States.UUID(1)",
        "States.MathAdd(1)",
        "States.Array(1",
        "States.Array(1 2)",
        "States.Array(1,,2)",
        "States.Array('open)",
        "States.Array(1) and more",
        "States.Array(word)",
    ],
)
def test_a_misspelt_call_is_refused_when_the_machine_is_loaded(text: str) -> None:
    with pytest.raises(ExpressionRefused):
        parse_expression(text)


class TestTemplate:
    def test_every_dollar_key_is_filled_however_deep_it_stands(self) -> None:
        template = Template.parse(
            {
                "a.$": "$.name",
                "b": [{"c.$": "$.array[0]"}, "plain"],
                "d": {"e.$": "States.Array($.name)"},
                "f": None,
            }
        )

        filled = template.fill(View(DOCUMENT, {}, Random(1)))

        assert filled == {"a": "Ada", "b": [{"c": 1}, "plain"], "d": {"e": ["Ada"]}, "f": None}

    @pytest.mark.parametrize("raw", [{"a.$": 1}, {"a.$": "plain"}, {"a": 1, "a.$": "$.x"}, {"a": [{"b.$": "$..x"}]}])
    def test_what_is_no_template_is_refused(self, raw: Any) -> None:
        with pytest.raises(ValueError):  # noqa: PT011  # both refusals are of this kind
            Template.parse(raw)
