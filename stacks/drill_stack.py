"""The drills of one application, in its standby region."""

from __future__ import annotations

from constructs import Construct

from deployment.resources import Stack
from stacks.foundation_stack import FoundationStack
from stacks.rendering import RenderedStack


class DrillStack(RenderedStack):
    """Machine, functions, janitor and roles of one application's drills; it can go without harm to a failover."""

    def __init__(self, scope: Construct, described: Stack, foundation: FoundationStack) -> None:
        super().__init__(scope, described, description="Pilotlight: the drills of one application, on stand-ins.")
        self.add_stack_dependency(foundation, "its functions write to the tables of the foundation")
