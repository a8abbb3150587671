"""The conflict window of a global table: which writes of the old primary the standby does not know, and may overrule.

DynamoDB replicates both ways and lets the last writer of an item win, by its own time stamps. So what the primary took
after the last moment that is known to be replicated is not lost for good: it arrives when the region returns, and loses
against whatever the standby has written to the same items since; or it wins against an older write of the standby. Such
items are for the application's owner to look at, and the window says which. It ends when a read showed the primary
closed; where no read did, it stays open until the guard closes the primary.

Source: DynamoDB Developer Guide, "How DynamoDB global tables work", on consistency modes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pilotlight.domain.place import Place


@dataclass(frozen=True)
class ConflictWindow:
    """The span in which the primary may have written to a table what the standby does not know.

    `began` is None where nothing says when the last write was replicated; `ended` is None while the primary is not
    known to be closed.
    """

    table: str
    began: datetime | None
    ended: datetime | None

    def sentence(self, place: Place) -> str:
        """The window in words."""
        if self.began and self.ended and self.began >= self.ended:
            return (
                f"Table {self.table}: {place.standby} knows all that {place.primary} wrote before it was read closed."
            )
        since = f"from {self.began:%Y-%m-%d %H:%M:%S} UTC" if self.began else "from a moment that is not known"
        until = (
            f"until {self.ended:%H:%M:%S} UTC, when it was read closed"
            if self.ended
            else "until its guard closes it, because no read shows it closed yet"
        )
        return (
            f"Table {self.table}: what {place.primary} wrote {since} {until}, may reach {place.standby} late; of an "
            "item that both wrote, the last writer wins."
        )


def no_conflict(table: str, place: Place) -> str:
    """What is said of a table whose regions agree on each write before it is answered."""
    return f"Table {table}: its consistency is strong, so {place.standby} knows every write that was answered."
