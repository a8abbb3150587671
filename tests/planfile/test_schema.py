"""The JSON Schema says of a plan what the models say, and completes the parameters of each kind."""

from __future__ import annotations

import json
import re
from typing import Any

from planfile.schema import plan_schema
from tests.planfile.builders import KINDS


def schema() -> dict[str, Any]:
    told: dict[str, Any] = json.loads(plan_schema(KINDS))
    return told


def everything_in(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        return [value, *(inner for item in value.values() for inner in everything_in(item))]
    return [inner for item in value for inner in everything_in(item)] if isinstance(value, list) else []


def test_it_is_a_schema_of_plans() -> None:
    told = schema()

    assert told["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert told["if"] == {"properties": {"kind": {"const": "runbook"}}, "required": ["kind"]}
    assert told["then"] == {"$ref": "#/$defs/Runbook"}
    assert told["else"] == {"$ref": "#/$defs/Plan"}
    shared = {"application", "account", "objectives", "stages"}
    assert set(told["$defs"]["Plan"]["required"]) == shared | {"regions", "signals"}
    assert set(told["$defs"]["Runbook"]["required"]) == shared | {"runbook", "region"}


def test_every_reference_leads_somewhere() -> None:
    told = schema()

    references = {part["$ref"].removeprefix("#/$defs/") for part in everything_in(told) if "$ref" in part}

    assert references - told["$defs"].keys() == set()


def test_the_kind_of_a_step_decides_its_parameters() -> None:
    for name in ("RunStep", "StartStep"):
        step = schema()["$defs"][name]

        by_kind = {each["if"]["properties"]["kind"]["const"]: each["then"] for each in step["allOf"]}

        assert step["properties"]["kind"]["enum"] == ["check", "create", "promote", "scale"]
        assert by_kind.keys() == KINDS.keys()
        assert by_kind["scale"] == {
            "properties": {"params": {"$ref": "#/$defs/ResourceParams"}},
            "required": ["params"],
        }
        assert by_kind["check"]["properties"] == {"params": {"$ref": "#/$defs/UrlParams"}}


def test_the_parameters_of_a_kind_stand_there_with_their_meaning() -> None:
    params = schema()["$defs"]["ResourceParams"]

    assert params["properties"]["resource"]["description"] == "What is worked on."
    assert params["additionalProperties"] is False


def test_no_mapping_of_a_plan_is_open_to_other_names() -> None:
    told = schema()

    opened = [
        name
        for name, part in told["$defs"].items()
        if "properties" in part and part["additionalProperties"] is not False
    ]
    lanes = [part for part in everything_in(told["$defs"]["Stages"]) if "patternProperties" in part]
    assert opened == []
    assert len(lanes) == 5
    assert all(part["additionalProperties"] is False for part in lanes)


def test_a_default_is_written_as_a_plan_would_write_it() -> None:
    decision = schema()["$defs"]["Decision"]["properties"]["must_last"]

    assert decision["default"] == "5 min"
    assert all(
        re.match(part["pattern"], part["default"])
        for part in everything_in(schema())
        if part.get("pattern") and part.get("default")
    )
    assert schema()["$defs"]["Plan"]["properties"]["decision"]["default"]["must_last"] == "5 min"


def test_an_await_is_written_as_await() -> None:
    assert list(schema()["$defs"]["AwaitStep"]["properties"]) == ["await"]
