"""What stands in an account for an application, read and never changed, as the beginning of its plan.

`discover` reads two regions and says what belongs to the application, and why; `draft` writes that down as a plan, with
what a person must decide left open in words.
"""

from __future__ import annotations

from discovery.document import draft
from discovery.looking import Found, discover
from discovery.terraform import State, read_state

__all__ = ["Found", "State", "discover", "draft", "read_state"]
