"""Many plans in one account: no stack comes near a limit of CloudFormation or IAM, and the shared ones do not grow.

Quotas of the account, which AWS raises on request, are counted in docs/benchmarks.md. Sources: AWS
CloudFormation User Guide, "Understand CloudFormation quotas"; IAM User Guide, "IAM and AWS STS quotas"; AWS Lambda
Developer Guide, "Lambda quotas"; AWS Step Functions Developer Guide, "Service quotas"; EventBridge User Guide,
"EventBridge quotas"; Systems Manager, "AWS Systems Manager Parameter Store" quotas.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from backtest.record import fingerprint, write_record
from pilotlight.domain.plan import Arming, Plan
from stacks.assembly import assemble
from tests.stacks.described import an_app, plans, private, under_another_name

SHARE = 0.6


class Use(NamedTuple):
    """How much of one limit something takes."""

    what: str
    used: int
    limit: int


def own(number: int) -> list[Plan]:
    """The plans of plans/, which are as many."""
    assert len(plans()) == number
    return [plan.model_copy(update={"arming": Arming.AUTOMATIC}) for plan in plans()]


def many(number: int) -> list[Plan]:
    """As many applications as asked for, armed with all they may hold; every fourth is reached from its VPCs alone."""
    (public,) = (plan for plan in plans() if plan.application == "fileflow")
    return [
        under_another_name(private() if index % 4 == 3 else public, f"application-{index:03}").model_copy(
            update={"arming": Arming.AUTOMATIC}
        )
        for index in range(number)
    ]


def uses_of(template: dict[str, Any], size: int) -> Iterator[Use]:
    """What a template takes of each limit that holds for it or for one of its resources."""
    yield Use("bytes of the template", size, 1_000_000)
    yield Use("resources", len(template["Resources"]), 500)
    yield Use("parameters", len(template.get("Parameters", {})), 200)
    yield Use("outputs", len(template.get("Outputs", {})), 200)
    for logical, resource in template["Resources"].items():
        for use in uses_of_resource(resource["Type"], resource.get("Properties", {})):
            yield use._replace(what=f"{use.what} of {logical}")


def uses_of_resource(kind: str, properties: dict[str, Any]) -> Iterator[Use]:
    """The limits of one resource."""
    match kind:
        case "AWS::IAM::Role":
            policies = properties.get("Policies", [])
            yield Use("characters of inline policies", sum(characters(p["PolicyDocument"]) for p in policies), 10_240)
            yield Use("characters of trust", characters(properties["AssumeRolePolicyDocument"]), 2_048)
            yield Use("managed policies", len(properties.get("ManagedPolicyArns", [])), 10)
        case "AWS::IAM::ManagedPolicy":
            yield Use("characters of a managed policy", characters(properties["PolicyDocument"]), 6_144)
        case "AWS::Lambda::Function":
            yield Use("bytes of environment", characters(properties["Environment"]["Variables"]), 4_096)
            yield Use("layers", len(properties["Layers"]), 5)
        case "AWS::StepFunctions::StateMachine":
            yield Use("bytes of definition", characters(properties["DefinitionString"]), 1_048_576)
        case "AWS::Events::Rule":
            yield Use("targets", len(properties["Targets"]), 5)
            yield Use("characters of pattern", characters(properties.get("EventPattern", {})), 2_048)
        case "AWS::SSM::Parameter":
            yield Use("bytes of value", characters(properties["Value"]), 4_096)


def characters(value: Any) -> int:
    """The length of a value as it is sent, without the white space that IAM does not count."""
    return len((value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))).encode())


@pytest.mark.parametrize(
    ("made", "number"),
    [
        pytest.param(own, 5),
        pytest.param(many, 4),
        pytest.param(many, 50, marks=pytest.mark.full),
        pytest.param(many, 200, marks=pytest.mark.nightly),
    ],
)
def test_no_stack_of_many_plans_passes_60_percent_of_a_limit(
    made: Callable[[int], list[Plan]], number: int, tmp_path: Path
) -> None:
    """Given so many plans in one account and one pair of regions, when they are synthesized as one app."""
    app, chosen = an_app(), made(number)
    for plan in chosen:
        write_record(plan, tmp_path, {"application": plan.application, "hash": fingerprint(plan)})

    assemble(app, chosen, tmp_path)
    app.synth()

    templates = sorted(Path(app.outdir).glob("*.template.json"))
    uses = {path.name: list(uses_of(json.loads(path.read_text()), path.stat().st_size)) for path in templates}
    assert len(templates) > 3 * number
    assert {use.limit for found in uses.values() for use in found} >= {500, 10_240, 2_048, 4_096, 1_048_576, 5}
    assert [(name, use) for name, found in uses.items() for use in found if use.used > SHARE * use.limit] == []
