"""Tombstones: durable at home first, never back within an epoch, and a copy that fails stops nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from pilotlight.aws.tables import MemoryTable
from pilotlight.aws.tombstones import Tombstones, read_tombstone
from pilotlight.domain.errors import StaleActor, Unavailable
from pilotlight.domain.tombstone import Tombstone, TombstoneState

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
OLD = "arn:aws:rds:ap-northeast-2:123456789012:db:shared"
NEW = "arn:aws:rds:ap-northeast-1:123456789012:db:shared-replica"
INTENDED = Tombstone(OLD, NEW, "fileflow", "fileflow-e3", 3, TombstoneState.INTENDED, NOON)
COMMITTED = replace(INTENDED, state=TombstoneState.COMMITTED)
WITHDRAWN = replace(INTENDED, state=TombstoneState.WITHDRAWN)


class Unreachable(MemoryTable):
    def read(self, partition: str, sort: str) -> Any:
        raise Unavailable("dynamodb", "GetItem", "ap-southeast-1", "ConnectTimeoutError", "no connection could be made")


def test_a_note_stands_at_home_and_in_the_witness() -> None:
    home, witness = MemoryTable(), MemoryTable()

    missing = Tombstones(home, {"ap-southeast-1": witness}).write(INTENDED)

    assert missing == []
    assert read_tombstone(home, OLD) == read_tombstone(witness, OLD) == INTENDED


def test_a_witness_that_cannot_be_reached_is_named_and_stops_nothing() -> None:
    home = MemoryTable()

    missing = Tombstones(home, {"ap-southeast-1": Unreachable()}).write(INTENDED)

    assert missing == ["ap-southeast-1"]
    assert read_tombstone(home, OLD) == INTENDED


def test_a_home_that_cannot_be_reached_stops_everything() -> None:
    with pytest.raises(Unavailable):
        Tombstones(Unreachable(), {}).write(INTENDED)


@pytest.mark.parametrize(
    ("first", "second", "stands"),
    [
        (INTENDED, COMMITTED, COMMITTED),
        (COMMITTED, INTENDED, COMMITTED),
        (INTENDED, WITHDRAWN, WITHDRAWN),
        (WITHDRAWN, INTENDED, WITHDRAWN),
        (COMMITTED, WITHDRAWN, COMMITTED),
        (COMMITTED, replace(INTENDED, epoch=4), replace(INTENDED, epoch=4)),
        (COMMITTED, replace(WITHDRAWN, epoch=4), replace(WITHDRAWN, epoch=4)),
    ],
)
def test_a_note_goes_forward_only(first: Tombstone, second: Tombstone, stands: Tombstone) -> None:
    kept = Tombstones(MemoryTable(), {})
    kept.write(first)

    kept.write(second)

    assert kept.of(OLD) == stands


def test_a_run_of_an_earlier_epoch_is_told_that_it_is_stale() -> None:
    kept = Tombstones(MemoryTable(), {})
    kept.write(COMMITTED)

    with pytest.raises(StaleActor, match="was moved in epoch 3 by run fileflow-e3"):
        kept.write(replace(INTENDED, epoch=2, run_id="fileflow-e2"))

    assert kept.of(OLD) == COMMITTED


def test_a_writer_without_a_note_was_never_moved() -> None:
    assert Tombstones(MemoryTable(), {}).of(OLD) is None
