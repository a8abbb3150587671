"""Whether the deployed roles may do what `deployment` says they may: asked of IAM's simulator, which knows boundaries,
policies of the organization and whatever else was laid upon an account.

What is asked is what is described, statement by statement, so a permission that was taken away by hand shows here and
not in the run that needed it. A statement with conditions is asked with values that meet them.

Source: IAM API Reference, SimulatePrincipalPolicy: every action is answered for every resource, in pages.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from deployment import names
from deployment.permissions import Role, roles_of
from pilotlight.domain.errors import AccessDenied, NotFound
from pilotlight.domain.kind import Finding, Severity, Statement
from pilotlight.domain.plan import Plan
from pilotlight.domain.ports import Aws
from pilotlight.estate.service_roles import GLOBAL
from pilotlight.readiness.look import Look, unread

_NAMED_AT_MOST = 3


@dataclass
class _Tally:
    """What came of the roles so far: how many are as described, which are missing, whether IAM may be asked at all."""

    fine: int = 0
    missing: list[str] = field(default_factory=list)
    refused: bool = False


def permission_looks(plan: Plan, aws: Aws) -> Iterator[Look]:
    """One look for each role of the plan, and one at what they come to."""
    tally = _Tally()
    for role in roles_of(plan):
        title = f"What the {role.of} {role.name} in {role.region} may do"
        yield Look("permissions", title, partial(_of_role, plan, role, aws, tally))
    yield Look("permissions", "Whether Pilotlight is deployed as described", partial(_of_all, tally))


def _of_role(plan: Plan, role: Role, aws: Aws, tally: _Tally) -> Iterator[Finding]:
    if tally.refused:
        return
    try:
        arn = _arn_of(plan, role, aws)
        denied = [each for part in _parts(role.statements) for each in _denied(aws, arn, part)]
    except NotFound:
        tally.missing.append(f"{role.name} ({role.region})")
        return
    except AccessDenied as error:
        # Who may not ask about one may not ask about any: it is said once.
        tally.refused = True
        yield unread("what the deployed roles may do", error)
        return
    if not denied:
        tally.fine += 1
        return
    who = f"{role.of.capitalize()} {role.name} in {role.region}"
    more = f" and {len(denied) - _NAMED_AT_MOST} more" if len(denied) > _NAMED_AT_MOST else ""
    said = f"{who} may not {'; '.join(denied[:_NAMED_AT_MOST])}{more}."
    fix = "Deploy its stack again, or have the boundary or the organization's policy changed that forbids it."
    yield Finding(Severity.ERROR, "permission", said, fix)


def _of_all(tally: _Tally) -> Iterator[Finding]:
    if tally.fine:
        said = f"{tally.fine} deployed roles may do all that the plan has them do."
        yield Finding(Severity.FINE, "permission", said)
    if not tally.missing:
        return
    count, first = len(tally.missing), tally.missing[0]
    others = f" and {count - 1} more" if count > 1 else ""
    said = f"Pilotlight is not deployed as the plan says: there is no {first}{others}."
    yield Finding(Severity.ERROR, "not-deployed", said, "Run ./pilotlight deploy --all.")


def _arn_of(plan: Plan, role: Role, aws: Aws) -> str:
    """The ARN of the IAM role; raises `NotFound` where its function or machine is not there."""
    match role.of:
        case "function":
            answer = aws.call(
                "lambda", "GetFunctionConfiguration", role.region, FunctionName=role.name, Qualifier=names.ALIAS
            )
            return str(answer["Role"])
        case "state machine":
            machine = plan.place.arn("states", f"stateMachine:{role.name}", region=role.region)
            answer = aws.call("stepfunctions", "DescribeStateMachine", role.region, stateMachineArn=machine)
            return str(answer["roleArn"])
        case _:
            return f"arn:aws:iam::{plan.account}:role/{role.name}"


def _parts(statements: Iterable[Statement]) -> Iterator[tuple[Statement, ...]]:
    """The statements without conditions together, because one question can hold them all; the others one by one."""
    plain = tuple(each for each in statements if not each.conditions)
    if plain:
        yield plain
    yield from ((each,) for each in statements if each.conditions)


def _denied(aws: Aws, role: str, statements: tuple[Statement, ...]) -> Iterator[str]:
    """What of these statements the role may not do, in words."""
    wanted = [(a, r) for s in statements for a in s.actions for r in s.resources]
    decisions = _simulated(aws, role, wanted, _met(statements[0].conditions))
    for action, resource in dict.fromkeys(wanted):
        decision = decisions.get((action.lower(), resource), "")
        if decision != "allowed":
            yield f"{action} on {resource}{f' ({decision})' if decision else ''}"


def _simulated(
    aws: Aws, role: str, wanted: list[tuple[str, str]], context: list[dict[str, Any]]
) -> Mapping[tuple[str, str], str]:
    asked: dict[str, Any] = {
        "PolicySourceArn": role,
        "ActionNames": list(dict.fromkeys(action for action, _ in wanted)),
        "ResourceArns": list(dict.fromkeys(resource for _, resource in wanted)),
        **({"ContextEntries": context} if context else {}),
    }
    found: dict[tuple[str, str], str] = {}
    while True:
        answer = aws.call("iam", "SimulatePrincipalPolicy", GLOBAL, **asked)
        for each in answer.get("EvaluationResults", ()):
            key = each["EvalActionName"].lower(), each.get("EvalResourceName", "*")
            found[key] = _decision(each)
        if not answer.get("IsTruncated"):
            return found
        asked["Marker"] = answer["Marker"]


def _decision(result: Mapping[str, Any]) -> str:
    """What was decided, and by whom where it was not the role's own policies."""
    organization = result.get("OrganizationsDecisionDetail") or {}
    boundary = result.get("PermissionsBoundaryDecisionDetail") or {}
    if organization.get("AllowedByOrganizations") is False:
        return "forbidden by the organization"
    if boundary.get("AllowedByPermissionsBoundary") is False:
        return "forbidden by a permissions boundary"
    return str(result["EvalDecision"])


def _met(conditions: Mapping[str, Mapping[str, str | list[str]]]) -> list[dict[str, Any]]:
    """Values that meet conditions of text: those that are asked for, a pattern as it stands."""
    entries = []
    for keys in conditions.values():
        for key, values in keys.items():
            several = [values] if isinstance(values, str) else list(values)
            kind = "string" if isinstance(values, str) else "stringList"
            entries.append({"ContextKeyName": key, "ContextKeyValues": several, "ContextKeyType": kind})
    return entries
