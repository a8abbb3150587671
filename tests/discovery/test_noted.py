"""YAML with comments: it reads back as what was written, and its comments stand where they are needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from discovery.noted import Noted, noted, open_question, written


def plain(value: Any) -> Any:
    """A value without its comments."""
    if isinstance(value, Noted):
        return plain(value.value)
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def test_a_document_reads_back_as_its_values() -> None:
    document = {
        "account": "123456789012",
        "url": "https://shop.example.com/health?deep=1",
        "version": "7.0",
        "empty": {},
        "approval": False,
        "groups": ["sg-1", "a: b"],
        "stages": {
            "move": {
                "database": [
                    noted(
                        {"step": noted("promote", "Said of the first field."), "params": {"a": 1, "b": 2, "c": [1]}},
                        "Said of the step.",
                    ),
                    {"await": "create-redis"},
                ]
            }
        },
    }

    text = written(document, ["A heading."])

    assert yaml.safe_load(text) == plain(document)
    assert text.startswith("# A heading.\n")


def test_a_comment_of_an_entry_and_of_its_first_field_stand_above_its_dash() -> None:
    entry = noted({"step": noted("promote", "Of the field."), "kind": "promote_replica"}, "Of the entry.")

    lines = written({"lane": [entry]}).splitlines()

    assert lines[-4:] == [
        "  # Of the entry.",
        "  # Of the field.",
        "  - step: promote",
        "    kind: promote_replica",
    ]


def test_a_question_is_marked_once_and_long_ones_are_wrapped() -> None:
    text = written({"rto": open_question("2 h", "word " * 60)})

    assert text.count("TODO: ") == 1
    assert max(len(line) for line in text.splitlines()) <= 110
    assert yaml.safe_load(text) == {"rto": "2 h"}
