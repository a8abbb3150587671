"""What copies the users of one application, in its primary region."""

from __future__ import annotations

from constructs import Construct

from deployment.resources import Stack
from stacks.rendering import RenderedStack


class UsersStack(RenderedStack):
    """A trigger of a user pool. Protected: without it nobody could sign up."""

    def __init__(self, scope: Construct, described: Stack) -> None:
        description = "Pilotlight: copies who signs up to the user pool of the standby."
        super().__init__(scope, described, description=description, protected=True)
