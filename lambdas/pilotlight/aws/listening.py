"""What others saw of a primary and kept: the probes of the standby and the witness, the region's heartbeat, and, where
the application is private, the probe inside the primary.

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
from pilotlight.domain.plan import Plan, Regions
from pilotlight.domain.ports import Item, Table
from pilotlight.domain.signals import BACKBONE, INSIDE, INTERNET, PEERING, Sight, Signal, Subject, Vantage
from pilotlight.domain.watching import (
    HEARD_AGAIN_WITHIN,
    PROBE_INSIDE,
    VOICE,
    probe_in,
    pulse_of,
    region_look_from,
    shelf_of,
    voice_of,
)

PROBE, PULSE, WORD = "probe", "pulse", "word"
"""The sort keys of the items."""

Memory = dict[str, Heard]
"""What a reader remembers, by observer; what is heard is put in."""


@dataclass(frozen=True)
class Kept:
    """An item as it was read from a table of signals; or that there is none, or why it is not known."""

    item: Item | None
    trouble: str = ""


def read_kept(table: Table, partition: str, sort: str) -> Kept:
    """Read an item; what goes wrong is part of what was read."""
    try:
        return Kept(table.read(partition, sort))
    except (AwsError, Misconfigured) as error:
        return Kept(None, error.sentence.removesuffix("."))


def listen_to_probe(plan: Plan, role: str, region: str, table: Table, memory: Memory, now: datetime) -> list[Signal]:
    """What the probe in a region says of the application, if it asks for it, and last of the primary's region."""
    kept = read_kept(table, shelf_of(plan.application), PROBE)
    said = []
    if plan.is_asked_from(role):
        application = _of_probe(probe_in(role), vantage_of(plan, region), kept, "application", memory, now)
        said.append(replace(application, first_hand=True))
    at_region = region_look_from(role, plan.regions.primary)
    of_region = _of_probe(at_region, Vantage(region, BACKBONE), kept, "region", memory, now)
    return [*said, replace(of_region, subject=Subject.REGION, counts=False)]


def vantage_of(plan: Plan, region: str) -> Vantage:
    """Where a plan's application is asked for from in another region than its own."""
    return Vantage(region, PEERING if plan.network.private else INTERNET)


def listen_inside(plan: Plan, table: Table, memory: Memory, now: datetime) -> tuple[Signal, Signal]:
    """What is said inside a private application's primary, and whether it is heard in the standby.

    What it says is evidence on the application. That it says nothing any more speaks of the region only.
    """
    silent_after = plan.signals.heartbeat.silent_after
    kept = read_kept(table, voice_of(plan.application), WORD)
    inside = Vantage(plan.regions.primary, INSIDE)
    application = replace(_of_probe(PROBE_INSIDE, inside, kept, "application", memory, now), first_hand=True)
    return application, _of_beats(VOICE, kept, plan.regions, memory, silent_after, now)


def listen_to_heartbeat(plan: Plan, table: Table, memory: Memory, now: datetime) -> Signal:
    """Whether the primary's region still sends its beat."""
    regions = plan.regions
    kept = read_kept(table, pulse_of(regions.primary), PULSE)
    name = f"The heartbeat of {regions.primary}"
    return _of_beats(name, kept, regions, memory, plan.signals.heartbeat.silent_after, now)


def _of_beats(
    name: str, kept: Kept, regions: Regions, memory: Memory, silent_after: timedelta, now: datetime
) -> Signal:
    """Whether what the primary's region writes into the standby each minute is still heard."""
    never = f"was never heard; see that its function runs in {regions.primary}"
    sight, words, since = Sight.UNKNOWN, _missing(kept, never), None
    if kept.item is not None:
        heard = memory[name] = hear(memory.get(name), kept.item["version"], now)
        sight, words = _beat(heard, silent_after)
        since = heard.first if sight is Sight.DARK else None
    vantage, sentence = Vantage(regions.standby, BACKBONE), f"{name} {words}."
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
    stands_in = vantage.region
    never = f"has kept nothing; see that its function runs in {stands_in}"
    if kept.item is None or subject not in kept.item:
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
        words = f"has not been heard for {silence}; see that its function runs in {stands_in}"
    return Signal(name, vantage, Sight.UNKNOWN, now, f"{name} {words}.")


def _missing(kept: Kept, never: str) -> str:
    return f"cannot be read: {kept.trouble}" if kept.trouble else never
