"""FileFlow, whole: from the event on the bus in us-east-1 to the closed run, through the real path."""

from __future__ import annotations

import pytest

from deployment import names
from pilotlight.domain.data_loss import LossWindow
from pilotlight.domain.records import RecordKind, broken_link
from pilotlight.estate.traffic.latch import Latch
from rehearsal.engine import Status
from rehearsal.play import Played
from rehearsal.scenarios import SCENARIOS
from rehearsal.services.step_functions import StepFunctions
from rehearsal.traffic import region_of_users
from rehearsal.world import TraceLine
from tests.workflow.played import played

PRIMARY, STANDBY, WITNESS = "ap-northeast-2", "ap-northeast-1", "ap-southeast-1"
WITNESS_TABLES = f"arn:aws:dynamodb:{WITNESS}:123456789012:table"
ABROAD = {
    (WITNESS, "dynamodb", "GetItem", "pilotlight-signals"),
    (WITNESS, "dynamodb", "GetItem", "pilotlight-tombstones"),
    (WITNESS, "dynamodb", "PutItem", "pilotlight-tombstones"),
    # The first look of each fence: where nobody answers there is no second one.
    (PRIMARY, "elbv2", "DescribeLoadBalancers", "*"),
    (PRIMARY, "rds", "DescribeDBInstances", "arn:aws:rds:ap-northeast-2:123456789012:db:ryuqqq-shared-rds"),
}
OWN_SERVICES = {"dynamodb", "events", "lambda", "states", "stepfunctions", "sns", "sqs", "secretsmanager"}
QUICK = ("outage", "blip", "replica-lagging", "slack-down")
"""Played for the developer; all of them are played in CI, but the storm of 200 applications (`test_storm`), and what
FileFlow does not have: a peering that is cut (`test_private`), nodes that stay away (`test_portforge`), and tables
whose latency is not remembered (`test_tables`)."""

everything = pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in QUICK else pytest.mark.full)
        for name in SCENARIOS
        if name not in ("alarm-storm", "peering-cut", "nodes-do-not-come", "latency-missing")
    ],
)


def calls_of_runs(seen: Played) -> list[TraceLine]:
    """The calls of the functions that a run of the plan is made of, after onset."""
    plan = seen.scene.plan
    kinds = {step.kind for step in plan.steps().values()}
    of_runs = {
        names.open_function(plan.application),
        names.close_function(plan.application),
        *(names.step_function(plan.application, kind) for kind in kinds),
    }
    return [line for line in seen.scene.world.trace if line.time >= seen.onset and line.by in of_runs]


def writes(seen: Played) -> list[str]:
    """The mutating calls of runs on the application and on its latch."""
    place = seen.scene.plan.place
    switch = place.arn("dynamodb", f"table/{Latch(place).table}")
    return [
        f"{line.service}:{line.operation}"
        for line in calls_of_runs(seen)
        if line.mutating and (line.service not in OWN_SERVICES or line.resource == switch)
    ]


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
    def test_a_run_calls_nothing_abroad_but_the_witness_and_the_first_look_of_each_fence(self, name: str) -> None:
        """Nothing in us-east-1 and nothing global: what recovers a region needs no other. A primary that answers is
        closed and opened again, which `test_fences` and `test_writers` look at."""
        answers = (PRIMARY,) if name in ("tombstone-then-promote-refused", "planned", "planned-not-drained") else ()
        abroad = {
            (line.region, line.service, line.operation, line.resource.removeprefix(f"{WITNESS_TABLES}/"))
            for line in calls_of_runs(played(name))
            if line.region not in (STANDBY, *answers)
        }
        assert abroad <= ABROAD

    @everything
    def test_no_call_was_refused_for_want_of_permission(self, name: str) -> None:
        refused = [line for line in played(name).scene.world.trace if line.error == "AccessDenied"]

        assert refused == []

    @everything
    def test_no_more_than_one_run_was_opened_and_every_execution_came_to_its_end(self, name: str) -> None:
        seen = played(name)
        executions = seen.scene.account.aws.service(StepFunctions).executions

        assert len(sentences(seen, RecordKind.RUN_OPENED)) <= 1
        assert all(e.status is not Status.RUNNING for e in executions.values())

    @everything
    def test_the_same_seed_gives_the_same_run(self, name: str) -> None:
        if name != "blip":
            pytest.skip("one scenario is played twice; it is the shortest")
        again = played.__wrapped__(name)

        assert again.result.to_json() == played(name).result.to_json()
        assert [r.hash for r in again.records] == [r.hash for r in played(name).records]


class TestOutage:
    def test_a_dark_primary_is_found_unreachable_within_seconds_before_the_writer_moves(self) -> None:
        seen = played("outage")
        steps = {step.name: step for step in seen.result.steps}

        for name in ("close-traffic", "close-database"):
            fence = steps[name]
            assert fence.status == "settled"
            assert fence.finished - fence.started <= 15  # type: ignore[operator]
            assert fence.finished <= steps["promote"].started  # type: ignore[operator]
        silent = [s for s in sentences(seen, RecordKind.STEP_SETTLED) if "could not be reached" in s]
        assert sorted(s.split(" in ap-northeast-2")[0] for s in silent) == [
            "Database ryuqqq-shared-rds",
            "Load balancer fileflow-prod-alb",
        ]

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

    def test_users_come_last_and_only_to_a_writer(self) -> None:
        """Given all that serves was seen to work, the latch is turned, and users reach the standby."""
        seen = played("outage")
        steps = {step.name: step for step in seen.result.steps}
        reached = region_of_users(seen.scene.world, seen.scene.plan, "fileflow.ryuqqq.com")

        assert steps["check-health"].finished <= steps["latch-traffic"].started  # type: ignore[operator]
        assert writes(seen).count("s3:PutObject") == 1
        assert reached == STANDBY

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


@pytest.mark.full
class TestTrouble:
    def test_a_blip_changes_nothing(self) -> None:
        seen = played("blip")

        assert writes(seen) == []
        assert "gets a good answer" in seen.result.reason

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

        # Other calls are made, so other latencies are drawn; a poll or a look falls on the other side of a moment.
        assert abs(quiet.result.rto_seconds - usual.result.rto_seconds) < 15.0  # type: ignore[operator]
        published = [line for line in quiet.scene.world.trace if line.operation == "Publish"]
        assert published


GATE_BLOCKS = ("replica-lagging", "replica-stopped", "lag-missing", "gate-blocks-after-alarm")


class TestTheDataLossGate:
    @pytest.mark.parametrize(
        ("name", "words"),
        [
            ("replica-lagging", "was 40 min 00 s behind at 01:26 UTC, so by that measure at most the writes between"),
            ("replica-stopped", "was behind is unknown, because its replication is stopped"),
            ("lag-missing", "was behind is unknown, because CloudWatch holds no ReplicaLag of the 4 min before"),
            ("gate-blocks-after-alarm", "PostgreSQL's lag grows while its source writes nothing, so it may be less."),
        ],
    )
    def test_it_says_what_it_knows_what_may_be_lost_and_the_way_out(self, name: str, words: str) -> None:
        reason = played(name).result.reason

        assert reason.startswith("The data-loss gate stops the run before anything is disrupted.")
        assert words in reason
        assert "the 15 min that the plan accepts to lose" in reason
        assert "start a run with an override" in reason

    @pytest.mark.parametrize("name", GATE_BLOCKS)
    def test_nothing_but_what_prepares_was_done_and_people_hear_what_stays(self, name: str) -> None:
        seen = played(name)

        assert writes(seen) == ["elasticache:CreateReplicationGroup"]
        (closed,) = [r.entry for r in seen.records if r.entry.kind is RecordKind.RUN_CLOSED]
        assert closed.details["to_do"] == [
            "create-redis stays as it is, and costs money: "
            "Cache fileflow-dr-redis is being created with 2 nodes of cache.r6g.large."
        ]

    @pytest.mark.parametrize("name", GATE_BLOCKS)
    def test_the_primary_is_as_it_was_to_the_byte(self, name: str) -> None:
        before, after = played(name).primary

        assert "ryuqqq-shared-rds" in before
        assert after == before

    def test_a_run_that_passes_says_between_which_moments_writes_may_be_lost(self) -> None:
        seen = played("outage")

        (passed,) = [r.entry for r in seen.records if r.entry.kind is RecordKind.GATE_PASSED]
        began, ended = passed.details["loss_window"]
        assert began < seen.onset.isoformat() < ended
        assert f"the writes {LossWindow.from_item(passed.details['loss_window'])} may be lost" in passed.sentence


@pytest.mark.full
class TestTwoOperators:
    """`two-operators`: both start, both approve; there is one run, and the one who did not start it approved it."""

    def test_one_run_is_opened_and_the_other_start_is_told_to_follow_it(self) -> None:
        seen = played("two-operators")

        opened = [r.entry for r in seen.records if r.entry.kind is RecordKind.RUN_OPENED]
        refused = [s for s in sentences(seen, RecordKind.VERDICT) if "there is only one at a time: follow that" in s]
        assert len(opened) == 1
        assert len(refused) == 1
        assert opened[0].run_id in refused[0]

    def test_the_writer_moved_once(self) -> None:
        assert writes(played("two-operators")).count("rds:PromoteReadReplica") == 1

    def test_the_one_who_did_not_start_it_approved_it(self) -> None:
        seen = played("two-operators")
        (opened,) = [r.entry for r in seen.records if r.entry.kind is RecordKind.RUN_OPENED]
        (said,) = [r.entry for r in seen.records if r.entry.kind is RecordKind.WORD]

        other = {"anna": "boris", "boris": "anna"}[opened.details["requested_by"]]
        assert said.details["word"]["person"].endswith(f"/{other}")
        assert said.details["word"]["proven"] is True
        (waited,) = [r.entry for r in seen.records if r.entry.kind is RecordKind.GATE_WAITING]
        (passed,) = [r.entry for r in seen.records if r.entry.kind is RecordKind.GATE_PASSED]
        assert waited.time < said.time < passed.time
