"""YAML that has no place in a plan is refused with its position, in words that say what to do."""

from __future__ import annotations

import pytest

import planfile
from planfile.document import MOST_ALIASES, read_document
from tests.planfile.builders import changed, faults_of, points_at, the_fault_of


def test_values_are_read_as_they_are_seen() -> None:
    text = "count: 4\nid: 012345678901\nat: 12:30\nday: 2026-11-21\nshare: 0.5\nyes: true\nnothing:\n"

    document = read_document(text, "shop.yaml")

    assert document.value == {
        "count": 4,
        "id": "012345678901",
        "at": "12:30",
        "day": "2026-11-21",
        "share": 0.5,
        "yes": True,
        "nothing": None,
    }


def test_every_value_and_every_key_has_its_spot() -> None:
    text = "regions:\n  primary: eu-west-1\n  others: [a, bcd]\n"

    document = read_document(text, "shop.yaml")

    key, value = document.keys[("regions", "primary")], document.values[("regions", "primary")]
    second = document.values[("regions", "others", 1)]
    assert (key.line, key.column, key.width) == (2, 3, 7)
    assert (value.line, value.column, value.width) == (2, 12, 9)
    assert (second.line, second.column, second.width) == (3, 15, 3)


def test_a_field_written_twice_is_a_fault_at_the_second_place() -> None:
    text = changed(("decision:\n  must_last: 5 min", "decision:\n  must_last: 5 min\n  must_last:   6 min"))

    fault = the_fault_of(text)

    assert points_at(fault, text, "must_last:   6 min")
    assert fault.sentence == "'must_last' is written twice: line 18 has it already; remove one of the two."


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("a:\n\tb: 1\n", 2, 1, "A tab stands here"),
        ("a: b: c\n", 1, 5, "A ':' stands where no field can begin"),
        ("a: @b\n", 1, 4, "A value cannot begin with this character"),
        ("a: 'b\n", 1, 4, "The quotes that open here are never closed"),
        ("a: [b, c\nd: e\n", 1, 4, "The '[' that opens here is not closed"),
        ("a: {b: c\nd: e\n", 1, 4, "The '{' that opens here is not closed"),
        ("a: b\nc\nd: e\n", 3, 1, "The line before this one has no ':'"),
        ("a:\n  - b\n c: d\n", 3, 2, "This line does not continue what stands above it"),
        ("a: *nobody\n", 1, 4, "This alias names no anchor"),
        ("a: b\x07c\n", 1, 5, "The invisible character U+0007"),
        ('a: "\\q"\n', 1, 6, "Double quotes read"),
        ("a: b\n---\nc: d\n", 2, 1, "A second document begins here"),
        ("- a\n", 1, 1, "A plan is a mapping"),
        ("just text\n", 1, 1, "A plan is a mapping"),
        ("%YAML 3.0\n---\na: b\n", 1, 1, "This is not YAML: found incompatible YAML document"),
    ],
)
def test_what_is_no_yaml_is_said_in_plain_words(text: str, line: int, column: int, words: str) -> None:
    fault = the_fault_of(text)

    assert (fault.line, fault.column) == (line, column)
    assert fault.sentence.startswith(words)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("x: !!python/object/apply:os.system [ls]", "The tag !!python/object/apply:os.system has no meaning"),
        ("x: !secret abc", "The tag !secret has no meaning"),
        ("x: !!int abc", "'abc' is not what its tag !!int says"),
        ("x: .nan", "'.nan' is no number that can be counted with"),
        ("<<: {y: 1}", "'<<' merges another mapping"),
        ("? [a, b]\n: c", "The name of a field is text"),
    ],
)
def test_what_has_no_meaning_in_a_plan_is_a_fault_beside_the_others(line: str, words: str) -> None:
    text = changed(("application: shop", f"{line}\napplication: shop"), ("must_last: 5 min", "must_last: 1 min"))

    faults = faults_of(text)

    assert faults[0].line == 1
    assert any(fault.sentence.startswith(words) for fault in faults)
    assert "A darkness of 1 min" in faults[-1].sentence


def test_a_value_that_was_refused_is_not_complained_about_twice() -> None:
    text = changed(("must_last: 5 min", "must_last: !secret abc"))

    fault = the_fault_of(text)

    assert fault.sentence == "The tag !secret has no meaning in a plan; remove it."


def test_nothing_in_a_file_is_executed(tmp_path) -> None:
    touched = tmp_path / "touched"

    with pytest.raises(planfile.PlanFileRefused):
        planfile.parse(
            f"a: !!python/object/apply:pathlib.Path.touch [!!python/object/apply:pathlib.Path ['{touched}']]",
            "a",
        )

    assert not touched.exists()


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n"])
def test_an_empty_file_says_how_a_plan_begins(text: str) -> None:
    fault = the_fault_of(text)

    assert fault.sentence == "The file is empty; a plan begins with `application: <its name>`."


def test_an_anchor_may_be_used_and_its_faults_point_at_where_it_is_written() -> None:
    text = changed(
        ("rto: 30 min, rpo: 15 min", "rto: &long 3 h, rpo: 15 min"), ("must_last: 5 min", "must_last: *long")
    )

    faults = faults_of(text)

    assert [points_at(fault, text, "&long") for fault in faults] == [True, False]
    assert "Database may take 3 h" in faults[0].sentence
    assert "Looking is given up after 30 min" in faults[1].sentence


def test_aliases_that_unfold_without_measure_are_refused_quickly() -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]

    fault = the_fault_of("\n".join(levels))

    assert fault.sentence.startswith("The file unfolds to more than 20000 values")


def test_more_aliases_than_any_plan_has_are_refused() -> None:
    text = "a: &a 1\n" + "".join(f"b{n}: *a\n" for n in range(MOST_ALIASES + 1))

    fault = the_fault_of(text)

    assert fault.line == MOST_ALIASES + 2
    assert fault.sentence.startswith("The file has more than 100 aliases")


def test_an_anchor_that_contains_itself_is_refused() -> None:
    text = changed(("application: shop", "application: &a [x, *a]"))

    fault = faults_of(text)[0]

    assert points_at(fault, text, "&a")
    assert fault.sentence.startswith("What this anchor names contains itself")


def test_nesting_without_measure_is_refused_where_it_gets_too_deep() -> None:
    fault = the_fault_of("a: " + "[" * 5000)

    assert (fault.line, fault.column) == (1, 43)
    assert fault.sentence.startswith("This is nested more than 40 deep")


def test_the_caret_stands_under_the_place_even_behind_wide_characters() -> None:
    text = changed(("application: shop", '"응용": 1\napplication: shop'))

    rendered = the_fault_of(text).rendered().splitlines()

    assert rendered[1] == '    1 | "응용": 1'
    assert rendered[2] == "      | ^^^^^^"
