"""Schedules of EventBridge Scheduler.

Only groups of schedules can be tagged, so a schedule bears its notes at the end of its description, as
`... [pilotlight:fence fileflow was=on]`. It is changed only as a whole: what an update does not name falls back to its
default, so everything that was read is sent back. A start that lies in the past is left out, because an update that
names one is refused; a schedule by rate then counts from the update.

Two changes at the same moment overwrite each other, because an update names no version; the read-back shows it.

Sources: botocore's model of Scheduler (UpdateSchedule "overrides the existing schedule"; TagResource of groups alone);
getmoto/moto pull request 8172 (a start earlier than five minutes ago is refused); EventBridge Scheduler User Guide,
"Identity-based policies" (UpdateSchedule passes the role of the target).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pilotlight.domain.errors import NotFound
from pilotlight.domain.step import Access, Operation, StepContext
from pilotlight.estate.event_sources.source import OFF, ON, EventSource

_GONE, _INVALID, _QUOTA = "ResourceNotFoundException", "ValidationException", "ServiceQuotaExceededException"
_AGAIN = {"InternalServerException": "asked again", "ThrottlingException": "asked again"}
_SHOWN_ONLY = frozenset({"Arn", "CreationDate", "LastModificationDate", "ResponseMetadata"})
_LONGEST = 512
"""Characters of a description (botocore's model of Scheduler)."""
_MARK = re.compile(r" ?\[(?P<key>pilotlight:[a-z]+) (?P<value>[^\]]*)\]")

OPERATIONS = (
    Operation(
        "scheduler", "GetSchedule", Access.READ, {**_AGAIN, _GONE: "said as a missing source"}, (_INVALID, _QUOTA)
    ),
    Operation(
        "scheduler",
        "UpdateSchedule",
        Access.WRITE,
        {**_AGAIN, "ConflictException": "tried again"},
        (_GONE, _INVALID, _QUOTA),
    ),
)


@dataclass(frozen=True)
class Schedule(EventSource):
    """One schedule in its group."""

    group: str
    states: ClassVar[dict[str, str]] = {"ENABLED": ON, "DISABLED": OFF}

    @property
    def title(self) -> str:
        """The schedule."""
        return f"schedule {self.name}"

    def state(self, context: StepContext) -> str | None:
        """As Scheduler shows it."""
        try:
            found = str(self._read(context)["State"])
        except NotFound:
            return None
        return self.states.get(found, found)

    def switch(self, context: StepContext, *, on: bool) -> None:
        """Scheduler switches it at once, and may call its target once more."""
        self._update(context, self._read(context) | {"State": "ENABLED" if on else "DISABLED"})

    def mark(self, context: StepContext, key: str, value: str) -> None:
        """A note at the end of its description; its last words make room for it where there is none."""
        found = self._read(context)
        note = f" [{key} {value}]"
        said = _without(str(found.get("Description", "")), key)[: _LONGEST - len(note)]
        self._update(context, found | {"Description": f"{said}{note}"})

    def marks(self, context: StepContext) -> Mapping[str, str]:
        """The notes in its description."""
        return {m["key"]: m["value"] for m in _MARK.finditer(str(self._read(context).get("Description", "")))}

    def unmark(self, context: StepContext, key: str) -> None:
        """Its description as it was."""
        found = self._read(context)
        self._update(context, found | {"Description": _without(str(found.get("Description", "")), key)})

    def _read(self, context: StepContext) -> dict[str, Any]:
        return context.aws.call("scheduler", "GetSchedule", self.region, Name=self.name, GroupName=self.group)

    def _update(self, context: StepContext, wanted: Mapping[str, Any]) -> None:
        order = {name: value for name, value in wanted.items() if name not in _SHOWN_ONLY}
        if "StartDate" in order and order["StartDate"] <= context.now:
            del order["StartDate"]
        if not order.get("Description"):
            order.pop("Description", None)
        context.aws.call("scheduler", "UpdateSchedule", self.region, **order)


def _without(description: str, key: str) -> str:
    return _MARK.sub(lambda found: "" if found["key"] == key else found[0], description)
