"""Each kind of resource as CloudFormation gets it, and nothing in a template that `deployment` does not explain."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, get_args

import pytest
from aws_cdk.assertions import Template

from deployment.resources import (
    ApplicationRole,
    Bus,
    BusTarget,
    CalculatedHealthCheck,
    Function,
    FunctionTarget,
    HealthCheck,
    HealthCheckAlarm,
    MachineSchedule,
    MetricAlarm,
    MetricHealthCheck,
    Parameter,
    PublicObject,
    Queue,
    Resource,
    Rule,
    Stack,
    StateMachine,
    StreamSource,
    Table,
    Topic,
)
from stacks.rendering import RenderedStack
from tests.stacks.described import an_app, deployments, names, synthesized
from tests.stacks.samples import ACCOUNT, a_function

REGION_AND_ACCOUNT = "ap-northeast-1:123456789012"

WHAT_A_RESOURCE_BECOMES = {
    ApplicationRole: ("AWS::IAM::Role",),
    MachineSchedule: ("AWS::IAM::Role", "AWS::Scheduler::Schedule"),
    Bus: ("AWS::Events::EventBus",),
    Function: (
        "AWS::IAM::Role",
        "AWS::Lambda::Alias",
        "AWS::Lambda::Function",
        "AWS::Lambda::Version",
        "AWS::Logs::LogGroup",
    ),
    CalculatedHealthCheck: ("AWS::Route53::HealthCheck",),
    HealthCheck: ("AWS::Route53::HealthCheck",),
    MetricHealthCheck: ("AWS::Route53::HealthCheck",),
    PublicObject: ("AWS::S3::Bucket", "AWS::S3::BucketPolicy"),
    HealthCheckAlarm: ("AWS::CloudWatch::Alarm",),
    MetricAlarm: ("AWS::CloudWatch::Alarm",),
    Parameter: ("AWS::SSM::Parameter",),
    Queue: ("AWS::SQS::Queue", "AWS::SQS::QueuePolicy"),
    Rule: ("AWS::Events::Rule",),
    StateMachine: ("AWS::IAM::Role", "AWS::Logs::LogGroup", "AWS::StepFunctions::StateMachine"),
    StreamSource: ("AWS::Lambda::EventSourceMapping",),
    Table: ("AWS::DynamoDB::Table",),
    Topic: ("AWS::KMS::Key", "AWS::SNS::Topic", "AWS::SNS::TopicPolicy"),
}


def explained(stack: Stack) -> Counter[str]:
    """How many resources of each CloudFormation type a described stack explains."""
    counted = Counter(kind for resource in stack.resources for kind in WHAT_A_RESOURCE_BECOMES[type(resource)])
    functions = [resource for resource in stack.resources if isinstance(resource, Function)]
    targets = [resource.target for resource in stack.resources if isinstance(resource, Rule)]
    called = [target.function_arn for target in targets if isinstance(target, FunctionTarget)]
    plans = {function.plan for function in functions if function.plan is not None}
    counted["AWS::Lambda::LayerVersion"] = len(plans) + (1 if functions else 0)
    public = sum(function.public for function in functions)
    by_pools = sum(function.trigger_of is not None for function in functions)
    counted["AWS::Lambda::Permission"] = len(called) + by_pools + 2 * public
    counted["AWS::Lambda::Url"] = public
    counted["AWS::Lambda::EventInvokeConfig"] = len(set(called))
    counted["AWS::IAM::Role"] += len({target.role_name for target in targets if isinstance(target, BusTarget)})
    return +counted


def continuing(template: Mapping[str, Any]) -> int:
    """How many managed policies hold what has no place in a role; each belongs to one role."""
    roles = (r["Properties"] for r in template["Resources"].values() if r["Type"] == "AWS::IAM::Role")
    taken = [policy["Ref"] for role in roles for policy in role.get("ManagedPolicyArns", ())]
    assert len(taken) == len(set(taken))
    return len(taken)


def where_it_is(function: Function) -> str:
    """What an output says of the URL of a function."""
    return f"Where {function.name} is called; put it into the manifest of the Slack app."


@pytest.mark.parametrize("deployment", names(deployments()))
def test_a_template_holds_what_is_described_and_nothing_beside_it(deployment):
    synthesis = synthesized(deployment)

    for stack in synthesis.deployment.stacks:
        template = synthesis.templates[stack.name]
        made = Counter(resource["Type"] for resource in template["Resources"].values())
        made["AWS::IAM::ManagedPolicy"] -= continuing(template)
        assert +made == explained(stack)
        assert set(template) <= {"Description", "Outputs", "Parameters", "Resources", "Rules"}
        told = [resource.purpose for resource in stack.resources if isinstance(resource, CalculatedHealthCheck)]
        told += [where_it_is(each) for each in stack.resources if isinstance(each, Function) and each.public]
        assert [output["Description"] for output in template.get("Outputs", {}).values()] == told
        assert set(template["Parameters"]) == {"BootstrapVersion"}


def test_the_samples_hold_every_kind_of_resource():
    described = {type(resource) for stack in deployments()[0].stacks for resource in stack.resources}

    assert described == set(get_args(Resource))


def test_a_table_outlives_its_stack_and_can_be_recovered(foundation):
    table = foundation("AWS::DynamoDB::Table")["PilotlightSampleRecordsTable"]

    assert (table["DeletionPolicy"], table["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert table["Properties"] == {
        "TableName": "pilotlight-sample-records",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            {"AttributeName": "partition", "AttributeType": "S"},
            {"AttributeName": "sort", "AttributeType": "S"},
        ],
        "KeySchema": [
            {"AttributeName": "partition", "KeyType": "HASH"},
            {"AttributeName": "sort", "KeyType": "RANGE"},
        ],
        "DeletionProtectionEnabled": True,
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        "SSESpecification": {"SSEEnabled": True},
        "StreamSpecification": {"StreamViewType": "NEW_IMAGE"},
    }


def test_a_table_streams_only_if_it_is_described_so(foundation):
    table = foundation("AWS::DynamoDB::Table")["PilotlightSamplePlainTable"]["Properties"]

    assert "StreamSpecification" not in table


def test_a_function_is_what_is_described_and_is_published_behind_its_alias(application):
    function = application("AWS::Lambda::Function")["SampleDetectFunction"]
    (version,) = [v for k, v in application("AWS::Lambda::Version").items() if k.startswith("SampleDetect")]
    alias = application("AWS::Lambda::Alias")["SampleDetectAlias"]["Properties"]

    said = function["Properties"]
    assert said["FunctionName"] == "sample-detect"
    assert said["Handler"] == "pilotlight.handlers.detect.handler"
    assert (said["Runtime"], said["Architectures"]) == ("python3.14", ["arm64"])
    assert (said["Timeout"], said["MemorySize"]) == (20, 512)
    assert said["Environment"] == {"Variables": {"SAMPLE": "yes"}}
    assert said["TracingConfig"] == {"Mode": "Active"}
    assert said["Layers"][0] == {"Ref": "DependenciesLayer"}
    assert said["Layers"][1]["Ref"].startswith("PlanLayer")
    assert "ReservedConcurrentExecutions" not in said
    assert version["DeletionPolicy"] == "Retain"
    assert alias["Name"] == "live"


def test_a_version_is_published_when_what_it_freezes_is_new_and_only_then():
    """Lambda refuses to publish the same twice, and an alias serves no change that was not published."""
    first, again = version_of(a_function("sample-detect")), version_of(a_function("sample-detect"))
    changed = [
        version_of(a_function("sample-detect", environment={"SAMPLE": "no"})),
        version_of(a_function("sample-detect", timeout=timedelta(seconds=21))),
        version_of(a_function("sample-detect", plan="{}")),
    ]
    not_frozen = version_of(a_function("sample-detect", reserved_concurrency=3, statements=()))

    assert first == again == not_frozen
    assert len({first, *changed}) == 4


def version_of(function: Function) -> str:
    """The logical id of the version of a function."""
    stack = RenderedStack(an_app(), Stack("few", "ap-northeast-1", ACCOUNT, (function,)), description="A few.")
    (version,) = Template.from_stack(stack).find_resources("AWS::Lambda::Version")
    return version


def test_concurrency_is_reserved_where_it_is_described(foundation):
    assert (
        foundation("AWS::Lambda::Function")["SampleNotifyFunction"]["Properties"]["ReservedConcurrentExecutions"] == 5
    )


def test_a_public_function_is_called_over_the_url_of_its_alias_and_in_no_other_way(foundation):
    (url,) = foundation("AWS::Lambda::Url").values()
    said = [each["Properties"] for name, each in foundation("AWS::Lambda::Permission").items() if "SampleSlack" in name]
    served = f"arn:aws:lambda:{REGION_AND_ACCOUNT}:function:sample-slack:live"

    assert url["Properties"] == {
        "AuthType": "NONE",
        "InvokeMode": "BUFFERED",
        "Qualifier": "live",
        "TargetFunctionArn": f"arn:aws:lambda:{REGION_AND_ACCOUNT}:function:sample-slack",
    }
    assert "SampleSlackAlias" in url["DependsOn"]
    assert said == [
        {
            "Action": "lambda:InvokeFunctionUrl",
            "FunctionName": served,
            "FunctionUrlAuthType": "NONE",
            "Principal": "*",
        },
        {"Action": "lambda:InvokeFunction", "FunctionName": served, "InvokedViaFunctionUrl": True, "Principal": "*"},
    ]


def test_a_function_has_a_log_with_an_end_before_it_writes(application):
    log = application("AWS::Logs::LogGroup")["SampleDetectFunctionLog"]["Properties"]
    function = application("AWS::Lambda::Function")["SampleDetectFunction"]

    assert log == {"LogGroupName": "/aws/lambda/sample-detect", "RetentionInDays": 90}
    assert "SampleDetectFunctionLog" in function["DependsOn"]


def test_what_a_function_could_not_do_with_an_event_is_kept(application):
    """The rules say 10 minutes and 8 retries, 1 minute and none; Lambda has one setting, and at most 2 retries."""
    events = application("AWS::Lambda::EventInvokeConfig")["SampleDetectEvents"]["Properties"]

    assert events == {
        "FunctionName": "sample-detect",
        "Qualifier": "live",
        "MaximumEventAgeInSeconds": 600,
        "MaximumRetryAttempts": 2,
        "DestinationConfig": {"OnFailure": {"Destination": f"arn:aws:sqs:{REGION_AND_ACCOUNT}:pilotlight-sample-lost"}},
    }


def test_a_stream_is_read_from_its_oldest_record_and_loses_none(foundation):
    (mapping,) = foundation("AWS::Lambda::EventSourceMapping").values()

    assert mapping["Properties"] == {
        "EventSourceArn": {"Fn::GetAtt": ["PilotlightSampleRecordsTable", "StreamArn"]},
        "FunctionName": f"arn:aws:lambda:{REGION_AND_ACCOUNT}:function:sample-notify:live",
        "StartingPosition": "TRIM_HORIZON",
        "BatchSize": 10,
        "BisectBatchOnFunctionError": True,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "MaximumRecordAgeInSeconds": 3600,
        "MaximumRetryAttempts": 4,
        "DestinationConfig": {"OnFailure": {"Destination": f"arn:aws:sqs:{REGION_AND_ACCOUNT}:pilotlight-sample-lost"}},
    }
    assert "SampleNotifyAlias" in mapping["DependsOn"]


def test_a_machine_logs_every_event_and_no_data(application):
    machine = application("AWS::StepFunctions::StateMachine")["SampleFailoverMachine"]["Properties"]

    log = f"arn:aws:logs:{REGION_AND_ACCOUNT}:log-group:/aws/vendedlogs/states/sample-failover:*"
    assert (machine["StateMachineName"], machine["StateMachineType"]) == ("sample-failover", "STANDARD")
    assert json.loads(machine["DefinitionString"])["StartAt"] == "Look"
    assert machine["TracingConfiguration"] == {"Enabled": True}
    assert machine["LoggingConfiguration"] == {
        "Level": "ALL",
        "IncludeExecutionData": False,
        "Destinations": [{"CloudWatchLogsLogGroup": {"LogGroupArn": log}}],
    }
