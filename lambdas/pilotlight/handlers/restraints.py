"""What holds back automatic starts in the whole account: a switch that a person can turn off, and a cap on them.

Both stand in the standby region and hold for all applications that fail over to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pilotlight.domain.decision import Switch
from pilotlight.domain.errors import AwsError
from pilotlight.domain.plan import Plan
from pilotlight.handlers.runtime import Runtime

_STARTS = "starts"
_ALL = "all"


def read_switch(runtime: Runtime) -> Switch:
    """Where the kill switch stands: an SSM parameter that says `on` or `off`. Whatever else it says is unreadable."""
    name = runtime.variable("PILOTLIGHT_SWITCH_PARAMETER")
    try:
        answer = runtime.aws.call("ssm", "GetParameter", runtime.region, Name=name)
    except AwsError as error:
        runtime.logger.warning(f"The switch for automatic failovers could not be read: {error.sentence}")
        return Switch.UNREADABLE
    said = str(answer["Parameter"]["Value"]).strip().lower()
    return {"on": Switch.ON, "off": Switch.OFF}.get(said, Switch.UNREADABLE)


def count_starts(runtime: Runtime, plan: Plan, now: datetime) -> int:
    """How many runs started by themselves in the account within the plan's window."""
    return len(_within(runtime.control.note(_STARTS, _ALL), plan, now))


def take_start(runtime: Runtime, plan: Plan, run_id: str, now: datetime) -> bool:
    """Take one of the starts that the velocity cap leaves; False where none is left. A run takes one, however often.

    Raises `Changed` when another application took one in this moment.
    """
    held = runtime.control.note(_STARTS, _ALL)
    starts = _within(held, plan, now)
    if run_id in starts:
        return True
    if len(starts) >= plan.decision.velocity.starts:
        return False
    kept = {**starts, run_id: now.isoformat()}
    runtime.control.keep_note(_STARTS, _ALL, {"starts": kept}, held)
    return True


def forget_starts(runtime: Runtime, until: datetime) -> None:
    """Count the account's automatic starts anew, from a moment on; raises `Changed` when one came meanwhile."""
    held = runtime.control.note(_STARTS, _ALL)
    if held:
        later = {run: at for run, at in held["starts"].items() if datetime.fromisoformat(at) > until}
        runtime.control.keep_note(_STARTS, _ALL, {"starts": later}, held)


def _within(held: Mapping[str, Any] | None, plan: Plan, now: datetime) -> dict[str, str]:
    starts: dict[str, str] = dict(held["starts"]) if held else {}
    oldest = now - plan.decision.velocity.within
    return {run: at for run, at in starts.items() if datetime.fromisoformat(at) > oldest}
