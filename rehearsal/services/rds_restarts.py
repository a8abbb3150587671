"""The part of the embedded RDS that restarts instances and tells of it in events; `rds` holds the instances.

The traps are: after an accepted reboot the status stays `available` for a while; the event comes when the restart is
over; the events of the last hour are shown unless more is asked for. A reboot with failover is accepted before RDS
decides whether it abandons it, and the other zone is shown some time after the event of the end. Of all events only
those of reboots are written. Sessions are not modelled. Answers and errors: botocore's model of RDS; messages as in
`pilotlight.estate.rds.failovers`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from random import Random
from typing import Any

from rehearsal.service import Spread, operation
from rehearsal.services.rds_instance import Instance, Status
from rehearsal.wire import Call, NotModelled, ServiceError
from rehearsal.world import World

SHOWS_REBOOT = Spread(1, 5, 20)
"""From an accepted reboot to the status that shows it, in seconds: an estimate."""
REBOOTS = Spread(30, 60, 120)
RESTARTED = "DB instance restarted"
STARTS_FAILOVER = Spread(12, 16, 40)
"""From an accepted call to the event of the start, in seconds; people measured 15 and 17 s."""
FAILS_OVER = Spread(25, 40, 120)
"""From there to the event of the end; people measured 34 and 50 s, AWS says one to two minutes."""
SHOWS_ZONE = Spread(0, 10, 60)
"""From there until the other zone and the status show it: an estimate."""
STARTED = "Multi-AZ instance failover started."
COMPLETED = "Multi-AZ instance failover completed"
ABANDONED = "Abandoning user requested failover since a failover recently occurred on the database instance."
_MOST_MINUTES, _USUAL_MINUTES = 20160, 60
_ASKED = {"SourceIdentifier", "SourceType", "EventCategories", "Duration"}


class Restarts:
    """Reboots, the events of them, and tags taken away."""

    world: World
    random: Random
    _find: Callable[[str, str], Instance]
    _by_arn: Callable[[Call], Instance]
    _shown: Callable[[Instance], Mapping[str, Any]]
    _in: Callable[[float, Callable[[], None]], None]

    @operation("RebootDBInstance")
    def reboot(self, call: Call) -> Mapping[str, Any]:
        """Accept a reboot of an available instance."""
        instance = self._find(call.region, str(call.parameters["DBInstanceIdentifier"]))
        if instance.changing or instance.status != Status.AVAILABLE:
            raise ServiceError("InvalidDBInstanceState", "DB Instance is not in available state.")
        if call.parameters.get("ForceFailover"):
            self._fail_over(instance)
            return {"DBInstance": self._shown(instance)}
        quiet, work = SHOWS_REBOOT.draw(self.random), REBOOTS.draw(self.random)
        instance.changing = True
        self.world.begin_effect(instance.arn, quiet + work)

        def finish() -> None:
            instance.status, instance.changing, instance.parameters_in = Status.AVAILABLE, False, "in-sync"
            instance.restarts.append(self.world.time.now())

        self._in(quiet, lambda: setattr(instance, "status", Status.REBOOTING))
        self._in(quiet + work, finish)
        return {"DBInstance": self._shown(instance)}

    def _fail_over(self, instance: Instance) -> None:
        if not instance.multi_az:
            text = "Cannot force a failover of an instance that is not Multi-AZ."
            raise ServiceError("InvalidParameterCombination", text)
        start, work = STARTS_FAILOVER.draw(self.random), FAILS_OVER.draw(self.random)
        shown = start + work + SHOWS_ZONE.draw(self.random)
        if instance.abandons:
            self._in(start, lambda: self._say(instance, ABANDONED))
            return
        instance.changing = True
        self.world.begin_effect(instance.arn, shown)

        def begin() -> None:
            instance.status = Status.REBOOTING
            self._say(instance, STARTED)

        def finish() -> None:
            instance.status, instance.changing = Status.AVAILABLE, False
            instance.failed_over = not instance.failed_over

        self._in(start, begin)
        self._in(start + work / 2, lambda: instance.restarts.append(self.world.time.now()))
        self._in(start + work, lambda: self._say(instance, COMPLETED))
        self._in(shown, finish)

    def _say(self, instance: Instance, message: str) -> None:
        instance.failovers.append((self.world.time.now(), message))

    @operation("DescribeEvents")
    def describe_events(self, call: Call) -> Mapping[str, Any]:
        """The restarts and failovers of one instance, within the last so many minutes, by category."""
        if call.parameters.keys() - _ASKED or call.parameters.get("SourceType") != "db-instance":
            raise NotModelled(call)
        minutes = int(call.parameters.get("Duration", _USUAL_MINUTES))
        if minutes > _MOST_MINUTES:
            raise ServiceError("InvalidParameterValue", f"Duration must be at most {_MOST_MINUTES}.")
        instance = self._find(call.region, str(call.parameters["SourceIdentifier"]))
        since = self.world.time.now() - timedelta(minutes=minutes)
        said = {"SourceIdentifier": instance.identifier, "SourceType": "db-instance", "SourceArn": instance.arn}
        written = [("availability", at, RESTARTED) for at in instance.restarts]
        written += [("failover", at, message) for at, message in instance.failovers]
        wanted = call.parameters.get("EventCategories") or ["availability", "failover"]
        return {
            "Events": [
                {**said, "EventCategories": [category], "Date": at, "Message": message}
                for category, at, message in sorted(written, key=lambda event: event[1])
                if at >= since and category in wanted
            ]
        }

    @operation("RemoveTagsFromResource")
    def remove_tags(self, call: Call) -> Mapping[str, Any]:
        """Remove tags from an instance; a key that is not there is as good."""
        tags = self._by_arn(call).tags
        for key in call.parameters["TagKeys"]:
            tags.pop(key, None)
        return {}
