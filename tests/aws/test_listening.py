"""How fresh what others kept is, and what it says: by the reader's clock, and unknown where it cannot be told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pilotlight.aws.listening import PROBE, PULSE, Memory, listen_to_heartbeat, listen_to_probe
from pilotlight.aws.tables import MemoryTable
from pilotlight.domain.errors import Unavailable
from pilotlight.domain.hearing import Heard
from pilotlight.domain.ports import Item
from pilotlight.domain.signals import BACKBONE, INTERNET, Sight, Signal, Subject, Vantage
from pilotlight.domain.watching import pulse_of, shelf_of
from tests.builders import PRIMARY, STANDBY, a_plan

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
WITNESS = "ap-southeast-1"
A_MINUTE = timedelta(minutes=1)


class OutOfReach(MemoryTable):
    """A table in a region that does not answer."""

    def read(self, partition: str, sort: str) -> Item | None:
        raise Unavailable("dynamodb", "GetItem", WITNESS, "ConnectTimeoutError", "no connection could be made")


@dataclass
class Reader:
    """A detector that reads one table, and the clock that it reads it by."""

    table: MemoryTable = field(default_factory=MemoryTable)
    memory: Memory = field(default_factory=dict)
    now: datetime = NOON

    def read(self, role: str = "standby") -> tuple[Signal, Signal]:
        region = STANDBY if role == "standby" else WITNESS
        application, of_region = listen_to_probe(a_plan(), role, region, self.table, self.memory, self.now)
        return application, of_region

    def listen(self) -> Signal:
        return listen_to_heartbeat(a_plan(), self.table, self.memory, self.now)

    def later(self, by: timedelta = A_MINUTE) -> Reader:
        self.now += by
        # What is remembered survives the way through the control table.
        self.memory = {name: Heard.from_note(heard.to_note()) for name, heard in self.memory.items()}
        return self

    def probe_keeps(self, sight: Sight, dark_for: float = 0.0, named: str = "a darkness") -> Reader:
        dark = sight is Sight.DARK
        said = {
            "sight": sight.value,
            "sentence": f"The probe says {sight.value}.",
            "dark_since": named if dark else None,
            "dark_for_seconds": dark_for if dark else None,
        }
        self._keep(shelf_of("fileflow"), PROBE, {"application": said, "region": said, "looked": "by its own clock"})
        return self

    def beat(self) -> Reader:
        self._keep(pulse_of(PRIMARY), PULSE, {})
        return self

    def _keep(self, partition: str, sort: str, item: dict[str, Any]) -> None:
        before = self.table.read(partition, sort)
        if before is None:
            self.table.insert(partition, sort, item)
        else:
            self.table.replace(partition, sort, item, version=before["version"])


def a_reader_that_has_heard(sight: Sight, **kept: Any) -> Reader:
    reader = Reader().probe_keeps(Sight.WELL)
    reader.read()
    return reader.later().probe_keeps(sight, **kept)


class TestWhatAProbeKept:
    def test_it_speaks_of_the_application_first_hand_and_of_the_region_without_counting(self) -> None:
        application, of_region = a_reader_that_has_heard(Sight.DARK, dark_for=20.0).read()

        assert (application.observer, application.vantage) == ("The probe in the standby", Vantage(STANDBY, INTERNET))
        assert (application.subject, application.counts, application.first_hand) == (Subject.APPLICATION, True, True)
        assert of_region.observer == f"The look from the standby at AWS in {PRIMARY}"
        assert (of_region.vantage, of_region.subject) == (Vantage(STANDBY, BACKBONE), Subject.REGION)
        assert (of_region.counts, of_region.first_hand) == (False, False)

    def test_the_witness_speaks_from_its_own_region(self) -> None:
        reader = Reader().probe_keeps(Sight.WELL)

        application, of_region = reader.read("witness")

        assert application.vantage == Vantage(WITNESS, INTERNET)
        assert of_region.vantage == Vantage(WITNESS, BACKBONE)

    def test_what_was_never_kept_is_unknown_and_says_where_to_look(self) -> None:
        application, of_region = Reader().read()

        assert (application.sight, of_region.sight) == (Sight.UNKNOWN, Sight.UNKNOWN)
        assert application.sentence == (
            f"The probe in the standby has kept nothing; see that its function runs in {STANDBY}."
        )

    def test_what_cannot_be_read_is_unknown_with_the_reason(self) -> None:
        application, _ = Reader(OutOfReach()).read("witness")

        assert application.sight is Sight.UNKNOWN
        assert application.sentence == (
            f"The probe in the witness cannot be read: dynamodb GetItem in {WITNESS} answered ConnectTimeoutError: "
            "no connection could be made."
        )

    def test_what_is_read_for_the_first_time_may_be_of_any_age_and_is_unknown(self) -> None:
        """A probe that died in an outage long ago left a dark item behind."""
        reader = Reader().probe_keeps(Sight.DARK, dark_for=3600.0)

        first, _ = reader.read()
        second, _ = reader.later().read()

        assert (first.sight, second.sight) == (Sight.UNKNOWN, Sight.UNKNOWN)
        assert "was read for the first time" in first.sentence

    def test_what_changed_since_it_was_read_is_fresh(self) -> None:
        signal, _ = a_reader_that_has_heard(Sight.DARK, dark_for=20.0).read()

        assert signal.sight is Sight.DARK
        assert signal.sentence == "The probe says dark."
        assert signal.since == NOON + A_MINUTE - timedelta(seconds=20)

    def test_what_has_not_changed_for_150_s_is_unknown(self) -> None:
        reader = a_reader_that_has_heard(Sight.DARK, dark_for=20.0)
        reader.read()

        after_two_minutes, _ = reader.later().read()
        after_three_minutes, _ = reader.later().read()

        assert after_two_minutes.sight is Sight.DARK
        assert after_three_minutes.sight is Sight.UNKNOWN
        assert after_three_minutes.sentence == (
            f"The probe in the standby has not been heard for 3 min 00 s; see that its function runs in {STANDBY}."
        )

    def test_a_reader_that_was_away_does_not_know_when_it_changed(self) -> None:
        reader = a_reader_that_has_heard(Sight.WELL)
        reader.read()

        back, _ = reader.later(timedelta(minutes=10)).probe_keeps(Sight.DARK).read()
        a_minute_later, _ = reader.later().probe_keeps(Sight.DARK, dark_for=60.0).read()

        assert back.sight is Sight.UNKNOWN
        assert a_minute_later.sight is Sight.DARK

    def test_one_darkness_began_at_the_earliest_moment_that_any_reading_proves(self) -> None:
        reader = a_reader_that_has_heard(Sight.DARK, dark_for=10.0)
        early, _ = reader.read()

        late, _ = reader.later().probe_keeps(Sight.DARK, dark_for=55.0).read()

        assert late.since == early.since == NOON + timedelta(seconds=50)

    def test_another_darkness_has_a_beginning_of_its_own(self) -> None:
        reader = a_reader_that_has_heard(Sight.DARK, dark_for=50.0)
        reader.read()

        again, _ = reader.later().probe_keeps(Sight.DARK, dark_for=5.0, named="another darkness").read()

        assert again.since == reader.now - timedelta(seconds=5)

    @pytest.mark.parametrize("skew", [timedelta(minutes=-10), timedelta(minutes=10)])
    def test_the_clock_of_the_probe_does_not_matter(self, skew: timedelta) -> None:
        """The probe names its darkness by its own clock; the reader takes the name, and counts by its own."""
        by_its_clock = (NOON + skew).isoformat()

        signal, _ = a_reader_that_has_heard(Sight.DARK, dark_for=20.0, named=by_its_clock).read()

        assert signal.since == NOON + A_MINUTE - timedelta(seconds=20)


class TestTheHeartbeat:
    def heard(self, beats: Sequence[bool]) -> Signal:
        """What is heard at the last of some ticks, each with or without a beat before it."""
        reader = Reader()
        for beat in beats:
            signal = (reader.beat() if beat else reader).listen()
            reader.later()
        return signal

    def test_it_speaks_of_the_region_and_completes_no_quorum(self) -> None:
        signal = self.heard([True, True])

        assert (signal.subject, signal.counts, signal.vantage) == (Subject.REGION, False, Vantage(STANDBY, BACKBONE))
        assert signal.sentence == f"The heartbeat of {PRIMARY} beats."

    @pytest.mark.parametrize(
        ("beats", "sight"),
        [
            ([False], Sight.UNKNOWN),
            ([True], Sight.UNKNOWN),
            ([True, False, False, False, False], Sight.UNKNOWN),
            ([True, True], Sight.WELL),
            ([True, True, False], Sight.WELL),
            ([True, True, False, False, False], Sight.DARK),
            ([True, True, False, False, False, True], Sight.WELL),
        ],
    )
    def test_only_a_beat_that_was_heard_and_stopped_is_darkness(self, beats: list[bool], sight: Sight) -> None:
        assert self.heard(beats).sight is sight

    def test_its_silence_began_with_the_last_beat_that_was_heard(self) -> None:
        signal = self.heard([True, True, False, False, False])

        assert signal.since == NOON + A_MINUTE
        assert signal.sentence == f"The heartbeat of {PRIMARY} has been silent for 3 min 00 s."

    def test_a_table_out_of_reach_is_no_silence(self) -> None:
        signal = Reader(OutOfReach()).listen()

        assert signal.sight is Sight.UNKNOWN
        assert "cannot be read" in signal.sentence
