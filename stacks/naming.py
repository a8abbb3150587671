"""Logical ids and ARNs, computed from physical names: the stacks hold no lookup, no export and no reference abroad."""

from __future__ import annotations

import re

from deployment.resources import Stack

DEFAULT_BUS = "default"


def logical_id(name: str, kind: str) -> str:
    """The logical id of what is named so: `pilotlight-ledger`, `Table` -> `PilotlightLedgerTable`.

    It depends on the physical name alone, so that moving code about never replaces a table or a health check.
    """
    return "".join(word[0].upper() + word[1:] for word in re.split(r"[^A-Za-z0-9]+", f"{name}-{kind}") if word)


def arn(stack: Stack, service: str, resource: str) -> str:
    """The ARN of a resource in the account and the region of the stack."""
    return f"arn:aws:{service}:{stack.region}:{stack.account}:{resource}"


def rule_arn(stack: Stack, name: str, bus: str) -> str:
    """The ARN of a rule: rules of the default bus carry no bus in it."""
    return arn(stack, "events", f"rule/{name}" if bus == DEFAULT_BUS else f"rule/{bus}/{name}")


def function_log_group(name: str) -> str:
    """Where Lambda writes what a function prints."""
    return f"/aws/lambda/{name}"


def machine_log_group(name: str) -> str:
    """Where a state machine's history goes; the prefix keeps the log delivery's resource policy from growing."""
    return f"/aws/vendedlogs/states/{name}"
