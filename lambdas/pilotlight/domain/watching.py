"""What a probe that all applications of a region share is asked to look at, and what it keeps of what it saw.

A private application is asked for by a function in its VPC, which the probe calls; where it has none in a region, the
probe looks at the primary's region alone.

A probe looks every quarter of a minute, and keeps one item for each application in the table of signals of its own
region. The item speaks of the probe's own clock alone; whoever reads it counts by theirs (`pilotlight.domain.hearing`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pilotlight.domain.part import Name, Part, Region
from pilotlight.domain.plan import Plan, Probe
from pilotlight.domain.signals import Sight

SIGHT_CHANGED = "Pilotlight Sight Changed"
"""The detail type of the event that makes a detector look at once."""

SOURCE = "pilotlight"
"""The source of the controller's own events."""

HEARD_AGAIN_WITHIN = timedelta(seconds=150)
"""Two looks that lie further apart are no unbroken row: a probe looks every minute, and one look may be lost."""


class Watched(Part):
    """One application that a probe looks at: the content of a parameter under `/pilotlight/probes/`.

    Without a `probe` only its primary's region is looked at; with `inside`, that function in a VPC asks.
    """

    application: Name
    primary: Region
    standby: Region
    probe: Probe | None
    inside: str | None = None

    @classmethod
    def of(cls, plan: Plan, role: str, inside: str) -> Watched:
        """What the probe in the region of a role is to know of a plan; `inside` is the name of its function there."""
        asked = plan.is_asked_from(role)
        return cls(
            application=plan.application,
            primary=plan.regions.primary,
            standby=plan.regions.standby,
            probe=plan.signals.probe if asked else None,
            inside=inside if asked and plan.network.private else None,
        )


@dataclass(frozen=True)
class Seen:
    """What one look saw; `words` follow the observer's name in a sentence."""

    sight: Sight
    words: str


def shelf_of(application: str) -> str:
    """The partition of an application's item in a region's table of signals."""
    return f"probe#{application}"


def pulse_of(primary: str) -> str:
    """The partition of a primary region's heartbeat in its standby's table of signals."""
    return f"pulse#{primary}"


def voice_of(application: str) -> str:
    """The partition of what a private application's probe inside the primary says, in the standby's table."""
    return f"voice#{application}"


PROBE_INSIDE = "The probe inside the primary"
"""How the one who asks a private application from its own VPC is named in sentences."""

VOICE = "The voice of the probe inside the primary"
"""How it is named that this probe is heard at all, which speaks of the region and not of the application."""


def probe_in(role: str) -> str:
    """How a probe is named in sentences: `The probe in the standby`."""
    return f"The probe in the {role}"


def region_look_from(role: str, primary: str) -> str:
    """How a probe's look at the primary region's own API is named in sentences."""
    return f"The look from the {role} at AWS in {primary}"


def kept(name: str, seen: Seen, before: Mapping[str, Any] | None, looked: datetime, now: datetime) -> dict[str, Any]:
    """What is kept of a look, after what was kept before it; `looked` is when the look before this one was made.

    A darkness begins with the first of an unbroken row of dark looks, and its beginning names it.
    """
    dark_since = now
    if before and before["dark_since"] and now - looked <= HEARD_AGAIN_WITHIN:
        dark_since = datetime.fromisoformat(str(before["dark_since"]))
    is_dark = seen.sight is Sight.DARK
    return {
        "sight": seen.sight.value,
        "sentence": f"{name} {seen.words}.",
        "dark_since": dark_since.isoformat() if is_dark else None,
        "dark_for_seconds": (now - dark_since).total_seconds() if is_dark else None,
    }
