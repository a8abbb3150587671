"""What a plan needs of functions, as commands: those that it calls, and what starts others by itself, switched off."""

from __future__ import annotations

from cli.prerequisites.needs import ANSWERS_WITHIN_SECONDS, GIVEN_LATER, Writers, own
from cli.prerequisites.shell import asked, command
from pilotlight.domain.step import Standing


def _function(need: Standing) -> str:
    name, qualifier = str(need.facts["name"]), str(need.facts["qualifier"])
    package = f"S3Bucket={own(need, 'function_package_bucket')},S3Key={own(need, 'function_package_key')}"
    options = {
        "function-name": name,
        "role": asked(own(need, "function_role_arn")),
        "handler": asked(own(need, "function_handler")),
        "runtime": asked(own(need, "function_runtime")),
        "code": asked(package),
        "timeout": ANSWERS_WITHIN_SECONDS,
        "publish": True,
    }
    made = command(need, "lambda", "create-function", options)
    if qualifier.isdigit():
        return made
    alias = {"function-name": name, "name": qualifier, "function-version": 1}
    return f"{made}\n{command(need, 'lambda', 'create-alias', alias)}"


def _mapping(need: Standing) -> str:
    options = {
        "event-source-arn": asked(own(need, "event_source_arn")),
        "function-name": asked(own(need, "event_function")),
        "enabled": False,
    }
    made = command(need, "lambda", "create-event-source-mapping", options)
    return f"{GIVEN_LATER}\n{made}"


def _rule(need: Standing) -> str:
    name, bus = need.facts["name"], need.facts["bus"]
    options = {
        "name": name,
        "event-bus-name": bus,
        "event-pattern": asked(own(need, "event_pattern")),
        "state": "DISABLED",
    }
    target = {"rule": name, "event-bus-name": bus, "targets": asked(f"Id=standby,Arn={own(need, 'event_target_arn')}")}
    return f"{command(need, 'events', 'put-rule', options)}\n{command(need, 'events', 'put-targets', target)}"


def _schedule(need: Standing) -> str:
    facts = need.facts
    options = {
        "name": facts["name"],
        "group-name": facts["group"],
        "schedule-expression": asked(own(need, "schedule_expression")),
        "flexible-time-window": "Mode=OFF",
        "target": asked(f"Arn={own(need, 'schedule_target_arn')},RoleArn={facts['role_arn']}"),
        "state": "DISABLED",
    }
    return command(need, "scheduler", "create-schedule", options)


WRITERS: Writers = {
    ("lambda", "function"): _function,
    ("lambda", "mapping"): _mapping,
    ("events", "rule"): _rule,
    ("scheduler", "schedule"): _schedule,
}
