"""Where an application lives, and which of its resources take the writes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """Where a step works: the names that ARNs and tags are computed from.

    `shares_with` are the applications that write to the same resources, and move with this one. `plan` is what the
    plan's own functions go by, where that is not the application.
    """

    application: str
    account: str
    primary: str
    standby: str
    shares_with: tuple[str, ...] = ()
    plan: str = ""

    def arn(self, service: str, resource: str, *, region: str | None = None) -> str:
        """The ARN of a regional resource, in the standby unless another region is named."""
        return f"arn:aws:{service}:{region or self.standby}:{self.account}:{resource}"


@dataclass(frozen=True)
class Writer:
    """A resource that takes the writes: `old` is its ARN in the primary, `new` in the standby."""

    old: str
    new: str
