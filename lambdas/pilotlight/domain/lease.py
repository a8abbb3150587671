"""Where the control table keeps a lease: for whoever reads it, and whoever may be permitted to."""

from __future__ import annotations


def partition_of(subject: str) -> str:
    """The partition of the lease of a subject."""
    return f"lease#{subject}"
