"""Every permission and every trust in a template, found by walking it and not by knowing where they stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Permission:
    """One action on one resource that a role may take."""

    role: str
    action: str
    resource: str


def permissions(template: Mapping[str, Any]) -> Iterator[Permission]:
    """Every action on every resource that a role of the template may take; refuses what it cannot read.

    What a role is denied is passed over, so that it is never shown to be allowed less than it may be.
    """
    for logical, resource in template["Resources"].items():
        assert resource["Type"] not in ("AWS::IAM::Policy", "AWS::IAM::User"), logical
        if resource["Type"] != "AWS::IAM::Role":
            continue
        for statement in statements_held(template, logical):
            if statement["Effect"] == "Deny":
                continue
            assert {"NotAction", "NotResource"}.isdisjoint(statement), f"{logical} allows all but something"
            for action in statement["Action"]:
                for named in statement["Resource"]:
                    yield Permission(logical, action, named)


def statements_held(template: Mapping[str, Any], role: str, *parts: str) -> list[Mapping[str, Any]]:
    """The statements of a role's parts, of all of them unless parts are named: first its own, then what continues it.

    Refuses a managed policy that is not made in the same template, and one that other roles could take.
    """
    resources = template["Resources"]
    found = [(p["PolicyName"], p["PolicyDocument"]) for p in resources[role]["Properties"].get("Policies", ())]
    for named in resources[role]["Properties"].get("ManagedPolicyArns", ()):
        policy = resources[named["Ref"]]["Properties"]
        assert set(policy) == {"Description", "Path", "PolicyDocument"}, f"{role} takes a policy that is not ours"
        found.append((policy["Path"].split("/")[2], policy["PolicyDocument"]))
    return [s for part, document in found if not parts or part in parts for s in document["Statement"]]


def statements_about_services(value: Any) -> Iterator[Mapping[str, Any]]:
    """Every statement, in whatever policy, that lets an AWS service in."""
    match value:
        case {"Principal": {"Service": _}, "Effect": "Allow"}:
            yield value
        case dict():
            for item in value.values():
                yield from statements_about_services(item)
        case list():
            for item in value:
                yield from statements_about_services(item)


def texts(value: Any, where: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every text in a template, with the keys that lead to it."""
    match value:
        case str():
            yield where, value
        case dict():
            for key, item in value.items():
                yield from texts(item, (*where, key))
        case list():
            for index, item in enumerate(value):
                yield from texts(item, (*where, str(index)))
