"""Where tombstones are kept: in the standby, where one must be before anything moves, and a copy in the witness.

A copy that cannot be written is no reason to stop: the standby's is the one that counts, and the sentence about the
move says which copies there are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pilotlight.domain.errors import AwsError, Changed, Misconfigured, StaleActor
from pilotlight.domain.ports import Table
from pilotlight.domain.tombstone import SORT, Tombstone, partition_of


class Tombstones:
    """The notes on writers, by the ARN of the old writer.

    Parameters: `copies` are further tables by region; what happens to them never raises.
    """

    def __init__(self, home: Table, copies: Mapping[str, Table]) -> None:
        self._home = home
        self._copies = copies

    def of(self, writer: str) -> Tombstone | None:
        """The standing note on a writer, as it is in the home table."""
        return read_tombstone(self._home, writer)

    def write(self, stone: Tombstone) -> Sequence[str]:
        """Write a note, first at home; the regions whose copies could not be written.

        A note that stands already, in that state or a later one, is left. Raises `StaleActor` where the writer was
        moved in a later epoch.
        """
        _put(self._home, stone)
        return [region for region, copy in self._copies.items() if not _try_to_put(copy, stone)]


def read_tombstone(table: Table, writer: str) -> Tombstone | None:
    """The note on a writer that one table holds."""
    item = table.read(partition_of(writer), SORT)
    return Tombstone.from_item(item) if item else None


def _try_to_put(table: Table, stone: Tombstone) -> bool:
    try:
        _put(table, stone)
    except (AwsError, Misconfigured, StaleActor, Changed):
        return False
    return True


def _put(table: Table, stone: Tombstone) -> None:
    item = table.read(partition_of(stone.old), SORT)
    if item is None:
        table.insert(partition_of(stone.old), SORT, stone.to_item())
        return
    held = Tombstone.from_item(item)
    if held.epoch > stone.epoch:
        raise StaleActor(
            f"{stone.old} was moved in epoch {held.epoch} by run {held.run_id}, so run {stone.run_id} of epoch "
            f"{stone.epoch} does not touch it."
        )
    if stone.replaces(held):
        table.replace(partition_of(stone.old), SORT, stone.to_item(), version=item["version"])
