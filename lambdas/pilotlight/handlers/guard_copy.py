"""The guard's own copy of the tombstones: a parameter beside it, so that it needs no other region once it knows."""

from __future__ import annotations

import json
from typing import Any

from pilotlight.domain.errors import NotFound
from pilotlight.domain.ports import Aws
from pilotlight.domain.tombstone import Tombstone


class GuardCopy:
    """Notes by the ARN of the old writer, in one parameter of the guard's own region."""

    def __init__(self, aws: Aws, region: str, parameter: str) -> None:
        self._aws = aws
        self._region = region
        self._parameter = parameter

    def of(self, writer: str) -> Tombstone | None:
        """The note on a writer; raises an `AwsError` when the parameter cannot be read."""
        item = self._read().get(writer)
        return Tombstone.from_item(item) if item else None

    def keep(self, stone: Tombstone) -> None:
        """Keep a note that is newer than the one that is held."""
        held = self._read()
        before = Tombstone.from_item(held[stone.old]) if stone.old in held else None
        if before is None or stone.replaces(before):
            value = json.dumps({**held, stone.old: stone.to_item()})
            call = {"Name": self._parameter, "Value": value, "Type": "String", "Overwrite": True}
            self._aws.call("ssm", "PutParameter", self._region, **call)

    def _read(self) -> dict[str, Any]:
        try:
            answer = self._aws.call("ssm", "GetParameter", self._region, Name=self._parameter)
        except NotFound:
            return {}
        notes: dict[str, Any] = json.loads(answer["Parameter"]["Value"] or "{}")
        return notes
