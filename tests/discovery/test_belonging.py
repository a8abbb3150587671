"""What belongs to an application in an account that holds other things too."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import planfile
from discovery import State, draft
from discovery.belonging import Application
from discovery.looking import Found
from discovery.resource import Kind, Resource
from pilotlight.domain.plan import Plan
from rehearsal.scene import Scene
from rehearsal.services.ecs import Ecs
from rehearsal.services.elbv2 import Elbv2
from rehearsal.services.rds import Rds
from rehearsal.services.s3 import S3
from tests.discovery.worlds import SEOUL, TOKYO, found_in

pytestmark = pytest.mark.full

ROOT = Path(__file__).parents[2]
SHARED = "ryuqqq-shared-rds"


@pytest.fixture(scope="module")
def fileflow() -> Plan:
    return planfile.load(ROOT / "plans/fileflow.yaml")


def why(found: Found, kind: Kind, name: str) -> str:
    return next((r.because for r in found.of(kind) if r.name == name), "")


def test_a_shared_database_is_not_taken_and_is_asked_about(fileflow: Plan) -> None:
    found = found_in(fileflow)

    assert found.of(Kind.DATABASE) == []
    assert [database.name for database in found.not_taken] == [SHARED]
    assert f"--also {SHARED}" in " ".join(draft(found).replace("#", "").split())
    planfile.parse(draft(found), "drafted.yaml")


def test_a_tag_brings_it_in_and_its_replica_with_it(fileflow: Plan) -> None:
    def tag(scene: Scene) -> None:
        scene.account.aws.service(Rds).instance(SEOUL, SHARED).tags["Project"] = "fileflow"

    found = found_in(fileflow, change=tag)

    assert why(found, Kind.DATABASE, SHARED) == "it bears the tag Project=fileflow"
    assert why(found, Kind.DATABASE, f"{SHARED}-replica") == f"it is a replica of {SHARED}"


def test_a_state_brings_it_in_under_the_name_it_has_there(fileflow: Plan) -> None:
    arn = f"arn:aws:rds:{SEOUL}:{fileflow.account}:db:{SHARED}"

    found = found_in(fileflow, state=State({arn: "aws_db_instance.shared"}))

    assert why(found, Kind.DATABASE, SHARED) == "Terraform holds it as aws_db_instance.shared"


def test_what_tasks_read_and_what_a_record_leads_to_is_reached(fileflow: Plan) -> None:
    found = found_in(fileflow)

    assert why(found, Kind.PARAMETER, "/shared/rds/dr/endpoint") == "tasks of fileflow-dr-service read it"


def test_a_load_balancer_is_reached_through_its_target_group_and_brings_nobody_else_in(fileflow: Plan) -> None:
    def share(scene: Scene) -> None:
        elb, ecs = scene.account.aws.service(Elbv2), scene.account.aws.service(Ecs)
        balancer = elb.add_load_balancer(SEOUL, "everybodys-alb")
        mine, other = (elb.add_target_group(SEOUL, name, balancer) for name in ("tg-one", "tg-two"))
        elb.add_listener(balancer)
        image = ecs.add_task_definition(SEOUL, "fileflow-worker", "image")
        ecs.add_service(SEOUL, "all", "fileflow-worker", image, mine, desired=1)
        ecs.add_service(SEOUL, "all", "stranger", image, other, desired=1)

    found = found_in(fileflow, change=share)

    assert why(found, Kind.TARGET_GROUP, "tg-one") == "fileflow-worker leads to it"
    assert why(found, Kind.BALANCER, "everybodys-alb") == "tg-one leads to it"
    assert why(found, Kind.TARGET_GROUP, "tg-two") == why(found, Kind.SERVICE, "stranger") == ""


def test_a_database_is_reached_by_the_endpoint_that_tasks_are_told_and_no_value_is_written(fileflow: Plan) -> None:
    def tell(scene: Scene) -> None:
        ecs = scene.account.aws.service(Ecs)
        address = scene.account.aws.service(Rds).instance(SEOUL, SHARED).address
        for service in ecs.ecs_services:
            told = (("DB_URL", f"jdbc:mysql://{address}:3306/db?password=hunter2"),)
            made = ecs.add_task_definition(service.region, service.definition.family, "image")
            ecs.definitions[-1] = service.definition = replace(made, environment=told)

    found = found_in(fileflow, change=tell)

    assert why(found, Kind.DATABASE, SHARED).endswith("are told its endpoint")
    assert "hunter2" not in draft(found)


def test_what_pilotlight_made_is_not_the_applications_but_a_domain_of_such_a_name_is() -> None:
    application = Application("fileflow")

    assert application.claims(Resource(Kind.SECRET, TOKYO, "pilotlight/fileflow/token")) == ""
    assert application.claims(Resource(Kind.TABLE, TOKYO, "pilotlight-fileflow")) == ""
    assert application.claims(Resource(Kind.RECORD, "", "pilotlight-fileflow.click", facts={"leads": []})) != ""


def test_a_replicated_bucket_becomes_a_requirement(fileflow: Plan) -> None:
    def keep(scene: Scene) -> None:
        scene.account.aws.service(S3).add_replicated(SEOUL, "fileflow-uploads", TOKYO, "fileflow-dr-uploads")

    plan = planfile.parse(draft(found_in(fileflow, change=keep)), "drafted.yaml")

    buckets = [r.params for r in plan.requirements if r.kind == "bucket_replicated"]
    assert {"bucket": "fileflow-uploads", "destination": "fileflow-dr-uploads"} in buckets


def test_a_database_without_a_replica_or_backups_is_a_question_and_no_step(fileflow: Plan) -> None:
    def lose(scene: Scene) -> None:
        scene.account.aws.service(Rds).instance(TOKYO, f"{SHARED}-replica").source = None

    text = draft(found_in(fileflow, SHARED, change=lose))

    plan = planfile.parse(text, "drafted.yaml")
    assert {step.kind for step in plan.steps().values()}.isdisjoint({"promote_replica", "restore_database"})
    assert "has no replica in ap-northeast-1, and neither replicated backups nor copied snapshots" in " ".join(
        text.replace("#", "").split()
    )


def test_of_several_load_balancers_the_one_that_records_lead_to_is_asked_and_the_others_are_named(
    fileflow: Plan,
) -> None:
    def add(scene: Scene) -> None:
        scene.account.aws.service(Elbv2).add_load_balancer(TOKYO, "a-fileflow-dr-alb")

    text = draft(found_in(fileflow, SHARED, change=add))

    (check,) = [s for s in planfile.parse(text, "drafted.yaml").steps().values() if s.kind == "check_http"]
    assert check.params["connect_to"] == "fileflow-dr-alb-123456.ap-northeast-1.elb.amazonaws.com"
    (asked,) = [line for line in text.splitlines() if "whether this is the one to ask, and not" in line]
    assert asked.endswith(" a-fileflow-dr-alb.")


def test_what_may_not_be_read_stands_in_the_plan_with_the_missing_permission(fileflow: Plan) -> None:
    refused = ("DescribeDBInstances", "ListServices", "ListHostedZones", "GetResources", "DescribeParameters")

    found = found_in(fileflow, SHARED, refuse=refused)

    text = " ".join(draft(found).replace("#", "").split())
    for action in ("rds:DescribeDBInstances", "ecs:ListServices", "route53:ListHostedZones", "tag:GetResources"):
        assert f"allow {action} and run it again" in text
    assert any("rds DescribeDBInstances in ap-northeast-1 was refused" in gap for gap in found.gaps)
    planfile.parse(draft(found), "drafted.yaml")


def test_an_account_that_holds_nothing_of_it_gives_nothing(fileflow: Plan) -> None:
    assert found_in(fileflow.model_copy(update={"application": "unheard-of"})).resources == ()
