"""The part of the embedded RDS that restarts instances and tells of it in events; `rds` holds the instances.

The traps are: after an accepted reboot the status stays `available` for a while; the event comes when the restart is
over; the events of the last hour are shown unless more is asked for. Of all events only restarts after a reboot are
written. Sessions are not modelled. Answers and errors: botocore's model of RDS.
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
        if call.parameters.get("ForceFailover"):
            raise NotModelled(call)
        instance = self._find(call.region, str(call.parameters["DBInstanceIdentifier"]))
        if instance.changing or instance.status != Status.AVAILABLE:
            raise ServiceError("InvalidDBInstanceState", "DB Instance is not in available state.")
        quiet, work = SHOWS_REBOOT.draw(self.random), REBOOTS.draw(self.random)
        instance.changing = True
        self.world.begin_effect(instance.arn, quiet + work)

        def finish() -> None:
            instance.status, instance.changing, instance.parameters_in = Status.AVAILABLE, False, "in-sync"
            instance.restarts.append(self.world.time.now())

        self._in(quiet, lambda: setattr(instance, "status", Status.REBOOTING))
        self._in(quiet + work, finish)
        return {"DBInstance": self._shown(instance)}

    @operation("DescribeEvents")
    def describe_events(self, call: Call) -> Mapping[str, Any]:
        """The restarts of one instance, within the last so many minutes."""
        if call.parameters.keys() - _ASKED or call.parameters.get("SourceType") != "db-instance":
            raise NotModelled(call)
        minutes = int(call.parameters.get("Duration", _USUAL_MINUTES))
        if minutes > _MOST_MINUTES:
            raise ServiceError("InvalidParameterValue", f"Duration must be at most {_MOST_MINUTES}.")
        instance = self._find(call.region, str(call.parameters["SourceIdentifier"]))
        since = self.world.time.now() - timedelta(minutes=minutes)
        said = {
            "SourceIdentifier": instance.identifier,
            "SourceType": "db-instance",
            "SourceArn": instance.arn,
            "EventCategories": ["availability"],
            "Message": RESTARTED,
        }
        return {"Events": [{**said, "Date": at} for at in instance.restarts if at >= since]}

    @operation("RemoveTagsFromResource")
    def remove_tags(self, call: Call) -> Mapping[str, Any]:
        """Remove tags from an instance; a key that is not there is as good."""
        tags = self._by_arn(call).tags
        for key in call.parameters["TagKeys"]:
            tags.pop(key, None)
        return {}
