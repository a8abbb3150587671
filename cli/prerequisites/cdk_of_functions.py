"""What a plan needs of functions, as constructs of CDK: those that it calls, and what starts others, switched off."""

from __future__ import annotations

from cli.prerequisites.constructs import Raw, call, construct_of
from cli.prerequisites.needs import ANSWERS_WITHIN_SECONDS, GIVEN_LATER, Writers, label_of, own
from pilotlight.domain.step import Standing


def _function(need: Standing) -> str:
    name, qualifier = label_of(need), str(need.facts["qualifier"])
    package = {
        "s3_bucket": own(need, "function_package_bucket"),
        "s3_key": own(need, "function_package_key"),
    }
    made = construct_of(
        "lambda_.CfnFunction",
        need,
        {
            "function_name": need.facts["name"],
            "role": own(need, "function_role_arn"),
            "handler": own(need, "function_handler"),
            "runtime": own(need, "function_runtime"),
            "code": call("lambda_.CfnFunction.CodeProperty", package),
            "timeout": ANSWERS_WITHIN_SECONDS,
        },
    )
    version = construct_of("lambda_.CfnVersion", need, {"function_name": Raw(f"{name}.ref")}, suffix="_version")
    parts = [f"{name} = {made}", f"{name}_version = {version}"]
    if not qualifier.isdigit():
        alias = {
            "function_name": Raw(f"{name}.ref"),
            "function_version": Raw(f"{name}_version.attr_version"),
            "name": qualifier,
        }
        parts.append(construct_of("lambda_.CfnAlias", need, alias, suffix="_alias"))
    return "\n".join(parts)


def _mapping(need: Standing) -> str:
    properties = {
        "event_source_arn": own(need, "event_source_arn"),
        "function_name": own(need, "event_function"),
        "enabled": False,
    }
    made = construct_of("lambda_.CfnEventSourceMapping", need, properties)
    return f"{GIVEN_LATER}\n{made}"


def _rule(need: Standing) -> str:
    target = call("events.CfnRule.TargetProperty", {"arn": own(need, "event_target_arn"), "id": "standby"})
    properties = {
        "name": need.facts["name"],
        "event_bus_name": need.facts["bus"],
        "event_pattern": own(need, "event_pattern"),
        "state": "DISABLED",
        "targets": [target],
    }
    return construct_of("events.CfnRule", need, properties)


def _schedule(need: Standing) -> str:
    facts = need.facts
    target = {"arn": own(need, "schedule_target_arn"), "role_arn": facts["role_arn"]}
    properties = {
        "name": facts["name"],
        "group_name": facts["group"],
        "schedule_expression": own(need, "schedule_expression"),
        "state": "DISABLED",
        "flexible_time_window": call("scheduler.CfnSchedule.FlexibleTimeWindowProperty", {"mode": "OFF"}),
        "target": call("scheduler.CfnSchedule.TargetProperty", target),
    }
    return construct_of("scheduler.CfnSchedule", need, properties)


WRITERS: Writers = {
    ("lambda", "function"): _function,
    ("lambda", "mapping"): _mapping,
    ("events", "rule"): _rule,
    ("scheduler", "schedule"): _schedule,
}
