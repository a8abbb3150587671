"""IAM documents: statements of `deployment` as they are, trust in services under conditions, and what wiring needs.

A role keeps the statements of `deployment` and those of its own wiring in inline policies of their own, so that all
can be read back from the account. What a plan says can grow past the room that IAM gives a role's inline policies; what
has no place there stands in managed policies, under a path that says which part it continues. The Sid of a statement
says its class of access, and its place among those of its part.

Source: IAM User Guide, "IAM and AWS STS quotas": all inline policies of a role have 10,240 characters, a managed policy
has 6,144, white space not counted; a role has 10 managed policies.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from deployment.resources import Stack
from pilotlight.domain.step import Statement
from stacks.naming import logical_id

DESCRIBED = "described"
"""The inline policy that holds what `deployment` says, statement by statement."""

DENIED = "denied"
"""The inline policy that takes away, statement by statement, what `deployment` says a role may never do."""

INLINE_ROOM, MANAGED_ROOM = 5_900, 3_600
"""How many characters are filled: less than three fifths, because a role that is full cannot be given another word."""

WIRING = "wiring"
"""The inline policy that holds what logs, traces, streams and queues of the same description need."""

Json = Mapping[str, Any]


def document(statements: Sequence[Json]) -> Json:
    """A policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(sid: str, actions: Sequence[str], resources: Sequence[str], conditions: Json | None = None) -> Json:
    """A statement of an identity policy."""
    statement = {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": list(resources)}
    return {**statement, "Condition": conditions} if conditions else statement


def deny(sid: str, actions: Sequence[str], resources: Sequence[str], conditions: Json) -> Json:
    """A statement of an identity policy that takes away, under conditions if there are any, what another one gives."""
    return {**allow(sid, actions, resources, conditions), "Effect": "Deny"}


def described(statements: Sequence[Statement]) -> list[Json]:
    """The statements of `deployment`, in their order."""
    return [
        allow(_sid(statement, index), statement.actions, statement.resources, statement.conditions)
        for index, statement in enumerate(statements)
    ]


def _sid(statement: Statement, index: int) -> str:
    return "".join(word.capitalize() for word in statement.access.value.split("-")) + str(index)


def denied(statements: Sequence[Statement]) -> list[Json]:
    """What a role of `deployment` may not do, whatever allows it, statement by statement."""
    return [deny(_sid(s, index), s.actions, s.resources, s.conditions) for index, s in enumerate(statements)]


def inline(name: str, statements: Sequence[Json]) -> list[iam.CfnRole.PolicyProperty]:
    """An inline policy, or none where there is nothing to allow."""
    if not statements:
        return []
    return [iam.CfnRole.PolicyProperty(policy_name=name, policy_document=document(statements))]


class Shares(NamedTuple):
    """The statements of a role's parts: those that stand in the role, and those that managed policies hold."""

    within: dict[str, list[Json]]
    beyond: list[tuple[str, list[Json]]]


def shared_out(parts: Mapping[str, Sequence[Json]]) -> Shares:
    """Fill the role with the parts in their order, and with the rest as many managed policies as it takes."""
    shares, written = Shares({}, []), 0
    for part, statements in parts.items():
        for statement in statements:
            written += characters(statement)
            if written <= INLINE_ROOM:
                shares.within.setdefault(part, []).append(statement)
                continue
            last = shares.beyond[-1] if shares.beyond else ("", [])
            if last[0] == part and characters([*last[1], statement]) <= MANAGED_ROOM:
                last[1].append(statement)
            else:
                shares.beyond.append((part, [statement]))
    return shares


def characters(statements: Any) -> int:
    """How long IAM calls a document or a part of one."""
    return len(json.dumps(statements, separators=(",", ":")))


def managed(stack: cdk.Stack, name: str, beyond: Sequence[tuple[str, Sequence[Json]]]) -> list[str]:
    """The managed policies of what has no place in the role of a function; gives what names them in a template."""
    return [
        iam.CfnManagedPolicy(
            stack,
            logical_id(name, f"FunctionPolicy{number}"),
            description=f"More of what is {part} of the function {name}.",
            path=f"/pilotlight/{part}/",
            policy_document=document(statements),
        ).ref
        for number, (part, statements) in enumerate(beyond, 1)
    ]


def trust(stack: Stack, service: str, source_arns: Sequence[str] = (), *, tags: bool = False) -> Json:
    """Who may assume a role: a service, on behalf of this account, and of the named resources if it says which.

    Lambda names no source when it assumes an execution role, so there the account alone is asked for. With `tags` it
    may tag the session.
    """
    conditions: dict[str, Json] = {"StringEquals": {"aws:SourceAccount": stack.account}}
    if source_arns:
        conditions["ArnLike"] = {"aws:SourceArn": list(source_arns)}
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": ["sts:AssumeRole", "sts:TagSession"] if tags else "sts:AssumeRole",
        "Condition": conditions,
    }
    return document([statement])


def from_service(stack: Stack, sid: str, service: str, actions: Sequence[str], resource: str, source: str) -> Json:
    """A statement of a resource policy that lets a service in, for this account's own sources alone."""
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": list(actions),
        "Resource": resource,
        "Condition": {"StringEquals": {"aws:SourceAccount": stack.account}, "ArnLike": {"aws:SourceArn": source}},
    }


def deny_without_tls(actions: Sequence[str], resource: str) -> Json:
    """A statement of a resource policy that turns everybody away who does not come over TLS."""
    return {
        "Sid": "OnlyOverTls",
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": list(actions),
        "Resource": resource,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
