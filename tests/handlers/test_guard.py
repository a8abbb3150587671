"""What the guard in the old primary does, row by row of "The old primary" in docs/failure-semantics.md."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from pilotlight.domain.tombstone import TombstoneState, partition_of
from rehearsal.services.ec2 import Ec2
from rehearsal.services.elbv2 import Elbv2
from tests.handlers.old_primary import (
    AS_BY_HAND,
    COPY,
    MODE,
    SEOUL,
    SEOULS_DATABASE,
    SEOULS_GROUP,
    SINGAPORE,
    TOKYO,
    Seoul,
    an_old_primary,
)

INTENDED, COMMITTED, WITHDRAWN = TombstoneState.INTENDED, TombstoneState.COMMITTED, TombstoneState.WITHDRAWN


@pytest.fixture
def seoul() -> Iterator[Seoul]:
    with an_old_primary() as made:
        yield made


class TestACommittedTombstone:
    @pytest.mark.parametrize("holder", [TOKYO, SINGAPORE])
    def test_in_one_other_region_it_closes_reads_it_closed_and_keeps_a_copy(self, seoul: Seoul, holder: str) -> None:
        seoul.note(COMMITTED, holder)
        seoul.darken(*({TOKYO, SINGAPORE} - {holder}))

        first = seoul.look()
        assert f"in epoch 1, says the tombstone in {holder}." in first
        assert "answers an error to every request on port 443." in first
        seoul.look_until_closed()

        assert seoul.is_closed
        assert seoul.copied()[seoul.writer.old]["state"] == "committed"

    def test_in_its_own_copy_alone_it_closes(self, seoul: Seoul) -> None:
        """The guard only observed when it copied the note; then Tokyo and Singapore went dark."""
        seoul.set(MODE, "observe")
        seoul.note(COMMITTED, TOKYO, SINGAPORE)
        seoul.look()
        seoul.darken(TOKYO, SINGAPORE)
        seoul.set(MODE, "enforce")
        assert seoul.is_open

        said = seoul.look_until_closed()

        assert seoul.is_closed
        assert "says this guard's own copy." in said

    def test_once_closed_a_look_changes_nothing(self, seoul: Seoul) -> None:
        seoul.note(COMMITTED, TOKYO, SINGAPORE)
        seoul.look_until_closed()
        before = len(seoul.world.trace)

        seoul.look()
        seoul.look()

        assert seoul.changes(before) == []
        assert seoul.is_closed

    def test_what_is_opened_by_hand_is_closed_again_at_the_next_look(self, seoul: Seoul) -> None:
        group = seoul.aws.service(Ec2).group(SEOUL, SEOULS_GROUP)
        listener = next(li for li in seoul.aws.service(Elbv2).listeners if li.balancer.region == SEOUL)
        rules, forwards = list(group.rules), list(listener.rules)
        seoul.note(COMMITTED, TOKYO, SINGAPORE)
        seoul.look_until_closed()
        group.rules, listener.rules = rules, forwards
        assert seoul.is_open

        seoul.look()

        assert seoul.is_closed

    def test_on_another_writer_it_closes_nothing(self, seoul: Seoul) -> None:
        """One note stands where it belongs, one under the key of Seoul's database, one in the guard's own copy."""
        another = seoul.writer.old.replace(SEOULS_DATABASE, "megaticket-rds")
        seoul.note(COMMITTED, TOKYO, old=another)
        item = seoul.inside(lambda: seoul.table(TOKYO).read(partition_of(another), "tombstone"))
        strange = {name: value for name, value in item.items() if name != "version"}
        seoul.inside(lambda: seoul.table(TOKYO).insert(partition_of(seoul.writer.old), "tombstone", strange))
        seoul.set(COPY, json.dumps({seoul.writer.old: strange, another: strange}, default=int))

        said = seoul.look()

        assert said == f"Nothing says that fileflow was moved out of {SEOUL}; it is left open."
        assert seoul.changes() == []
        assert seoul.is_open


class TestAnIntendedTombstone:
    def test_whose_replica_became_a_writer_closes(self, seoul: Seoul) -> None:
        """The run was cut off between the promotion and the note that it was accepted."""
        seoul.note(INTENDED, TOKYO, SINGAPORE)
        seoul.promote()

        seoul.look_until_closed()

        assert seoul.is_closed
        assert seoul.copied() == {}, "it is no proof once Tokyo cannot be read"

    def test_whose_replica_is_one_still_leaves_it_open(self, seoul: Seoul) -> None:
        seoul.note(INTENDED, TOKYO, SINGAPORE)

        assert "it is left open" in seoul.look()
        assert seoul.changes() == []
        assert seoul.is_open

    def test_leaves_it_open_where_the_standby_cannot_be_read(self, seoul: Seoul) -> None:
        """The replica has become a writer, but the guard reads only the witness, and what it cannot see is no."""
        seoul.note(INTENDED, TOKYO, SINGAPORE)
        seoul.promote()
        seoul.darken(TOKYO)

        assert "it is left open" in seoul.look()
        assert seoul.changes() == []
        assert seoul.is_open

    def test_of_a_later_epoch_takes_nothing_back_of_a_copy_that_is_committed(self, seoul: Seoul) -> None:
        """A second run was started after the first had moved the database; Tokyo cannot be read for the moment."""
        seoul.note(COMMITTED, TOKYO, SINGAPORE)
        seoul.look_until_closed()
        seoul.note(INTENDED, TOKYO, SINGAPORE, epoch=2)
        seoul.darken(TOKYO)
        seoul.aws.service(Ec2).group(SEOUL, SEOULS_GROUP).rules = [AS_BY_HAND]

        said = seoul.look()

        assert "in epoch 1, says this guard's own copy." in said
        assert seoul.is_closed


class TestNothingToRead:
    def test_it_leaves_the_primary_open(self, seoul: Seoul) -> None:
        seoul.note(COMMITTED, TOKYO, SINGAPORE)
        seoul.darken(TOKYO, SINGAPORE)

        assert "it is left open" in seoul.look()
        assert seoul.changes() == []
        assert seoul.is_open

    @pytest.mark.parametrize("held", ["not JSON", "[]", '{"a-writer": {"epoch": 1}}'])
    def test_a_copy_that_somebody_spoiled_keeps_the_guard_from_nothing(self, seoul: Seoul, held: str) -> None:
        seoul.set(COPY, held)
        seoul.note(COMMITTED, TOKYO)

        seoul.look_until_closed()

        assert seoul.is_closed
        assert "delete it, and the guard copies the notes anew" in seoul.scene.account.log.getvalue()

    def test_a_copy_that_it_may_not_touch_keeps_the_guard_from_nothing(self, seoul: Seoul) -> None:
        seoul.forbid(COPY)
        seoul.note(COMMITTED, TOKYO)

        seoul.look_until_closed()

        assert seoul.is_closed

    def test_a_spoiled_copy_alone_closes_nothing(self, seoul: Seoul) -> None:
        seoul.set(COPY, "not JSON")

        assert "it is left open" in seoul.look()
        assert seoul.changes() == []


class TestAWithdrawnTombstone:
    def test_of_a_later_epoch_lets_go_and_stays_so_with_its_copy_alone(self, seoul: Seoul) -> None:
        """As a failback leaves it: what it opens afterwards is left open, even if no other region can be read."""
        seoul.note(COMMITTED, TOKYO, SINGAPORE)
        seoul.look_until_closed()
        seoul.note(WITHDRAWN, TOKYO, SINGAPORE, epoch=2)

        assert "it is left open" in seoul.look()
        assert seoul.copied()[seoul.writer.old]["state"] == "withdrawn"
        seoul.darken(TOKYO, SINGAPORE)
        seoul.aws.service(Ec2).group(SEOUL, SEOULS_GROUP).rules = [AS_BY_HAND]
        before = len(seoul.world.trace)

        assert "it is left open" in seoul.look()
        assert seoul.changes(before) == []
        assert seoul.aws.service(Ec2).group(SEOUL, SEOULS_GROUP).rules == [AS_BY_HAND]

    def test_counts_more_than_a_committed_one_of_an_earlier_epoch_that_the_witness_still_holds(
        self, seoul: Seoul
    ) -> None:
        seoul.note(COMMITTED, SINGAPORE, epoch=1)
        seoul.note(WITHDRAWN, TOKYO, epoch=2)

        assert "it is left open" in seoul.look()
        assert seoul.is_open

    def test_of_an_earlier_epoch_takes_nothing_back(self, seoul: Seoul) -> None:
        seoul.note(WITHDRAWN, SINGAPORE, epoch=1)
        seoul.note(COMMITTED, TOKYO, epoch=2)

        seoul.look_until_closed()

        assert seoul.is_closed

    def test_of_the_same_epoch_takes_nothing_back_of_what_was_committed(self, seoul: Seoul) -> None:
        """The promotion was accepted late, after the run had been settled; the witness missed that."""
        seoul.note(WITHDRAWN, SINGAPORE)
        seoul.note(COMMITTED, TOKYO)

        seoul.look_until_closed()

        assert seoul.is_closed


class TestItsMode:
    @pytest.mark.parametrize("word", ["observe", "please do", "ENFORCED", "true"])
    def test_observe_or_a_word_it_does_not_know_says_what_it_would_close(self, seoul: Seoul, word: str) -> None:
        seoul.set(MODE, word)
        seoul.note(COMMITTED, TOKYO, SINGAPORE)

        said = seoul.look()

        assert f"{seoul.writer.old} was moved to {seoul.writer.new} by run fileflow-e1" in said
        assert "This guard only observes; set its mode to 'enforce' to have it close." in said
        assert [line.operation for line in seoul.changes()] == ["PutParameter"], "its own copy, and nothing else"
        assert seoul.is_open

    def test_one_that_is_gone_is_observe(self, seoul: Seoul) -> None:
        seoul.inside(lambda: seoul.scene.account.sdk(SEOUL).call("ssm", "DeleteParameter", SEOUL, Name=MODE))
        seoul.note(COMMITTED, TOKYO, SINGAPORE)

        assert "This guard only observes" in seoul.look()
        assert seoul.is_open

    def test_one_that_it_may_not_read_is_observe(self, seoul: Seoul) -> None:
        seoul.forbid(MODE)
        seoul.note(COMMITTED, TOKYO, SINGAPORE)

        assert "This guard only observes" in seoul.look()
        assert seoul.is_open

    def test_a_person_types_it_in_any_case(self, seoul: Seoul) -> None:
        seoul.set(MODE, " Enforce ")
        seoul.note(COMMITTED, TOKYO, SINGAPORE)

        seoul.look_until_closed()

        assert seoul.is_closed

    @pytest.mark.parametrize("dark", [(), (TOKYO, SINGAPORE)], ids=["all well", "standby and witness dark"])
    def test_disarmed_closes_nothing_and_needs_no_other_region(self, seoul: Seoul, dark: tuple[str, ...]) -> None:
        """The guard closed Seoul; a person in Seoul breaks the glass and opens it again."""
        seoul.note(COMMITTED, TOKYO, SINGAPORE)
        seoul.look_until_closed()
        seoul.darken(*dark)
        seoul.set(MODE, "disarmed")
        seoul.aws.service(Ec2).group(SEOUL, SEOULS_GROUP).rules = [AS_BY_HAND]
        before = len(seoul.world.trace)

        said = seoul.look()

        assert "A person disarmed this guard, so nothing is closed." in said
        assert seoul.changes(before) == []
        assert seoul.aws.service(Ec2).group(SEOUL, SEOULS_GROUP).rules == [AS_BY_HAND]
