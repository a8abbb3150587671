"""The probe that all applications of a region share: each minute it looks at all their primaries, four times.

What it looks at stands in parameters, one for each application, which the application's own stack makes; they are
listed again every few minutes. The API of a primary's region is asked once a minute, and whenever an application there
looks different than before. What was seen is kept in this region's table of signals, when a sight changes and once in
each minute, and read there by each application's detector. A change also goes to the standby's bus as an event, which
only makes a look earlier. What the probe cannot do (list or read a parameter, keep an item, put an event) is told in
the log and stops nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from pydantic import ValidationError

from pilotlight.aws.beside import side_by_side
from pilotlight.aws.listening import PROBE
from pilotlight.aws.probing import judge, look_at_region, question
from pilotlight.domain.errors import AlreadyThere, AwsError, Changed
from pilotlight.domain.watching import (
    SIGHT_CHANGED,
    SOURCE,
    Seen,
    Watched,
    kept,
    probe_in,
    region_look_from,
    shelf_of,
)
from pilotlight.handlers.runtime import Handler, Outside, Runtime, entry

LOOKS = 4
LOOK_EVERY = timedelta(seconds=15)
LIST_EVERY = timedelta(minutes=5)
EVENTS_IN_A_CALL = 10
"""The most that PutEvents takes (EventBridge API Reference)."""


@dataclass(frozen=True)
class Shelf:
    """What is kept of one application: the item, its version in the table, and whether it has yet to be written."""

    item: Mapping[str, Any] | None
    version: int
    looked: datetime
    changed: bool = False

    def sight(self, subject: str) -> str:
        """What was last seen of the application or the region; empty where nothing was."""
        return str(self.item[subject]["sight"]) if self.item and subject in self.item else ""


def build(environ: Mapping[str, str], outside: Outside) -> Handler:
    """The probe's function, from its environment and the ways out."""
    prober = Prober(Runtime(environ, outside, "probe"))

    def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
        return prober.look_for_a_minute()

    return handle


handler = entry(build)


@dataclass
class Prober:
    """What the function keeps between its calls: what it saw last, so that it need not be read again."""

    runtime: Runtime
    shelves: dict[str, Shelf] = field(default_factory=dict)
    regions: dict[str, Seen] = field(default_factory=dict)
    watched: tuple[Watched, ...] = ()
    listed: datetime | None = None

    def look_for_a_minute(self) -> dict[str, Any]:
        """Look at every application that is registered in this region, several times."""
        self._list()
        self.regions.clear()
        for look in range(1, LOOKS + 1 if self.watched else 1):
            began = self.runtime.now()
            self._look(must_keep=look == LOOKS)
            left = LOOK_EVERY - (self.runtime.now() - began)
            if look < LOOKS and left > timedelta(0):
                self.runtime.outside.pause(left.total_seconds())
        return {"watched": len(self.watched)}

    def _list(self) -> None:
        now = self.runtime.now()
        if self.listed and now - self.listed < LIST_EVERY:
            return
        try:
            self.watched, self.listed = tuple(self._parameters()), now
        except AwsError as error:
            self._say(f"The probe goes on with the {len(self.watched)} applications that it knows: {error.sentence}.")

    def _parameters(self) -> Iterator[Watched]:
        path = self.runtime.variable("PILOTLIGHT_PROBES_PATH")
        more: dict[str, str] = {}
        while True:
            answer = self.runtime.aws.call("ssm", "GetParametersByPath", self.runtime.region, Path=path, **more)
            for parameter in answer["Parameters"]:
                try:
                    yield Watched.model_validate_json(parameter["Value"])
                except ValidationError:
                    name = parameter["Name"]
                    self._say(f"The parameter {name} says of no application how to look at it; deploy its stack again.")
            if not answer.get("NextToken"):
                return
            more = {"NextToken": answer["NextToken"]}

    def _look(self, *, must_keep: bool) -> None:
        seen = [*self._ask_outside(), *self._ask_inside(), *((each, None) for each in self.watched if not each.probe)]
        different = {
            each.primary for each, sight in seen if sight and self._shelf(each).sight("application") != sight.sight
        }
        for region in dict.fromkeys(each.primary for each in self.watched):
            if region in different or region not in self.regions:
                self.regions[region] = look_at_region(self.runtime.aws, region)
        self._tell([each for each, sight in seen if self._keep(each, sight, must_keep=must_keep)])

    def _ask_outside(self) -> list[tuple[Watched, Seen | None]]:
        """What is seen of the public applications, over the internet."""
        asked = [(each, each.probe) for each in self.watched if each.probe and not each.inside]
        answers = self.runtime.outside.web.ask_all([question(probe) for _, probe in asked])
        return [(each, judge(probe, answer)) for (each, probe), answer in zip(asked, answers, strict=True)]

    def _ask_inside(self) -> list[tuple[Watched, Seen | None]]:
        """What the functions in VPCs of this region see of the private ones."""
        asked = [(each, each.probe, each.inside) for each in self.watched if each.probe and each.inside]
        answers = side_by_side(
            self.runtime.outside.beside,
            [partial(self.runtime.inside(function).ask, question(probe)) for _, probe, function in asked],
        )
        return [(each, judge(probe, answer)) for (each, probe, _), answer in zip(asked, answers, strict=True)]

    def _keep(self, watched: Watched, seen: Seen | None, *, must_keep: bool) -> bool:
        """Keep what was seen; True where it is another sight than before, and that is written down."""
        shelf, now, region = self._shelf(watched), self.runtime.now(), self.regions[watched.primary]
        role = "standby" if watched.standby == self.runtime.region else "witness"
        names = {"application": probe_in(role), "region": region_look_from(role, watched.primary)}
        before = shelf.item or {}
        item = {
            subject: kept(names[subject], each, before.get(subject), shelf.looked, now)
            for subject, each in (("application", seen), ("region", region))
            if each
        }
        is_news = any(shelf.sight(subject) != item[subject]["sight"] for subject in item)
        after = replace(shelf, item=item, looked=now, changed=shelf.changed or is_news)
        if after.changed or must_keep:
            return self._write(watched.application, after) and after.changed
        self.shelves[watched.application] = after
        return False

    def _shelf(self, watched: Watched) -> Shelf:
        known = self.shelves.get(watched.application)
        if known:
            return known
        item = self.runtime.signals(self.runtime.region).read(shelf_of(watched.application), PROBE)
        found = Shelf(item, item["version"], datetime.fromisoformat(item["looked"])) if item else None
        self.shelves[watched.application] = found or Shelf(None, 0, self.runtime.now())
        return self.shelves[watched.application]

    def _write(self, application: str, shelf: Shelf) -> bool:
        table, partition = self.runtime.signals(self.runtime.region), shelf_of(application)
        item = {**(shelf.item or {}), "looked": shelf.looked.isoformat()}
        self.shelves[application] = shelf
        try:
            if shelf.version:
                table.replace(partition, PROBE, item, version=shelf.version)
            else:
                table.insert(partition, PROBE, item)
        except (AlreadyThere, Changed):
            # Another copy of this function was faster, and saw the same world; its item is read at the next look.
            del self.shelves[application]
            return False
        except AwsError as error:
            self._say(f"What was seen of {application} could not be kept: {error.sentence}.")
            return False
        self.shelves[application] = replace(shelf, version=shelf.version + 1, changed=False)
        return True

    def _tell(self, news: Sequence[Watched]) -> None:
        for standby in dict.fromkeys(each.standby for each in news):
            there = [each.application for each in news if each.standby == standby]
            for first in range(0, len(there), EVENTS_IN_A_CALL):
                self._put_events(standby, there[first : first + EVENTS_IN_A_CALL])

    def _put_events(self, standby: str, applications: Sequence[str]) -> None:
        entries = [
            {
                "Source": SOURCE,
                "DetailType": SIGHT_CHANGED,
                "Detail": json.dumps({"application": application}),
                "EventBusName": self.runtime.variable("PILOTLIGHT_BUS"),
            }
            for application in applications
        ]
        try:
            lost = self.runtime.aws.call("events", "PutEvents", standby, Entries=entries)["FailedEntryCount"]
        except AwsError as error:
            self._say(f"The detectors in {standby} look at their next tick only: {error.sentence}.")
        else:
            if lost:
                self._say(f"{lost} detectors in {standby} look at their next tick only: EventBridge took no event.")

    def _say(self, sentence: str) -> None:
        self.runtime.logger.warning(sentence)
