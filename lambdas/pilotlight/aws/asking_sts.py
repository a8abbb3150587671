"""What a proof asks of STS, for whoever signs it and whoever puts it; kept apart, as it needs nothing to import."""

from __future__ import annotations

from datetime import timedelta

HEADER = "x-pilotlight-word"
VALID_FOR = timedelta(seconds=60)
ASKED = {"Action": "GetCallerIdentity", "Version": "2011-06-15"}
"""What is asked of STS, whoever signs it."""


def host_of(region: str) -> str:
    """The regional STS; the global one is in us-east-1, which may be what failed."""
    return f"sts.{region}.amazonaws.com"
