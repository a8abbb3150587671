"""The ledger under one writer and under eight."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random

import pytest

from deployment.foundation import foundation
from pilotlight.aws.ledger import Ledger
from pilotlight.aws.sdk import Sdk
from pilotlight.aws.tables import DynamoTable, MemoryTable
from pilotlight.domain.errors import AlreadyThere, Unavailable
from pilotlight.domain.ports import Item
from pilotlight.domain.records import Entry, RecordKind, broken_link
from rehearsal.apply import Account
from rehearsal.embedded_aws import EmbeddedAws
from rehearsal.internet import Internet
from rehearsal.virtual_time import VirtualTime
from rehearsal.world import World

REGION = "ap-northeast-1"
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def entry(sentence: str) -> Entry:
    return Entry("fileflow", RecordKind.SIGNAL, NOON, sentence)


@pytest.fixture
def account() -> Iterator[Account]:
    world = World(VirtualTime(NOON), 3, "123456789012")
    with EmbeddedAws(world) as aws:
        account = Account(aws, Internet(world))
        stack = foundation("123456789012", REGION)
        tables = tuple(r for r in stack.resources if type(r).__name__ == "Table")
        account.apply([type(stack)(stack.name, stack.region, stack.account, tables)])
        yield account


def test_records_follow_one_another() -> None:
    ledger = Ledger(MemoryTable(), pause=lambda lost: None)

    for sentence in ("One.", "Two.", "Three."):
        ledger.append(entry(sentence))

    records = ledger.records("fileflow")
    assert [r.entry.sentence for r in records] == ["One.", "Two.", "Three."]
    assert broken_link(records) is None
    assert [r.sequence for r in ledger.records("fileflow", since=2)] == [2, 3]


def test_eight_writers_at_once_make_one_chain(account: Account) -> None:
    time = account.aws.world.time
    random = Random(5)

    def write(writer: int) -> None:
        table = DynamoTable(Sdk(account.aws.clients, REGION), REGION, "pilotlight-ledger")
        ledger = Ledger(table, pause=lambda lost: time.sleep(random.uniform(0.005, 0.2)))
        for turn in range(6):
            ledger.append(entry(f"Writer {writer}, turn {turn}."))

    for writer in range(8):
        time.spawn(lambda writer=writer: write(writer), name=f"writer {writer}")  # type: ignore[misc]
    time.run()

    records = Ledger(DynamoTable(account.sdk(REGION), REGION, "pilotlight-ledger"), pause=lambda lost: None).records(
        "fileflow"
    )
    assert broken_link(records) is None
    assert [r.sequence for r in records] == list(range(1, 49))
    assert {r.entry.sentence for r in records} == {f"Writer {w}, turn {t}." for w in range(8) for t in range(6)}
    for writer in range(8):
        own = [r.entry.sentence for r in records if r.entry.sentence.startswith(f"Writer {writer},")]
        assert own == [f"Writer {writer}, turn {t}." for t in range(6)]


def test_a_writer_that_always_loses_says_so() -> None:
    class Contested(MemoryTable):
        def insert(self, partition: str, sort: str, item: Item) -> None:
            raise AlreadyThere("taken")

    lost: list[int] = []

    with pytest.raises(Unavailable, match="written by others 40 times in a row"):
        Ledger(Contested(), pause=lost.append).append(entry("Never."))

    assert len(lost) == 40
