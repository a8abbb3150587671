"""The JSON Schema of plan files, for editors: fields, what they are for, the parameters of each step kind.

Generated from the models that check the plans, so the two cannot say different things. What a schema cannot
say (names that must exist, an order that must hold) is left to `./pilotlight validate`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from pilotlight import requirements
from pilotlight.domain.durations import say_duration
from pilotlight.domain.kind import Kind
from pilotlight.domain.plan import Plan, PlanKind
from pilotlight.domain.runbook import Runbook
from planfile.draft import Kinds

DIALECT = "https://json-schema.org/draft/2020-12/schema"
DEFINITIONS = "#/$defs/{model}"
STEPS_WITH_PARAMS = ("RunStep", "StartStep")


class _InPlanSpelling(GenerateJsonSchema):
    """Writes defaults as a plan would: `15 min`, where pydantic would write `PT15M`."""

    def encode_default(self, dft: Any) -> Any:
        if isinstance(dft, timedelta):
            return say_duration(dft)
        if isinstance(dft, BaseModel):
            return dft.model_dump(mode="json", by_alias=True)
        return super().encode_default(dft)


def plan_schema(kinds: Kinds) -> str:
    """The schema as the text of a file."""
    models: list[tuple[type[BaseModel], Literal["validation"]]] = [(Plan, "validation"), (Runbook, "validation")]
    required = {name: requirements.kind(name) for name in requirements.kind_names()}
    models += [(kind.params, "validation") for kind in (*kinds.values(), *required.values())]
    references, generated = models_json_schema(
        models, by_alias=True, ref_template=DEFINITIONS, schema_generator=_InPlanSpelling
    )
    definitions: dict[str, Any] = generated["$defs"]
    for step in STEPS_WITH_PARAMS:
        _complete_by_kind(definitions[step], _params(kinds, references), definitions)
    _complete_by_kind(definitions["Requirement"], _params(required, references), definitions)
    for schema in _schemas_in(definitions):
        _close(schema)
    is_runbook = {"properties": {"kind": {"const": PlanKind.RUNBOOK.value}}, "required": ["kind"]}
    by_kind = {
        "if": is_runbook,
        "then": references[(Runbook, "validation")],
        "else": references[(Plan, "validation")],
    }
    schema = {"$schema": DIALECT, "title": "Pilotlight recovery plan", **by_kind}
    return json.dumps({**schema, "$defs": definitions}, indent=2, ensure_ascii=False) + "\n"


def _params(kinds: Mapping[str, Kind[Any]], references: Mapping[Any, Any]) -> dict[str, Any]:
    return {name: references[(kind.params, "validation")] for name, kind in kinds.items()}


def _complete_by_kind(named: dict[str, Any], params: Mapping[str, Any], definitions: Mapping[str, Any]) -> None:
    """Let the kind decide which parameters a step, or a requirement, has."""
    named["properties"]["kind"]["enum"] = sorted(params)
    named["properties"]["params"].pop("additionalProperties", None)
    named["allOf"] = [
        {
            "if": {"properties": {"kind": {"const": name}}, "required": ["kind"]},
            "then": {
                "properties": {"params": params[name]},
                **({"required": ["params"]} if _needs_something(params[name], definitions) else {}),
            },
        }
        for name in sorted(params)
    ]


def _needs_something(reference: Mapping[str, Any], definitions: Mapping[str, Any]) -> bool:
    return bool(definitions[reference["$ref"].rsplit("/", 1)[-1]].get("required"))


def _schemas_in(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from _schemas_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from _schemas_in(item)


def _close(schema: dict[str, Any]) -> None:
    # pydantic checks a mapping's names by their pattern, but its schema leaves other names open.
    if "patternProperties" in schema and "additionalProperties" not in schema:
        schema["additionalProperties"] = False
