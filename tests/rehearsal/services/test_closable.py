"""The models of what a fence closes, asked through a real client: what AWS refuses, they refuse."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from pilotlight.aws.sdk import Sdk
from pilotlight.domain.errors import AwsError
from rehearsal.embedded_aws import EmbeddedAws
from rehearsal.services.ec2 import Ec2, Rule
from rehearsal.services.elbv2 import Elbv2
from rehearsal.services.events import Events
from rehearsal.services.lambda_functions import LambdaFunctions
from rehearsal.services.rds_instance import Instance, Status
from rehearsal.services.scheduler import Scheduler
from tests.rehearsal.services.rds_client import SEOUL, SOURCE

GROUP, UUID = "sg-0123456789abcdef0", "1a2b3c4d-5e6f-4a1b-8c2d-3e4f5a6b7c8d"
EVERY_PATH = [{"Field": "path-pattern", "Values": ["/*"]}]
ANSWER = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}]
PERMISSION = {"IpProtocol": "tcp", "FromPort": 3306, "ToPort": 3306, "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}


def call(aws: EmbeddedAws, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
    return Sdk(aws.clients, SEOUL).call(service, operation, SEOUL, **parameters)


def refusal(aws: EmbeddedAws, service: str, operation: str, **parameters: Any) -> str:
    """The wire code that a call is refused with."""
    with pytest.raises(AwsError) as refused:
        call(aws, service, operation, **parameters)
    return refused.value.code


def test_a_listener_refuses_as_elb_does(aws: EmbeddedAws) -> None:
    balancing = aws.service(Elbv2)
    listener = balancing.add_listener(balancing.add_load_balancer(SEOUL, "fileflow-prod-alb"))
    rule: dict[str, Any] = {"ListenerArn": listener.arn, "Conditions": EVERY_PATH, "Actions": ANSWER}
    call(aws, "elbv2", "CreateRule", Priority=1, **rule)

    assert refusal(aws, "elbv2", "CreateRule", Priority=1, **rule) == "PriorityInUse"
    assert refusal(aws, "elbv2", "CreateRule", Priority=2, **{**rule, "ListenerArn": "arn:none"}) == "ListenerNotFound"
    assert refusal(aws, "elbv2", "DeleteRule", RuleArn=listener.rules[0].arn) == "OperationNotPermitted"
    assert refusal(aws, "elbv2", "DeleteRule", RuleArn="arn:none") == "RuleNotFound"
    assert refusal(aws, "elbv2", "DescribeListeners", LoadBalancerArn="arn:none") == "LoadBalancerNotFound"


def test_rules_are_listed_with_the_default_rule_last(aws: EmbeddedAws) -> None:
    balancing = aws.service(Elbv2)
    listener = balancing.add_listener(balancing.add_load_balancer(SEOUL, "fileflow-prod-alb"))
    call(aws, "elbv2", "CreateRule", ListenerArn=listener.arn, Priority=7, Conditions=EVERY_PATH, Actions=ANSWER)

    rules = call(aws, "elbv2", "DescribeRules", ListenerArn=listener.arn)["Rules"]

    assert [(rule["Priority"], rule["IsDefault"]) for rule in rules] == [("7", False), ("default", True)]


def test_a_load_balancer_elsewhere_of_the_same_name_answers_for_itself(aws: EmbeddedAws) -> None:
    balancing = aws.service(Elbv2)
    here, there = (balancing.add_load_balancer(region, "app") for region in (SEOUL, "ap-northeast-1"))
    balancing.add_rule(balancing.add_listener(here), 1, ("/*",), ANSWER[0])
    balancing.add_listener(there)

    assert balancing.answers_503(here.dns_name)
    assert not balancing.answers_503(there.dns_name)
    assert not balancing.answers_503("fileflow.ryuqqq.com")


def test_a_security_group_refuses_as_ec2_does(aws: EmbeddedAws) -> None:
    group = aws.service(Ec2).add_group(SEOUL, GROUP)
    call(aws, "ec2", "AuthorizeSecurityGroupIngress", GroupId=GROUP, IpPermissions=[PERMISSION])
    too_long = [{"Key": "a", "Value": "x" * 257}]
    too_many = [{"Key": str(n), "Value": ""} for n in range(51)]

    assert len(group.rules) == 1
    authorize = {"GroupId": GROUP, "IpPermissions": [PERMISSION]}
    assert refusal(aws, "ec2", "AuthorizeSecurityGroupIngress", **authorize) == "InvalidPermission.Duplicate"
    revoke = {"GroupId": GROUP, "SecurityGroupRuleIds": ["sgr-0"]}
    assert refusal(aws, "ec2", "RevokeSecurityGroupIngress", **revoke) == "InvalidSecurityGroupRuleId.NotFound"
    assert refusal(aws, "ec2", "DescribeSecurityGroups", GroupIds=["sg-0"]) == "InvalidGroup.NotFound"
    assert refusal(aws, "ec2", "CreateTags", Resources=[GROUP], Tags=too_long) == "InvalidParameterValue"
    assert refusal(aws, "ec2", "CreateTags", Resources=[GROUP], Tags=too_many) == "TagLimitExceeded"


def test_a_rule_that_is_given_back_has_another_id(aws: EmbeddedAws) -> None:
    old = Rule("sgr-00000000000000001", "tcp", 3306, 3306, ("CidrIpv4", "10.0.0.0/16"), "the application")
    group = aws.service(Ec2).add_group(SEOUL, GROUP, old)
    call(aws, "ec2", "RevokeSecurityGroupIngress", GroupId=GROUP, SecurityGroupRuleIds=[old.id])

    call(aws, "ec2", "AuthorizeSecurityGroupIngress", GroupId=GROUP, IpPermissions=[PERMISSION])

    (new,) = group.rules
    assert new.content == old.content
    assert new.id != old.id


def test_a_reboot_shows_late_and_is_written_of_when_it_is_over(aws: EmbeddedAws, source: Instance) -> None:
    asked = {"SourceIdentifier": SOURCE, "SourceType": "db-instance"}
    call(aws, "rds", "RebootDBInstance", DBInstanceIdentifier=SOURCE)

    assert source.status == Status.AVAILABLE
    assert refusal(aws, "rds", "RebootDBInstance", DBInstanceIdentifier=SOURCE) == "InvalidDBInstanceState"
    assert call(aws, "rds", "DescribeEvents", **asked)["Events"] == []
    aws.world.time.run(limit_seconds=200)
    (event,) = call(aws, "rds", "DescribeEvents", **asked)["Events"]
    assert event["Message"] == "DB instance restarted"
    assert source.status == Status.AVAILABLE


def test_events_are_of_the_last_hour_unless_more_is_asked_for(aws: EmbeddedAws, source: Instance) -> None:
    source.restarts.append(aws.world.time.now() - timedelta(hours=2))
    asked = {"SourceIdentifier": SOURCE, "SourceType": "db-instance"}

    assert call(aws, "rds", "DescribeEvents", **asked)["Events"] == []
    assert len(call(aws, "rds", "DescribeEvents", Duration=20160, **asked)["Events"]) == 1
    assert refusal(aws, "rds", "DescribeEvents", Duration=20161, **asked) == "InvalidParameterValue"


def test_a_mapping_on_its_way_refuses_a_change(aws: EmbeddedAws) -> None:
    mapping = aws.service(LambdaFunctions).add_mapping(SEOUL, UUID)
    call(aws, "lambda", "UpdateEventSourceMapping", UUID=UUID, Enabled=False)

    assert mapping.state == "Disabling"
    assert refusal(aws, "lambda", "UpdateEventSourceMapping", UUID=UUID, Enabled=True) == "ResourceInUseException"
    aws.world.time.run(limit_seconds=60)
    assert [m["State"] for m in call(aws, "lambda", "ListEventSourceMappings")["EventSourceMappings"]] == ["Disabled"]
    unknown = UUID.replace("1a", "2b")
    assert refusal(aws, "lambda", "GetEventSourceMapping", UUID=unknown) == "ResourceNotFoundException"


def test_a_rule_of_an_application_refuses_as_eventbridge_does(aws: EmbeddedAws) -> None:
    aws.service(Events).add_rule(SEOUL, "managed", managed_by="autoscaling.amazonaws.com")

    assert refusal(aws, "events", "DisableRule", Name="managed") == "ManagedRuleException"
    assert refusal(aws, "events", "DescribeRule", Name="none") == "ResourceNotFoundException"
    assert refusal(aws, "events", "TagResource", ResourceARN="arn:none", Tags=[]) == "ResourceNotFoundException"


def test_a_schedule_forgets_what_an_update_does_not_name_and_refuses_a_start_that_has_passed(aws: EmbeddedAws) -> None:
    schedule = aws.service(Scheduler).add_schedule(SEOUL, "invoices", State="DISABLED", Description="Sends invoices.")
    said = {name: schedule.said[name] for name in ("ScheduleExpression", "FlexibleTimeWindow", "Target")}
    past = aws.world.time.now() - timedelta(days=1)

    code = refusal(aws, "scheduler", "UpdateSchedule", Name="invoices", StartDate=past, **said)
    call(aws, "scheduler", "UpdateSchedule", Name="invoices", **said)

    assert code == "ValidationException"
    assert (schedule.state, schedule.said) == ("ENABLED", said)
    assert refusal(aws, "scheduler", "GetSchedule", Name="others") == "ResourceNotFoundException"
