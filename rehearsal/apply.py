"""Applies a `deployment` to the embedded AWS, as CloudFormation would apply the rendered stacks to an account."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any, assert_never

from deployment.resources import (
    ApplicationRole,
    Bus,
    CalculatedHealthCheck,
    Function,
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
    place_in_order,
)
from pilotlight.aws.sdk import Sdk
from pilotlight.handlers.runtime import Outside
from rehearsal.access import Role
from rehearsal.databases import EmbeddedDatabases
from rehearsal.embedded_aws import EmbeddedAws
from rehearsal.internet import Internet
from rehearsal.services.cloudwatch import CloudWatch
from rehearsal.services.events import Events
from rehearsal.services.function_urls import host_of_url
from rehearsal.services.iam import Iam
from rehearsal.services.lambda_functions import LambdaFunctions
from rehearsal.services.route53 import Route53
from rehearsal.services.s3 import S3
from rehearsal.services.scheduler import Scheduler
from rehearsal.services.step_functions import StepFunctions
from rehearsal.streams import feed_from_stream

LAYER_ROOT = "/opt/"

Check = HealthCheck | MetricHealthCheck | CalculatedHealthCheck
Actor = Function | Rule | StateMachine | MachineSchedule | MetricAlarm | Check | HealthCheckAlarm


@dataclass
class Account:
    """An account with Pilotlight in it: what was deployed can be reached by its model.

    `roles` are those that were deployed for the application itself, by ARN.
    """

    aws: EmbeddedAws
    internet: Internet
    log: StringIO = field(default_factory=StringIO)
    roles: dict[str, Role] = field(default_factory=dict)
    layers: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="pilotlight-layers-")))

    def __post_init__(self) -> None:
        functions, machines, events = (
            self.aws.service(LambdaFunctions),
            self.aws.service(StepFunctions),
            self.aws.service(Events),
        )
        functions.outside = self.outside
        machines.functions = functions
        events.functions = functions
        events.bury = self._bury
        self.aws.service(CloudWatch).send = events.put
        self.aws.service(Scheduler).machines = machines
        self.aws.service(Route53).metrics = self.aws.service(CloudWatch)

    def outside(self) -> Outside:
        """The ways out of a function that runs here."""
        time = self.aws.world.time
        ways = self.aws.clients, self.internet, time.now, time.sleep, self.log, time.beside
        return Outside(*ways, EmbeddedDatabases(self.aws.world))

    def sdk(self, region: str) -> Sdk:
        """The owner's own way to call this AWS, to set the scene or to look."""
        return Sdk(self.aws.clients, region)

    def apply(self, stacks: Iterable[Stack]) -> None:
        """Deploy stacks, what others refer to first."""
        there = [(stack, resource) for stack in stacks for resource in stack.resources]
        for stack, resource in sorted(there, key=lambda pair: place_in_order(pair[1])):
            self._deploy(stack, resource)

    def _deploy(self, stack: Stack, resource: Resource) -> None:
        """Deploy what keeps or carries; what acts is left to `_deploy_actor`."""
        sdk = self.sdk(stack.region)
        match resource:
            case Table():
                sdk.call("dynamodb", "CreateTable", stack.region, **_table(resource))
            case Parameter():
                kept = {"Name": resource.name, "Value": resource.value, "Type": "String"}
                sdk.call("ssm", "PutParameter", stack.region, Description=resource.description, **kept)
            case Queue():
                sdk.call("sqs", "CreateQueue", stack.region, QueueName=resource.name)
            case Topic():
                sdk.call("sns", "CreateTopic", stack.region, Name=resource.name)
            case Bus():
                pass  # a bus is there by its name; the model of EventBridge keeps rules only
            case PublicObject():
                self.aws.service(S3).deploy(resource, stack.region, self.internet)
            case ApplicationRole():
                role = Role(resource.name, resource.statements, resource.denied)
                self.roles[f"arn:aws:iam::{stack.account}:role/{resource.name}"] = role
                self.aws.service(Iam).deployed[resource.name] = role
            case StreamSource():
                feed_from_stream(self.aws, stack.region, resource)
            case _:
                self._deploy_actor(stack, resource)

    def _deploy_actor(self, stack: Stack, resource: Actor) -> None:
        match resource:
            case Function():
                self._deploy_function(stack, resource)
            case Rule():
                self.aws.service(Events).deploy(resource, stack.region)
            case StateMachine():
                self.aws.service(StepFunctions).deploy(resource, stack.region)
            case MachineSchedule():
                role = Role(resource.name, resource.statements)
                self.aws.service(Iam).deployed[resource.name] = role
                self.aws.service(Scheduler).deploy(resource)
            case MetricAlarm():
                self.aws.service(CloudWatch).deploy(resource, stack.region)
            case HealthCheck() | MetricHealthCheck() | CalculatedHealthCheck():
                self._deploy_check(resource)
            case HealthCheckAlarm():
                self.aws.service(CloudWatch).deploy(self._health_check_alarm(resource), stack.region)
            case _:
                assert_never(resource)

    def _deploy_function(self, stack: Stack, function: Function) -> None:
        functions, region = self.aws.service(LambdaFunctions), stack.region
        functions.deploy(function, region, self._environment(stack, function))
        if function.public:
            host = host_of_url(region, function.name)
            self.internet.put_in_region(host, region, partial(functions.ask_over_url, region, function.name))

    def _deploy_check(self, check: Check) -> None:
        route53 = self.aws.service(Route53)
        match check:
            case HealthCheck():
                route53.deploy(check)
            case MetricHealthCheck():
                route53.watch_alarm(check)
            case CalculatedHealthCheck():
                route53.calculate(check)
            case _:
                assert_never(check)

    def _environment(self, stack: Stack, function: Function) -> dict[str, str]:
        environment = {"AWS_REGION": stack.region, **function.environment}
        if function.plan is None:
            return environment
        root = self.layers / function.name
        (root / "pilotlight").mkdir(parents=True, exist_ok=True)
        (root / "pilotlight" / "plan.json").write_text(function.plan)
        return {
            name: value.replace(LAYER_ROOT, f"{root}/") if value.startswith(LAYER_ROOT) else value
            for name, value in environment.items()
        }

    def _health_check_alarm(self, alarm: HealthCheckAlarm) -> MetricAlarm:
        checks = self.aws.service(Route53).checks
        identity = alarm.health_check_id or checks[alarm.health_check_name or ""].id
        return MetricAlarm(
            name=alarm.name, description="The primary's health check fails.",
            namespace="AWS/Route53", metric="HealthCheckStatus", dimensions={"HealthCheckId": identity},
            statistic="Minimum", threshold=1, comparison="LessThanThreshold", missing="missing",
        )  # fmt: skip

    def _bury(self, queue_arn: str, event: dict[str, Any], reason: str) -> None:
        _, _, _, region, account, name = queue_arn.split(":")
        url = f"https://sqs.{region}.amazonaws.com/{account}/{name}"
        self.sdk(region).call(
            "sqs",
            "SendMessage",
            region,
            QueueUrl=url,
            MessageBody=json.dumps({"event": event, "reason": reason}),
        )


def _table(table: Table) -> dict[str, Any]:
    keys = [("partition", "HASH"), ("sort", "RANGE")]
    stream = {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}} if table.stream else {}
    return {
        "TableName": table.name,
        "KeySchema": [{"AttributeName": name, "KeyType": kind} for name, kind in keys],
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
        "BillingMode": "PAY_PER_REQUEST",
        **stream,
    }
