"""To which moments an instance can be restored: the window of its own automated backups, in its own region.

The window ends some minutes ago, because RDS uploads transaction logs every five minutes, and it begins where the
backups do, at most as many days ago as they are kept (RDS User Guide, "Restoring to a point in time"). It is read from
DescribeDBInstanceAutomatedBackups, where backups of an instance that is there are `active` (botocore's model of RDS).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pilotlight.domain.errors import NotFound
from pilotlight.domain.step import StepContext

_ACTIVE = "active"


@dataclass(frozen=True)
class Window:
    """The earliest and the latest moment; an instance can be restored to both, and to every second between them."""

    earliest: datetime
    latest: datetime


def find_window(context: StepContext, source: str) -> Window | None:
    """The window of an instance of this region; None where there are no such backups, or they do not say."""
    arn, page = context.place.arn("rds", f"db:{source}"), dict[str, Any]()
    while True:
        try:
            answer = context.aws.call(
                "rds",
                "DescribeDBInstanceAutomatedBackups",
                context.place.standby,
                DBInstanceIdentifier=source,
                **page,
            )
        except NotFound:
            return None
        for found in answer.get("DBInstanceAutomatedBackups", ()):
            window = found.get("RestoreWindow") or {}
            whole = window.get("EarliestTime") and window.get("LatestTime")
            if found.get("DBInstanceArn") == arn and found.get("Status") == _ACTIVE and whole:
                return Window(window["EarliestTime"].astimezone(UTC), window["LatestTime"].astimezone(UTC))
        if not answer.get("Marker"):
            return None
        page = {"Marker": answer["Marker"]}
