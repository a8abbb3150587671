"""Standard state machines: the definition as it was assembled, its role, and its history in CloudWatch Logs."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as states

from deployment.resources import Stack, StateMachine
from stacks.functions import LOG_RETENTION_DAYS
from stacks.naming import arn, logical_id, machine_log_group
from stacks.policies import DESCRIBED, WIRING, allow, described, inline, trust

LOG_DELIVERY = (
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
)
"""What Step Functions asks for to log at all; none of it takes a resource (Step Functions guide, "cw-logs")."""

TRACES = (
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
)


def render_machine(stack: cdk.Stack, description: Stack, machine: StateMachine) -> states.CfnStateMachine:
    """A state machine; its log holds every event and none of the data, which the ledger has."""
    log_name = machine_log_group(machine.name)
    log_group = logs.CfnLogGroup(
        stack, logical_id(machine.name, "MachineLog"), log_group_name=log_name, retention_in_days=LOG_RETENTION_DAYS
    )
    role = _role(stack, description, machine)
    destination = states.CfnStateMachine.LogDestinationProperty(
        cloud_watch_logs_log_group=states.CfnStateMachine.CloudWatchLogsLogGroupProperty(
            log_group_arn=arn(description, "logs", f"log-group:{log_name}:*")
        )
    )
    rendered = states.CfnStateMachine(
        stack,
        logical_id(machine.name, "Machine"),
        state_machine_name=machine.name,
        state_machine_type="STANDARD",
        # Inline, because a definition in S3 is not looked at by the CDK's validation.
        definition_string=machine.definition,
        role_arn=role.attr_arn,
        logging_configuration=states.CfnStateMachine.LoggingConfigurationProperty(
            level="ALL", include_execution_data=False, destinations=[destination]
        ),
        tracing_configuration=states.CfnStateMachine.TracingConfigurationProperty(enabled=True),
    )
    rendered.add_resource_dependency(log_group)
    return rendered


def _role(stack: cdk.Stack, description: Stack, machine: StateMachine) -> iam.CfnRole:
    wiring = [allow("LogDelivery", LOG_DELIVERY, ["*"]), allow("Traces", TRACES, ["*"])]
    return iam.CfnRole(
        stack,
        logical_id(machine.name, "MachineRole"),
        description=f"What the state machine {machine.name} may do.",
        assume_role_policy_document=trust(
            description, "states.amazonaws.com", [arn(description, "states", f"stateMachine:{machine.name}")]
        ),
        policies=[*inline(DESCRIBED, described(machine.statements)), *inline(WIRING, wiring)],
    )
