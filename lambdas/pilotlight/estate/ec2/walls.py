"""Whether what a drill copies is walled in: its security groups let nothing out that the plan does not allow."""

from __future__ import annotations

from typing import Protocol

from pilotlight.domain.step import Failed, StepContext
from pilotlight.estate.ec2.egress import Destination, leaks


class WalledIn(Protocol):
    """A copy as a plan asks for it."""

    @property
    def copy_as(self) -> str:
        """Its name."""

    @property
    def security_groups(self) -> tuple[str, ...]:
        """The groups that it stands in."""

    @property
    def egress(self) -> tuple[Destination, ...]:
        """All that it may reach."""


def opened(wanted: WalledIn, context: StepContext) -> Failed | None:
    """What the security groups of a copy let out that the plan does not allow."""
    open_to = leaks(context, wanted.security_groups, wanted.egress)
    if not open_to:
        return None
    return Failed(
        f"Copy {wanted.copy_as} is not walled in, because {'; '.join(open_to)}, which the plan does not allow.",
        "Take these rules out of the security groups, or add them to `egress` where they lead to nothing of "
        "production's; then start the drill again.",
    )
