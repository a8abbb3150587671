"""The signals of one application in a region that observes it: us-east-1 for health checks, the primary for alarms."""

from __future__ import annotations

from constructs import Construct

from deployment.resources import Stack
from stacks.foundation_stack import FoundationStack
from stacks.rendering import RenderedStack


class SignalsStack(RenderedStack):
    """Health check, alarms and the rules that send them to the standby's bus.

    It points at the standby and nothing in the standby points at it, so the standby deploys without this region.
    """

    def __init__(self, scope: Construct, described: Stack, foundation: FoundationStack) -> None:
        description = "Pilotlight: the signals of one application, sent from here to its standby region."
        super().__init__(scope, described, description=description)
        self.add_stack_dependency(foundation, "the signals are sent to the bus of the foundation")
