"""The ledger: one append-only chain of records for each application, right under concurrent writers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pilotlight.domain.errors import AlreadyThere, Unavailable
from pilotlight.domain.ports import Table
from pilotlight.domain.records import Entry, Record

_TRIES = 40
_DIGITS = 10


class Ledger:
    """Appends and reads records; it has no way to change one.

    An append that loses the race for a sequence number reads the new last record and tries again, after a pause that
    `pause` makes; after 40 lost races it raises `Unavailable`.
    """

    def __init__(self, table: Table, pause: Callable[[int], None]) -> None:
        self._table = table
        self._pause = pause
        self._last: dict[str, Record] = {}

    def append(self, entry: Entry) -> Record:
        """Write the entry after the last record of its application."""
        application = entry.application
        for lost in range(_TRIES):
            record = Record.after(self._last.get(application) or self.last(application), entry)
            try:
                self._table.insert(application, sort_key(record.sequence), record.to_item())
            except AlreadyThere:
                self._last.pop(application, None)
                self._pause(lost)
                continue
            self._last[application] = record
            return record
        raise Unavailable(
            "ledger",
            "append",
            "",
            "Contention",
            f"the ledger of {application} was written by others {_TRIES} times in a row",
        )

    def last(self, application: str) -> Record | None:
        """The newest record of an application."""
        newest = self._table.query(application, newest_first=True, limit=1)
        return Record.from_item(newest[0]) if newest else None

    def records(self, application: str, *, since: int = 1) -> Sequence[Record]:
        """The records from a sequence number on, in order."""
        return [Record.from_item(item) for item in self._table.query(application, after=sort_key(since - 1))]


def sort_key(sequence: int) -> str:
    """The sort key of a sequence number: its digits, so that order of text is order of numbers."""
    return f"{sequence:0{_DIGITS}d}"


def record_of_stream_image(image: Mapping[str, Any]) -> Record:
    """The record in a DynamoDB stream's new image."""
    return Record.from_item(json.loads(image["body"]["S"]))
