"""Creating a cache: whole lives on the embedded AWS."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import botocore.session
import pytest
import yaml
from pydantic import ValidationError

from pilotlight.domain.life import StepState, StepStatus
from pilotlight.domain.standing_in import Refusal
from pilotlight.domain.step import (
    Access,
    CannotUndo,
    Finding,
    Harm,
    Receipt,
    Severity,
    Undone,
)
from pilotlight.steps.create_cache import KIND, CreateCacheParams
from rehearsal.access import CURRENT_ROLE, Role
from rehearsal.services.elasticache import ElastiCache
from rehearsal.services.elasticache_groups import Group, Status
from rehearsal.wire import Call
from tests.builders import ISOLATION, drilled
from tests.steps.conftest import PLACE, Bench

TOKYO = "ap-northeast-1"
NAME = "fileflow-dr-redis"
OURS = {"pilotlight:application": "fileflow", "pilotlight:run": "fileflow-e0"}
KEY = "0a1b2c3d-0000-4000-8000-0123456789ab"
CREATE, DELETE = "elasticache:CreateReplicationGroup", "elasticache:DeleteReplicationGroup"


def params(**changes: Any) -> CreateCacheParams:
    plain = {
        "replication_group": NAME,
        "node_type": "cache.r6g.large",
        "nodes": 2,
        "engine": "redis",
        "engine_version": "7.1",
        "subnet_group": "fileflow-dr-cache",
        "security_groups": ["sg-0d1e2f3a4b5c60718"],
    }
    return CreateCacheParams.model_validate(plain | changes)


@pytest.fixture
def elasticache(bench: Bench) -> ElastiCache:
    model = bench.aws.service(ElastiCache)
    model.add_subnet_group(TOKYO, "fileflow-dr-cache")
    return model


def put_secret(bench: Bench, value: str) -> None:
    bench.context().aws.call("secretsmanager", "CreateSecret", TOKYO, Name="redis-token", SecretString=value)


def make_service_role(bench: Bench) -> None:
    path, name = "/aws-service-role/elasticache.amazonaws.com/", "AWSServiceRoleForElastiCache"
    trust = '{"Version": "2012-10-17", "Statement": []}'
    bench.context().aws.call("iam", "CreateRole", "us-east-1", RoleName=name, Path=path, AssumeRolePolicyDocument=trust)


def the_group(elasticache: ElastiCache) -> Group:
    group = elasticache.group(TOKYO, NAME)
    assert group is not None
    return group


def let_it_show(elasticache: ElastiCache, **fields: str) -> None:
    """Let DescribeReplicationGroups show a group with other words than the model has for it."""
    real = elasticache._operations["DescribeReplicationGroups"]

    def describe(service: Any, call: Call) -> Any:
        groups = real(service, call)["ReplicationGroups"]
        return {"ReplicationGroups": [group | fields for group in groups]}

    elasticache._operations["DescribeReplicationGroups"] = describe


def by_code(findings: tuple[Finding, ...]) -> dict[str, Finding]:
    return {finding.code: finding for finding in findings}


@pytest.mark.usefixtures("elasticache")
def test_a_cache_is_created_and_settles_with_its_address(bench: Bench) -> None:
    state = bench.live(KIND, params())

    assert state.status is StepStatus.SETTLED
    assert bench.writes() == [CREATE]
    assert state.outputs["address"].startswith("master.fileflow-dr-redis.")
    assert state.outputs["port"] == "6379"
    assert state.outputs["endpoint"] == f"{state.outputs['address']}:6379"
    assert set(state.outputs) == set(KIND.outputs)
    assert state.reason == f"Cache {NAME} is available and answers at {state.outputs['endpoint']}."


@pytest.mark.usefixtures("elasticache")
def test_what_is_ordered_leaves_nothing_to_the_defaults_and_says_whose_it_is(
    bench: Bench, elasticache: ElastiCache
) -> None:
    put_secret(bench, "a-token-of-16-chars")

    bench.live(KIND, params(auth_token_secret="redis-token", kms_key=KEY, port=6380))

    group = the_group(elasticache)
    assert (group.node_type, group.engine, group.engine_version) == ("cache.r6g.large", "redis", "7.1.0")
    assert (group.automatic_failover, group.multi_az, len(group.nodes)) == (True, True, 2)
    assert (group.transit_encryption, group.at_rest_encryption, group.auth_token) == (True, True, True)
    assert group.kms_key == f"arn:aws:kms:{TOKYO}:123456789012:key/{KEY}"
    assert (group.subnet_group, group.parameter_group) == ("fileflow-dr-cache", "default.redis7")
    assert (group.security_groups, group.port) == (("sg-0d1e2f3a4b5c60718",), 6380)
    assert group.tags == {
        "pilotlight:application": "fileflow",
        "pilotlight:run": "fileflow-e1",
        "Name": NAME,
    }


@pytest.mark.parametrize("engine", ["redis", "valkey"])
def test_encryption_at_rest_is_what_the_plan_says_whatever_the_engine_would_do(
    bench: Bench, elasticache: ElastiCache, engine: str
) -> None:
    version = {"redis": "7.1", "valkey": "8.0"}[engine]

    bench.live(KIND, params(engine=engine, engine_version=version, at_rest_encryption=engine == "redis"))

    assert the_group(elasticache).at_rest_encryption is (engine == "redis")


@pytest.mark.usefixtures("elasticache")
def test_a_cache_in_cluster_mode_gives_its_configuration_endpoint(bench: Bench) -> None:
    state = bench.live(KIND, params(parameter_group="default.redis7.cluster.on"))

    assert state.outputs["address"].startswith("clustercfg.fileflow-dr-redis.")


@pytest.mark.usefixtures("elasticache")
def test_looking_before_it_can_be_done_is_rare_and_then_costs_little(bench: Bench) -> None:
    state = bench.live(KIND, params())

    ready = bench.world.effects[0].started + timedelta(seconds=bench.world.effects[0].seconds)
    assert state.finished is not None
    assert state.finished - ready < KIND.timing.poll + timedelta(seconds=1)


def test_the_tail_of_fifty_minutes_is_waited_for(bench: Bench, elasticache: ElastiCache) -> None:
    elasticache.delay_next_creation(TOKYO, 50 * 60)

    state = bench.live(KIND, params())

    assert state.status is StepStatus.SETTLED


def test_a_creation_that_never_ends_is_given_up_with_what_was_last_seen(bench: Bench, elasticache: ElastiCache) -> None:
    elasticache.delay_next_creation(TOKYO, 3 * 3600)

    state = bench.live(KIND, params())

    assert state.status is StepStatus.FAILED
    assert state.reason == f"Given up after 1 h; last seen: Cache {NAME} is creating and has no address yet."


def test_a_failed_creation_fails_the_step_at_once_with_the_reason_from_the_events(
    bench: Bench, elasticache: ElastiCache
) -> None:
    elasticache.fail_next_creation(TOKYO, "there was no cache.r6g.large in ap-northeast-1c.", 240)

    state = bench.live(KIND, params())

    assert state.status is StepStatus.FAILED
    assert state.reason == (
        f"Cache {NAME} could not be created, because there was no cache.r6g.large in ap-northeast-1c."
    )
    assert "Retry the step" in state.fix
    assert state.finished is not None
    assert state.started is not None
    assert state.finished - state.started < timedelta(seconds=240 + 31)


def test_a_failed_creation_without_a_readable_event_still_fails_with_a_sentence(
    bench: Bench, elasticache: ElastiCache
) -> None:
    elasticache.fail_next_creation(TOKYO, "no capacity", 60)
    state = bench.live(KIND, params())
    assert state.receipt is not None
    bench.lose_answers("DescribeEvents", times=3)

    seen = KIND.verify(params(), state.receipt, bench.context())

    assert seen.reason == f"Cache {NAME} could not be created, because its events do not say why."


def test_a_retry_clears_away_what_a_failed_creation_left_and_creates_anew(
    bench: Bench, elasticache: ElastiCache
) -> None:
    elasticache.fail_next_creation(TOKYO, "no capacity", 60)
    bench.live(KIND, params())

    state = bench.live(KIND, params(), state=StepState())

    assert state.status is StepStatus.SETTLED
    assert bench.writes() == [CREATE, DELETE, CREATE]
    reasons = [seen.reason for seen in bench.states]
    assert f"Cache {NAME} is left of a failed creation and holds nothing, so it is deleted first." in reasons
    assert f"Cache {NAME} is being deleted, so its name is not free yet." in reasons


def test_what_anyone_else_left_of_a_failed_creation_is_not_touched(bench: Bench, elasticache: ElastiCache) -> None:
    elasticache.add_group(TOKYO, NAME, status=Status.CREATE_FAILED, description="made by hand")

    state = bench.live(KIND, params())

    assert state.status is StepStatus.FAILED
    assert "but not fileflow's" in state.reason
    assert bench.writes() == []


@pytest.mark.parametrize(
    ("code", "because"),
    [
        ("InsufficientCacheClusterCapacity", "AWS has no capacity for its node type there"),
        ("NodeQuotaForCustomerExceeded", "the account's quota of nodes is used up there"),
        ("ClusterQuotaForCustomerExceeded", "the account's quota of clusters is used up there"),
        ("CacheSubnetGroupNotFoundFault", "its subnet group is missing there"),
        ("CacheParameterGroupNotFound", "its parameter group is missing there"),
        ("InvalidVPCNetworkStateFault", "the VPC of its subnet group is not in order"),
    ],
)
def test_a_refused_creation_fails_with_the_reason_and_the_way_out(
    bench: Bench, elasticache: ElastiCache, code: str, because: str
) -> None:
    elasticache.refuse_next_creation(TOKYO, code, "as AWS says it")

    state = bench.live(KIND, params())

    assert state.status is StepStatus.FAILED
    assert state.reason == f"Cache {NAME} cannot be created in {TOKYO}, because {because}."
    assert "etry the step" in state.fix


@pytest.mark.parametrize("code", [code for op in KIND.operations[:1] for code in op.fatal])
def test_any_other_refusal_fails_with_the_words_of_aws(bench: Bench, elasticache: ElastiCache, code: str) -> None:
    elasticache.refuse_next_creation(TOKYO, code, "as AWS says it")

    state = bench.live(KIND, params())

    assert state.status is StepStatus.FAILED
    assert state.reason == f"elasticache CreateReplicationGroup in {TOKYO} answered {code}: as AWS says it"


@pytest.mark.parametrize(
    ("code", "status"), [("Throttling", 400), ("ServiceUnavailable", 503), ("InternalFailure", 500)]
)
def test_a_passing_trouble_is_asked_again(bench: Bench, elasticache: ElastiCache, code: str, status: int) -> None:
    elasticache.refuse_next_creation(TOKYO, code, "later", status=status)

    state = bench.live(KIND, params())

    assert state.status is StepStatus.SETTLED
    assert bench.writes() == [CREATE, CREATE]


def test_a_warm_cache_of_ours_is_adopted_without_a_write(bench: Bench, elasticache: ElastiCache) -> None:
    elasticache.add_group(TOKYO, NAME, tags=OURS)

    state = bench.live(KIND, params())

    assert state.status is StepStatus.SETTLED
    assert state.attempts == 1
    assert bench.writes() == []


@pytest.mark.parametrize(
    ("tags", "said"),
    [({}, "is missing"), ({"pilotlight:application": "portforge"}, "is portforge")],
)
def test_a_cache_of_anyone_else_is_a_conflict(
    bench: Bench, elasticache: ElastiCache, tags: dict[str, str], said: str
) -> None:
    elasticache.add_group(TOKYO, NAME, tags=tags)

    state = bench.live(KIND, params())

    assert state.status is StepStatus.FAILED
    assert state.reason == (f"Cache {NAME} is there, but not fileflow's, because tag pilotlight:application {said}.")
    assert "tag it pilotlight:application=fileflow" in state.fix
    assert bench.writes() == []


@pytest.mark.parametrize(
    ("specification", "difference"),
    [
        ({"node_type": "cache.t3.micro"}, "its node type is cache.t3.micro, not cache.r6g.large"),
        ({"engine": "valkey"}, "its engine is valkey, not redis"),
        ({"engine_version": "7.0.7"}, "its engine version is 7.0.7, not 7.1"),
        ({"engine_version": "7.10.0"}, "its engine version is 7.10.0, not 7.1"),
        ({"automatic_failover": False}, "its automatic failover is disabled, not enabled"),
        ({"multi_az": False}, "its Multi-AZ is disabled, not enabled"),
        ({"transit_encryption": False}, "its encryption in transit is disabled, not enabled"),
        ({"at_rest_encryption": False}, "its encryption at rest is disabled, not enabled"),
        ({"auth_token": True}, "its AUTH token is enabled, not disabled"),
        ({"kms_key": f"arn:aws:kms:x:1:key/{KEY}"}, f"its KMS key is {KEY}, not ElastiCache's own"),
        ({"port": 6380}, "its port is 6380, not 6379"),
        ({"subnet_group": "public"}, "its subnet group is public, not fileflow-dr-cache"),
        ({"security_groups": ()}, "its set of security groups is none, not sg-0d1e2f3a4b5c60718"),
        ({"parameter_group": "tuned"}, "its parameter group is tuned, not default.redis7"),
        ({"nodes": 1}, "its number of nodes is 1, not 2"),
    ],
)
def test_a_cache_of_ours_that_differs_is_a_conflict_that_names_the_difference(
    bench: Bench, elasticache: ElastiCache, specification: dict[str, Any], difference: str
) -> None:
    elasticache.add_group(TOKYO, NAME, tags=OURS, **specification)

    state = bench.live(KIND, params())

    assert state.status is StepStatus.FAILED
    assert state.reason == f"Cache {NAME} is there, but is not what the plan asks for, because {difference}."
    assert bench.writes() == []


def test_every_difference_is_named_in_the_one_sentence(bench: Bench, elasticache: ElastiCache) -> None:
    elasticache.add_group(TOKYO, NAME, tags=OURS, node_type="cache.t3.micro", multi_az=False, nodes=1)

    state = bench.live(KIND, params())

    assert state.reason.endswith(
        "because its node type is cache.t3.micro, not cache.r6g.large, and its Multi-AZ is disabled, not "
        "enabled, and its number of nodes is 1, not 2."
    )


@pytest.mark.parametrize(("asked", "runs"), [("7.1", "7.1.0"), ("7", "7.1.0"), ("6.x", "6.2.6"), ("7.1.0", "7.1.0")])
def test_a_version_matches_if_it_begins_as_asked(bench: Bench, elasticache: ElastiCache, asked: str, runs: str) -> None:
    family = params(engine_version=asked).parameters_from
    elasticache.add_group(TOKYO, NAME, tags=OURS, engine_version=runs, parameter_group=family)

    state = bench.live(KIND, params(engine_version=asked))

    assert state.status is StepStatus.SETTLED


def test_a_cache_that_is_being_deleted_is_waited_for_and_then_created(bench: Bench, elasticache: ElastiCache) -> None:
    elasticache.add_group(TOKYO, NAME, tags=OURS)
    bench.context().aws.call("elasticache", "DeleteReplicationGroup", TOKYO, ReplicationGroupId=NAME)

    state = bench.live(KIND, params())

    assert state.status is StepStatus.SETTLED
    assert bench.states[0].reason == f"Cache {NAME} is being deleted, so its name is not free yet."
    assert bench.writes() == [DELETE, CREATE]


def test_a_cache_that_does_not_show_its_tags_yet_is_waited_for_and_then_adopted(
    bench: Bench, elasticache: ElastiCache
) -> None:
    elasticache.add_group(TOKYO, NAME, tags=OURS)
    elasticache.occupy(TOKYO, NAME, Status.MODIFYING, 90, nodes=2)

    state = bench.live(KIND, params())

    assert state.status is StepStatus.SETTLED
    assert bench.states[0].reason == (
        f"Cache {NAME} is modifying, so its tags cannot be read yet and it is not adopted."
    )
    assert bench.writes() == []


@pytest.mark.usefixtures("elasticache")
def test_a_lost_answer_is_read_again_and_the_cache_is_not_created_twice(bench: Bench) -> None:
    bench.lose_answers("CreateReplicationGroup")

    state = bench.live(KIND, params())

    assert state.status is StepStatus.SETTLED
    assert bench.writes() == [CREATE]
    assert "asked again" in bench.states[0].reason
    assert state.receipt is not None
    assert state.receipt.data["made_by"] == "fileflow-e1"


@pytest.mark.usefixtures("elasticache")
def test_executing_twice_creates_once(bench: Bench) -> None:
    KIND.execute(params(), bench.context())
    KIND.execute(params(), bench.context())
    bench.world.time.sleep(3600)

    again = KIND.execute(params(), bench.context())

    assert bench.writes() == [CREATE]
    assert again.acted is False  # type: ignore[union-attr]


def test_a_cache_that_appears_between_the_look_and_the_creation_is_looked_at_again(
    bench: Bench, elasticache: ElastiCache
) -> None:
    def appear(call: Call) -> None:
        if call.operation == "DescribeReplicationGroups" and elasticache.group(TOKYO, NAME) is None:
            elasticache.add_group(TOKYO, NAME, tags=OURS)

    bench.aws.after_call.append(appear)

    state = bench.live(KIND, params())

    assert bench.states[0].reason == f"Cache {NAME} appeared when it was to be created, so it is looked at again."
    assert state.status is StepStatus.SETTLED


@pytest.mark.usefixtures("elasticache")
def test_verifying_changes_nothing(bench: Bench) -> None:
    state = bench.live(KIND, params())
    assert state.receipt is not None
    before = bench.writes()

    KIND.verify(params(), state.receipt, bench.context())

    assert bench.writes() == before


def test_a_new_cache_that_does_not_show_yet_is_waited_for_and_one_that_is_gone_is_not(
    bench: Bench, elasticache: ElastiCache
) -> None:
    receipt = KIND.execute(params(), bench.context())
    elasticache._in(TOKYO).groups.clear()

    early = KIND.verify(params(), receipt, bench.context())  # type: ignore[arg-type]
    bench.world.time.sleep(121)
    late = KIND.verify(params(), receipt, bench.context())  # type: ignore[arg-type]

    assert early.reason == f"Cache {NAME} does not show yet."
    assert late.reason == f"Cache {NAME} is gone, and not by this run."


def test_a_cache_that_someone_deletes_meanwhile_fails_the_step(bench: Bench, elasticache: ElastiCache) -> None:
    receipt = KIND.execute(params(), bench.context())
    the_group(elasticache).status = Status.DELETING

    seen = KIND.verify(params(), receipt, bench.context())  # type: ignore[arg-type]

    assert seen.reason == f"Cache {NAME} is being deleted, and not by this run."


def test_a_group_whose_nodes_are_not_all_up_is_not_done(bench: Bench, elasticache: ElastiCache) -> None:
    group = elasticache.add_group(TOKYO, NAME, tags=OURS)
    group.nodes[1].status = Status.CREATING
    bench.world.time.spawn(lambda: setattr(group.nodes[1], "status", Status.AVAILABLE), name="up", delay_seconds=70)

    state = bench.live(KIND, params())

    assert bench.states[0].reason == f"Cache {NAME} is available, with 1 of 2 nodes up."
    assert state.status is StepStatus.SETTLED


def test_more_nodes_than_asked_for_are_welcome(bench: Bench, elasticache: ElastiCache) -> None:
    elasticache.add_group(TOKYO, NAME, tags=OURS, nodes=3)

    assert bench.live(KIND, params()).status is StepStatus.SETTLED


def settled_then(bench: Bench, elasticache: ElastiCache, status: Status, *, nodes: int) -> Any:
    state = bench.live(KIND, params())
    assert state.receipt is not None
    elasticache.occupy(TOKYO, NAME, status, 600, nodes=nodes)
    return KIND.verify(params(), state.receipt, bench.context())


def test_a_cache_that_is_backed_up_serves(bench: Bench, elasticache: ElastiCache) -> None:
    seen = settled_then(bench, elasticache, Status.SNAPSHOTTING, nodes=1)

    assert seen.reason.startswith(f"Cache {NAME} is snapshotting and answers at master.")


def test_a_cache_that_is_modified_serves_while_all_its_nodes_are_up(bench: Bench, elasticache: ElastiCache) -> None:
    seen = settled_then(bench, elasticache, Status.MODIFYING, nodes=0)

    assert seen.reason.startswith(f"Cache {NAME} is modifying and answers at master.")


def test_a_cache_whose_nodes_are_modified_is_waited_for(bench: Bench, elasticache: ElastiCache) -> None:
    seen = settled_then(bench, elasticache, Status.MODIFYING, nodes=1)

    assert seen.reason == f"Cache {NAME} is modifying, with 1 of 2 nodes up."


def test_an_unknown_status_is_never_success(bench: Bench, elasticache: ElastiCache) -> None:
    state = bench.live(KIND, params())
    assert state.receipt is not None
    let_it_show(elasticache, Status="rebalancing")

    seen = KIND.verify(params(), state.receipt, bench.context())

    assert seen.reason == f"Cache {NAME} is rebalancing, so it is not known to serve."


def test_automatic_failover_that_is_still_switched_on_is_waited_for(bench: Bench, elasticache: ElastiCache) -> None:
    state = bench.live(KIND, params())
    assert state.receipt is not None
    let_it_show(elasticache, AutomaticFailover="enabling")

    seen = KIND.verify(params(), state.receipt, bench.context())

    assert seen.reason == f"Cache {NAME} has no automatic failover yet: it is enabling."


def test_a_cache_that_came_out_other_than_asked_fails(bench: Bench, elasticache: ElastiCache) -> None:
    state = bench.live(KIND, params())
    assert state.receipt is not None
    the_group(elasticache).at_rest_encryption = False

    seen = KIND.verify(params(), state.receipt, bench.context())

    assert seen.reason == (
        f"Cache {NAME} is not what the plan asks for, because its encryption at rest is disabled, not enabled."
    )


@pytest.mark.usefixtures("elasticache")
def test_the_token_is_nowhere_to_be_seen(bench: Bench) -> None:
    token = "s3cret-token-of-this-cache"
    put_secret(bench, token)

    state = bench.live(KIND, params(auth_token_secret="redis-token"))

    assert state.status is StepStatus.SETTLED
    findings = KIND.readiness(params(auth_token_secret="redis-token"), _with_role(bench))
    assert token not in repr([bench.states, findings, bench.world.trace, bench.world.effects])


def _with_role(bench: Bench) -> Any:
    make_service_role(bench)
    return bench.context()


@pytest.mark.parametrize("value", ["short", "x" * 129, "has a blank in the middle", '{"token": "a-token-of-16-chars"}'])
@pytest.mark.usefixtures("elasticache")
def test_a_secret_that_holds_no_token_creates_nothing_and_is_not_quoted(bench: Bench, value: str) -> None:
    put_secret(bench, value)

    state = bench.live(KIND, params(auth_token_secret="redis-token"))

    assert state.status is StepStatus.FAILED
    assert state.reason == (
        f"Cache {NAME} cannot be created, because secret redis-token is missing in {TOKYO} or holds no AUTH token."
    )
    assert CREATE not in bench.writes()
    assert value not in repr(bench.states)


@pytest.mark.usefixtures("elasticache")
def test_a_missing_secret_creates_nothing(bench: Bench) -> None:
    state = bench.live(KIND, params(auth_token_secret="redis-token"))

    assert state.status is StepStatus.FAILED
    assert "secret redis-token is missing" in state.reason
    assert bench.writes() == []


def test_undo_deletes_what_this_run_made(bench: Bench, elasticache: ElastiCache) -> None:
    state = bench.live(KIND, params())
    assert state.receipt is not None

    undone = KIND.undo(params(), state.receipt, bench.context())
    bench.world.time.sleep(601)

    assert undone == Undone(f"Cache {NAME} is being deleted, without a snapshot, because this run had made it.")
    assert elasticache.group(TOKYO, NAME) is None
    assert KIND.undo(params(), state.receipt, bench.context()) == Undone(f"Cache {NAME} is gone already.")
    assert bench.writes() == [CREATE, DELETE]


def test_undo_clears_away_a_failed_creation(bench: Bench, elasticache: ElastiCache) -> None:
    elasticache.fail_next_creation(TOKYO, "no capacity", 60)
    state = bench.live(KIND, params())
    assert state.receipt is not None

    undone = KIND.undo(params(), state.receipt, bench.context())

    assert isinstance(undone, Undone)
    assert bench.writes() == [CREATE, DELETE]


def test_undo_leaves_an_adopted_cache_alone(bench: Bench, elasticache: ElastiCache) -> None:
    elasticache.add_group(TOKYO, NAME, tags=OURS)
    state = bench.live(KIND, params())
    assert state.receipt is not None

    undone = KIND.undo(params(), state.receipt, bench.context())

    assert undone == Undone(f"Cache {NAME} stays, because this run found it and did not make it.")
    assert bench.writes() == []


@pytest.mark.usefixtures("elasticache")
def test_undo_of_a_cache_that_is_still_created_says_when_it_can_be_deleted(bench: Bench) -> None:
    receipt = KIND.execute(params(), bench.context())

    undone = KIND.undo(params(), receipt, bench.context())  # type: ignore[arg-type]

    assert undone == CannotUndo(f"Cache {NAME} stays, because it is creating; delete it when it is available.")


def test_undo_does_not_touch_a_cache_that_took_the_place_of_ours(bench: Bench, elasticache: ElastiCache) -> None:
    state = bench.live(KIND, params())
    assert state.receipt is not None
    elasticache.add_group(TOKYO, NAME, tags=OURS, description="made by hand")

    undone = KIND.undo(params(), state.receipt, bench.context())

    assert undone == CannotUndo(f"Cache {NAME} stays, because this run did not make it; find out whose it is.")


@pytest.mark.usefixtures("elasticache")
def test_a_drill_gets_a_small_cache_of_its_own(bench: Bench) -> None:
    stand_in = drilled(KIND, params(snapshot="nightly", nodes=5))

    assert stand_in == params(
        replication_group="drill-fileflow-dr-redis",
        node_type="cache.t4g.micro",
        security_groups=ISOLATION.security_groups,
    )
    assert bench.live(KIND, stand_in).status is StepStatus.SETTLED


def test_an_old_engine_gets_a_small_node_that_can_run_it() -> None:
    stand_in = drilled(KIND, params(engine_version="5.0.5"))

    assert stand_in.node_type == "cache.t3.micro"


def test_a_name_that_leaves_no_room_has_no_stand_in() -> None:
    stand_in = KIND.stand_in(params(replication_group="a" * 35), ISOLATION)

    assert isinstance(stand_in, Refusal)
    assert "longer than the 40 characters" in stand_in.sentence


def test_all_is_said_to_be_well_but_for_what_nobody_can_promise(bench: Bench, elasticache: ElastiCache) -> None:
    make_service_role(bench)
    put_secret(bench, "a-token-of-16-chars")
    elasticache.add_snapshot(TOKYO, "nightly")
    writes = bench.writes()

    found = by_code(KIND.readiness(params(auth_token_secret="redis-token", snapshot="nightly"), bench.context()))

    assert {code for code, finding in found.items() if finding.severity is not Severity.FINE} == {"cache-capacity"}
    assert set(found) == {
        "cache-name",
        "cache-subnet-group",
        "cache-parameter-group",
        "cache-service-role",
        "cache-snapshot",
        "cache-auth-token",
        "cache-capacity",
        "cache-node-quota",
    }
    assert "cannot be promised" in found["cache-capacity"].sentence
    assert "keep the cache warm" in found["cache-capacity"].fix
    assert "2 of the nodes" in found["cache-node-quota"].sentence
    assert bench.writes() == writes


def test_a_warm_cache_needs_no_promise(bench: Bench, elasticache: ElastiCache) -> None:
    make_service_role(bench)
    elasticache.add_group(TOKYO, NAME, tags=OURS)

    found = by_code(KIND.readiness(params(), bench.context()))

    assert "cache-capacity" not in found
    assert found["cache-name"] == Finding(Severity.FINE, "cache-name", f"Cache {NAME} is there, as the plan asks for.")


def test_everything_that_is_missing_is_named(bench: Bench) -> None:
    asked = params(parameter_group="tuned", snapshot="nightly", auth_token_secret="redis-token")

    found = by_code(KIND.readiness(asked, bench.context()))

    missing = {code: f.sentence for code, f in found.items() if f.severity is Severity.IMPOSSIBLE}
    cannot = f"Cache {NAME} cannot be created, because"
    assert missing == {
        "cache-subnet-group": f"{cannot} {TOKYO} has no subnet group fileflow-dr-cache.",
        "cache-parameter-group": f"{cannot} {TOKYO} has no parameter group tuned.",
        "cache-snapshot": f"{cannot} snapshot nightly is missing in {TOKYO}.",
        "cache-auth-token": f"{cannot} secret redis-token is missing in {TOKYO} or holds no AUTH token.",
        "cache-service-role": (
            "No cache can be created, because role AWSServiceRoleForElastiCache is missing and no step may make it."
        ),
    }
    assert all(found[code].fix for code in missing)


def test_a_parameter_group_of_another_family_is_found(bench: Bench, elasticache: ElastiCache) -> None:
    elasticache.add_parameter_group(TOKYO, "tuned", family="redis6.x")
    make_service_role(bench)

    found = by_code(KIND.readiness(params(parameter_group="tuned"), bench.context()))

    assert found["cache-parameter-group"].severity is Severity.IMPOSSIBLE
    assert "parameter group tuned is for redis6.x, and its engine needs redis7" in (
        found["cache-parameter-group"].sentence
    )


@pytest.mark.parametrize(
    ("engine", "version", "family"),
    [
        ("redis", "7.1", "redis7"),
        ("redis", "6.x", "redis6.x"),
        ("redis", "6.2", "redis6.x"),
        ("redis", "5.0.6", "redis5.0"),
        ("redis", "4", "redis4.0"),
        ("valkey", "7.2", "valkey7"),
        ("valkey", "8.0", "valkey8"),
    ],
)
def test_the_family_follows_from_engine_and_version(engine: str, version: str, family: str) -> None:
    assert params(engine=engine, engine_version=version).parameters_from == f"default.{family}"


@pytest.mark.parametrize(
    ("status", "tags", "severity"),
    [
        (Status.AVAILABLE, {}, Severity.IMPOSSIBLE),
        (Status.CREATING, OURS, Severity.WARNING),
        (Status.DELETING, OURS, Severity.WARNING),
        (Status.CREATE_FAILED, OURS, Severity.WARNING),
        (Status.AVAILABLE, OURS, Severity.FINE),
    ],
)
def test_preflight_says_how_the_name_stands(
    bench: Bench, elasticache: ElastiCache, status: Status, tags: dict[str, str], severity: Severity
) -> None:
    elasticache.add_group(
        TOKYO, NAME, status=status, tags=tags, description="Made by Pilotlight for fileflow, run fileflow-e0"
    )

    found = by_code(KIND.preflight(params(), bench.context()))

    assert found["cache-name"].severity is severity
    assert found["cache-subnet-group"].severity is Severity.FINE
    assert {line.region for line in bench.world.trace} == {TOKYO}
    assert bench.writes() == []


def test_every_modelled_error_of_its_operations_is_handled_or_fatal() -> None:
    session = botocore.session.get_session()

    for operation in KIND.operations:
        model = session.get_service_model(operation.service).operation_model(operation.name)
        modelled = {(s.metadata.get("error") or {}).get("code", s.name) for s in model.error_shapes}
        assert set(operation.handled) | set(operation.fatal) == modelled, operation.name
        assert not set(operation.handled) & set(operation.fatal), operation.name


def test_the_operations_are_the_ones_that_are_called(bench: Bench, elasticache: ElastiCache) -> None:
    asked = params(auth_token_secret="redis-token", snapshot="nightly")
    elasticache.add_snapshot(TOKYO, "nightly")
    make_service_role(bench)
    put_secret(bench, "a-token-of-16-chars")
    bench.world.trace.clear()

    KIND.readiness(asked, bench.context())
    elasticache.fail_next_creation(TOKYO, "no capacity", 60)
    bench.live(KIND, asked)
    state = bench.live(KIND, asked, state=StepState())
    assert state.receipt is not None
    KIND.execute(asked, bench.context())
    KIND.undo(asked, state.receipt, bench.context())

    called = {(line.service, line.operation, line.mutating) for line in bench.world.trace}
    assert called == {(o.service, o.name, o.access is not Access.READ) for o in KIND.operations}


def test_a_whole_life_stays_within_its_permissions(bench: Bench, elasticache: ElastiCache) -> None:
    asked = params(auth_token_secret="redis-token")
    put_secret(bench, "a-token-of-16-chars")
    elasticache.fail_next_creation(TOKYO, "no capacity", 60)
    role = CURRENT_ROLE.set(Role("step", KIND.statements(asked, PLACE)))

    found = KIND.preflight(asked, bench.context())
    bench.live(KIND, asked)
    state = bench.live(KIND, asked, state=StepState())
    adopted = KIND.execute(asked, bench.context())
    undone = KIND.undo(asked, state.receipt, bench.context())  # type: ignore[arg-type]

    CURRENT_ROLE.reset(role)
    assert {finding.severity for finding in found} == {Severity.FINE}
    assert state.status is StepStatus.SETTLED
    assert isinstance(adopted, Receipt)
    assert isinstance(undone, Undone)
    assert "AccessDenied" not in {line.error for line in bench.world.trace}


def test_its_permissions_name_what_it_touches_and_nothing_more() -> None:
    asked = params(auth_token_secret="redis-token", auth_token_key=KEY, kms_key=KEY, snapshot="nightly")

    statements = KIND.statements(asked, PLACE)

    here = f"arn:aws:elasticache:{TOKYO}:123456789012"
    key = f"arn:aws:kms:{TOKYO}:123456789012:key/{KEY}"
    by_action = {action: s for s in statements for action in s.actions}
    created_from = by_action["elasticache:CreateReplicationGroup"]
    assert created_from.access is Access.WRITE
    assert created_from.resources == (
        f"{here}:replicationgroup:{NAME}",
        f"{here}:cluster:{NAME}-*",
        f"{here}:subnetgroup:fileflow-dr-cache",
        f"{here}:parametergroup:default.redis7",
        f"{here}:snapshot:nightly",
    )
    assert by_action["elasticache:AddTagsToResource"].resources == created_from.resources[:2]
    assert by_action["elasticache:DeleteReplicationGroup"].resources == created_from.resources[:1]
    assert [a for a, s in by_action.items() if s.resources == ("*",)] == ["elasticache:DescribeEvents"]
    assert by_action["secretsmanager:GetSecretValue"].resources == (
        f"arn:aws:secretsmanager:{TOKYO}:123456789012:secret:redis-token-??????",
    )
    assert by_action["kms:Decrypt"].resources == (key,)
    assert by_action["kms:CreateGrant"].access is Access.GRANT
    assert by_action["kms:CreateGrant"].conditions == {
        "StringEquals": {"kms:ViaService": f"elasticache.{TOKYO}.amazonaws.com"},
        "Bool": {"kms:GrantIsForAWSResource": "true"},
    }
    assert {a.split(":")[0] for a in by_action} == {"elasticache", "iam", "kms", "secretsmanager"}


def test_a_plain_cache_needs_no_secret_and_no_key() -> None:
    actions = {action for s in KIND.statements(params(), PLACE) for action in s.actions}

    assert not {a for a in actions if a.startswith(("kms:", "secretsmanager:"))}
    assert "elasticache:DescribeSnapshots" not in actions


def test_what_must_stand_is_said() -> None:
    asked = params(parameter_group="tuned", snapshot="nightly", auth_token_secret="redis-token")

    standing = KIND.standing(asked, PLACE)

    assert {(s.service, s.what, s.facts["name"], s.region) for s in standing} == {
        ("elasticache", "subnet_group", "fileflow-dr-cache", TOKYO),
        ("elasticache", "parameter_group", "tuned", TOKYO),
        ("elasticache", "snapshot", "nightly", TOKYO),
        ("secretsmanager", "auth_token", "redis-token", TOKYO),
    }


def test_it_is_harmless_and_says_what_it_does() -> None:
    assert KIND.harm is Harm.HARMLESS
    assert KIND.title(params()) == f"Create cache {NAME}"


def test_the_example_is_a_plan_entry() -> None:
    example = re.search(r"```yaml\n(.*?)```", CreateCacheParams.__doc__ or "", re.DOTALL)

    assert example is not None
    entry = yaml.safe_load(example[1])
    assert entry["kind"] == KIND.name
    assert CreateCacheParams.model_validate(entry["params"]) == params()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"replication_group": "FileFlow"}, "pattern"),
        ({"replication_group": "file--flow"}, "pattern"),
        ({"replication_group": "flow-"}, "pattern"),
        ({"replication_group": "a" * 41}, "40 characters"),
        ({"nodes": 1}, "greater than or equal to 2"),
        ({"nodes": 7}, "less than or equal to 6"),
        ({"engine": "memcached"}, "'redis' or 'valkey'"),
        ({"engine_version": 7.1}, "write the version in quotes"),
        ({"security_groups": []}, "at least 1 item"),
        ({"automatic_failover": False}, "multi_az needs automatic_failover"),
        ({"transit_encryption": False, "auth_token_secret": "s"}, "a token goes over TLS only"),
        ({"auth_token_key": KEY}, "name the secret in auth_token_secret"),
        ({"at_rest_encryption": False, "kms_key": KEY}, "kms_key needs at_rest_encryption"),
        ({"kms_key": "alias/redis"}, "pattern"),
        ({"durability": "async"}, "Extra inputs"),
    ],
)
def test_a_plan_that_cannot_work_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        params(**changes)


DAILY = {"named": "triflow-redis-snapshot-", "no_older_than": "5 d"}


class TestTheNewestSnapshotOfASeries:
    def test_the_cache_is_filled_from_it(self, bench: Bench, elasticache: ElastiCache) -> None:
        # Given three copies of the series, of which the newest is not whole yet, and a newer one of another series
        elasticache.add_snapshot(TOKYO, "triflow-redis-snapshot-20261118", days_old=3)
        elasticache.add_snapshot(TOKYO, "triflow-redis-snapshot-20261119", days_old=2)
        elasticache.add_snapshot(TOKYO, "triflow-redis-snapshot-20261120", days_old=1, status="copying")
        elasticache.add_snapshot(TOKYO, "another-20261120", days_old=0.5)

        # When
        state = bench.live(KIND, params(snapshot=DAILY))

        # Then
        assert state.status is StepStatus.SETTLED
        assert the_group(elasticache).snapshot == "triflow-redis-snapshot-20261119"
        assert "filled from snapshot triflow-redis-snapshot-20261119" in bench.states[0].reason

    def test_without_one_the_cache_begins_empty_and_says_so(self, bench: Bench, elasticache: ElastiCache) -> None:
        state = bench.live(KIND, params(snapshot=DAILY))

        assert state.status is StepStatus.SETTLED
        assert the_group(elasticache).snapshot == ""
        assert "empty, because no snapshot of its series is there" in bench.states[0].reason

    @pytest.mark.parametrize(
        ("days_old", "severity", "said"),
        [
            (4, Severity.FINE, "is 96 h 00 min old."),
            (6, Severity.WARNING, "is 144 h 00 min old, more than 5 d."),
            (None, Severity.WARNING, "is unknown."),
            (-1, Severity.WARNING, "would begin empty"),
        ],
    )
    def test_its_age_is_looked_at_on_a_quiet_day(
        self, bench: Bench, elasticache: ElastiCache, days_old: float | None, severity: Severity, said: str
    ) -> None:
        make_service_role(bench)
        if days_old != -1:
            elasticache.add_snapshot(TOKYO, "triflow-redis-snapshot-copy", days_old=days_old)

        found = by_code(KIND.readiness(params(snapshot=DAILY), bench.context()))["cache-snapshot"]

        assert found.severity is severity
        assert said in found.sentence

    def test_it_may_read_that_series_into_a_cache_and_no_other(self) -> None:
        written = {
            resource
            for statement in KIND.statements(params(snapshot=DAILY), PLACE)
            for resource in statement.resources
            if statement.access is Access.WRITE and ":snapshot:" in resource
        }

        assert written == {f"arn:aws:elasticache:{TOKYO}:123456789012:snapshot:triflow-redis-snapshot-*"}
