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
        assert resource["Type"] not in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::User"), logical
        if resource["Type"] != "AWS::IAM::Role":
            continue
        assert "ManagedPolicyArns" not in resource["Properties"], f"{logical} takes a policy that is not ours"
        for policy in resource["Properties"]["Policies"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                if statement["Effect"] == "Deny":
                    continue
                assert {"NotAction", "NotResource"}.isdisjoint(statement), f"{logical} allows all but something"
                for action in statement["Action"]:
                    for named in statement["Resource"]:
                        yield Permission(logical, action, named)


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
