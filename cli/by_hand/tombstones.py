"""How a person writes a tombstone: the item that the guard and a later run read, with the next epoch of its writer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from deployment import names
from pilotlight.domain.handwork import Command, aws, held_in, keep, quoted, variable_of
from pilotlight.domain.lease import partition_of as lease_of
from pilotlight.domain.place import Writer
from pilotlight.domain.plan import Plan
from pilotlight.domain.tombstone import SORT, TombstoneState, partition_of

BY_HAND = "by-hand"
_TIME = "date -u +%Y-%m-%dT%H:%M:%S+00:00"


def note(plan: Plan, writers: Sequence[Writer], state: TombstoneState, step: str) -> tuple[Command, ...]:
    """The commands that write one state of the note on each writer of a step, in the standby and in the witness."""
    return tuple(
        command for number, w in enumerate(writers, start=1) for command in _of_one(plan, w, state, step, number)
    )


def _of_one(plan: Plan, writer: Writer, state: TombstoneState, step: str, number: int) -> Iterator[Command]:
    regions, short = plan.regions, writer.old.rsplit(":", 1)[-1]
    epoch, noted = (variable_of(step, f"{what}_{number}") for what in ("epoch", "noted"))
    if state is TombstoneState.INTENDED:
        yield from _next_epoch(plan, writer, epoch)
    yield Command("Keep the time.", keep(noted, _TIME))
    body = {
        "old": writer.old,
        "new": writer.new,
        "application": plan.application,
        "run_id": BY_HAND,
        "epoch": held_in(epoch),
        "state": state.value,
        "noted": held_in(noted),
    }
    # A number in the note, as a run writes it: what the variable holds stands there without quotes.
    text = json.dumps(body, ensure_ascii=False).replace(f'"{held_in(epoch)}"', held_in(epoch))
    version = variable_of(step, f"version_{number}")
    yield Command(
        "Keep the next version of the note.",
        keep(version, f"{_read(regions.standby, writer, 'Item.version.N')} | jq --raw-input '(tonumber? // 0) + 1'"),
    )
    for region in filter(None, (regions.standby, regions.witness)):
        item = {**_key(writer), "version": {"N": held_in(version)}, "body": {"S": text}}
        must = "this is the one that counts" if region == regions.standby else "a copy: go on if it fails"
        yield Command(
            f"Write '{state.value}' on {short} in {region}; {must}.",
            aws("dynamodb", "PutItem", region, TableName=names.TOMBSTONES_TABLE, Item=item),
        )
    yield Command(
        "Read it back.", _read(regions.standby, writer, "Item.body.S"), f'"state": "{state.value}", with an epoch'
    )


def _next_epoch(plan: Plan, writer: Writer, epoch: str) -> Iterator[Command]:
    """One more than the note and the lease of the writer say; of two notes the one of the higher epoch counts."""
    lease = {"partition": {"S": lease_of(writer.old)}, "sort": {"S": "lease"}}
    leased = aws(
        "dynamodb",
        "GetItem",
        plan.regions.standby,
        query="Item.body.S",
        TableName=names.CONTROL_TABLE,
        Key=lease,
        ConsistentRead=True,
    )
    said = "jq --raw-input '(fromjson? // {}).epoch // 0 | tonumber'"
    yield Command(
        "Keep which epoch its note has.",
        keep("NOTED", f"{_read(plan.regions.standby, writer, 'Item.body.S')} | {said}"),
    )
    yield Command("Keep which epoch its lease has.", keep("LEASED", f"{leased} | {said}"))
    most = quoted("[$noted,$leased]|map(tonumber)|max+1")
    yield Command(
        "Keep the next epoch.", keep(epoch, f'jq --null-input --arg noted "$NOTED" --arg leased "$LEASED" {most}')
    )
    yield Command("Look at it.", f'echo "${epoch}"', "a number of 1 or more")


def _key(writer: Writer) -> dict[str, dict[str, str]]:
    return {"partition": {"S": partition_of(writer.old)}, "sort": {"S": SORT}}


def _read(region: str, writer: Writer, query: str) -> str:
    asked = {"TableName": names.TOMBSTONES_TABLE, "Key": _key(writer), "ConsistentRead": True}
    return aws("dynamodb", "GetItem", region, query=query, **asked)
