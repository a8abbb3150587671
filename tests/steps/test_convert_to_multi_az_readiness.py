"""The way back from Multi-AZ, what is looked at before, and what the conversion may do."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import yaml

from pilotlight.domain.life import StepStatus
from pilotlight.domain.standing_in import LeftOut
from pilotlight.domain.step import (
    CannotUndo,
    Failed,
    OutputOf,
    Receipt,
    Severity,
    Undone,
)
from pilotlight.steps.convert_to_multi_az import KIND, ConvertToMultiAzParams
from rehearsal.services.rds import Rds
from tests.builders import ISOLATION
from tests.steps.conftest import PLACE, Bench
from tests.steps.databases import CONVERT, REPLICA, TOKYO, Databases, writer_in_tokyo

MODIFY = "rds:ModifyDBInstance"


@pytest.fixture
def writer(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Databases:
    return writer_in_tokyo(bench, monkeypatch)


class TestUndo:
    def converted(self, writer: Databases) -> Receipt:
        receipt = writer.live().receipt
        assert receipt is not None
        return receipt

    def test_what_this_run_converted_is_converted_back(self, writer: Databases) -> None:
        undone = writer.undo(self.converted(writer))
        writer.bench.world.time.sleep(60 * 60)

        assert undone == Undone(f"Instance {REPLICA} was told to give up the second zone that this run gave it.")
        assert not writer.instance.multi_az

    def test_undoing_twice_is_undoing_once(self, writer: Databases) -> None:
        receipt = self.converted(writer)

        first = writer.undo(receipt)
        writer.bench.world.time.sleep(60 * 60)
        second = writer.undo(receipt)

        assert isinstance(first, Undone)
        assert second == Undone(f"Instance {REPLICA} stands in one zone again.")
        assert writer.bench.writes() == [MODIFY, MODIFY]

    def test_what_stood_in_two_zones_before_stays_there(self, writer: Databases) -> None:
        writer.instance.multi_az = True

        undone = writer.undo(self.converted(writer))

        assert isinstance(undone, Undone)
        assert writer.instance.multi_az
        assert writer.bench.writes() == []

    def test_a_conversion_under_way_cannot_be_taken_back_yet(self, writer: Databases) -> None:
        receipt = writer.executed()
        writer.bench.world.time.sleep(90)

        undone = writer.undo(receipt)

        assert isinstance(undone, CannotUndo)
        assert "is modifying with changes under way" in undone.sentence
        assert "--no-multi-az --apply-immediately" in undone.sentence
        assert writer.bench.writes() == [MODIFY]

    @pytest.mark.parametrize("trouble", ["gone", "refused"])
    def test_what_cannot_be_taken_back_is_said(self, writer: Databases, trouble: str) -> None:
        receipt = self.converted(writer)
        if trouble == "gone":
            writer.rds.remove(TOKYO, REPLICA)
        else:
            writer.refuses("ModifyDBInstance", "AccessDenied", status=403)

        undone = writer.undo(receipt)

        assert isinstance(undone, CannotUndo)
        assert REPLICA in undone.sentence

    def test_a_drill_gets_no_stand_in_but_a_way(self) -> None:
        refusal = KIND.stand_in(CONVERT, ISOLATION)

        assert isinstance(refusal, LeftOut)
        assert "readiness looks at its zones and pending changes" in refusal.sentence


class TestReadiness:
    def test_an_instance_in_order_has_only_fine_findings(self, writer: Databases) -> None:
        found = writer.readiness()

        assert {code: finding.severity for code, finding in found.items()} == {
            "target": Severity.FINE,
            "zones": Severity.FINE,
            "pending-changes": Severity.FINE,
        }

    def test_subnets_in_one_zone_are_a_warning(self, writer: Databases) -> None:
        writer.instance.zones = ("a", "a")

        finding = writer.readiness()["zones"]

        assert finding.severity is Severity.WARNING
        assert finding.sentence == (
            f"Instance {REPLICA} cannot become Multi-AZ, because its subnets lie in one zone (ap-northeast-1a)."
        )
        assert writer.live().status is StepStatus.FAILED

    def test_pending_changes_are_a_warning(self, writer: Databases) -> None:
        writer.instance.pending["DBInstanceClass"] = "db.t3.large"

        assert writer.readiness()["pending-changes"].severity is Severity.WARNING

    @pytest.mark.parametrize("trouble", ["missing", "broken"])
    def test_nothing_about_a_second_zone_blocks_a_recovery(self, writer: Databases, trouble: str) -> None:
        if trouble == "missing":
            writer.rds.remove(TOKYO, REPLICA)
        else:
            writer.instance.status = "storage-full"

        preflight = writer.preflight()

        assert preflight.severity is Severity.WARNING
        assert preflight == writer.readiness()["target"]

    def test_it_is_one_look_in_the_standby(self, writer: Databases) -> None:
        writer.preflight()

        assert [(line.operation, line.region) for line in writer.bench.world.trace] == [("DescribeDBInstances", TOKYO)]


class TestParams:
    def test_the_example_is_valid(self) -> None:
        blocks = re.findall(r"```yaml\n(.*?)```", ConvertToMultiAzParams.__doc__ or "", re.DOTALL)
        entry = yaml.safe_load(blocks[0])

        assert entry["kind"] == KIND.name
        assert ConvertToMultiAzParams.model_validate(entry["params"]) == CONVERT

    def test_its_permissions_name_the_instance_alone(self) -> None:
        arn = f"arn:aws:rds:{TOKYO}:123456789012:db:{REPLICA}"

        assert [(s.actions, s.resources) for s in KIND.statements(CONVERT, PLACE)] == [
            (("rds:DescribeDBInstances",), (arn,)),
            (("rds:ModifyDBInstance",), (arn,)),
        ]

    def test_what_it_takes_to_stand_can_be_furnished(self, bench: Bench) -> None:
        (standing,) = KIND.standing(CONVERT, PLACE)

        bench.aws.service(Rds).furnish(standing)

        assert bench.live(KIND, CONVERT).status is StepStatus.SETTLED
        assert KIND.timing.typical == timedelta(minutes=15)


class TestACopyThatThePlanRestores:
    """It does not stand before an incident, and it has to be the very one that was restored."""

    WANTED = CONVERT.model_copy(update={"restored": OutputOf(step="restore-database", output="resource_id")})

    def test_it_is_not_missed_beforehand(self, writer: Databases) -> None:
        writer.rds.remove(TOKYO, REPLICA)

        found = writer.bench.inside(lambda: KIND.readiness(self.WANTED, writer.bench.context()))

        assert [(f.severity, f.sentence) for f in found] == [
            (Severity.FINE, f"Instance {REPLICA} is not there yet: restore-database restores it.")
        ]
        assert KIND.standing(self.WANTED, PLACE) == ()

    def test_another_one_of_its_name_is_not_converted(self, writer: Databases) -> None:
        context = writer.bench.context(outputs={"restore-database": {"resource_id": "db-ANOTHER"}})

        done = writer.bench.inside(lambda: KIND.execute(self.WANTED, context))

        assert isinstance(done, Failed)
        assert "not db-ANOTHER, which was restored" in done.reason

    def test_the_very_one_is_converted(self, writer: Databases) -> None:
        outputs = {"restore-database": {"resource_id": writer.instance.resource_id}}

        assert writer.bench.live(KIND, self.WANTED, outputs=outputs).status is StepStatus.SETTLED
        assert writer.instance.multi_az
