"""How a person switches event sources on or off: queues and streams, rules, schedules."""

from __future__ import annotations

from collections.abc import Iterator

from pilotlight.domain.handwork import Command, Handwork, aws, quoted
from pilotlight.estate.event_sources.named import EventSourcesParams, NamedSchedule
from pilotlight.estate.fencing import LEFT_BY_HAND


def switching(params: EventSourcesParams, region: str, *, on: bool) -> Handwork:
    """Switch all of them, and see each of them switched."""
    state = "on" if on else "off"
    dark = "" if on else f"{LEFT_BY_HAND}; or "
    return Handwork(
        do=(*_look(params, region, "Write down how it stands."), *_switch(params, region, on=on)),
        check=tuple(_look(params, region, f"Repeat until it is {state}.", _shown(on=on))),
        stop_if=f"{dark}one of them is missing, or was {state} before: then it is left as it is, and not taken back.",
        undo=tuple(_switch(params, region, on=not on)),
    )


def _shown(*, on: bool) -> str:
    return "Enabled, or ENABLED; Enabling is not on yet" if on else "Disabled, or DISABLED; Disabling is not off yet"


def _look(params: EventSourcesParams, region: str, why: str, shows: str = "") -> Iterator[Command]:
    for uuid in params.mappings:
        line = aws("lambda", "GetEventSourceMapping", region, query="[UUID,FunctionArn,State]", UUID=uuid)
        yield Command(f"Mapping {uuid}: {why}", line, shows)
    for name in params.rules:
        named = {"Name": name, "EventBusName": params.event_bus}
        yield Command(
            f"Rule {name}: {why}", aws("events", "DescribeRule", region, query="[Name,State]", **named), shows
        )
    for schedule in params.schedules:
        line = aws("scheduler", "GetSchedule", region, query="[Name,State]", **_named(schedule))
        yield Command(f"Schedule {schedule.name}: {why}", line, shows)


def _switch(params: EventSourcesParams, region: str, *, on: bool) -> Iterator[Command]:
    told = f"Tell it to be {'on' if on else 'off'}."
    for uuid in params.mappings:
        line = aws("lambda", "UpdateEventSourceMapping", region, query="State", UUID=uuid, Enabled=on)
        yield Command(f"Mapping {uuid}: {told}", line)
    for name in params.rules:
        operation = "EnableRule" if on else "DisableRule"
        line = aws("events", operation, region, Name=name, EventBusName=params.event_bus)
        yield Command(f"Rule {name}: {told}", line)
    for schedule in params.schedules:
        file = f"schedule-{schedule.name}.json"
        # An update overrides the whole schedule: what was read is sent back, without a start that lies in the past.
        change = f'del(.Arn,.CreationDate,.LastModificationDate,.StartDate)|.State="{"ENABLED" if on else "DISABLED"}"'
        read = f"{aws('scheduler', 'GetSchedule', region, **_named(schedule))} | jq {quoted(change)} > {quoted(file)}"
        order = aws("scheduler", "UpdateSchedule", region) + f" --cli-input-json {quoted(f'file://{file}')}"
        yield Command(f"Schedule {schedule.name}: write down the whole of it, changed.", read)
        yield Command(f"Schedule {schedule.name}: {told}", order)


def _named(schedule: NamedSchedule) -> dict[str, str]:
    return {"Name": schedule.name, "GroupName": schedule.group}
