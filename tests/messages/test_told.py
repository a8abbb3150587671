"""The notifier's memory, as it is kept between two invocations."""

from __future__ import annotations

from datetime import timedelta

from pilotlight.messages.told import Told, Untold
from tests.report.stories import moment


def test_a_memory_is_read_back_as_it_was_kept() -> None:
    told = Told("fileflow", "fileflow-x", 3, 9, 8, "C0123456789", "1.000001", "abc", "trigger", 7, moment(5))

    assert Told.from_item({**told.to_item(), "version": 4}) == told


def test_what_an_older_version_kept_is_read_all_the_same() -> None:
    kept = Told("fileflow", "fileflow-x", 3).to_item()
    del kept["alert"], kept["alerted"]

    assert Told.from_item(kept) == Told("fileflow", "fileflow-x", 3)


def test_an_entry_of_the_outbox_is_read_back_as_it_was_kept() -> None:
    untold = Untold("fileflow", "fileflow-x", 3, "Slack refused it.", moment(1), 2, moment(11))

    assert Untold.from_item({**untold.to_item(), "version": 1}) == untold


def test_a_claim_ends_by_itself() -> None:
    told = Told("fileflow", "fileflow-x", 1, claimed_until=moment(45))

    assert told.is_claimed(moment(44))
    assert not told.is_claimed(moment(45))
    assert not Told("fileflow", "fileflow-x", 1).is_claimed(moment(0) + timedelta(days=1))
