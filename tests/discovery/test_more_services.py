"""What runs in EKS, signs users in, starts functions, replicates with Aurora or stands in front, as a plan's draft."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import planfile
from discovery import draft
from discovery.clusters import config_maps
from discovery.looking import Found
from discovery.reading import Reading
from discovery.resource import Kind, Resource
from pilotlight.domain.plan import Plan
from pilotlight.domain.ports import WebAnswer
from rehearsal.scene import Scene
from rehearsal.services.cognito_idp import CognitoIdp
from rehearsal.services.edge import CloudFront
from rehearsal.services.eks import Eks
from rehearsal.services.events import Events
from rehearsal.services.lambda_functions import LambdaFunctions
from rehearsal.services.rds import Rds
from rehearsal.services.route53 import Route53
from tests.discovery.worlds import SEOUL, TOKYO, found_in

pytestmark = pytest.mark.full

ROOT = Path(__file__).parents[2]
TABLES = ("team_chats_ddb", "chat_rooms_ddb")


@pytest.fixture(scope="module")
def portforge() -> Plan:
    return planfile.load(ROOT / "plans/portforge.yaml")


@pytest.fixture(scope="module")
def orders() -> Plan:
    return planfile.load(ROOT / "tests/workflow/orders.yaml")


def drafted(found: Found) -> tuple[Plan, str]:
    """The plan of what was found, which is sound, and its comments in one line."""
    text = draft(found)
    return planfile.parse(text, "drafted.yaml"), " ".join(text.replace("#", "").split())


def kinds(plan: Plan) -> set[str]:
    return {step.kind for step in plan.steps().values()}


def test_a_cluster_whose_api_nobody_reaches_is_a_gap_and_a_question(portforge: Plan) -> None:
    def close(scene: Scene) -> None:
        for cluster in scene.account.aws.service(Eks).clusters:
            scene.account.internet.put(cluster.host, lambda request: WebAnswer(None, "", trouble="it timed out"))

    found = found_in(portforge, *TABLES, change=close)

    plan, text = drafted(found)
    assert "scale_node_group" in kinds(plan)
    assert "swap_config_map" not in kinds(plan)
    assert "TODO: could not be read: kubernetes ListDeployments in ap-northeast-1" in text
    assert "an access entry of the cluster with AmazonEKSViewPolicy" in text
    assert "TODO: no ConfigMap that pods of portforge-dr-cluster read was seen to name a database" in text


def test_who_may_not_look_into_a_cluster_is_told_what_would_let_them(portforge: Plan) -> None:
    found = found_in(portforge, *TABLES, refuse=("ListConfigMaps",))

    assert any("ListConfigMaps" in gap and "AmazonEKSViewPolicy" in gap for gap in found.gaps)


class Kubernetes:
    """A cluster's API with two pages of ConfigMaps, and deployments that read some of them."""

    def call(self, service: str, operation: str, region: str, /, **parameters: Any) -> dict[str, Any]:
        if operation == "ListDeployments":
            return {"items": [self.deployment()]}
        first = "continue" not in parameters["Query"]
        names = ["whole", "single"] if first else ["files", "unread"]
        following = {"continue": "2"} if first else {}
        return {"metadata": following, "items": [self.config_map("shop", name) for name in names]}

    def config_map(self, namespace: str, name: str) -> dict[str, Any]:
        return {"metadata": {"namespace": namespace, "name": name}, "data": {"DB_HOST": "hunter2.example.com"}}

    def deployment(self) -> dict[str, Any]:
        container = {
            "envFrom": [{"configMapRef": {"name": "whole"}}, {"secretRef": {"name": "hidden"}}],
            "env": [{"valueFrom": {"configMapKeyRef": {"name": "single", "key": "a"}}}, {"name": "b", "value": "c"}],
        }
        spec = {"containers": [container], "volumes": [{"configMap": {"name": "files"}}, {"emptyDir": {}}]}
        return {"metadata": {"namespace": "shop", "name": "web"}, "spec": {"template": {"spec": spec}}}


def test_the_config_maps_that_pods_read_in_any_way_are_found_without_their_values() -> None:
    found = list(config_maps(Reading(Kubernetes()), Resource(Kind.CLUSTER, TOKYO, "dr")))

    assert [each.name for each in found] == ["whole", "single", "files"]
    assert {tuple(each.facts["readers"]) for each in found} == {("web",)}
    assert "hunter2" not in str(found)


def test_a_group_behind_nodes_is_scaled_as_nodes_and_by_nothing_else(portforge: Plan) -> None:
    found = found_in(portforge, *TABLES)

    assert [each.name for each in found.of(Kind.NODES, TOKYO)] == ["portforge-dr-nodes"]
    assert found.of(Kind.GROUP) == []


def test_a_pool_that_cognito_replicates_is_a_question_and_no_swap(portforge: Plan) -> None:
    def replicate(scene: Scene) -> None:
        cognito = scene.account.aws.service(CognitoIdp)
        cognito.pools.clear()
        for pool in cognito.add_replicated_pool("ap-northeast-2_AbCdEfGhI", SEOUL, TOKYO):
            pool.says["Name"] = "portforge-users"

    plan, text = drafted(found_in(portforge, *TABLES, change=replicate))

    assert "swap_user_pool" not in kinds(plan)
    assert "TODO: Cognito itself replicates user pool portforge-users in ap-northeast-2" in text


def with_rules(*made: Callable[[Events], Any]) -> Callable[[Scene], None]:
    def change(scene: Scene) -> None:
        for make in made:
            make(scene.account.aws.service(Events))

    return change


def test_rules_of_another_bus_have_a_step_of_their_own_and_those_of_aws_none(orders: Plan) -> None:
    change = with_rules(
        lambda events: events.add_rule(SEOUL, "orders-nightly"),
        lambda events: events.add_rule(SEOUL, "orders-paid", "shop"),
        lambda events: events.add_rule(SEOUL, "orders-autoscaling", managed_by="autoscaling.amazonaws.com"),
    )

    plan, text = drafted(found_in(orders, change=change))

    fences = [dict(step.params) for step in plan.steps().values() if step.kind == "fence_event_sources"]
    assert [(fence["rules"], fence.get("event_bus")) for fence in fences] == [
        (["orders-nightly"], None),
        (["orders-paid"], "shop"),
    ]
    assert [len(fence.get("mappings", ())) for fence in fences] == [1, 0]
    assert "TODO: nothing in ap-northeast-1 does the work of rule orders-paid in ap-northeast-2." in text


def test_what_is_on_in_the_standby_already_is_a_question(orders: Plan) -> None:
    plan, text = drafted(found_in(orders, change=with_rules(lambda events: events.add_rule(TOKYO, "orders-nightly"))))

    assert "TODO: rule orders-nightly in ap-northeast-1 is on already, so both regions may do its work" in text
    (step,) = [step for step in plan.steps().values() if step.kind == "switch_event_sources"]
    assert "rules" not in step.params


def test_a_mapping_belongs_by_its_function_and_never_by_its_uuid(orders: Plan) -> None:
    def rename(scene: Scene) -> None:
        for mapping in scene.account.aws.service(LambdaFunctions).mappings:
            mapping.function, mapping.source = "billing-worker", "billing"

    named_like_a_uuid = found_in(orders, "9f8e7d6c", change=rename)

    assert named_like_a_uuid.of(Kind.MAPPING) == []
    assert {each.because for each in found_in(orders).of(Kind.MAPPING)} == {"it goes with orders-worker"}


def test_a_cluster_of_aurora_that_stands_alone_is_a_question(orders: Plan) -> None:
    def part(scene: Scene) -> None:
        scene.account.aws.service(Rds).global_databases.clear()

    plan, text = drafted(found_in(orders, change=part))

    assert "fail_over_global_cluster" not in kinds(plan)
    assert "TODO: Aurora cluster orders-seoul in ap-northeast-2 has no secondary in ap-northeast-1" in text
    assert "which is no member of a global database" not in text


def test_the_other_cluster_of_a_global_database_belongs_whatever_it_is_called(orders: Plan) -> None:
    def rename(scene: Scene) -> None:
        rds = scene.account.aws.service(Rds)
        cluster = rds.clusters.pop((TOKYO, "orders-tokyo"))
        cluster.identifier = "c2"
        rds.clusters[TOKYO, "c2"] = cluster
        whole = rds.global_databases.pop("orders-global")
        whole.identifier = "g1"
        rds.global_databases["g1"] = whole

    plan, _ = drafted(found_in(orders, change=rename))

    (step,) = [step for step in plan.steps().values() if step.kind == "fail_over_global_cluster"]
    assert dict(step.params) == {"global_cluster": "g1", "cluster": "c2", "source": "orders-seoul"}
    (latch,) = [step for step in plan.steps().values() if step.kind == "latch_traffic"]
    assert latch.params == {"clusters": {"g1": "c2"}}


def test_a_cluster_without_an_instance_is_a_question(orders: Plan) -> None:
    def empty(scene: Scene) -> None:
        scene.account.aws.service(Rds).clusters[TOKYO, "orders-tokyo"].instances.clear()

    _, text = drafted(found_in(orders, change=empty))

    assert "TODO: Aurora cluster orders-tokyo in ap-northeast-1 has no instance, so it cannot take over" in text


def test_a_distribution_that_asks_the_primary_alone_is_a_question(portforge: Plan) -> None:
    def one_origin(scene: Scene) -> None:
        front = scene.account.aws.service(CloudFront)
        front.distributions.clear()
        config = front.add("EONE", "portforge-front.s3.ap-northeast-2.amazonaws.com", "x.example.com")
        config["DistributionConfig"]["OriginGroups"] = {"Quantity": 0}

    plan, text = drafted(found_in(portforge, *TABLES, change=one_origin))

    assert "TODO: distribution EONE (portforge-front is an origin of it) has no second origin" in text
    assert "distribution_fails_over" not in {each.kind for each in plan.requirements}


def test_records_that_look_at_their_targets_are_asked_about(orders: Plan) -> None:
    def evaluate(scene: Scene) -> None:
        records = scene.account.aws.service(Route53).records
        for record in list(records.sets):
            records.put(replace(record, evaluates_target=True))

    _, text = drafted(found_in(orders, change=evaluate))

    assert "TODO: PRIMARY and SECONDARY evaluate their target's health, which moves users whatever" in text
