"""The guard of one application, in its primary region: it keeps the old primary closed when the region comes back."""

from __future__ import annotations

from constructs import Construct

from deployment.resources import Stack
from stacks.rendering import RenderedStack


class GuardStack(RenderedStack):
    """A guard and what makes it look. It waits for no other stack, and must work when no other region answers.

    Protected: without it an old primary that comes back takes writes.
    """

    def __init__(self, scope: Construct, described: Stack) -> None:
        description = "Pilotlight: keeps an old primary closed once it was moved."
        super().__init__(scope, described, description=description, protected=True)
