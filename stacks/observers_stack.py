"""Those who look at primaries for all applications: the probe of a region, or the heartbeat of a primary."""

from __future__ import annotations

from constructs import Construct

from deployment.resources import Stack
from stacks.rendering import RenderedStack


class ObserversStack(RenderedStack):
    """A probe with its table of signals, or a heartbeat. Nothing points at it, and it waits for no other stack."""

    def __init__(self, scope: Construct, described: Stack) -> None:
        description = "Pilotlight: looks at the primaries of all applications, apart from their own deployments."
        super().__init__(scope, described, description=description)
