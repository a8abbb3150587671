"""One entry of the signed list (`stacks.wildcards`)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase

ANY_RESOURCE = "any"


@dataclass(frozen=True)
class SignedWildcard:
    """Actions that may name such resources, because of `reason`. `resource` has NAMES where the real one has others."""

    name: str
    actions: tuple[str, ...]
    resource: str
    reason: str

    def covers(self, action: str, resource: str) -> bool:
        """Whether this entry signs for the action on the resource."""
        # REGION, ACCOUNT and the like stand for one name each; a `*` or `?` stands for itself.
        shape = re.sub(r"[A-Z]{3,}", "[A-Za-z0-9_/.-]+", re.escape(self.resource))
        of_this_shape = self.resource == ANY_RESOURCE or re.fullmatch(shape, resource) is not None
        return of_this_shape and any(fnmatchcase(action, signed) for signed in self.actions)
