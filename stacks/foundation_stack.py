"""The foundation of a standby region: what every application there shares."""

from __future__ import annotations

from constructs import Construct

from deployment.resources import Stack
from stacks.rendering import RenderedStack


class FoundationStack(RenderedStack):
    """Ledger, control table, bus, alerts and lost events. Protected: it holds the records of every incident."""

    def __init__(self, scope: Construct, described: Stack) -> None:
        description = "Pilotlight: the ledger, the bus and the alerts that every application here shares."
        super().__init__(scope, described, description=description, protected=True)
