"""The durable note that the writing of a resource moves to the standby: what keeps an old primary closed on its return.

It is written `intended` before the writer moves and `committed` once the move was accepted; a move that did not come
about is `withdrawn`. Of two notes on one writer the one of the higher epoch counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self


class TombstoneState(StrEnum):
    """How far a move has come, in that order; a note never goes back within one epoch."""

    INTENDED = "intended"
    WITHDRAWN = "withdrawn"
    COMMITTED = "committed"


_ORDER = tuple(TombstoneState)

TABLE = "pilotlight-tombstones"
"""The table that holds the notes, in the standby and in the witness."""

SORT = "tombstone"
"""The sort key of a note."""


@dataclass(frozen=True)
class Tombstone:
    """The note on one writer: `old` is its ARN in the primary, `new` in the standby."""

    old: str
    new: str
    application: str
    run_id: str
    epoch: int
    state: TombstoneState
    noted: datetime

    def replaces(self, other: Tombstone) -> bool:
        """Whether this note is to stand in place of another one on the same writer."""
        if self.epoch != other.epoch:
            return self.epoch > other.epoch
        return _ORDER.index(self.state) > _ORDER.index(other.state)

    def to_item(self) -> dict[str, Any]:
        """The note as a JSON object."""
        return {
            "old": self.old,
            "new": self.new,
            "application": self.application,
            "run_id": self.run_id,
            "epoch": self.epoch,
            "state": self.state.value,
            "noted": self.noted.isoformat(),
        }

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        """Read a note back; raises KeyError or ValueError for what is none."""
        return cls(
            old=item["old"],
            new=item["new"],
            application=item["application"],
            run_id=item["run_id"],
            epoch=int(item["epoch"]),
            state=TombstoneState(item["state"]),
            noted=datetime.fromisoformat(item["noted"]),
        )


def partition_of(writer: str) -> str:
    """The key under which the note on a writer is kept, by its ARN; roles are narrowed to it."""
    return f"tombstone#{writer}"
