"""What a plan needs of functions, as Terraform: those that it calls, and what starts others by itself, switched off."""

from __future__ import annotations

from cli.prerequisites.hcl import Raw, block, ignoring, resource
from cli.prerequisites.needs import ANSWERS_WITHIN_SECONDS, GIVEN_LATER, Writers, label_of, own
from pilotlight.domain.step import Standing


def _function(need: Standing) -> str:
    label, qualifier = label_of(need), str(need.facts["qualifier"])
    made = resource(
        "aws_lambda_function",
        need,
        [
            ("function_name", need.facts["name"]),
            ("role", own(need, "function_role_arn")),
            ("handler", own(need, "function_handler")),
            ("runtime", own(need, "function_runtime")),
            ("s3_bucket", own(need, "function_package_bucket")),
            ("s3_key", own(need, "function_package_key")),
            ("timeout", ANSWERS_WITHIN_SECONDS),
            ("publish", True),
        ],
    )
    if qualifier.isdigit():
        return made
    version = Raw(f"aws_lambda_function.{label}.version")
    named = Raw(f"aws_lambda_function.{label}.function_name")
    alias = [("name", qualifier), ("function_name", named), ("function_version", version)]
    return f"{made}\n\n{resource('aws_lambda_alias', need, alias)}"


def _mapping(need: Standing) -> str:
    pairs = [
        ("event_source_arn", own(need, "event_source_arn")),
        ("function_name", own(need, "event_function")),
        ("enabled", False),
    ]
    made = resource("aws_lambda_event_source_mapping", need, pairs, ignoring("enabled"))
    return f"{GIVEN_LATER}\n{made}"


def _rule(need: Standing) -> str:
    facts, label = need.facts, label_of(need)
    pairs = [
        ("name", facts["name"]),
        ("event_bus_name", facts["bus"]),
        ("event_pattern", own(need, "event_pattern")),
        ("state", "DISABLED"),
    ]
    target = [
        ("rule", Raw(f"aws_cloudwatch_event_rule.{label}.name")),
        ("event_bus_name", facts["bus"]),
        ("arn", own(need, "event_target_arn")),
    ]
    made = resource("aws_cloudwatch_event_rule", need, pairs, ignoring("state"))
    return f"{made}\n\n{resource('aws_cloudwatch_event_target', need, target)}"


def _schedule(need: Standing) -> str:
    facts = need.facts
    return resource(
        "aws_scheduler_schedule",
        need,
        [
            ("name", facts["name"]),
            ("group_name", facts["group"]),
            ("schedule_expression", own(need, "schedule_expression")),
            ("state", "DISABLED"),
        ],
        block("flexible_time_window", [("mode", "OFF")]),
        block("target", [("arn", own(need, "schedule_target_arn")), ("role_arn", facts["role_arn"])]),
        # A run notes at the end of the description who switched it.
        ignoring("state", "description"),
    )


WRITERS: Writers = {
    ("lambda", "function"): _function,
    ("lambda", "mapping"): _mapping,
    ("events", "rule"): _rule,
    ("scheduler", "schedule"): _schedule,
}
