"""The chain of records: a record that was changed, taken out or put in is found."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from pilotlight.domain.records import GENESIS, Entry, Record, RecordKind, broken_link

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def chain(length: int) -> list[Record]:
    records: list[Record] = []
    for number in range(length):
        entry = Entry(
            "fileflow",
            RecordKind.SIGNAL,
            NOON,
            f"Signal {number}.",
            details={"incident": "x", "number": number},
        )
        records.append(Record.after(records[-1] if records else None, entry))
    return records


def test_a_chain_begins_with_nothing_and_each_record_names_the_one_before() -> None:
    first, second = chain(2)

    assert (first.sequence, first.previous) == (1, GENESIS)
    assert (second.sequence, second.previous) == (2, first.hash)
    assert broken_link([first, second]) is None


def test_a_record_survives_its_item() -> None:
    record = chain(3)[-1]

    assert Record.from_item(record.to_item()) == record


def test_a_changed_record_is_found() -> None:
    records = chain(3)
    records[1] = replace(records[1], entry=replace(records[1].entry, sentence="Nothing happened."))

    assert broken_link(records) == "Record 2 of fileflow was changed after it was written."


def test_a_missing_record_is_found() -> None:
    first, _, third = chain(3)

    assert broken_link([first, third]) == "Record 3 of fileflow does not follow record 1."


def test_a_forged_record_is_found() -> None:
    first, second, third = chain(3)
    forged = Record.after(first, replace(second.entry, sentence="Somebody else did it."))

    assert broken_link([first, forged, third]) == "Record 3 of fileflow does not follow record 2."
