"""What a plan requires: kinds and parameters with their places, names, the schema, what is shown of it."""

from __future__ import annotations

import json
from typing import Any

from pilotlight.domain.snapshots import read_snapshot
from pilotlight.requirements import kind_names
from planfile.drawing import json_of, lines_of
from planfile.overview import overview
from planfile.requirements_page import requirements_page
from planfile.schema import plan_schema
from tests.planfile.builders import KINDS, SOUND, faults_of, points_at, read, the_fault_of

REQUIRED = """\
requirements:
  - requirement: database-secret
    kind: secret_replicated
    params:
      secret: shop/database
  - requirement: certificate
    kind: certificate_issued
    params: {names: [shop.example.com]}
"""


def requiring(*changes: tuple[str, str]) -> str:
    text = REQUIRED
    for old, new in changes:
        assert text.count(old) == 1
        text = text.replace(old, new)
    return SOUND + text


def test_requirements_are_read_and_stand_in_the_snapshot() -> None:
    plan = read(requiring())

    assert [each.requirement for each in plan.requirements] == ["database-secret", "certificate"]
    assert read_snapshot(plan.snapshot()) == plan
    assert plan.digest() != read(SOUND).digest()


def test_an_unknown_kind_is_refused_where_it_stands_and_told_what_was_meant() -> None:
    text = requiring(("kind: secret_replicated", "kind: secret_replicate"))

    fault = the_fault_of(text)

    assert points_at(fault, text, "secret_replicate\n")
    assert fault.sentence.startswith("There is no requirement kind 'secret_replicate'; there are ")
    assert "secret_replicated" in fault.suggestion


def test_wrong_parameters_are_refused_where_they_stand() -> None:
    text = requiring(("secret: shop/database", "secert: shop/database"))

    fault = the_fault_of(text)

    assert points_at(fault, text, "secert")
    assert fault.suggestion == "did you mean 'secret'?"


def test_a_fault_in_one_hides_none_in_another() -> None:
    text = requiring(("    kind: secret_replicated\n", ""), ("names: [shop.example.com]", "names: []"))

    found = [fault.sentence for fault in faults_of(text)]

    assert len(found) == 2


def test_two_may_not_share_a_name_nor_take_that_of_a_step() -> None:
    twice = requiring(("requirement: certificate", "requirement: database-secret"))
    step = requiring(("requirement: certificate", "requirement: promote"))

    assert the_fault_of(twice).sentence == (
        "There is a requirement 'database-secret' already; give this requirement another name."
    )
    assert the_fault_of(step).sentence == "There is a step 'promote' already; give this requirement another name."


def test_the_schema_lets_the_kind_decide_the_parameters() -> None:
    schema: dict[str, Any] = json.loads(plan_schema(KINDS))["$defs"]["Requirement"]

    assert schema["properties"]["kind"]["enum"] == list(kind_names())
    by_kind = {each["if"]["properties"]["kind"]["const"]: each["then"] for each in schema["allOf"]}
    assert by_kind["secret_replicated"] == {
        "properties": {"params": {"$ref": "#/$defs/SecretParams"}},
        "required": ["params"],
    }


def test_they_are_shown() -> None:
    seen = overview(read(requiring()), KINDS)

    text = "\n".join("".join(piece.text for piece in line) for line in lines_of(seen))
    assert "Replica of secret shop/database" in text
    assert json_of(seen)["requirements"][1] == {
        "requirement": "certificate",
        "kind": "certificate_issued",
        "title": "Certificate for shop.example.com",
    }
    assert json_of(overview(read(SOUND), KINDS))["requirements"] == []


def test_the_page_shows_each_kind_with_its_example() -> None:
    page = requirements_page()

    assert "## bucket_replicated" in page
    assert "requirement: uploads-in-tokyo" in page
    assert "| `behind` | optional |" in page


def test_what_is_required_twice_is_refused_where_it_stands_again() -> None:
    text = requiring(("kind: certificate_issued\n    params: {names: [shop.example.com]}",
                      "kind: secret_replicated\n    params: {secret: shop/database}"))  # fmt: skip

    fault = the_fault_of(text)

    assert points_at(fault, text, "certificate\n")
    assert fault.sentence == (
        "'certificate' asks for what 'database-secret' asks for already; remove one of the two, or name the resource "
        "that was meant."
    )
