"""Laws that hold for every step kind, so that a new one is written like the others."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import yaml

from pilotlight.domain.place import Place
from pilotlight.domain.stages import RunStep, StartStep
from pilotlight.domain.step import Access, Harm, Operation, Params, StepKind
from pilotlight.steps import kind, kind_names

ROOT = Path(__file__).parents[2]
PLACE = Place("fileflow", "123456789012", "ap-northeast-2", "ap-northeast-1")
PREFIX = {"elbv2": "elasticloadbalancing"}
READS = ("Describe", "List", "Get", "Head", "BatchGet")
kinds = pytest.mark.parametrize("name", kind_names())


def examples(its_kind: StepKind[Any]) -> list[Any]:
    blocks = re.findall(r"```yaml\n(.*?)```", its_kind.params.__doc__ or "", re.DOTALL)
    return [yaml.safe_load("\n".join(line.removeprefix("    ") for line in block.splitlines())) for block in blocks]


def example_params(its_kind: StepKind[Any]) -> Params:
    params: Params = its_kind.params.model_validate(examples(its_kind)[0]["params"])
    return params


def modelled_errors(operation: Operation) -> set[str]:
    model = botocore.session.get_session().get_service_model(operation.service).operation_model(operation.name)
    return {shape.metadata.get("error", {}).get("code") or shape.name for shape in model.error_shapes}


@kinds
def test_a_kind_is_named_as_its_module(name: str) -> None:
    assert kind(name).name == name


@kinds
def test_its_parameters_show_an_example_that_is_valid(name: str) -> None:
    found = examples(kind(name))

    assert found, f"{name}: the docstring of its parameters shows no ```yaml example"
    for entry in found:
        parsed = StartStep.model_validate(entry) if "start" in entry else RunStep.model_validate(entry)
        assert parsed.kind == name
        kind(name).params.model_validate(parsed.params)


@kinds
def test_it_says_what_each_error_of_each_operation_means_to_it(name: str) -> None:
    for operation in kind(name).operations:
        said = {*operation.handled, *operation.fatal}
        missing = modelled_errors(operation) - said

        assert not missing, f"{name}: {operation.service} {operation.name} may answer {sorted(missing)}"


@kinds
def test_an_operation_that_writes_is_declared_as_a_write(name: str) -> None:
    for operation in kind(name).operations:
        assert (operation.access is Access.READ) == operation.name.startswith(READS), operation.name


@kinds
def test_it_is_permitted_what_it_calls(name: str) -> None:
    its_kind = kind(name)
    fullest = [its_kind.params.model_validate(entry["params"]) for entry in examples(its_kind)]
    permitted = {a.lower() for p in fullest for s in its_kind.statements(p, PLACE) for a in s.actions}

    for operation in its_kind.operations:
        action = f"{PREFIX.get(operation.service, operation.service)}:{operation.name}".lower()
        optional = "snapshot" in action or "secret" in action or "deleteparameter" in action
        assert optional or action in permitted, f"{name} calls {action} and is not permitted to"


@kinds
def test_no_write_is_permitted_on_everything(name: str) -> None:
    its_kind = kind(name)

    for statement in its_kind.statements(example_params(its_kind), PLACE):
        if statement.access is not Access.READ:
            # PutMetricData has no resource; the condition on its namespace takes its place.
            narrowed = statement.actions == ("cloudwatch:PutMetricData",) and "StringEquals" in statement.conditions
            assert "*" not in statement.resources or narrowed, f"{name}: {statement.actions} on *"
            assert not any(action.endswith("*") for action in statement.actions)


@kinds
def test_a_read_is_called_a_read(name: str) -> None:
    its_kind = kind(name)

    for statement in its_kind.statements(example_params(its_kind), PLACE):
        for action in statement.actions:
            verb = action.split(":")[1]
            if statement.access is Access.READ:
                assert verb.startswith((*READS, "Decrypt")), f"{name}: {action} is no read"
            else:
                assert not verb.startswith(READS), f"{name}: {action} is no write"


@kinds
def test_its_times_are_in_order(name: str) -> None:
    timing = kind(name).timing

    assert timing.shortest <= timing.typical <= timing.longest <= timing.give_up
    assert timing.poll.total_seconds() > 0


@kinds
def test_what_moves_the_writer_says_what_would_be_lost(name: str) -> None:
    its_kind = kind(name)
    if its_kind.harm is Harm.IRREVERSIBLE:
        assert type(its_kind).data_at_risk is not StepKind.data_at_risk


@kinds
def test_it_has_a_test_of_its_own(name: str) -> None:
    assert (ROOT / "tests" / "steps" / f"test_{name}.py").exists()


@kinds
def test_its_title_fits_a_state(name: str) -> None:
    title = kind(name).title(example_params(kind(name)))

    assert title[0].isupper()
    assert len(f"{title}: settled?: await") <= 80
