"""What a promotion may be done to, what it may do, and what ends it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
import yaml
from botocore.exceptions import ConnectTimeoutError
from botocore.session import get_session
from pydantic import ValidationError

from pilotlight.domain.life import StepStatus
from pilotlight.domain.standing_in import Refusal
from pilotlight.domain.step import (
    CannotUndo,
    Failed,
    Receipt,
    Undone,
)
from pilotlight.estate.rds.instance import RdsInstance
from pilotlight.estate.rds.promotion import APPLICATION_TAG, ASKED_TAG, MARK_TAG, MARKING, RUN_TAG
from pilotlight.steps.promote_replica import KIND, PromoteReplicaParams
from rehearsal.services.rds import Rds
from rehearsal.wire import Call
from tests.builders import ISOLATION
from tests.steps.conftest import PLACE, Bench
from tests.steps.databases import ARN, PROMOTE, REPLICA, SEOUL, SOURCE, SOURCE_ARN, TOKYO, Databases, replica_in_tokyo


@pytest.fixture
def databases(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Databases:
    return replica_in_tokyo(bench, monkeypatch)


class TestTarget:
    def refused(self, databases: Databases, params: PromoteReplicaParams = PROMOTE) -> Failed:
        end = databases.bench.live(KIND, params)
        assert end.status is StepStatus.FAILED
        assert databases.bench.writes() == []
        return Failed(end.reason, end.fix)

    def test_a_missing_replica_fails(self, databases: Databases) -> None:
        refused = self.refused(databases, PromoteReplicaParams(replica="no-such-replica", source=SOURCE))

        assert refused == Failed(
            f"Replica no-such-replica does not exist in {TOKYO}, so it cannot be promoted.",
            "Correct the plan, or restore the database from a backup.",
        )

    @pytest.mark.parametrize("named", ["another-rds", REPLICA])
    def test_the_replica_of_another_source_is_the_wrong_one(self, databases: Databases, named: str) -> None:
        refused = self.refused(databases, PROMOTE.model_copy(update={"source": named}))

        assert refused.reason == (
            f"Replica {REPLICA} replicates from {SOURCE_ARN} and not from "
            f"arn:aws:rds:{SEOUL}:123456789012:db:{named}, so it is the wrong one."
        )

    def test_a_namesake_of_the_source_in_the_standby_is_not_the_source(self, databases: Databases) -> None:
        databases.instance.source = databases.rds.add_instance(TOKYO, SOURCE)

        refused = self.refused(databases)

        assert f"replicates from {SOURCE} and not from arn:aws:rds:{SEOUL}" in refused.reason

    def test_a_standalone_instance_that_nobody_vouches_for_is_left_alone(self, databases: Databases) -> None:
        databases.stand_alone()

        refused = self.refused(databases)

        assert refused.reason == (
            f"Instance {REPLICA} is no read replica and not marked as promoted, so nothing says that it holds "
            "the primary's data."
        )

    def test_a_person_can_vouch_for_it_as_the_fix_says(self, databases: Databases) -> None:
        databases.stand_alone()
        refused = self.refused(databases)
        tags = dict(re.findall(r"Key=([^,\s]+),Value=([^\s;]+)", refused.fix))

        databases.instance.tags |= tags
        end = databases.live()

        assert end.status is StepStatus.SETTLED
        assert end.receipt is not None
        assert end.receipt.sentence == f"Replica {REPLICA} was promoted already, by a person."

    def test_a_copy_that_inherited_the_marks_is_not_the_promoted_one(self, databases: Databases) -> None:
        databases.live()
        restored = dict(databases.instance.tags)
        databases.rds.add_instance(TOKYO, REPLICA, tags=restored)

        assert isinstance(databases.execute(), Failed)

    @pytest.mark.parametrize("promoted", [False, True])
    def test_what_another_application_marked_is_left_alone(self, databases: Databases, promoted: bool) -> None:
        databases.instance.tags |= {APPLICATION_TAG: "crawler", MARK_TAG: databases.instance.resource_id}
        if promoted:
            databases.stand_alone()

        refused = self.refused(databases)

        assert refused.reason == f"Instance {REPLICA} is marked as crawler's, so fileflow leaves it alone."

    @pytest.mark.parametrize(
        "difference", [{"engine": "aurora-mysql"}, {"engine": "custom-oracle-ee"}, {"cluster": "shared"}]
    )
    def test_what_is_not_promoted_alone_is_left_alone(self, databases: Databases, difference: dict[str, str]) -> None:
        for name, value in difference.items():
            setattr(databases.instance, name, value)

        assert "is not promoted alone" in self.refused(databases).reason

    def test_the_mark_says_who_promotes_what_since_when(self, databases: Databases) -> None:
        databases.execute()

        assert databases.instance.tags == {
            APPLICATION_TAG: "fileflow",
            RUN_TAG: "fileflow-e1",
            MARK_TAG: databases.instance.resource_id,
            ASKED_TAG: "2026-11-21T01:00:00+00:00",
        }

    @pytest.mark.parametrize("code", [*MARKING.handled, "AccessDenied"])
    def test_a_mark_that_is_refused_does_not_stop_a_recovery(self, databases: Databases, code: str) -> None:
        databases.refuses("AddTagsToResource", code)

        end = databases.live()

        assert end.status is StepStatus.SETTLED
        assert end.receipt is not None
        assert end.receipt.sentence == (
            f"Replica {REPLICA} was told to leave {SOURCE_ARN} and to become a writer, though RDS did "
            "not let it be marked."
        )

    def test_a_mark_in_words_of_a_person_does_not_hold_it_up(self, databases: Databases) -> None:
        databases.instance.tags |= {
            APPLICATION_TAG: "fileflow",
            MARK_TAG: databases.instance.resource_id,
            ASKED_TAG: "yesterday",
        }

        assert isinstance(databases.execute(), Receipt)


class TestErrors:
    @pytest.mark.parametrize("code", ["DBInstanceNotFound", "AccessDenied", "InvalidParameterValue"])
    def test_a_promotion_that_is_refused_for_good_fails_the_step(self, databases: Databases, code: str) -> None:
        databases.refuses("PromoteReadReplica", code)

        end = databases.live()

        assert end.status is StepStatus.FAILED
        assert end.reason == f"rds PromoteReadReplica in {TOKYO} answered {code}: No."

    @pytest.mark.parametrize("operation", ["DescribeDBInstances", "AddTagsToResource", "PromoteReadReplica"])
    @pytest.mark.parametrize(("code", "status"), [("Throttling", 400), ("InternalFailure", 500)])
    def test_a_passing_error_is_asked_again(self, databases: Databases, operation: str, code: str, status: int) -> None:
        databases.refuses(operation, code, status=status)

        end = databases.live()

        assert end.status is StepStatus.SETTLED
        assert len(databases.bench.world.effects) == 1

    @pytest.mark.parametrize("operation", ["AddTagsToResource", "PromoteReadReplica"])
    def test_a_connection_that_was_not_made_is_tried_again(self, databases: Databases, operation: str) -> None:
        def refuse(call: Call) -> Any:
            raise ConnectTimeoutError(endpoint_url="https://rds.ap-northeast-1.amazonaws.com")

        databases.answers(operation, refuse)

        end = databases.live()

        assert end.status is StepStatus.SETTLED
        assert databases.bench.states[1].receipt is not None

    def test_every_modelled_error_has_a_fate(self) -> None:
        for operation in KIND.operations:
            model = get_session().get_service_model(operation.service).operation_model(operation.name)
            modelled = {shape.metadata.get("error", {}).get("code", shape.name) for shape in model.error_shapes}

            assert modelled == {*operation.handled, *operation.fatal}, operation.name


class TestUndo:
    def undo(self, databases: Databases, receipt: Receipt, run_id: str = "fileflow-e1") -> Undone | CannotUndo:
        return KIND.undo(PROMOTE, receipt, replace(databases.bench.context(), run_id=run_id))

    def test_a_promotion_stays_and_the_way_out_is_named(self, databases: Databases) -> None:
        receipt = databases.executed()

        undone = self.undo(databases, receipt)

        assert isinstance(undone, CannotUndo)
        assert undone.sentence.startswith(f"Replica {REPLICA} stays a writer, because")
        assert f"go back with the failback plan, which builds a replica of it in {SEOUL}." in undone.sentence

    def test_what_another_run_promoted_is_not_this_runs_to_undo(self, databases: Databases) -> None:
        databases.live()
        found = databases.executed()

        undone = self.undo(databases, found, "fileflow-e2")

        assert undone == Undone(f"Replica {REPLICA} was promoted before, by fileflow-e1: nothing to take back.")

    def test_a_drill_gets_no_stand_in_but_a_way(self) -> None:
        refusal = KIND.stand_in(PROMOTE, ISOLATION)

        assert isinstance(refusal, Refusal)
        assert "have a copy of it restored from its backups in its place" in refusal.sentence


class TestParams:
    def test_the_example_is_valid(self) -> None:
        (block,) = re.findall(r"```yaml\n(.*?)```", PromoteReplicaParams.__doc__ or "", re.DOTALL)
        entry = yaml.safe_load(block)

        params = PromoteReplicaParams.model_validate(entry["params"])

        assert entry["kind"] == KIND.name
        assert params == PROMOTE.model_copy(update={"backup_window": "17:00-17:30"})

    @pytest.mark.parametrize(
        "wrong",
        [
            {"backup_retention": "12 h"},
            {"backup_retention": "36 h"},
            {"backup_retention": "0 d"},
            {"backup_retention": "36 d"},
            {"replica": "Ryuqqq"},
            {"replica": "ryuqqq--replica"},
            {"replica": ""},
            {"source": "arn:aws:rds:ap-northeast-2:123456789012:db:ryuqqq-shared-rds"},
            {"backup_window": "25:00-25:30"},
            {"retention": "7 d"},
        ],
    )
    def test_what_rds_would_refuse_is_refused_in_the_plan(self, wrong: dict[str, str]) -> None:
        with pytest.raises(ValidationError):
            PromoteReplicaParams.model_validate({"replica": REPLICA, **wrong})

    def test_its_permissions_name_the_replica_alone(self) -> None:
        statements = {action: s for s in KIND.statements(PROMOTE, PLACE) for action in s.actions}

        assert {action: s.resources for action, s in statements.items()} == {
            "rds:DescribeDBInstances": (ARN, f"arn:aws:rds:{SEOUL}:123456789012:db:{SOURCE}"),
            "cloudwatch:GetMetricData": ("*",),
            "rds:PromoteReadReplica": (ARN,),
            "rds:AddTagsToResource": (ARN,),
        }
        assert statements["rds:AddTagsToResource"].conditions == {
            "ForAllValues:StringEquals": {"aws:TagKeys": [APPLICATION_TAG, RUN_TAG, MARK_TAG, ASKED_TAG]}
        }

    def test_what_it_takes_to_stand_can_be_furnished(self, bench: Bench) -> None:
        rds = bench.aws.service(Rds)
        (standing,) = KIND.standing(PROMOTE, PLACE)

        rds.furnish(standing)

        replica = RdsInstance.read(rds.instance(TOKYO, REPLICA).shown([], "replicating"))
        assert replica.source == f"arn:aws:rds:{SEOUL}:123456789012:db:{SOURCE}"
        assert bench.live(KIND, PROMOTE).status is StepStatus.SETTLED
