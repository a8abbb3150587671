"""The heartbeat of a primary region: each minute it counts one beat up in the standby's table of signals.

It shares nothing with the deployments of an application. It proves that the region can run a function, reach the
standby and write there; that it is *not* heard is what a detector learns from. A beat that fails is a beat that was not
sent: the function raises, and tries again in a minute.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pilotlight.aws.listening import PULSE
from pilotlight.domain.errors import AlreadyThere, Changed
from pilotlight.domain.watching import pulse_of
from pilotlight.handlers.runtime import Handler, Outside, Runtime, entry


def build(environ: Mapping[str, str], outside: Outside) -> Handler:
    """The heartbeat's function, from its environment and the ways out."""
    runtime = Runtime(environ, outside, "heartbeat")
    standby = runtime.variable("PILOTLIGHT_STANDBY")

    def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
        return {"beat": _beat(runtime, standby)}

    return handle


handler = entry(build)


def _beat(runtime: Runtime, standby: str) -> int:
    table, partition = runtime.signals(standby), pulse_of(runtime.region)
    before = table.read(partition, PULSE)
    try:
        if before is None:
            table.insert(partition, PULSE, {})
            return 1
        table.replace(partition, PULSE, {}, version=before["version"])
        return int(before["version"]) + 1
    except (AlreadyThere, Changed):
        runtime.logger.info("Another copy of this function beat at the same time.")
        return int(before["version"]) + 1 if before else 1
