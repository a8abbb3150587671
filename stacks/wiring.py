"""What follows from the description for each function: how it is called, and what its role needs for that.

EventBridge hands an event over and is done; it is Lambda that then calls, tries again and gives up. So what a rule
says of age, retries and lost events has to be said to Lambda too (aws-lambda: asynchronous invocation).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from deployment.names import ALIAS
from deployment.resources import Function, FunctionTarget, Rule, Stack, StreamSource
from stacks.naming import arn, function_log_group
from stacks.policies import Json, allow, deny

MOST_ASYNCHRONOUS_RETRIES = 2
"""The most that Lambda tries an asynchronous call again."""


class WiringMistake(Exception):
    """The description cannot be rendered; the text says what contradicts what."""


@dataclass(frozen=True)
class Asynchronous:
    """How Lambda treats an event that was handed over to a function."""

    queue_arn: str
    maximum_age: timedelta
    retries: int


def called_function(target: FunctionTarget) -> str:
    """The name in a target's ARN; refuses a target that goes round the alias."""
    name, _, qualifier = target.function_arn.split(":function:")[1].partition(":")
    if qualifier != ALIAS:
        raise WiringMistake(
            f"The target {target.function_arn} does not end in the alias `{ALIAS}`; only that may be called."
        )
    return name


def rules_calling(stack: Stack) -> Iterator[tuple[Rule, FunctionTarget]]:
    """The rules that call a function."""
    for resource in stack.resources:
        if isinstance(resource, Rule) and isinstance(resource.target, FunctionTarget):
            yield resource, resource.target


def asynchronous(stack: Stack, function: str) -> Asynchronous | None:
    """How a function's events are treated: the longest age and the most retries of the rules that call it."""
    targets = [target for _, target in rules_calling(stack) if called_function(target) == function]
    if not targets:
        return None
    queues = {target.queue_arn for target in targets}
    if len(queues) > 1:
        raise WiringMistake(
            f"{function} is called by rules with different queues ({', '.join(sorted(queues))}), but Lambda has one "
            "queue for a function; give them the same."
        )
    age = max(target.maximum_age for target in targets)
    retries = min(MOST_ASYNCHRONOUS_RETRIES, max(target.retries for target in targets))
    return Asynchronous(queues.pop(), age, retries)


def streams(stack: Stack, function: str) -> list[StreamSource]:
    """The streams that feed a function."""
    return [r for r in stack.resources if isinstance(r, StreamSource) and r.function == function]


def wiring_statements(stack: Stack, function: Function) -> list[Json]:
    """What a function's role needs beside what `deployment` says: its own log, traces, queue and streams."""
    log = arn(stack, "logs", f"log-group:{function_log_group(function.name)}:*")
    statements = [
        allow("OwnLog", ["logs:CreateLogStream", "logs:PutLogEvents"], [log]),
        allow("Traces", ["xray:PutTelemetryRecords", "xray:PutTraceSegments"], ["*"]),
    ]
    fed_by = streams(stack, function.name)
    called = asynchronous(stack, function.name)
    queues = {source.queue_arn for source in fed_by} | ({called.queue_arn} if called else set())
    if queues:
        statements.append(allow("LostEvents", ["sqs:SendMessage"], sorted(queues)))
    if fed_by:
        tables = [arn(stack, "dynamodb", f"table/{source.table}/stream/*") for source in fed_by]
        reads = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"]
        statements.append(allow("Streams", reads, tables))
        statements.append(allow("ListOfStreams", ["dynamodb:ListStreams"], ["*"]))
    return [*statements, *_standing_in_a_vpc(stack, function)]


def _standing_in_a_vpc(stack: Stack, function: Function) -> list[Json]:
    """What Lambda needs to put a function into its subnets, and the function's own code is denied.

    Lambda makes the network interfaces, and so their ids, under the function's role; describing them cannot be allowed
    by resource. A call of Lambda's own carries no `lambda:SourceFunctionArn`, one of the code does (AWS Lambda
    Developer Guide, "Giving Lambda functions access to resources in an Amazon VPC", and "Working with Lambda execution
    environment credentials").
    """
    foothold = function.foothold
    if foothold is None:
        return []
    interfaces = arn(stack, "ec2", "network-interface/*")
    subnets = [arn(stack, "ec2", f"subnet/{each}") for each in foothold.subnets]
    groups = [arn(stack, "ec2", f"security-group/{each}") for each in foothold.security_groups]
    kept = ["ec2:AssignPrivateIpAddresses", "ec2:DeleteNetworkInterface", "ec2:UnassignPrivateIpAddresses"]
    seen = ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"]
    by_code = {"ArnEquals": {"lambda:SourceFunctionArn": arn(stack, "lambda", f"function:{function.name}")}}
    return [
        allow("NetworkInterface", ["ec2:CreateNetworkInterface"], [*subnets, *groups, interfaces]),
        allow("OwnNetworkInterfaces", kept, [interfaces]),
        allow("NetworkInterfaces", seen, ["*"]),
        deny("NotByCode", ["ec2:CreateNetworkInterface", *kept, *seen], ["*"], by_code),
    ]
