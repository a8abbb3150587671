"""JSONPath and ResultPath, value by value."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.engine.errors import StatesError
from rehearsal.engine.paths import Path, PathMissing, PathRefused, ResultPath

DOCUMENT: Any = {
    "run": {"id": "r-1", "steps": [{"name": "cache", "n": 1}, {"name": "promote", "n": 2}, {"n": 3}]},
    "flag": False,
    "nothing": None,
    "with-dash": 1,
    "with space": 2,
    "도쿄": 3,
    "matrix": [[1, 2], [3, 4]],
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$", DOCUMENT),
        ("$.run.id", "r-1"),
        ("$['run']['id']", "r-1"),
        ('$["run"].id', "r-1"),
        ("$.flag", False),
        ("$.nothing", None),
        ("$.with-dash", 1),
        ("$['with space']", 2),
        ("$.도쿄", 3),
        ("$.run.steps[0].name", "cache"),
        ("$.matrix[1][0]", 3),
        ("$.run.steps[*].n", [1, 2, 3]),
        ("$.run.steps[*].name", ["cache", "promote"]),
        ("$.run.steps[0:2].n", [1, 2]),
        ("$.run.steps[1:].n", [2, 3]),
        ("$.run.steps[:1].n", [1]),
        ("$.run.steps[:].n", [1, 2, 3]),
        ("$.run.steps[7:].n", []),
        ("$.run.steps[*].absent", []),
        ("$.matrix[*][*]", [1, 2, 3, 4]),
        ("$.run.*", ["r-1", DOCUMENT["run"]["steps"]]),
    ],
)
def test_a_path_finds(path: str, value: Any) -> None:
    assert Path.parse(path).find(DOCUMENT) == value


@pytest.mark.parametrize("path", ["$.absent", "$.run.absent", "$.run.id.deeper", "$.run.steps[9]", "$.absent[*]"])
def test_a_path_misses(path: str) -> None:
    with pytest.raises(PathMissing):
        Path.parse(path).find(DOCUMENT)


def test_a_miss_in_a_field_is_the_uncatchable_runtime_error_in_the_words_of_step_functions() -> None:
    with pytest.raises(StatesError) as caught:
        Path.parse("$.region").read({"run": 1}, "region.$")

    assert caught.value.error == "States.Runtime"
    assert caught.value.cause == (
        "The JSONPath '$.region' specified for the field 'region.$' could not be found in the input '{\"run\":1}'"
    )


@pytest.mark.parametrize(
    "path",
    [
        "",
        "run",
        "$run",
        "$..id",
        "$.steps[?(@.n>1)]",
        "$.a[-1]",
        "$.a[0,1]",
        "$.a[(@.length-1)]",
        "$.",
        "$.a.",
        "$.a[0",
    ],
)
def test_a_path_outside_the_subset_is_refused(path: str) -> None:
    with pytest.raises(PathRefused):
        Path.parse(path)


@pytest.mark.parametrize(
    ("path", "raw", "after"),
    [
        ("$", {"a": 1}, "RESULT"),
        (None, {"a": 1}, {"a": 1}),
        ("$.b", {"a": 1}, {"a": 1, "b": "RESULT"}),
        ("$.a", {"a": 1}, {"a": "RESULT"}),
        ("$.b.c", {"a": 1}, {"a": 1, "b": {"c": "RESULT"}}),
        ("$.b.c", {"b": {"d": 2}}, {"b": {"d": 2, "c": "RESULT"}}),
        ("$['b']['c d']", {}, {"b": {"c d": "RESULT"}}),
    ],
)
def test_a_result_is_placed(path: str | None, raw: Any, after: Any) -> None:
    assert ResultPath.parse(path).place(raw, "RESULT") == after


def test_placing_a_result_leaves_the_raw_input_alone_for_the_branches_that_share_it() -> None:
    raw: Any = {"b": {"d": 2}}

    ResultPath.parse("$.b.c").place(raw, 3)

    assert raw == {"b": {"d": 2}}


@pytest.mark.parametrize(("path", "raw"), [("$.b", "text"), ("$.b", None), ("$.b.c", {"b": 5}), ("$.b", [1])])
def test_a_result_without_a_place_is_a_match_failure(path: str, raw: Any) -> None:
    with pytest.raises(StatesError) as caught:
        ResultPath.parse(path).place(raw, 3)

    assert caught.value.error == "States.ResultPathMatchFailure"


@pytest.mark.parametrize("path", ["$$.a", "$.a[0]", "$.a[*]"])
def test_a_result_path_is_names_only(path: str) -> None:
    with pytest.raises(PathRefused):
        ResultPath.parse(path)
