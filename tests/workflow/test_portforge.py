"""PortForge, whole: a database in RDS, two global tables, an application in EKS, a user pool in each region."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from pilotlight.domain.records import RecordKind
from planfile import load
from rehearsal.play import Played, play
from rehearsal.scenarios import scenario
from rehearsal.services.eks import Eks
from rehearsal.traffic import region_of_users

pytestmark = pytest.mark.full

PLAN = Path(__file__).parents[2] / "plans" / "portforge.yaml"
PRIMARY, STANDBY = "ap-northeast-2", "ap-northeast-1"
USERS = "api.portforge.org"
POOL = "ap-northeast-1_AbCdEfGhI"


@cache
def portforge(name: str) -> Played:
    """The scenario, played with the plan."""
    return play(load(PLAN), scenario(name), seed=1)


def statuses(seen: Played) -> dict[str, str]:
    return {step.name: step.status for step in seen.result.steps}


class TestOutage:
    def test_the_application_is_recovered_in_the_standby(self) -> None:
        seen = portforge("outage")

        assert seen.result.outcome == "RECOVERED", seen.result.reason
        assert set(statuses(seen).values()) == {"settled"}
        assert region_of_users(seen.scene.world, seen.scene.plan, USERS) == STANDBY

    def test_pods_of_the_standby_run_with_the_values_of_the_standby(self) -> None:
        (cluster,) = portforge("outage").scene.account.aws.service(Eks).clusters

        pods = [pod for d in cluster.deployments if d.namespace == "portforge" for pod in d.pods]
        assert len(pods) == 10
        assert {pod.values["AWS_REGION"] for pod in pods} == {STANDBY}
        assert len({pod.values["RDS_ENDPOINT"] for pod in pods}) == 1
        pools = [pod.values["COGNITO_USER_POOL_ID"] for pod in pods if "COGNITO_USER_POOL_ID" in pod.values]
        assert pools == [POOL, POOL]

    def test_what_waits_for_the_nodes_of_drills_takes_no_node_of_the_outage(self) -> None:
        (cluster,) = portforge("outage").scene.account.aws.service(Eks).clusters

        waiting = [pod for d in cluster.deployments if d.namespace == "portforge-drill" for pod in d.pods]
        assert len(waiting) == 10
        assert all(pod.unschedulable and not pod.ready for pod in waiting)

    def test_nodes_come_once_the_tables_have_changed_hands_and_before_pods_are_waited_for(self) -> None:
        steps = {step.name: step for step in portforge("outage").result.steps}

        assert steps["scale-nodes"].started >= steps["take-over-chats"].finished  # type: ignore[operator]
        assert steps["swap-database"].started >= steps["scale-nodes"].finished  # type: ignore[operator]

    def test_database_and_tables_have_one_writer_each(self) -> None:
        records = portforge("outage").records

        tombstones = [r.entry.details for r in records if r.entry.kind is RecordKind.TOMBSTONE]
        committed = [t["writer"].rsplit(":", 1)[1].rsplit("/", 1)[-1] for t in tombstones if t["state"] == "committed"]
        assert committed == ["portforge-test-rds", "team_chats_ddb", "chat_rooms_ddb"]

    def test_users_are_told_to_sign_in_again(self) -> None:
        records = portforge("outage").records

        said = [r.entry.sentence for r in records if r.entry.kind is RecordKind.STEP_SETTLED]
        assert any("Every user has to sign in again" in sentence for sentence in said)

    def test_every_change_in_the_cluster_was_announced_and_no_secret_was_written_down(self) -> None:
        records = portforge("outage").records

        announced = [r.entry.details["operation"] for r in records if r.entry.kind is RecordKind.INTENT]
        of_database = ["PatchConfigMap", *["PatchDeployment"] * 4]
        patches = [*of_database, "PatchConfigMap", "PatchSecret", "PatchDeployment"]
        assert [name for name in announced if name.startswith("Patch")] == patches
        secrets = [r.entry.details["parameters"] for r in records if r.entry.details.get("operation") == "PatchSecret"]
        assert {parameters["SecretPatch"] for parameters in secrets} == {"(withheld)"}
        assert "a-secret-of-the-standby" not in repr(records)

    def test_nothing_global_is_called(self) -> None:
        seen = portforge("outage")

        made = [line for line in seen.scene.world.trace if line.step in statuses(seen)]
        # The witness keeps a copy of the tombstone.
        assert {line.region for line in made} <= {STANDBY, PRIMARY, "ap-southeast-1"}


class TestTrouble:
    def test_a_missing_image_stops_it_and_is_named(self) -> None:
        seen = portforge("image-missing")

        assert seen.result.outcome == "FAILED"
        assert statuses(seen)["swap-database"] == "failed"
        assert statuses(seen)["latch-traffic"] == "waiting"
        assert "ImagePullBackOff" in seen.result.reason
        assert region_of_users(seen.scene.world, seen.scene.plan, USERS) == PRIMARY

    def test_nodes_that_do_not_come_stop_it_in_the_words_of_eks(self) -> None:
        seen = portforge("nodes-do-not-come")

        assert seen.result.outcome == "FAILED"
        assert statuses(seen)["scale-nodes"] == "failed"
        assert statuses(seen)["promote"] == "settled"
        assert "AsgInstanceLaunchFailures: Could not launch On-Demand Instances" in seen.result.reason


@pytest.mark.parametrize("name", ["image-missing", "nodes-do-not-come"])
def test_what_stopped_says_what_a_person_can_do(name: str) -> None:
    (failed,) = [r.entry for r in portforge(name).records if r.entry.kind is RecordKind.STEP_FAILED]

    assert failed.details["fix"].endswith("then retry the step.")
