"""`scale_cache`: whole lives on the embedded AWS, where one change follows another and a node lags behind its group."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from pilotlight.domain.life import StepState, StepStatus
from pilotlight.domain.standing_in import Refusal
from pilotlight.domain.step import (
    CannotUndo,
    Receipt,
    Severity,
    Undone,
)
from pilotlight.steps.scale_cache import KIND, ScaleCacheParams
from rehearsal.access import CURRENT_ROLE, Role
from rehearsal.services.elasticache import ElastiCache
from rehearsal.services.elasticache_groups import Group, Status
from tests.builders import ISOLATION
from tests.steps.conftest import PLACE, Bench

NAME = "fileflow-dr-redis"
PARAMS = ScaleCacheParams(replication_group=NAME, node_type="cache.r6g.large", replicas=2)
TAG, MORE, LARGER, FEWER = (
    f"elasticache:{name}"
    for name in ("AddTagsToResource", "IncreaseReplicaCount", "ModifyReplicationGroup", "DecreaseReplicaCount")
)


def stand(bench: Bench, *, nodes: int = 1, **specification: Any) -> Group:
    small = {"node_type": "cache.t4g.small", "automatic_failover": False}
    return bench.aws.service(ElastiCache).add_group(PLACE.standby, NAME, nodes=nodes, **{**small, **specification})


def under_its_role(work: Callable[[], Any]) -> Any:
    token = CURRENT_ROLE.set(Role("the-step", KIND.statements(PARAMS, PLACE)))
    try:
        return work()
    finally:
        CURRENT_ROLE.reset(token)


def live(bench: Bench, params: ScaleCacheParams = PARAMS) -> StepState:
    state: StepState = under_its_role(lambda: bench.live(KIND, params))
    return state


def undo(bench: Bench, receipt: Receipt | None) -> Undone | CannotUndo:
    """Taken back, by its mark alone where there is no receipt."""
    given = receipt or Receipt("The step did not come to an end.", acted=True)
    done: Undone | CannotUndo = under_its_role(lambda: bench.inside(lambda: KIND.undo(PARAMS, given, bench.context())))
    return done


def let_rest(bench: Bench) -> None:
    bench.inside(lambda: bench.world.time.sleep(3600.0))


def size(group: Group) -> tuple[str, int]:
    return group.node_type, len(group.nodes) - 1


def reasons(bench: Bench) -> str:
    return "\n".join(state.reason for state in bench.states)


class TestScaling:
    def test_a_small_cache_gets_its_replicas_and_then_its_nodes(self, bench: Bench) -> None:
        group = stand(bench)

        state = live(bench)

        assert state.status is StepStatus.SETTLED, state.reason
        assert bench.writes() == [TAG, MORE, LARGER]
        assert size(group) == ("cache.r6g.large", 2)
        assert state.outputs["endpoint"] == f"{state.outputs['address']}:6379"

    def test_an_available_group_with_a_node_that_is_creating_is_waited_for(self, bench: Bench) -> None:
        # ElastiCache would refuse the next change with InvalidCacheClusterState.
        stand(bench)

        state = live(bench)

        assert state.status is StepStatus.SETTLED
        assert f"Cache {NAME} is available and {NAME}-002 is creating" in reasons(bench)
        assert all(line.error == "" for line in bench.world.trace if line.operation in ("ModifyReplicationGroup",))

    def test_it_settles_only_when_the_nodes_are_of_that_type(self, bench: Bench) -> None:
        stand(bench)

        state = live(bench)

        assert state.status is StepStatus.SETTLED
        assert f"Cache {NAME} is modifying, with 0 of 3 nodes up as cache.r6g.large." in reasons(bench)

    @pytest.mark.parametrize(
        ("stands", "writes"),
        [
            ({"nodes": 3}, [TAG, LARGER]),
            ({"node_type": "cache.r6g.large"}, [TAG, MORE]),
            ({"node_type": "cache.r6g.large", "nodes": 3}, []),
            ({"node_type": "cache.r6g.xlarge", "nodes": 4}, []),
        ],
    )
    def test_only_what_is_too_small_is_changed(self, bench: Bench, stands: dict[str, Any], writes: list[str]) -> None:
        stand(bench, **stands)

        state = live(bench)

        assert state.status is StepStatus.SETTLED, state.reason
        assert bench.writes() == writes

    def test_a_backup_of_somebody_else_is_waited_for(self, bench: Bench) -> None:
        stand(bench)
        bench.aws.service(ElastiCache).occupy(PLACE.standby, NAME, Status.SNAPSHOTTING, 120.0)

        state = live(bench)

        assert state.status is StepStatus.SETTLED
        assert f"Cache {NAME} is snapshotting, and is scaled when it is available." in reasons(bench)

    def test_a_cache_in_cluster_mode_answers_at_its_configuration_endpoint(self, bench: Bench) -> None:
        stand(bench, clustered=True, nodes=2, automatic_failover=True)

        state = live(bench)

        assert state.status is StepStatus.SETTLED
        assert state.outputs["address"].startswith("clustercfg.")

    @pytest.mark.parametrize("operation", ["AddTagsToResource", "IncreaseReplicaCount", "ModifyReplicationGroup"])
    def test_a_lost_answer_is_looked_at_and_nothing_is_done_twice(self, bench: Bench, operation: str) -> None:
        group = stand(bench)
        bench.lose_answers(operation)

        state = live(bench)

        assert state.status is StepStatus.SETTLED
        assert bench.writes() == [TAG, MORE, LARGER]
        assert size(group) == ("cache.r6g.large", 2)


class TestTroubles:
    def test_a_change_that_comes_to_nothing_is_told_with_its_reason(self, bench: Bench) -> None:
        group = stand(bench)
        bench.aws.service(ElastiCache).fail_next_scaling(NAME, "Insufficient capacity in ap-northeast-1a.")

        state = live(bench)

        assert state.status is StepStatus.FAILED
        assert state.reason == (
            f"Cache {NAME} stayed cache.t4g.small and did not become cache.r6g.large: "
            "Insufficient capacity in ap-northeast-1a."
        )
        assert size(group) == ("cache.t4g.small", 2)

    @pytest.mark.parametrize(
        ("code", "said"),
        [
            ("InsufficientCacheClusterCapacity", "AWS has no capacity for its node type there"),
            ("NodeQuotaForCustomerExceeded", "the account's quota of nodes is used up there"),
        ],
    )
    def test_a_refusal_is_a_sentence_with_a_way_out(self, bench: Bench, code: str, said: str) -> None:
        stand(bench)
        bench.aws.service(ElastiCache).refuse_next_scaling(NAME, code)

        state = live(bench)

        assert state.status is StepStatus.FAILED
        assert state.reason == f"Cache {NAME} cannot be scaled in {PLACE.standby}, because {said}."
        assert "etry the step" in state.fix

    def test_a_node_type_that_the_group_cannot_go_to_is_refused_before_anything_is_changed(self, bench: Bench) -> None:
        stand(bench)
        params = PARAMS.model_copy(update={"node_type": "cache.r6gd.xlarge"})

        state = live(bench, params)
        found = bench.inside(lambda: KIND.preflight(params, bench.context()))

        assert state.status is StepStatus.FAILED
        assert f"Cache {NAME} cannot go from cache.t4g.small to cache.r6gd.xlarge; it can go up to: " in state.reason
        assert bench.writes() == []
        assert [finding.severity for finding in found] == [Severity.IMPOSSIBLE]

    @pytest.mark.parametrize(
        ("stands", "said"),
        [
            ({"status": Status.DELETING}, "because it is deleting"),
            ({"status": Status.CREATE_FAILED}, "because it is create-failed"),
            ({"global_group": "ldgnf-shop"}, "because it belongs to global datastore ldgnf-shop"),
        ],
    )
    def test_a_group_that_cannot_be_scaled_says_why(self, bench: Bench, stands: dict[str, Any], said: str) -> None:
        stand(bench, **stands)

        state = live(bench)

        assert state.status is StepStatus.FAILED
        assert said in state.reason
        assert state.fix

    def test_a_cache_that_is_missing_is_said_to_be(self, bench: Bench) -> None:
        state = live(bench)

        assert state.reason == f"Cache {NAME} is missing in {PLACE.standby}."


class TestUndo:
    def test_it_goes_back_to_what_stood_before(self, bench: Bench) -> None:
        group = stand(bench)
        receipt = live(bench).receipt

        first = undo(bench, receipt)
        let_rest(bench)
        second = undo(bench, receipt)
        let_rest(bench)

        assert isinstance(first, CannotUndo)
        assert "keeps its 2 replicas until that is done. Undo the step again" in first.sentence
        assert second == Undone(f"Cache {NAME} goes back to cache.t4g.small with no replicas, as before this run.")
        assert size(group) == ("cache.t4g.small", 0)
        assert undo(bench, receipt) == Undone(f"Cache {NAME} is cache.t4g.small with no replicas, as before this run.")

    def test_a_step_that_was_cut_off_is_taken_back_by_its_mark(self, bench: Bench) -> None:
        group = stand(bench)
        live(bench)

        undo(bench, None)
        let_rest(bench)
        undo(bench, None)
        let_rest(bench)

        assert size(group) == ("cache.t4g.small", 0)

    def test_a_cache_that_is_busy_is_left_with_the_commands(self, bench: Bench) -> None:
        stand(bench)
        receipt = live(bench).receipt
        bench.aws.service(ElastiCache).occupy(PLACE.standby, NAME, Status.SNAPSHOTTING, 600.0)

        undone = undo(bench, receipt)

        assert isinstance(undone, CannotUndo)
        assert "--cache-node-type cache.t4g.small" in undone.sentence
        assert "--new-replica-count 0" in undone.sentence

    def test_a_size_that_somebody_set_since_is_left(self, bench: Bench) -> None:
        group = stand(bench)
        receipt = live(bench).receipt
        group.node_type = "cache.r6g.2xlarge"

        undone = undo(bench, receipt)

        assert isinstance(undone, CannotUndo)
        assert "set its size by hand" in undone.sentence
        assert bench.writes() == [TAG, MORE, LARGER]

    def test_what_was_large_before_is_left_so(self, bench: Bench) -> None:
        stand(bench, node_type="cache.r6g.large", nodes=3)

        assert undo(bench, live(bench).receipt) == Undone(
            f"Cache {NAME} was not scaled by this run, so nothing is taken back."
        )

    def test_the_mark_of_another_run_is_not_this_one_s(self, bench: Bench) -> None:
        group = stand(bench, tags={"pilotlight:size-before": "fileflow-e0 cache.t4g.micro 1"})

        undo(bench, live(bench).receipt)
        let_rest(bench)

        assert group.node_type == "cache.t4g.small"


class TestReadiness:
    def test_it_says_where_the_cache_can_go_and_what_nobody_promises(self, bench: Bench) -> None:
        stand(bench)

        found = under_its_role(lambda: bench.inside(lambda: KIND.readiness(PARAMS, bench.context())))

        assert [(f.severity, f.code) for f in found] == [
            (Severity.FINE, "cache-size"),
            (Severity.WARNING, "cache-capacity"),
            (Severity.WARNING, "cache-failover"),
        ]
        assert found[0].sentence == f"Cache {NAME} is cache.t4g.small and can go to cache.r6g.large."

    def test_a_number_of_shards_is_refused_by_name(self) -> None:
        with pytest.raises(ValidationError, match="the number of shards is not changed in a run"):
            ScaleCacheParams.model_validate({**PARAMS.model_dump(), "shards": 3})

    def test_a_drill_scales_nothing(self) -> None:
        assert isinstance(KIND.stand_in(PARAMS, ISOLATION), Refusal)
