"""A bucket of an application, as the embedded S3 keeps it: its settings, and the versions of its objects."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Version:
    """One version of an object, or a marker that it is deleted."""

    id: str
    at: datetime
    marker: bool = False
    size: int = 0
    """In bytes."""


@dataclass(eq=False)
class KeptBucket:
    """A bucket's settings; `encryption` is the algorithm it encrypts new objects with, `mfa` asks for MFA to remove a
    version. The versions of its objects stand with the newest last."""

    name: str
    region: str
    versioning: str = "Enabled"
    mfa: bool = False
    encryption: str = "AES256"
    rules: list[dict[str, Any]] = field(default_factory=list)
    behind_seconds: float | None = 2.0
    """How far its destination is behind; None publishes nothing."""
    objects: dict[str, list[Version]] = field(default_factory=dict)
    refuses: set[str] = field(default_factory=set)
    """Keys that S3 does not remove now, though it does the others of the call."""
