"""The CDK code that `./pilotlight prerequisites` prints is a stack that synthesizes."""

from __future__ import annotations

from typing import Any

from cli.prerequisites.cdk import cdk as printed
from tests.stacks.described import an_app, plans


def test_it_synthesizes_to_what_the_plan_needs():
    for plan in plans():
        # The constants at its head are the owner's to fill in.
        code = printed(plan).replace('= ""  #', '= "something"  #').replace("= []  #", '= ["subnet-1"]  #')
        names: dict[str, Any] = {"__name__": "printed"}
        exec(compile(code, "printed", "exec"), names)
        app = an_app()
        (stack,) = (n for n in names.values() if isinstance(n, type) and n.__module__ == "printed")
        stack(app, "standby")

        (made,) = app.synth().stacks

        types = {resource["Type"] for resource in made.template["Resources"].values()}
        assert {"AWS::RDS::DBInstance", "AWS::ECS::Service", "AWS::Route53::RecordSet"} <= types
        (replica,) = (r for r in made.template["Resources"].values() if r["Type"] == "AWS::RDS::DBInstance")
        assert replica["Properties"]["DeletionProtection"] is True
        assert replica["Properties"]["BackupRetentionPeriod"] == 7
