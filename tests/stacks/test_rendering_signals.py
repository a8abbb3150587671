"""Rules, alarms and health checks as CloudFormation gets them."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from aws_cdk.assertions import Template

from deployment.resources import CalculatedHealthCheck, HealthCheck, HealthCheckAlarm, Resource, Rule, Stack
from stacks.rendering import RenderedStack
from stacks.wiring import WiringMistake
from tests.stacks.described import an_app
from tests.stacks.samples import ACCOUNT, HOME, a_function, a_function_target, sample_application

REGION_AND_ACCOUNT = "ap-northeast-1:123456789012"


def rendered(*resources: Resource, region: str = "ap-northeast-1") -> Template:
    """The template of a stack of a few resources."""
    return Template.from_stack(RenderedStack(an_app(), Stack("few", region, ACCOUNT, resources), description="A few."))


def test_a_rule_calls_the_alias_with_an_age_retries_and_a_queue(application):
    rule = application("AWS::Events::Rule")["PilotlightSampleSignalsRule"]["Properties"]

    assert rule == {
        "Name": "pilotlight-sample-signals",
        "Description": "Alarms that arrive.",
        "EventBusName": "pilotlight-sample",
        "EventPattern": {"source": ["aws.cloudwatch"], "detail": {"state": {"value": ["ALARM"]}}},
        "State": "ENABLED",
        "Targets": [
            {
                "Id": "target",
                "Arn": f"arn:aws:lambda:{REGION_AND_ACCOUNT}:function:sample-detect:live",
                "DeadLetterConfig": {"Arn": f"arn:aws:sqs:{REGION_AND_ACCOUNT}:pilotlight-sample-lost"},
                "RetryPolicy": {"MaximumEventAgeInSeconds": 600, "MaximumRetryAttempts": 8},
            }
        ],
    }


def test_a_schedule_stands_on_the_default_bus(application):
    rule = application("AWS::Events::Rule")["PilotlightSampleTickRule"]["Properties"]

    assert rule["ScheduleExpression"] == "rate(1 minute)"
    assert "EventBusName" not in rule
    assert "EventPattern" not in rule


def test_only_its_own_rule_may_call_a_function(application):
    permissions = application("AWS::Lambda::Permission")

    assert permissions["PilotlightSampleTickPermission"]["Properties"] == {
        "Action": "lambda:InvokeFunction",
        "FunctionName": f"arn:aws:lambda:{REGION_AND_ACCOUNT}:function:sample-detect:live",
        "Principal": "events.amazonaws.com",
        "SourceAccount": "123456789012",
        "SourceArn": f"arn:aws:events:{REGION_AND_ACCOUNT}:rule/pilotlight-sample-tick",
    }
    assert permissions["PilotlightSampleSignalsPermission"]["Properties"]["SourceArn"] == (
        f"arn:aws:events:{REGION_AND_ACCOUNT}:rule/pilotlight-sample/pilotlight-sample-signals"
    )


def test_a_rule_forwards_to_the_bus_under_a_role_for_that_bus_alone(signals):
    (target,) = signals("AWS::Events::Rule")["PilotlightSampleForwardRule"]["Properties"]["Targets"]
    role = signals("AWS::IAM::Role")["PilotlightSampleForwardUsEast1Role"]["Properties"]

    bus = f"arn:aws:events:{REGION_AND_ACCOUNT}:event-bus/pilotlight-sample"
    assert target == {
        "Id": "target",
        "Arn": bus,
        "RoleArn": {"Fn::GetAtt": ["PilotlightSampleForwardUsEast1Role", "Arn"]},
        "DeadLetterConfig": {"Arn": "arn:aws:sqs:us-east-1:123456789012:pilotlight-sample-signals-lost"},
        "RetryPolicy": {"MaximumEventAgeInSeconds": 600, "MaximumRetryAttempts": 185},
    }
    assert role["RoleName"] == "pilotlight-sample-forward-us-east-1"
    (policy,) = role["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert (statement["Action"], statement["Resource"]) == (["events:PutEvents"], [bus])


def test_an_alarm_is_what_is_described(application):
    alarm = application("AWS::CloudWatch::Alarm")["PilotlightSampleFailedAlarm"]["Properties"]

    assert alarm == {
        "AlarmName": "pilotlight-sample-failed",
        "AlarmDescription": "A run failed.",
        "Namespace": "AWS/States",
        "MetricName": "ExecutionsFailed",
        "Dimensions": [
            {"Name": "StateMachineArn", "Value": f"arn:aws:states:{REGION_AND_ACCOUNT}:stateMachine:sample-failover"}
        ],
        "Statistic": "Sum",
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "notBreaching",
        "Period": 60,
        "EvaluationPeriods": 1,
        "DatapointsToAlarm": 1,
        "AlarmActions": [f"arn:aws:sns:{REGION_AND_ACCOUNT}:pilotlight-sample-alerts"],
    }


def test_a_health_check_outlives_its_stack(signals):
    check = signals("AWS::Route53::HealthCheck")["SamplePrimaryHealthCheck"]

    assert (check["DeletionPolicy"], check["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert check["Properties"]["HealthCheckConfig"] == {
        "Type": "HTTPS",
        "FullyQualifiedDomainName": "sample.example.com",
        "ResourcePath": "/health",
        "Port": 443,
        "RequestInterval": 30,
        "FailureThreshold": 3,
        "EnableSNI": True,
    }


def test_silence_of_a_health_check_is_never_an_alarm(signals):
    """Metrics of health checks come from us-east-1 alone: when they stop, it is us-east-1 that is in trouble."""
    alarms = signals("AWS::CloudWatch::Alarm")

    own = alarms["SamplePrimaryHealthAlarm"]["Properties"]
    existing = alarms["SampleExistingHealthAlarm"]["Properties"]
    assert own["Dimensions"][0]["Value"] == {"Fn::GetAtt": ["SamplePrimaryHealthCheck", "HealthCheckId"]}
    assert existing["Dimensions"][0]["Value"] == "0f9c6c1e-0000-4000-8000-000000000000"
    for alarm in (own, existing):
        assert alarm["TreatMissingData"] == "missing"
        assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/Route53", "HealthCheckStatus")
        assert (alarm["Statistic"], alarm["ComparisonOperator"], alarm["Threshold"]) == (
            "Minimum",
            "LessThanThreshold",
            1,
        )
        assert (alarm["Period"], alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]) == (60, 1, 1)


def test_a_health_check_on_the_port_of_plain_http_speaks_it():
    check = HealthCheck("plain-primary", "plain.example.com", "/", 80, timedelta(seconds=10), 2)

    template = rendered(check, region="us-east-1")

    (resource,) = template.find_resources("AWS::Route53::HealthCheck").values()
    assert resource["Properties"]["HealthCheckConfig"]["Type"] == "HTTP"
    assert "EnableSNI" not in resource["Properties"]["HealthCheckConfig"]


def test_an_alarm_on_a_health_check_stands_where_its_metric_is():
    with pytest.raises(WiringMistake, match="metrics of health checks exist in us-east-1 only"):
        rendered(HealthCheckAlarm("far-away", "0f9c6c1e-0000-4000-8000-000000000000", None))


def test_an_alarm_on_a_health_check_that_is_nowhere_is_refused():
    with pytest.raises(WiringMistake, match="watches the health check nowhere, which is not in its stack"):
        rendered(HealthCheckAlarm("lost", None, "nowhere"), region="us-east-1")


def test_a_rule_may_not_go_round_the_alias():
    unqualified = a_function_target("sample-detect", function_arn=f"arn:aws:lambda:{HOME}:function:sample-detect")
    rule = Rule("pilotlight-round", "Round the alias.", "default", unqualified, schedule="rate(1 minute)")

    with pytest.raises(WiringMistake, match="does not end in the alias `live`"):
        rendered(a_function("sample-detect"), rule)


def test_a_function_has_one_queue_for_what_it_lost():
    other = a_function_target("sample-detect", queue_arn=f"arn:aws:sqs:{HOME}:another")
    rule = Rule("pilotlight-other", "Another queue.", "default", other, schedule="rate(1 minute)")
    described = sample_application()

    with pytest.raises(WiringMistake, match="sample-detect is called by rules with different queues"):
        rendered(*dataclasses.replace(described, resources=(*described.resources, rule)).resources)


def test_the_check_of_a_latch_keeps_its_last_known_status_and_needs_both_children(application):
    checks = application("AWS::Route53::HealthCheck")

    by_metric, both = (
        checks[f"{name}HealthCheck"]["Properties"]["HealthCheckConfig"] for name in ("SampleLatchMetric", "SampleLatch")
    )
    assert by_metric == {
        "Type": "CLOUDWATCH_METRIC",
        "AlarmIdentifier": {"Name": "pilotlight-sample-failed", "Region": "ap-northeast-1"},
        "InsufficientDataHealthStatus": "LastKnownStatus",
    }
    assert both == {
        "Type": "CALCULATED",
        "ChildHealthChecks": [
            {"Fn::GetAtt": [f"SampleLatch{name}HealthCheck", "HealthCheckId"]} for name in ("Metric", "Object")
        ],
        "HealthThreshold": 2,
    }


def test_the_check_of_its_object_is_inverted_and_looks_for_the_sentence(application):
    check = application("AWS::Route53::HealthCheck")["SampleLatchObjectHealthCheck"]["Properties"]["HealthCheckConfig"]

    assert (check["Type"], check["Inverted"]) == ("HTTPS_STR_MATCH", True)
    assert check["SearchString"] == "The latch of sample is on."
    assert check["FullyQualifiedDomainName"].endswith(".s3.ap-northeast-1.amazonaws.com")


def test_the_public_may_read_the_one_object_and_only_over_tls(application):
    (policy,) = application("AWS::S3::BucketPolicy").values()
    read, refused = policy["Properties"]["PolicyDocument"]["Statement"]

    assert (read["Effect"], read["Principal"], read["Action"]) == ("Allow", "*", ["s3:GetObject"])
    assert read["Resource"] == ["arn:aws:s3:::sample-latch-123456789012-ap-northeast-1/latch/sample"]
    assert (refused["Effect"], refused["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_a_calculated_check_whose_child_is_elsewhere_is_refused():
    with pytest.raises(WiringMistake, match="is calculated from no-such-check, which is not in its stack"):
        rendered(CalculatedHealthCheck("both", ("no-such-check",)))
