"""Leases: all that a run needs or none, each in an epoch that only rises."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pilotlight.aws.leases import Leases
from pilotlight.aws.tables import MemoryTable
from pilotlight.domain.errors import Changed
from pilotlight.domain.ports import Item

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
APPLICATION = "fileflow"
WRITER = "arn:aws:rds:ap-northeast-2:123456789012:db:shared"
BOTH = (APPLICATION, WRITER)


@pytest.fixture
def leases() -> Leases:
    return Leases(MemoryTable())


def grant(leases: Leases, holder: str, *subjects: str) -> dict[str, int]:
    return dict(leases.grant(leases.seen(subjects or BOTH), holder, f"arn:{holder}", NOON))


def test_each_grant_raises_every_epoch(leases: Leases) -> None:
    first = grant(leases, "run-1")
    leases.release(BOTH, "run-1")
    second = grant(leases, "run-2")

    assert first == {APPLICATION: 1, WRITER: 1}
    assert second == {APPLICATION: 2, WRITER: 2}
    assert leases.of(WRITER).holder == "run-2"
    assert leases.of(WRITER).execution_arn == "arn:run-2"


def test_epochs_of_an_application_and_its_writer_rise_apart(leases: Leases) -> None:
    grant(leases, "other-1", WRITER)
    leases.release([WRITER], "other-1")

    assert grant(leases, "run-1") == {APPLICATION: 1, WRITER: 2}


def test_of_two_that_saw_the_same_leases_one_gets_them_all(leases: Leases) -> None:
    seen = leases.seen(BOTH)
    leases.grant(seen, "run-1", "arn:run-1", NOON)

    with pytest.raises(Changed):
        leases.grant(seen, "run-2", "arn:run-2", NOON)

    assert [leases.of(subject).holder for subject in BOTH] == ["run-1", "run-1"]


def test_who_misses_one_gets_none(leases: Leases) -> None:
    seen = leases.seen(BOTH)
    grant(leases, "other-1", WRITER)

    with pytest.raises(Changed):
        leases.grant(seen, "run-1", "arn:run-1", NOON)

    assert leases.of(APPLICATION).holder == ""
    assert leases.of(APPLICATION).epoch == 0


def test_only_its_holder_gives_a_lease_up(leases: Leases) -> None:
    grant(leases, "run-1")

    leases.release(BOTH, "run-0")

    assert leases.of(APPLICATION).holder == "run-1"


def test_two_copies_may_give_the_same_lease_up_at_the_same_moment() -> None:
    """Given a dead run that two copies of a function put to rest, when one comes between the other's look and its
    write, then both have done their work."""
    table = MemoryTable()
    leases, other = Leases(table), Leases(table)
    grant(leases, "run-1")
    replace = table.replace

    def a_copy_is_faster(partition: str, sort: str, item: Item, *, version: int) -> None:
        table.replace = replace  # type: ignore[method-assign]  # once
        other.release(BOTH, "run-1")
        replace(partition, sort, item, version=version)

    table.replace = a_copy_is_faster  # type: ignore[method-assign]  # the moment between look and write

    leases.release(BOTH, "run-1")

    assert [leases.of(subject).holder for subject in BOTH] == ["", ""]


def test_a_released_lease_keeps_its_epoch(leases: Leases) -> None:
    grant(leases, "run-1")
    leases.release(BOTH, "run-1")

    assert (leases.of(APPLICATION).holder, leases.of(APPLICATION).epoch) == ("", 1)


def test_a_run_that_lost_one_of_its_leases_is_told_which(leases: Leases) -> None:
    epochs = grant(leases, "run-1")
    assert leases.lost_by("run-1", epochs) is None

    leases.release([WRITER], "run-1")
    grant(leases, "run-2", WRITER)

    lost = leases.lost_by("run-1", epochs)
    assert lost is not None
    assert (lost.subject, lost.holder, lost.epoch) == (WRITER, "run-2", 2)


def test_the_same_holder_in_a_later_epoch_is_another_one(leases: Leases) -> None:
    epochs = grant(leases, "run-1")
    leases.release(BOTH, "run-1")
    grant(leases, "run-1")

    assert leases.lost_by("run-1", epochs) is not None
