"""What a plan must be to the resources that it names: each once, acted on by one step, all of the plan's own account.

Written like the rules in `planfile.rules`, which says how they are asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pilotlight.domain.stages import AwaitStep
from pilotlight.domain.step import Access
from planfile.document import places_of
from planfile.draft import AnyDraft, Draft, Placed
from planfile.faults import Complaint, Where
from planfile.rules import reading
from planfile.step_rules import role_of

_ACTED_ON = re.compile(
    r":(service/|autoScalingGroup:|db:|global-cluster:|replicationgroup:|serverlesscache:|nodegroup/|parameter/"
    r"|event-source-mapping:|rule/)"
)
"""How ARNs name what a step brings into its state (Service Authorization Reference, by service); what it writes beside
that, like a subnet group, several steps may share."""

_ACCOUNT = re.compile(r"arn:aws[a-z-]*:[a-z0-9-]*:[a-z0-9-]*:(\d{12}):")
"""The account in an ARN (AWS General Reference, "Amazon Resource Names (ARNs)")."""

_WORDS = frozenset({"command"})
"""The lists whose entries are words in their order, of which one may well come twice."""

_ORIGINS = {"promote_replica": "promotes", "restore_database": "restores"}
"""The kinds that make an instance what it is. An instance that is a replica needs no restoring, and a restored one has
nobody to be promoted from."""


@reading("stages", "application", "account", "regions")
def a_resource_is_acted_on_once(draft: Draft) -> Iterator[Complaint]:
    """Two steps that bring one resource into a state of their own would contradict each other."""
    seen: dict[tuple[str, str], Placed] = {}
    for placed in draft.steps():
        for resource in _acted_on(placed, draft):
            first = seen.setdefault((_kind(placed), resource), placed)
            if first.name != placed.name and _title(first) != _title(placed):
                sentence = (
                    f"'{placed.name}' acts on {_named(resource)}, and '{first.name}' in stage {first.stage.value} "
                    "already does; make one step of the two."
                )
                yield Complaint((*placed.where, role_of(placed)), sentence)
                break


@reading("stages", "application", "account", "regions")
def an_instance_is_promoted_or_restored(draft: Draft) -> Iterator[Complaint]:
    """One database instance cannot be both a replica and a copy out of a backup."""
    seen: dict[str, Placed] = {}
    for placed in draft.steps():
        for resource in _acted_on(placed, draft) if _kind(placed) in _ORIGINS else ():
            first = seen.setdefault(resource, placed)
            if _kind(first) != _kind(placed):
                sentence = (
                    f"'{placed.name}' {_ORIGINS[_kind(placed)]} {_named(resource)}, and '{first.name}' in stage "
                    f"{first.stage.value} {_ORIGINS[_kind(first)]} it; keep the one that fits the instance."
                )
                yield Complaint((*placed.where, role_of(placed)), sentence)
                break


@reading("objectives")
def a_resource_is_promised_once(draft: Draft) -> Iterator[Complaint]:
    """Of two promises about one resource nobody could say which is kept."""
    seen: set[str] = set()
    for index, promised in enumerate(draft.plan.objectives.resources):
        if promised.resource in seen:
            sentence = f"'{promised.resource}' has its objectives above already; make one entry of the two."
            yield Complaint(("objectives", "resources", index, "resource"), sentence)
        seen.add(promised.resource)


@reading()
def a_list_names_each_thing_once(draft: AnyDraft) -> Iterator[Complaint]:
    """A thing that a list names twice is one thing, and the other that was meant is missing."""
    unsound = {(*placed.where, "params") for placed in draft.steps() if placed.params is None}
    for where, values in _written(draft):
        if where in unsound:
            continue
        for inside, listed in places_of(values):
            if not isinstance(listed, list | tuple) or inside[-1] in _WORDS:
                continue
            named = [item for item in listed if isinstance(item, str)]
            for index, item in enumerate(listed):
                if item in named and item in listed[:index]:
                    sentence = f"'{item}' is in this list already; remove it, or name the one that was meant."
                    yield Complaint((*where, *inside, index), sentence)


@reading("account")
def every_arn_is_of_the_account(draft: AnyDraft) -> Iterator[Complaint]:
    """The controller's roles reach into no other account."""
    for where, values in _written(draft):
        for inside, value in places_of(values):
            found = _ACCOUNT.match(value) if isinstance(value, str) else None
            if found and found[1] != draft.plan.account:
                sentence = (
                    f"'{value}' is of the account {found[1]}, and the application's is {draft.plan.account}; name a "
                    "resource of that account, for the controller reaches into no other."
                )
                yield Complaint((*where, *inside), sentence)


def _written(draft: AnyDraft) -> Iterator[tuple[Where, Any]]:
    """The parameters of all steps and requirements as they are written, each with its place."""
    for placed in draft.entries:
        if not isinstance(placed.entry, AwaitStep):
            yield (*placed.where, "params"), placed.entry.params
    if "requirements" not in draft.unread:
        for index, requirement in enumerate(draft.plan.requirements):
            yield ("requirements", index, "params"), requirement.params


def _acted_on(placed: Placed, draft: Draft) -> Iterator[str]:
    """The ARNs of what a step brings into its state."""
    if placed.kind is None or placed.params is None:
        return
    for statement in placed.kind.statements(placed.params, draft.plan.place):
        if statement.access is Access.WRITE:
            yield from (arn for arn in statement.resources if _ACTED_ON.search(arn))


def _kind(placed: Placed) -> str:
    return placed.kind.name if placed.kind else ""


def _title(placed: Placed) -> str:
    return placed.kind.title(placed.params) if placed.kind and placed.params else ""


def _named(arn: str) -> str:
    """The resource in an ARN, as a plan names it."""
    resource = arn.split(":", 5)[5].removesuffix("/*")
    return resource.rpartition(":")[2].partition("/")[2] if "/" in resource else resource.rpartition(":")[2]


RESOURCE_RULES = (
    a_resource_is_acted_on_once,
    an_instance_is_promoted_or_restored,
    a_resource_is_promised_once,
)
RESOURCE_RULES_OF_ANY = (a_list_names_each_thing_once, every_arn_is_of_the_account)
