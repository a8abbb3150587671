"""Reads what stands in an account back into the words of `deployment`, through boto3 alone.

`read_back` gives one `Stack` for each region, named by it: which CloudFormation stack a thing came from is not a fact
about the thing. What is read can be compared with what was described, and can be applied to the embedded AWS.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from deployment.names import PODS, TASKS
from deployment.resources import (
    ApplicationRole,
    Bus,
    BusTarget,
    CalculatedHealthCheck,
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
    Table,
    Topic,
)
from stacks.policies import DENIED
from tests.stacks.properties import Region
from tests.stacks.read_back_functions import functions, pages, statements_of_role, stream_sources

HEALTH_CHECK_METRICS = "AWS/Route53"


def read_back(account: str, regions: Iterable[str]) -> tuple[Stack, ...]:
    """Everything of ours in these regions of the account, in the order of names."""
    return tuple(Stack(name, name, account, in_order(_everything(Region(name)))) for name in regions)


def in_order(resources: Iterable[Resource]) -> tuple[Resource, ...]:
    """Resources in an order that does not depend on who lists them."""
    return tuple(sorted(resources, key=lambda resource: (type(resource).__name__, str(_name_of(resource)))))


def _name_of(resource: Resource) -> str:
    return resource.name if hasattr(resource, "name") else f"{resource.table} {resource.function}"


def _everything(region: Region) -> Iterator[Resource]:
    for read in READERS:
        yield from read(region)


def tables(region: Region) -> Iterator[Table]:
    """The tables, if they are as `Table` promises."""
    dynamodb = region.client("dynamodb")
    for name in dynamodb.list_tables()["TableNames"]:
        table = dynamodb.describe_table(TableName=name)["Table"]
        backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
        keys = [(key["AttributeName"], key["KeyType"]) for key in table["KeySchema"]]
        assert keys == [("partition", "HASH"), ("sort", "RANGE")], f"{name} has the keys {keys}"
        assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST", f"{name} is not on demand"
        assert table["DeletionProtectionEnabled"], f"{name} may be deleted"
        assert table["SSEDescription"]["Status"] == "ENABLED", f"{name} is not encrypted"
        assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED", (
            f"{name} has no PITR"
        )
        stream = table.get("StreamSpecification")
        assert stream in (None, {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}), f"{name} streams {stream}"
        yield Table(name, stream is not None)


def queues(region: Region) -> Iterator[Queue]:
    """The queues, if they are encrypted."""
    sqs = region.client("sqs")
    for url in sqs.list_queues().get("QueueUrls", []):
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        assert attributes["SqsManagedSseEnabled"] == "true", f"{url} is not encrypted"
        retention = timedelta(seconds=int(attributes["MessageRetentionPeriod"]))
        yield Queue(attributes["QueueArn"].rsplit(":", 1)[1], retention)


def parameters(region: Region) -> Iterator[Parameter]:
    """The parameters, if they are plain text."""
    ssm = region.client("ssm")
    for listed in pages(ssm, "describe_parameters", "Parameters"):
        assert listed["Type"] == "String", f"{listed['Name']} is a {listed['Type']}"
        value = ssm.get_parameter(Name=listed["Name"])["Parameter"]["Value"]
        yield Parameter(listed["Name"], listed["Description"], value)


def topics(region: Region) -> Iterator[Topic]:
    """The topics, if they are encrypted."""
    sns = region.client("sns")
    for topic in pages(sns, "list_topics", "Topics"):
        attributes = sns.get_topic_attributes(TopicArn=topic["TopicArn"])["Attributes"]
        assert attributes["KmsMasterKeyId"], f"{topic['TopicArn']} is not encrypted"
        yield Topic(topic["TopicArn"].rsplit(":", 1)[1])


def buses(region: Region) -> Iterator[Bus]:
    """The buses beside the default one."""
    for bus in region.client("events").list_event_buses()["EventBuses"]:
        if bus["Name"] != "default":
            yield Bus(bus["Name"])


def rules(region: Region) -> Iterator[Rule]:
    """The enabled rules of every bus, with their one target."""
    events = region.client("events")
    for bus in events.list_event_buses()["EventBuses"]:
        for rule in events.list_rules(EventBusName=bus["Name"])["Rules"]:
            (target,) = events.list_targets_by_rule(Rule=rule["Name"], EventBusName=bus["Name"])["Targets"]
            assert rule["State"] == "ENABLED", f"{rule['Name']} is {rule['State']}"
            yield Rule(
                name=rule["Name"],
                description=rule["Description"],
                bus=bus["Name"],
                target=_target(target),
                pattern=_json(rule.get("EventPattern")),
                schedule=rule.get("ScheduleExpression"),
            )


def _target(target: Mapping[str, Any]) -> FunctionTarget | BusTarget:
    queue_arn = target["DeadLetterConfig"]["Arn"]
    retries = target["RetryPolicy"]
    age = timedelta(seconds=retries["MaximumEventAgeInSeconds"])
    if ":event-bus/" in target["Arn"]:
        role = target["RoleArn"].rsplit("/", 1)[1]
        return BusTarget(target["Arn"], role, queue_arn, age, retries["MaximumRetryAttempts"])
    return FunctionTarget(target["Arn"], queue_arn, age, retries["MaximumRetryAttempts"])


def machines(region: Region) -> Iterator[StateMachine]:
    """The state machines, if they log every event without its data."""
    states = region.client("stepfunctions")
    for listed in pages(states, "list_state_machines", "stateMachines"):
        machine = states.describe_state_machine(stateMachineArn=listed["stateMachineArn"])
        logging = machine["loggingConfiguration"]
        assert machine["type"] == "STANDARD", f"{machine['name']} is {machine['type']}"
        assert (logging["level"], logging["includeExecutionData"]) == ("ALL", False), (
            f"{machine['name']} logs {logging}"
        )
        yield StateMachine(machine["name"], machine["definition"], statements_of_role(region, machine["roleArn"]))


def health_checks(region: Region) -> Iterator[HealthCheck | MetricHealthCheck | CalculatedHealthCheck]:
    """The health checks. They have no region: a latch is counted to the one that it watches, all others to us-east-1.

    What a calculated one is for is an output of its stack, and not a fact about it.
    """
    route53 = region.client("route53")
    checks = {check["Id"]: check["HealthCheckConfig"] for check in route53.list_health_checks()["HealthChecks"]}
    for id_, configuration in checks.items():
        _remember_alarm(region, id_, configuration)
    for id_, configuration in checks.items():
        if _region_of(configuration, checks) != region.name:
            continue
        name = _name_of_check(region, id_)
        match configuration["Type"]:
            case "CLOUDWATCH_METRIC":
                watched = configuration["AlarmIdentifier"]
                assert configuration["InsufficientDataHealthStatus"] == "LastKnownStatus", f"{name} guesses"
                yield MetricHealthCheck(name, watched["Name"], watched["Region"])
            case "CALCULATED":
                children = configuration["ChildHealthChecks"]
                assert configuration["HealthThreshold"] == len(children), f"{name} does not need all of its children"
                yield CalculatedHealthCheck(name, tuple(_name_of_check(region, child) for child in children))
            case _:
                yield _endpoint_check(name, configuration)


def _endpoint_check(name: str, configuration: Mapping[str, Any]) -> HealthCheck:
    return HealthCheck(
        name=name,
        host=configuration["FullyQualifiedDomainName"],
        path=configuration["ResourcePath"],
        port=configuration["Port"],
        interval=timedelta(seconds=configuration["RequestInterval"]),
        failures=configuration["FailureThreshold"],
        inverted=configuration.get("Inverted", False),
        search=configuration.get("SearchString") or None,
    )


def _remember_alarm(region: Region, id_: str, configuration: dict[str, Any]) -> None:
    """Put back what moto forgets of a check of an alarm; its creator wrote it into tags."""
    if configuration["Type"] == "CLOUDWATCH_METRIC":
        tags = region.client("route53").list_tags_for_resource(ResourceType="healthcheck", ResourceId=id_)
        kept = {tag["Key"]: tag["Value"] for tag in tags["ResourceTagSet"]["Tags"]}
        configuration["AlarmIdentifier"] = {"Name": kept["moto:Name"], "Region": kept["moto:Region"]}
        configuration["InsufficientDataHealthStatus"] = kept["moto:InsufficientData"]


def _region_of(configuration: Mapping[str, Any], checks: Mapping[str, Mapping[str, Any]]) -> str:
    match configuration["Type"]:
        case "CLOUDWATCH_METRIC":
            return str(configuration["AlarmIdentifier"]["Region"])
        case "CALCULATED":
            return _region_of(checks[configuration["ChildHealthChecks"][0]], checks)
        case _:
            _, bucket, rest = configuration["FullyQualifiedDomainName"].partition(".s3.")
            return rest.split(".")[0] if bucket else "us-east-1"


def _name_of_check(region: Region, id_: str) -> str:
    tags = region.client("route53").list_tags_for_resource(ResourceType="healthcheck", ResourceId=id_)
    return next(str(tag["Value"]) for tag in tags["ResourceTagSet"]["Tags"] if tag["Key"] == "Name")


def public_objects(region: Region) -> Iterator[PublicObject]:
    """The buckets beside those of the CDK, if the public may read the one object over TLS and nothing else."""
    s3 = region.client("s3")
    for bucket in s3.list_buckets()["Buckets"]:
        name = bucket["Name"]
        if name.startswith("cdk-") or s3.get_bucket_location(Bucket=name)["LocationConstraint"] != region.name:
            continue
        block = s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
        assert (block["BlockPublicAcls"], block["IgnorePublicAcls"]) == (True, True), f"{name} may be opened by a list"
        read, refused = json.loads(s3.get_bucket_policy(Bucket=name)["Policy"])["Statement"]
        assert (read["Principal"], read["Action"]) == ("*", ["s3:GetObject"]), f"{name} lets the public do {read}"
        assert refused["Effect"] == "Deny", f"{name} lets in who comes without TLS"
        (arn,) = read["Resource"]
        yield PublicObject(name, arn.removeprefix(f"arn:aws:s3:::{name}/"))


def alarms(region: Region) -> Iterator[MetricAlarm | HealthCheckAlarm]:
    """The alarms, on health checks or on other metrics."""
    for alarm in pages(region.client("cloudwatch"), "describe_alarms", "MetricAlarms"):
        if alarm["Namespace"] == HEALTH_CHECK_METRICS:
            yield _health_check_alarm(region, alarm)
            continue
        yield MetricAlarm(
            name=alarm["AlarmName"],
            description=alarm["AlarmDescription"],
            namespace=alarm["Namespace"],
            metric=alarm["MetricName"],
            dimensions={dimension["Name"]: dimension["Value"] for dimension in alarm["Dimensions"]},
            statistic=alarm["Statistic"],
            threshold=alarm["Threshold"],
            comparison=alarm["ComparisonOperator"],
            missing=alarm["TreatMissingData"],
            period=timedelta(seconds=alarm["Period"]),
            periods=alarm["EvaluationPeriods"],
            notify=tuple(alarm["AlarmActions"]),
        )


def _health_check_alarm(region: Region, alarm: Mapping[str, Any]) -> HealthCheckAlarm:
    name = alarm["AlarmName"]
    said = (alarm["Statistic"], alarm["ComparisonOperator"], alarm["Threshold"], alarm["TreatMissingData"])
    assert said == ("Minimum", "LessThanThreshold", 1, "missing"), f"{name} watches for {said}"
    assert (alarm["Period"], alarm["EvaluationPeriods"]) == (60, 1), f"{name} waits for more than one minute"
    (watched,) = [dimension["Value"] for dimension in alarm["Dimensions"]]
    known = {check["Id"] for check in region.client("route53").list_health_checks()["HealthChecks"]}
    if watched not in known:
        return HealthCheckAlarm(name, watched, None)
    tags = region.client("route53").list_tags_for_resource(ResourceType="healthcheck", ResourceId=watched)
    return HealthCheckAlarm(name, None, next(t["Value"] for t in tags["ResourceTagSet"]["Tags"] if t["Key"] == "Name"))


def _json(text: str | None) -> Any:
    return None if text is None else json.loads(text)


def schedules(region: Region) -> Iterator[MachineSchedule]:
    """The schedules that start a machine, if they are on, begin on time, and each has a role of its own name."""
    scheduler = region.client("scheduler")
    for listed in scheduler.list_schedules()["Schedules"]:
        schedule = scheduler.get_schedule(Name=listed["Name"])
        target, name = schedule["Target"], schedule["Name"]
        assert schedule["State"] == "ENABLED", f"{name} is {schedule['State']}"
        assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}, f"{name} begins at some time"
        made = MachineSchedule(
            name=name,
            description=schedule["Description"],
            expression=schedule["ScheduleExpression"],
            zone=schedule["ScheduleExpressionTimezone"],
            machine_arn=target["Arn"],
            input=target["Input"],
        )
        assert statements_of_role(region, target["RoleArn"]) == made.statements, f"{name} may do something else"
        yield made


def application_roles(region: Region) -> Iterator[ApplicationRole]:
    """The roles of drilled applications. Roles have no region: theirs is the one that may assume them."""
    for role in region.client("iam").list_roles()["Roles"]:
        trusted = role["AssumeRolePolicyDocument"]["Statement"][0]
        source = str(trusted["Condition"].get("ArnLike", {}).get("aws:SourceArn", ""))
        service = trusted["Principal"]["Service"]
        if service in (TASKS, PODS) and f":{region.name}:" in source:
            yield ApplicationRole(
                role["RoleName"],
                role["Description"],
                service,
                statements_of_role(region, role["Arn"]),
                statements_of_role(region, role["Arn"], DENIED),
            )


READERS: tuple[Callable[[Region], Iterator[Resource]], ...] = (
    tables,
    parameters,
    queues,
    topics,
    buses,
    functions,
    stream_sources,
    machines,
    rules,
    health_checks,
    public_objects,
    alarms,
    schedules,
    application_roles,
)
