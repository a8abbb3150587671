"""What only drills have: the role of the drilled application's tasks, and the schedule that begins drills."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler

from deployment.names import PODS
from deployment.resources import ApplicationRole, MachineSchedule, Stack
from stacks.naming import arn, logical_id
from stacks.policies import DENIED, DESCRIBED, denied, described, inline, trust


def render_application_role(stack: cdk.Stack, description: Stack, role: ApplicationRole) -> iam.CfnRole:
    """The role, by a name of its own so that a plan can say it; for what runs in this account and region alone.

    EKS Pod Identity tags the session of a pod (EKS user guide, "Create IAM role with trust policy required by EKS Pod
    Identity").
    """
    pods = role.service == PODS
    sources = [arn(description, "eks", "cluster/*") if pods else arn(description, "ecs", "*")]
    trusted = trust(description, role.service, sources, tags=pods)
    return iam.CfnRole(
        stack,
        logical_id(role.name, "Role"),
        role_name=role.name,
        description=role.description,
        assume_role_policy_document=trusted,
        policies=[*inline(DESCRIBED, described(role.statements)), *inline(DENIED, denied(role.denied))],
    )


def render_machine_schedule(stack: cdk.Stack, description: Stack, schedule: MachineSchedule) -> scheduler.CfnSchedule:
    """The schedule, with a role that may start its one machine. One that could not start is not begun hours later."""
    source = arn(description, "scheduler", f"schedule/default/{schedule.name}")
    role = iam.CfnRole(
        stack,
        logical_id(schedule.name, "ScheduleRole"),
        role_name=schedule.name,
        description=f"What the schedule {schedule.name} may do.",
        assume_role_policy_document=trust(description, "scheduler.amazonaws.com", [source]),
        policies=inline(DESCRIBED, described(schedule.statements)),
    )
    return scheduler.CfnSchedule(
        stack,
        logical_id(schedule.name, "Schedule"),
        name=schedule.name,
        description=schedule.description,
        schedule_expression=schedule.expression,
        schedule_expression_timezone=schedule.zone,
        flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
        target=scheduler.CfnSchedule.TargetProperty(
            arn=schedule.machine_arn,
            role_arn=role.attr_arn,
            input=schedule.input,
            retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                maximum_event_age_in_seconds=600, maximum_retry_attempts=3
            ),
        ),
    )
