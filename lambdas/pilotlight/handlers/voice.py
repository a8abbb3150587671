"""The voice of the probe inside a private application's primary: each minute it is asked, and heard in the standby.

What it sees is written into the standby's table of signals, like the heartbeat and apart from it. It stands outside the
VPC, because a function inside would need a way of its own to the API of another region. A word that cannot be written
is one that was not said: the function raises, and tries again in a minute.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pilotlight.aws.listening import WORD
from pilotlight.aws.probing import judge, question
from pilotlight.domain.errors import AlreadyThere, Changed
from pilotlight.domain.watching import PROBE_INSIDE, kept, voice_of
from pilotlight.handlers.runtime import Handler, Outside, Runtime, entry


def build(environ: Mapping[str, str], outside: Outside) -> Handler:
    """The voice's function, from its environment and the ways out."""
    runtime = Runtime(environ, outside, "voice")

    def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
        return {"sight": _speak(runtime)}

    return handle


handler = entry(build)


def _speak(runtime: Runtime) -> str:
    plan = runtime.failover
    table, partition = runtime.signals(plan.regions.standby), voice_of(plan.application)
    before = table.read(partition, WORD)
    web = runtime.inside(runtime.variable("PILOTLIGHT_INSIDE_FUNCTION"))
    seen = judge(plan.signals.probe, web.ask(question(plan.signals.probe)))
    now = runtime.now()
    looked = datetime.fromisoformat(before["looked"]) if before else now
    said = kept(PROBE_INSIDE, seen, before["application"] if before else None, looked, now)
    item = {"application": said, "looked": now.isoformat()}
    try:
        if before is None:
            table.insert(partition, WORD, item)
        else:
            table.replace(partition, WORD, item, version=before["version"])
    except (AlreadyThere, Changed):
        runtime.logger.info("Another copy of this function spoke at the same time.")
    return seen.sight.value
