"""What the functions answer to the machine: which way to go, after how long, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import Any


@dataclass(frozen=True)
class Answer:
    """`next` is a word that a Choice of the machine knows."""

    next: str
    sentence: str
    wait: timedelta = timedelta(0)

    def to_answer(self) -> dict[str, Any]:
        """The JSON that the machine reads; waits are whole seconds, at least one."""
        return {"next": self.next, "sentence": self.sentence, "wait_seconds": whole_seconds(self.wait)}


def whole_seconds(wait: timedelta) -> int:
    """A wait as Step Functions takes it."""
    return max(1, ceil(wait.total_seconds()))
