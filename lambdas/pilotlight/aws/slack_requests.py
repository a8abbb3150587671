"""What came through Slack, and the buttons that it may come through, in the control table.

A request is recorded once, under the mark of its signature, so a copy of it is never heard. The record is the proof of
who said what: whoever may only call a function cannot write one, and whoever may write in this table could keep a word
itself. The records stay: they are few, small, and part of the account of an incident.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Self

from pilotlight.domain.errors import AlreadyThere, Changed
from pilotlight.domain.ports import Table
from pilotlight.domain.slack_request import BUTTONS, REQUESTS, Asked, Recorded

BUTTON_LASTS = timedelta(hours=24)


@dataclass(frozen=True)
class Button:
    """What a button stands for. In Slack it is an opaque id: nothing of a run, and no token, leaves the table."""

    asked: Asked
    expires: datetime

    def to_item(self) -> dict[str, Any]:
        """The button as a JSON object."""
        return {"asked": asdict(self.asked), "expires": self.expires.isoformat()}

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        """Read it back."""
        return cls(Asked(**item["asked"]), datetime.fromisoformat(item["expires"]))


class SlackRequests:
    """The requests and the buttons in the control table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def record(self, request: Recorded) -> None:
        """Record a request, once; raises `AlreadyThere` for one that was heard before."""
        self._table.insert(REQUESTS, request.mark, request.to_item())

    def find(self, mark: str) -> Recorded | None:
        """The request of that mark, or None."""
        item = self._table.read(REQUESTS, mark)
        return Recorded.from_item(item) if item else None

    def keep_answer(self, mark: str, answer: str) -> None:
        """Keep what became of a request; the first answer stands."""
        item = self._table.read(REQUESTS, mark)
        if item and not item["answer"]:
            answered = replace(Recorded.from_item(item), answer=answer)
            with suppress(Changed):
                self._table.replace(REQUESTS, mark, answered.to_item(), version=item["version"])

    def keep_button(self, identity: str, button: Button) -> None:
        """Keep what a button stands for; the first one of an id stands."""
        with suppress(AlreadyThere):
            self._table.insert(BUTTONS, identity, button.to_item())

    def button(self, identity: str) -> Button | None:
        """What a button stands for, or None."""
        item = self._table.read(BUTTONS, identity)
        return Button.from_item(item) if item else None
