"""The guard's own copy of the tombstones: a parameter beside it, so that it needs no other region once it knows."""

from __future__ import annotations

import json
from typing import Any

from pilotlight.domain.errors import Misconfigured, NotFound
from pilotlight.domain.ports import Aws
from pilotlight.domain.tombstone import Tombstone


class GuardCopy:
    """Notes by the ARN of the old writer, in one parameter of the guard's own region."""

    def __init__(self, aws: Aws, region: str, parameter: str) -> None:
        self._aws = aws
        self._region = region
        self._parameter = parameter

    def of(self, writer: str) -> Tombstone | None:
        """The note on a writer.

        Raises an `AwsError` when the parameter cannot be read, and `Misconfigured` when it holds something else.
        """
        return self._read().get(writer)

    def keep(self, stone: Tombstone) -> None:
        """Keep a note that is newer than the one that is held; raises as `of` does, and then what stands is left."""
        held = self._read()
        before = held.get(stone.old)
        if before is None or stone.replaces(before):
            value = json.dumps({writer: note.to_item() for writer, note in {**held, stone.old: stone}.items()})
            call = {"Name": self._parameter, "Value": value, "Type": "String", "Overwrite": True}
            self._aws.call("ssm", "PutParameter", self._region, **call)

    def _read(self) -> dict[str, Tombstone]:
        try:
            answer = self._aws.call("ssm", "GetParameter", self._region, Name=self._parameter)
        except NotFound:
            return {}
        try:
            notes: dict[str, dict[str, Any]] = json.loads(answer["Parameter"]["Value"])
            return {writer: Tombstone.from_item(item) for writer, item in notes.items()}
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise Misconfigured(
                f"Parameter {self._parameter} in {self._region} holds no notes of a guard, because somebody wrote to "
                "it; delete it, and the guard copies the notes anew from where it can read them."
            ) from error
