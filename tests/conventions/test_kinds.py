"""Laws that hold for every kind of step and of requirement, so that a new one is written like the others."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import yaml

from pilotlight import requirements, steps
from pilotlight.domain.iam_actions import action_of
from pilotlight.domain.kind import Access, Kind, Operation, Params
from pilotlight.domain.place import Place
from pilotlight.domain.plan import Requirement

ROOT = Path(__file__).parents[2]
PLACE = Place("fileflow", "123456789012", "ap-northeast-2", "ap-northeast-1")
READS = ("Describe", "List", "Get", "Head", "BatchGet")
ALL = {
    **{f"steps/{name}": steps.kind(name) for name in steps.kind_names()},
    **{f"requirements/{name}": requirements.kind(name) for name in requirements.kind_names()},
}
WITHOUT_RESOURCE = (("cloudwatch:PutMetricData",), ("ecs:DeregisterTaskDefinition",))
every_kind = pytest.mark.parametrize("path", ALL)


def examples(its_kind: Kind[Any]) -> list[Any]:
    blocks = re.findall(r"```yaml\n(.*?)```", its_kind.params.__doc__ or "", re.DOTALL)
    return [yaml.safe_load("\n".join(line.removeprefix("    ") for line in block.splitlines())) for block in blocks]


def example_params(its_kind: Kind[Any]) -> Params:
    params: Params = its_kind.params.model_validate(examples(its_kind)[0]["params"])
    return params


def modelled_errors(operation: Operation) -> set[str]:
    model = botocore.session.get_session().get_service_model(operation.service).operation_model(operation.name)
    return {shape.metadata.get("error", {}).get("code") or shape.name for shape in model.error_shapes}


@every_kind
def test_a_kind_is_named_as_its_module(path: str) -> None:
    assert ALL[path].name == path.split("/")[1]


@every_kind
def test_its_parameters_show_an_example_that_is_valid(path: str) -> None:
    found = examples(ALL[path])

    assert found, f"{path}: the docstring of its parameters shows no ```yaml example"
    for entry in found:
        assert entry["kind"] == ALL[path].name
        ALL[path].params.model_validate(entry["params"])


@every_kind
def test_it_says_what_each_error_of_each_operation_means_to_it(path: str) -> None:
    for operation in ALL[path].operations:
        said = {*operation.handled, *operation.fatal}
        missing = modelled_errors(operation) - said

        assert not missing, f"{path}: {operation.service} {operation.name} may answer {sorted(missing)}"


@every_kind
def test_an_operation_that_writes_is_declared_as_a_write(path: str) -> None:
    for operation in ALL[path].operations:
        assert (operation.access is Access.READ) == operation.name.startswith(READS), operation.name


@every_kind
def test_it_is_permitted_what_it_calls(path: str) -> None:
    its_kind = ALL[path]
    fullest = [its_kind.params.model_validate(entry["params"]) for entry in examples(its_kind)]
    permitted = {a.lower() for p in fullest for s in its_kind.statements(p, PLACE) for a in s.actions}

    for operation in its_kind.operations:
        action = action_of(operation.service, operation.name).lower()
        optional = "snapshot" in action or "secret" in action or "deleteparameter" in action
        assert optional or action in permitted, f"{path} calls {action} and is not permitted to"


@every_kind
def test_no_write_is_permitted_on_everything(path: str) -> None:
    its_kind = ALL[path]

    for statement in its_kind.statements(example_params(its_kind), PLACE):
        if statement.access is not Access.READ:
            # These have no resource to name; a condition on the namespace, or on the region, takes its place.
            narrowed = statement.actions in WITHOUT_RESOURCE and "StringEquals" in statement.conditions
            assert "*" not in statement.resources or narrowed, f"{path}: {statement.actions} on *"
            assert not any(action.endswith("*") for action in statement.actions)


@every_kind
def test_a_read_is_called_a_read(path: str) -> None:
    its_kind = ALL[path]

    for statement in its_kind.statements(example_params(its_kind), PLACE):
        for action in statement.actions:
            verb = action.split(":")[1]
            if statement.access is Access.READ:
                assert verb.startswith((*READS, "Decrypt")), f"{path}: {action} is no read"
            else:
                assert not verb.startswith(READS), f"{path}: {action} is no write"


@every_kind
def test_it_has_a_test_of_its_own(path: str) -> None:
    assert (ROOT / "tests" / f"{path.replace('/', '/test_')}.py").exists()


@pytest.mark.parametrize("name", requirements.kind_names())
def test_a_requirement_only_reads(name: str) -> None:
    kind = requirements.kind(name)
    given = [kind.params.model_validate(entry["params"]) for entry in examples(kind)]

    accesses = [s.access for params in given for s in kind.statements(params, PLACE)]
    assert {*accesses, *(operation.access for operation in kind.operations)} == {Access.READ}


@pytest.mark.parametrize("name", requirements.kind_names())
def test_the_example_of_a_requirement_is_one_of_a_plan(name: str) -> None:
    for entry in examples(requirements.kind(name)):
        assert Requirement.model_validate(entry).kind == name
