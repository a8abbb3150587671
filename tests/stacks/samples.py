"""One described stack of each sort, which together hold every kind of resource."""

from __future__ import annotations

from datetime import timedelta

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
    Rule,
    Stack,
    StateMachine,
    StreamSource,
    Table,
    Topic,
)
from pilotlight.domain.canonical import canonical
from pilotlight.domain.step import Access, Statement

ACCOUNT = "123456789012"
PRIMARY = "ap-northeast-2"
STANDBY = "ap-northeast-1"
HOME = f"{STANDBY}:{ACCOUNT}"
SAMPLE_BUCKET = f"sample-latch-{ACCOUNT}-{STANDBY}"


def a_function(name: str, **changes) -> Function:
    """A function that writes to the sample table and follows a plan."""
    table = f"arn:aws:dynamodb:{HOME}:table/sample-records"
    defaults = {
        "name": name,
        "description": "A sample.",
        "handler": "pilotlight.handlers.detect",
        "statements": (
            Statement(Access.READ, ("dynamodb:GetItem", "dynamodb:Query"), (table,)),
            Statement(
                Access.WRITE,
                ("dynamodb:PutItem",),
                (table,),
                {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["sample"]}},
            ),
        ),
        "environment": {"SAMPLE": "yes"},
        "timeout": timedelta(seconds=20),
        "plan": canonical({"application": "sample"}),
    }
    return Function(**{**defaults, **changes})


def a_function_target(function: str, **changes) -> FunctionTarget:
    """The alias of a function as a target."""
    defaults = {
        "function_arn": f"arn:aws:lambda:{HOME}:function:{function}:live",
        "queue_arn": f"arn:aws:sqs:{HOME}:pilotlight-sample-lost",
        "maximum_age": timedelta(minutes=10),
        "retries": 8,
    }
    return FunctionTarget(**{**defaults, **changes})


def a_machine(name: str) -> StateMachine:
    """A machine that calls the sample's function."""
    function = f"arn:aws:lambda:{HOME}:function:sample-detect:live"
    definition = {"StartAt": "Look", "States": {"Look": {"Type": "Task", "Resource": function, "End": True}}}
    return StateMachine(
        name, canonical(definition), (Statement(Access.WRITE, ("lambda:InvokeFunction",), (function,)),)
    )


def sample_foundation() -> Stack:
    """Tables, queue, topic, bus, and a function that a stream feeds."""
    return Stack(
        "sample-foundation",
        STANDBY,
        ACCOUNT,
        (
            Table("pilotlight-sample-records", stream=True),
            Table("pilotlight-sample-plain"),
            Queue("pilotlight-sample-lost"),
            Topic("pilotlight-sample-alerts"),
            Bus("pilotlight-sample"),
            a_function("sample-notify", plan=None, reserved_concurrency=5),
            a_function("sample-slack", plan=None, public=True),
            StreamSource(
                table="pilotlight-sample-records",
                function="sample-notify",
                queue_arn=f"arn:aws:sqs:{HOME}:pilotlight-sample-lost",
                batch=10,
                maximum_age=timedelta(hours=1),
                retries=4,
            ),
        ),
    )


def sample_application() -> Stack:
    """Functions, a machine, a rule on a pattern, a rule on a schedule, and an alarm on the machine."""
    return Stack(
        "sample-application",
        STANDBY,
        ACCOUNT,
        (
            Parameter("/pilotlight/sample", "Says something of the sample.", '{"application":"sample"}'),
            a_function("sample-detect"),
            a_function("sample-step", environment={}),
            a_machine("sample-failover"),
            Rule(
                name="pilotlight-sample-signals",
                description="Alarms that arrive.",
                bus="pilotlight-sample",
                target=a_function_target("sample-detect"),
                pattern={"source": ["aws.cloudwatch"], "detail": {"state": {"value": ["ALARM"]}}},
            ),
            Rule(
                name="pilotlight-sample-tick",
                description="Each minute.",
                bus="default",
                target=a_function_target("sample-detect", maximum_age=timedelta(seconds=60), retries=0),
                schedule="rate(1 minute)",
            ),
            MetricAlarm(
                name="pilotlight-sample-failed",
                description="A run failed.",
                namespace="AWS/States",
                metric="ExecutionsFailed",
                dimensions={"StateMachineArn": f"arn:aws:states:{HOME}:stateMachine:sample-failover"},
                statistic="Sum",
                threshold=1,
                comparison="GreaterThanOrEqualToThreshold",
                missing="notBreaching",
                notify=(f"arn:aws:sns:{HOME}:pilotlight-sample-alerts",),
            ),
            ApplicationRole(
                "pilotlight-sample-drill-task",
                "What the sample may do while it is drilled.",
                "ecs-tasks.amazonaws.com",
                (Statement(Access.READ, ("s3:GetObject",), ("arn:aws:s3:::sample/one",)),),
                (Statement(Access.WRITE, ("s3:PutObject",), ("arn:aws:s3:::sample/one",)),),
            ),
            MachineSchedule(
                "pilotlight-sample-drill-schedule",
                "Begins the drills of the sample.",
                "cron(0 10 ? * WED#1 *)",
                "Asia/Seoul",
                f"arn:aws:states:{HOME}:stateMachine:sample-failover",
                "{}",
            ),
            PublicObject(SAMPLE_BUCKET, "latch/sample"),
            MetricHealthCheck("sample-latch-metric", "pilotlight-sample-failed", STANDBY),
            HealthCheck(
                "sample-latch-object",
                f"{SAMPLE_BUCKET}.s3.{STANDBY}.amazonaws.com",
                "/latch/sample",
                443,
                timedelta(seconds=30),
                3,
                inverted=True,
                search="The latch of sample is on.",
            ),
            CalculatedHealthCheck("sample-latch", ("sample-latch-metric", "sample-latch-object"), "For the PRIMARY."),
        ),
    )


def sample_users() -> Stack:
    """A function that a user pool of the primary calls."""
    pool = f"arn:aws:cognito-idp:{PRIMARY}:{ACCOUNT}:userpool/{PRIMARY}_Sample1"
    return Stack("sample-users", PRIMARY, ACCOUNT, (a_function("sample-sync-user", plan=None, trigger_of=pool),))


def sample_signals() -> Stack:
    """A health check, the alarm on it, and the rule that forwards it."""
    return Stack(
        "sample-signals",
        "us-east-1",
        ACCOUNT,
        (
            HealthCheck("sample-primary", "sample.example.com", "/health", 443, timedelta(seconds=30), 3),
            HealthCheckAlarm("sample-primary-health", None, "sample-primary"),
            HealthCheckAlarm("sample-existing-health", "0f9c6c1e-0000-4000-8000-000000000000", None),
            Queue("pilotlight-sample-signals-lost"),
            Rule(
                name="pilotlight-sample-forward",
                description="Alarms that leave.",
                bus="default",
                target=BusTarget(
                    bus_arn=f"arn:aws:events:{HOME}:event-bus/pilotlight-sample",
                    role_name="pilotlight-sample-forward-us-east-1",
                    queue_arn=f"arn:aws:sqs:us-east-1:{ACCOUNT}:pilotlight-sample-signals-lost",
                    maximum_age=timedelta(minutes=10),
                    retries=185,
                ),
                pattern={"source": ["aws.cloudwatch"]},
            ),
        ),
    )
