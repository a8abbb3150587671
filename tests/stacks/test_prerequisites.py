"""The CDK code that `./pilotlight prerequisites` prints is a stack that synthesizes."""

from __future__ import annotations

from typing import Any

import pytest

from cli.prerequisites.cdk import cdk as printed
from pilotlight.domain.plan import Plan
from tests.stacks.described import an_app, plans

NEEDS = {
    "fileflow": {"AWS::RDS::DBInstance", "AWS::ECS::Service", "AWS::Route53::RecordSet"},
    "portforge": {"AWS::RDS::DBInstance", "AWS::EKS::AccessEntry", "AWS::Route53::RecordSet"},
    "megaticket": {"AWS::AutoScaling::AutoScalingGroup", "AWS::Route53::RecordSet"},
}
"""What some plans need most."""


def made_for(plan: Plan) -> list[dict[str, Any]]:
    """The resources of the stack that is printed for a plan."""
    # The constants at its head are the owner's to fill in.
    code = printed(plan).replace('= ""  #', '= "something"  #').replace("= []  #", '= ["subnet-1"]  #')
    names: dict[str, Any] = {"__name__": "printed"}
    exec(compile(code, "printed", "exec"), names)
    app = an_app()
    (stack,) = (n for n in names.values() if isinstance(n, type) and n.__module__ == "printed")
    stack(app, "standby")
    (made,) = app.synth().stacks
    return list(made.template["Resources"].values())


@pytest.mark.parametrize("plan", plans(), ids=lambda plan: plan.application)
def test_it_synthesizes_to_what_the_plan_needs(plan):
    resources = made_for(plan)

    assert resources
    assert {resource["Type"] for resource in resources} >= NEEDS.get(plan.application, set())
    for replica in (each["Properties"] for each in resources if each["Type"] == "AWS::RDS::DBInstance"):
        assert replica["DeletionProtection"] is True
        assert replica["BackupRetentionPeriod"] == 7
