"""EventBridge rules and what they call: a function's alias, or a bus in another region under a role."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam

from deployment.resources import BusTarget, FunctionTarget, Rule, Stack
from stacks.naming import DEFAULT_BUS, logical_id, rule_arn
from stacks.policies import DESCRIBED, described, inline, trust

TARGET_ID = "target"


def render_rule(stack: cdk.Stack, rule: Rule) -> events.CfnRule:
    """A rule with its one target."""
    return events.CfnRule(
        stack,
        logical_id(rule.name, "Rule"),
        name=rule.name,
        description=rule.description,
        event_bus_name=None if rule.bus == DEFAULT_BUS else rule.bus,
        event_pattern=dict(rule.pattern) if rule.pattern is not None else None,
        schedule_expression=rule.schedule,
        state="ENABLED",
        targets=[_target(stack, rule.target)],
    )


def _target(stack: cdk.Stack, target: FunctionTarget | BusTarget) -> events.CfnRule.TargetProperty:
    dead_letters = events.CfnRule.DeadLetterConfigProperty(arn=target.queue_arn)
    retries = events.CfnRule.RetryPolicyProperty(
        maximum_event_age_in_seconds=int(target.maximum_age.total_seconds()), maximum_retry_attempts=target.retries
    )
    match target:
        case FunctionTarget():
            return events.CfnRule.TargetProperty(
                id=TARGET_ID, arn=target.function_arn, dead_letter_config=dead_letters, retry_policy=retries
            )
        case BusTarget():
            role: iam.CfnRole = stack.node.find_child(logical_id(target.role_name, "Role"))
            return events.CfnRule.TargetProperty(
                id=TARGET_ID,
                arn=target.bus_arn,
                role_arn=role.attr_arn,
                dead_letter_config=dead_letters,
                retry_policy=retries,
            )
        case _:
            assert_never(target)


def render_forwarding_roles(stack: cdk.Stack, description: Stack) -> Sequence[iam.CfnRole]:
    """The roles under which rules put events on buses abroad: one role for all rules that name it."""
    forwarding: dict[str, list[tuple[Rule, BusTarget]]] = {}
    for resource in description.resources:
        if isinstance(resource, Rule) and isinstance(resource.target, BusTarget):
            forwarding.setdefault(resource.target.role_name, []).append((resource, resource.target))
    return [_forwarding_role(stack, description, name, rules) for name, rules in forwarding.items()]


def _forwarding_role(
    stack: cdk.Stack, description: Stack, name: str, rules: Sequence[tuple[Rule, BusTarget]]
) -> iam.CfnRole:
    wanted = [statement for _, target in rules for statement in target.statements]
    statements = [statement for i, statement in enumerate(wanted) if statement not in wanted[:i]]
    sources = [rule_arn(description, rule.name, rule.bus) for rule, _ in rules]
    return iam.CfnRole(
        stack,
        logical_id(name, "Role"),
        role_name=name,
        description="Puts the events of these signals on the bus in the standby region, and nothing else.",
        assume_role_policy_document=trust(description, "events.amazonaws.com", sources),
        policies=inline(DESCRIBED, described(statements)),
    )
