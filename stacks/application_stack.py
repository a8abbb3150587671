"""The controller of one application, in its standby region."""

from __future__ import annotations

from constructs import Construct

from deployment.resources import Stack
from stacks.foundation_stack import FoundationStack
from stacks.rendering import RenderedStack


class ApplicationStack(RenderedStack):
    """State machine, step functions, detection and rules of one plan. Protected: without it there is no failover."""

    def __init__(self, scope: Construct, described: Stack, foundation: FoundationStack) -> None:
        description = "Pilotlight: the failover controller of one application, in its standby region."
        super().__init__(scope, described, description=description, protected=True)
        self.add_stack_dependency(
            foundation, "its functions are started by the bus and write to the tables of the foundation"
        )
