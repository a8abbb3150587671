"""What others saw of a primary and kept: the probes of the standby and the witness, and the region's heartbeat.

Each keeps an item in a table of signals. An item that is not there, cannot be read, or was not seen to change lately
says unknown, never dark. The heartbeat alone is the other way round: that it no longer changes is what it says. Those
that speak of the region, and not of the application in it, complete no quorum.

A table away from home gets one try of 2 s to connect and 2 s to answer (`pilotlight.aws.sdk`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from pilotlight.domain.durations import say_elapsed
from pilotlight.domain.errors import AwsError, Misconfigured
from pilotlight.domain.hearing import Heard, hear
from pilotlight.domain.plan import Plan
from pilotlight.domain.ports import Item, Table
from pilotlight.domain.signals import BACKBONE, INTERNET, Sight, Signal, Subject, Vantage
from pilotlight.domain.watching import HEARD_AGAIN_WITHIN, probe_in, pulse_of, region_look_from, shelf_of

PROBE, PULSE = "probe", "pulse"
"""The sort keys of the items."""

Memory = dict[str, Heard]
"""What a reader remembers, by observer; what is heard is put in."""


@dataclass(frozen=True)
class Kept:
    """An item as it was read, from the table of signals in a region; or that there is none, or why it is not known."""

    region: str
    item: Item | None
    trouble: str = ""


def read_kept(table: Table, region: str, partition: str, sort: str) -> Kept:
    """Read an item; what goes wrong is part of what was read."""
    try:
        return Kept(region, table.read(partition, sort))
    except (AwsError, Misconfigured) as error:
        return Kept(region, None, error.sentence.removesuffix("."))


def listen_to_probe(plan: Plan, role: str, region: str, table: Table, memory: Memory, now: datetime) -> list[Signal]:
    """What the probe in a region says of the application, and of the primary's region."""
    kept = read_kept(table, region, shelf_of(plan.application), PROBE)
    application = _of_probe(probe_in(role), Vantage(region, INTERNET), kept, "application", memory, now)
    at_region = region_look_from(role, plan.regions.primary)
    of_region = _of_probe(at_region, Vantage(region, BACKBONE), kept, "region", memory, now)
    return [replace(application, first_hand=True), replace(of_region, subject=Subject.REGION, counts=False)]


def listen_to_heartbeat(plan: Plan, table: Table, memory: Memory, now: datetime) -> Signal:
    """Whether the primary's region still sends its beat."""
    primary, standby = plan.regions.primary, plan.regions.standby
    name, vantage = f"The heartbeat of {primary}", Vantage(standby, BACKBONE)
    kept = read_kept(table, standby, pulse_of(primary), PULSE)
    sight, words, since = (
        Sight.UNKNOWN,
        _missing(kept, f"was never heard; see that its sentinel stands in {primary}"),
        None,
    )
    if kept.item is not None:
        heard = memory[name] = hear(memory.get(name), kept.item["version"], now)
        sight, words = _beat(heard, plan.signals.heartbeat.silent_after)
        since = heard.first if sight is Sight.DARK else None
    sentence = f"{name} {words}."
    return Signal(name, vantage, sight, now, sentence, since, subject=Subject.REGION, counts=False)


def _beat(heard: Heard, silent_after: timedelta) -> tuple[Sight, str]:
    if heard.after is None:
        return Sight.UNKNOWN, "was never heard to beat yet; the next looks tell"
    if heard.is_fresh(silent_after):
        return Sight.WELL, "beats"
    silence = heard.read - heard.first
    if silence > silent_after:
        return Sight.DARK, f"has been silent for {say_elapsed(silence.total_seconds())}"
    return Sight.UNKNOWN, "was not heard in time, and has not been silent for long enough to call it so"


def _of_probe(name: str, vantage: Vantage, kept: Kept, subject: str, memory: Memory, now: datetime) -> Signal:
    never = f"has kept nothing; see that its function runs in {kept.region}"
    if kept.item is None:
        return Signal(name, vantage, Sight.UNKNOWN, now, f"{name} {_missing(kept, never)}.")
    said: Mapping[str, Any] = kept.item[subject]
    heard = memory[name] = hear(
        memory.get(name),
        kept.item["version"],
        now,
        darkness=said["dark_since"] or "",
        dark_for=timedelta(seconds=said["dark_for_seconds"] or 0.0),
    )
    if heard.is_fresh(HEARD_AGAIN_WITHIN):
        return Signal(name, vantage, Sight(said["sight"]), heard.first, said["sentence"], heard.since)
    if heard.after is None:
        words = "was read for the first time, so how old its report is will be known at the next looks"
    else:
        silence = say_elapsed((now - heard.after).total_seconds())
        words = f"has not been heard for {silence}; see that its function runs in {kept.region}"
    return Signal(name, vantage, Sight.UNKNOWN, now, f"{name} {words}.")


def _missing(kept: Kept, never: str) -> str:
    return f"cannot be read: {kept.trouble}" if kept.trouble else never
