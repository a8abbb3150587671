"""Where a database or a cache answers, as a step that brings one up gives it to later ones."""

from __future__ import annotations

OUTPUTS = ("address", "port", "endpoint")
"""What `answers_at` gives."""


def answers_at(address: str, port: int | str) -> dict[str, str]:
    """The address, the port, and both together, as the outputs of a step."""
    return {"address": address, "port": str(port), "endpoint": f"{address}:{port}"}
