"""What a plan must be whose application only its own VPCs reach, and what a public one must be instead.

Written like the rules in `planfile.rules`, which says how they are asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from pilotlight.domain.durations import say_duration
from pilotlight.domain.plan import Arming
from pilotlight.domain.traffic import PrimaryCheck
from pilotlight.steps.check_http import CheckHttpParams
from planfile.draft import Draft
from planfile.faults import Complaint
from planfile.rules import reading

LONGEST_QUESTION = timedelta(seconds=5)
"""A function in the VPC is called for each question, and a call is waited for 8 s, which its start counts towards."""


@reading("network", "signals")
def who_looks_fits_who_may(draft: Draft) -> Iterator[Complaint]:
    """Route 53's checkers look from the internet: needed where they get in, blind where they do not."""
    check, private = draft.plan.signals.health_check, draft.plan.network.private
    if not private and check is None:
        sentence = (
            "The signals name no health_check, and a public application is looked at by Route 53 too; name the "
            "primary's own load balancer there, or say 'private: true' under network if only its VPCs reach it."
        )
        yield Complaint(("signals",), sentence, at_key=True)
    if private and check is not None:
        sentence = (
            "The application is private, and the checkers of Route 53 reach public endpoints only, so this health "
            "check would call it dark for ever; leave it out."
        )
        yield Complaint(("signals", "health_check"), sentence, at_key=True)


@reading("network", "regions")
def a_private_application_is_asked_from_its_vpcs(draft: Draft) -> Iterator[Complaint]:
    """Somebody has to stand where it can be reached: in the standby, and inside the primary."""
    network = draft.plan.network
    for role in ("primary", "standby"):
        if network.private and network.foothold(role) is None:
            sentence = (
                f"The application is private, and nothing says where it is asked from in the {role}; name subnets and "
                f"security groups under network.{role}."
            )
            yield Complaint(("network",), sentence, at_key=True)
    if network.private and network.witness and draft.plan.regions.witness is None:
        sentence = "The plan has no witness that could ask from a VPC; name it in regions.witness, or leave this out."
        yield Complaint(("network", "witness"), sentence, at_key=True)
    for role in ("primary", "standby", "witness"):
        if not network.private and network.foothold(role):
            sentence = (
                f"The application is public and is asked over the internet, so nobody would stand in the VPC of the "
                f"{role}; leave this out, or say 'private: true'."
            )
            yield Complaint(("network", role), sentence, at_key=True)


@reading("network", "regions", "arming")
def a_private_application_has_a_witness(draft: Draft) -> Iterator[Complaint]:
    """Peering, heartbeat and the voice from inside all cross from the primary to the standby, and are cut together."""
    plan = draft.plan
    if plan.network.private and plan.arming is Arming.STAGED and plan.regions.witness is None:
        sentence = (
            "Armed 'staged' without a witness, nothing tells a dark primary of a private application from a broken "
            "path between the two regions; name a third region in regions.witness, or arm 'manual'."
        )
        yield Complaint(("arming",), sentence)


@reading("network", "traffic")
def private_records_are_told_from_public_ones(draft: Draft) -> Iterator[Complaint]:
    """A private zone may have the name of a public one, and no health check of the primary is there to be joined."""
    traffic, private = draft.plan.traffic, draft.plan.network.private
    for index, record in enumerate(traffic.records if traffic and private else ()):
        if record.zone is None:
            sentence = (
                f"The record {record.name} is looked for in public zones, and a private application's stands in a "
                "private one; write the zone's id into zone."
            )
            yield Complaint(("traffic", "records", index), sentence)
        if record.primary_check is PrimaryCheck.JOINED:
            sentence = (
                f"The PRIMARY record {record.name} would join the primary's health check to the latch, and a private "
                "application has none; write 'latch'."
            )
            yield Complaint(("traffic", "records", index, "primary_check"), sentence)


@reading("network", "stages")
def a_question_inside_is_short(draft: Draft) -> Iterator[Complaint]:
    """The function that asks has to come back while it is waited for."""
    for placed in draft.steps() if draft.plan.network.private else ():
        if isinstance(placed.params, CheckHttpParams) and placed.params.timeout > LONGEST_QUESTION:
            sentence = (
                f"'{placed.name}' would wait {say_duration(placed.params.timeout)} for an answer, and inside a VPC "
                f"{say_duration(LONGEST_QUESTION)} is the most; make the timeout shorter."
            )
            yield Complaint((*placed.where, "params", "timeout"), sentence)


PRIVATE_RULES = (
    who_looks_fits_who_may,
    a_private_application_is_asked_from_its_vpcs,
    a_private_application_has_a_witness,
    private_records_are_told_from_public_ones,
    a_question_inside_is_short,
)
