"""One CloudFormation stack for one described stack: each kind of resource by its own small function.

Names, ARNs, patterns and statements are taken as they are. What contradicts itself raises `WiringMistake`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

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
from stacks import alarms, drilling, events, functions, machines, storage, traffic
from stacks.functions import FunctionCode
from stacks.naming import logical_id


class RenderedStack(cdk.Stack):
    """A described stack, rendered into its own region and account."""

    def __init__(self, scope: Construct, described: Stack, *, description: str, protected: bool = False) -> None:
        super().__init__(
            scope,
            described.name,
            stack_name=described.name,
            description=description,
            env=cdk.Environment(account=described.account, region=described.region),
            termination_protection=protected,
        )
        self.described = described
        self._code: FunctionCode | None = None
        events.render_forwarding_roles(self, described)
        for resource in sorted(described.resources, key=place_in_order):
            self._render(resource)

    def _render(self, resource: Resource) -> None:  # noqa: C901, PLR0912 (one case for each kind of resource)
        match resource:
            case Function():
                self._render_function(resource)
            case Table():
                storage.render_table(self, resource)
            case Parameter():
                storage.render_parameter(self, resource)
            case Queue():
                storage.render_queue(self, self.described, resource)
            case Topic():
                storage.render_topic(self, self.described, resource)
            case Bus():
                storage.render_bus(self, resource)
            case StateMachine():
                machines.render_machine(self, self.described, resource)
            case ApplicationRole():
                drilling.render_application_role(self, self.described, resource)
            case MachineSchedule():
                drilling.render_machine_schedule(self, self.described, resource)
            case StreamSource():
                functions.render_stream_source(self, self.described, resource, self._table(resource))
            case Rule():
                self._render_rule(resource)
            case HealthCheck():
                alarms.render_health_check(self, resource)
            case MetricHealthCheck():
                traffic.render_metric_health_check(self, resource)
            case CalculatedHealthCheck():
                traffic.render_calculated_health_check(self, resource)
            case PublicObject():
                traffic.render_public_object(self, resource)
            case HealthCheckAlarm():
                alarms.render_health_check_alarm(self, self.described, resource)
            case MetricAlarm():
                alarms.render_metric_alarm(self, resource)
            case _:
                assert_never(resource)

    def _render_function(self, function: Function) -> lambda_.CfnAlias:
        if self._code is None:
            self._code = FunctionCode(self)
        return functions.render_function(self, self._code, self.described, function)

    def _table(self, source: StreamSource) -> cdk.CfnResource:
        return self.node.find_child(logical_id(source.table, "Table"))

    def _render_rule(self, rule: Rule) -> None:
        rendered = events.render_rule(self, rule)
        bus = self.node.try_find_child(logical_id(rule.bus, "Bus"))
        if bus is not None:
            rendered.add_resource_dependency(bus)


def everything_below(stack: RenderedStack) -> Sequence[cdk.CfnResource]:
    """The CloudFormation resources of a stack."""
    return [construct for construct in stack.node.find_all() if isinstance(construct, cdk.CfnResource)]
