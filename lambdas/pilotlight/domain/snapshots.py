"""Reads the snapshot of a plan back, of whichever kind it is."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated

from pydantic import Field, TypeAdapter

from pilotlight.domain.drill import Drill
from pilotlight.domain.plan import Plan
from pilotlight.domain.runbook import Runbook

_SNAPSHOT: TypeAdapter[Plan | Runbook | Drill] = TypeAdapter(
    Annotated[Plan | Runbook | Drill, Field(discriminator="kind")]
)


@lru_cache(maxsize=16)
def read_snapshot(text: str) -> Plan | Runbook | Drill:
    """The plan of a snapshot; the same text gives the same plan, which nobody changes."""
    return _SNAPSHOT.validate_json(text)
