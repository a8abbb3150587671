"""Requirements are tried on the bench of the step kinds."""

from __future__ import annotations

from tests.steps.conftest import bench

__all__ = ["bench"]
