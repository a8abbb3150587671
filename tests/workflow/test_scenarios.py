"""FileFlow, whole: from the event on the bus in us-east-1 to the closed run, through the real path."""

from __future__ import annotations

import pytest

from pilotlight.domain.records import RecordKind, broken_link
from rehearsal.engine import Status
from rehearsal.play import Played
from rehearsal.scenarios import SCENARIOS
from rehearsal.services.step_functions import StepFunctions
from tests.workflow.played import played

PRIMARY, STANDBY, WITNESS = "ap-northeast-2", "ap-northeast-1", "ap-southeast-1"
OWN_SERVICES = {"dynamodb", "events", "lambda", "states", "stepfunctions", "sns", "sqs", "secretsmanager"}
everything = pytest.mark.parametrize("name", SCENARIOS)


def writes(seen: Played) -> list[str]:
    """The mutating calls on the application, after onset."""
    own = [line for line in seen.scene.world.trace if line.mutating and line.time >= seen.onset]
    return [f"{line.service}:{line.operation}" for line in own if line.service not in OWN_SERVICES]


def sentences(seen: Played, kind: RecordKind) -> list[str]:
    return [record.entry.sentence for record in seen.records if record.entry.kind is kind]


class TestWhatHoldsInEveryScenario:
    @everything
    def test_it_ends_as_expected(self, name: str) -> None:
        result = played(name).result

        assert result.outcome == SCENARIOS[name].expected.value, result.reason

    @everything
    def test_the_ledger_is_one_unbroken_chain(self, name: str) -> None:
        assert broken_link(played(name).records) is None

    @everything
    def test_every_call_on_the_application_was_announced_and_its_outcome_recorded(self, name: str) -> None:
        seen = played(name)

        announced = [
            f"{r.entry.details['service']}:{r.entry.details['operation']}"
            for r in seen.records
            if r.entry.kind is RecordKind.INTENT
        ]
        concluded = [r for r in seen.records if r.entry.kind is RecordKind.OUTCOME]
        assert sorted(announced) == sorted(writes(seen))
        assert len(concluded) == len(announced)

    @everything
    def test_other_regions_are_only_looked_at_and_keep_what_was_seen(self, name: str) -> None:
        """Alarms are read where they stand, a probe asks whether the primary's API answers, the witness keeps it."""
        seen = played(name)

        abroad = {
            (line.region, line.service, line.operation, line.resource.rsplit("/", 1)[-1])
            for line in seen.scene.world.trace
            if line.region != STANDBY and line.time >= seen.onset
        }
        alarms = f"arn:aws:cloudwatch:us-east-1:{seen.scene.plan.account}:alarm:*"
        assert abroad <= {
            ("us-east-1", "cloudwatch", "DescribeAlarms", alarms),
            (PRIMARY, "sts", "GetCallerIdentity", "*"),
            (WITNESS, "ssm", "GetParametersByPath", "probes"),
            (WITNESS, "dynamodb", "GetItem", "pilotlight-signals"),
            (WITNESS, "dynamodb", "PutItem", "pilotlight-signals"),
        }

    @everything
    def test_no_call_was_refused_for_want_of_permission(self, name: str) -> None:
        refused = [line for line in played(name).scene.world.trace if line.error == "AccessDenied"]

        assert refused == []

    @everything
    def test_the_lease_is_given_back_and_one_run_was_started(self, name: str) -> None:
        executions = played(name).scene.account.aws.service(StepFunctions).executions

        assert len(executions) == 1
        assert all(e.status is not Status.RUNNING for e in executions.values())

    @everything
    def test_the_same_seed_gives_the_same_run(self, name: str) -> None:
        if name != "blip":
            pytest.skip("one scenario is played twice; it is the shortest")
        again = played.__wrapped__(name)

        assert again.result.to_json() == played(name).result.to_json()
        assert [r.hash for r in again.records] == [r.hash for r in played(name).records]


class TestOutage:
    def test_it_recovers_within_its_objectives(self) -> None:
        result = played("outage").result

        assert result.objectives["met"] is True
        assert result.rto_seconds is not None
        assert 10 * 60 <= result.rto_seconds <= 25 * 60
        assert result.rpo_seconds is not None

    def test_the_clocks_run_in_order(self) -> None:
        clocks = played("outage").result.clocks

        order = [clocks[name] for name in ("onset", "detected", "decided", "executed", "verified")]
        assert order == sorted(order)  # type: ignore[type-var]
        assert clocks["onset"] == 0.0

    def test_the_event_came_from_us_east_1(self) -> None:
        notes = [sentence for _, sentence in played("outage").notes]

        assert "The alarm event crosses from us-east-1 to the bus in ap-northeast-1." in notes

    def test_the_cache_is_created_beside_the_promotion(self) -> None:
        steps = {step.name: step for step in played("outage").result.steps}
        cache, promotion = steps["create-redis"], steps["promote"]

        assert cache.started is not None
        assert promotion.started is not None
        assert promotion.finished is not None
        assert cache.started < promotion.started < cache.finished  # type: ignore[operator]

    def test_configuration_is_swapped_before_the_first_task_starts(self) -> None:
        steps = {step.name: step for step in played("outage").result.steps}

        assert steps["swap-endpoints"].finished <= steps["scale-service"].started  # type: ignore[operator]

    def test_the_controller_costs_little_time(self) -> None:
        ratio = played("outage").result.overhead_ratio

        assert ratio is not None
        assert 1.0 <= ratio <= 1.06

    def test_one_living_message_tells_it_all(self) -> None:
        living = [m for m in played("outage").result.messages if m["thread_ts"] is None]

        assert len(living) == 1
        assert living[0]["edits"] > 3
        assert "served" in living[0]["text"]

    def test_played_as_armed_it_says_what_it_would_do_and_changes_nothing(self) -> None:
        seen = played("outage", as_armed=True)

        assert seen.result.outcome == "BLOCKED"
        assert "armed 'observe': a failover would start now" in seen.result.reason
        assert writes(seen) == []


class TestTrouble:
    def test_a_blip_changes_nothing(self) -> None:
        seen = played("blip")

        assert writes(seen) == []
        assert "is well again" in seen.result.reason

    def test_a_replica_that_is_backing_up_is_waited_for(self) -> None:
        seen = played("replica-backing-up")

        waiting = sentences(seen, RecordKind.STEP_WAITING)
        assert any("is backing-up, so it cannot be promoted yet" in sentence for sentence in waiting)
        assert writes(seen).count("rds:PromoteReadReplica") == 1

    def test_a_cache_that_fails_is_noticed_at_once_and_stops_no_sibling(self) -> None:
        seen = played("cache-create-failed")
        steps = {step.name: step for step in seen.result.steps}

        assert steps["create-redis"].status == "failed"
        assert steps["create-redis"].finished - steps["create-redis"].started < 300  # type: ignore[operator]
        assert steps["promote"].status == "settled"
        assert steps["scale-service"].status == "waiting"
        assert "The requested node type is not available" in seen.result.reason

    def test_a_missing_image_is_named(self) -> None:
        assert "CannotPullContainerError" in played("image-missing").result.reason

    def test_without_slack_the_run_is_as_quick_and_people_are_told_by_the_other_way(self) -> None:
        quiet, usual = played("slack-down"), played("outage")

        assert abs(quiet.result.rto_seconds - usual.result.rto_seconds) < 5.0  # type: ignore[operator]
        published = [line for line in quiet.scene.world.trace if line.operation == "Publish"]
        assert published
