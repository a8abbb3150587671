"""The stack that all applications of a standby region share: the two tables, the bus, the notifier, the alerts."""

from __future__ import annotations

from datetime import timedelta

from deployment import names
from deployment.resources import (
    Bus,
    Function,
    FunctionTarget,
    MetricAlarm,
    Parameter,
    Queue,
    Resource,
    Rule,
    Stack,
    StreamSource,
    Table,
    Topic,
)
from deployment.slack import slack_function
from pilotlight.domain.step import Access, Statement


def foundation(account: str, region: str, *, watches: bool = True, hears: bool = False) -> Stack:
    """The foundation of one region that holds a controller.

    Parameters: `watches` says whether a probe is to look at primaries from there, as it does for a failover plan;
    `hears` whether people are heard through Slack, as some plan says: without one nothing there is public.
    """
    topic = _arn("sns", region, account, names.ALERTS_TOPIC)
    hearing = (slack_function(account, region), function_errors(names.SLACK_FUNCTION, topic)) if hears else ()
    resources: tuple[Resource, ...] = (
        Table(names.LEDGER_TABLE, stream=True),
        Table(names.CONTROL_TABLE),
        Bus(names.BUS),
        Topic(names.ALERTS_TOPIC),
        Queue(names.LOST_EVENTS_QUEUE),
        Parameter(
            names.SWITCH_PARAMETER,
            "Whether applications may fail over by themselves: on, or off. Whatever else stands here counts as off.",
            "on",
        ),
        _notifier(account, region),
        StreamSource(
            table=names.LEDGER_TABLE,
            function=names.NOTIFY_FUNCTION,
            queue_arn=_arn("sqs", region, account, names.LOST_EVENTS_QUEUE),
            batch=25,
            maximum_age=timedelta(hours=1),
            retries=10,
        ),
        _tick(account, region),
        *_alarms(account, region, watches=watches),
        *hearing,
    )
    return Stack(names.foundation_stack(region), region, account, resources)


def table_arn(region: str, account: str, table: str) -> str:
    """The ARN of a table."""
    return _arn("dynamodb", region, account, f"table/{table}")


def _tick(account: str, region: str) -> Rule:
    queue = _arn("sqs", region, account, names.LOST_EVENTS_QUEUE)
    notifier = _arn("lambda", region, account, f"function:{names.NOTIFY_FUNCTION}:{names.ALIAS}")
    return Rule(
        name=f"{names.NOTIFY_FUNCTION}-tick",
        description="Lets the notifier catch up with what could not be told, when nothing new is written.",
        bus="default",
        target=FunctionTarget(notifier, queue, maximum_age=timedelta(minutes=1), retries=0),
        schedule="rate(1 minute)",
    )


def _notifier(account: str, region: str) -> Function:
    control, ledger = (
        table_arn(region, account, names.CONTROL_TABLE),
        table_arn(region, account, names.LEDGER_TABLE),
    )
    return Function(
        name=names.NOTIFY_FUNCTION,
        description="Tells people what the ledger says: one Slack message per incident, and the alerts topic.",
        handler="pilotlight.handlers.notify",
        statements=(
            Statement(Access.READ, ("dynamodb:Query",), (ledger,)),
            Statement(Access.READ, ("dynamodb:GetItem", "dynamodb:Query"), (control,)),
            Statement(Access.WRITE, ("dynamodb:PutItem", "dynamodb:DeleteItem"), (control,)),
            Statement(
                Access.READ,
                ("secretsmanager:GetSecretValue",),
                (_arn("secretsmanager", region, account, "secret:pilotlight/*"),),
            ),
            Statement(Access.WRITE, ("sns:Publish",), (_arn("sns", region, account, names.ALERTS_TOPIC),)),
        ),
        environment={
            "PILOTLIGHT_LEDGER_TABLE": names.LEDGER_TABLE,
            "PILOTLIGHT_CONTROL_TABLE": names.CONTROL_TABLE,
            "PILOTLIGHT_ALERTS_TOPIC": _arn("sns", region, account, names.ALERTS_TOPIC),
        },
        timeout=timedelta(seconds=60),
        reserved_concurrency=2,
    )


def _alarms(account: str, region: str, *, watches: bool) -> tuple[MetricAlarm, ...]:
    topic = _arn("sns", region, account, names.ALERTS_TOPIC)
    lost = MetricAlarm(
        name="pilotlight-lost-events", description="An event or a record could not be delivered; look into the queue.",
        namespace="AWS/SQS", metric="ApproximateNumberOfMessagesVisible",
        dimensions={"QueueName": names.LOST_EVENTS_QUEUE},
        statistic="Maximum", threshold=0, comparison="GreaterThanThreshold", missing="notBreaching", notify=(topic,),
    )  # fmt: skip
    untold = MetricAlarm(
        name=f"{names.NOTIFY_FUNCTION}-untold",
        description="An incident could not be told because of trouble of the notifier's own; read its log.",
        namespace="Pilotlight",
        metric="NotTold",
        dimensions={"function": "notify"},
        statistic="Sum",
        threshold=0,
        comparison="GreaterThanThreshold",
        missing="notBreaching",
        notify=(topic,),
    )
    blind = MetricAlarm(
        name=f"{names.PROBE_FUNCTION}-silent",
        description=f"The probe in {region} has looked at no primary for five minutes.",
        namespace="AWS/Lambda", metric="Invocations", dimensions={"FunctionName": names.PROBE_FUNCTION},
        statistic="Sum", threshold=1, comparison="LessThanThreshold", missing="breaching", periods=5, notify=(topic,),
    )  # fmt: skip
    told = (lost, untold, function_errors(names.NOTIFY_FUNCTION, topic))
    return (*told, blind, function_errors(names.PROBE_FUNCTION, topic)) if watches else told


def function_errors(function: str, topic: str) -> MetricAlarm:
    """The alarm on a function of the controller that raises."""
    return MetricAlarm(
        name=f"{function}-errors", description=f"{function} raised an error; read its log.",
        namespace="AWS/Lambda", metric="Errors", dimensions={"FunctionName": function},
        statistic="Sum", threshold=0, comparison="GreaterThanThreshold", missing="notBreaching", notify=(topic,),
    )  # fmt: skip


def _arn(service: str, region: str, account: str, resource: str) -> str:
    return f"arn:aws:{service}:{region}:{account}:{resource}"
