"""What is said of a drill's copy that stands behind a load balancer of its own, whatever the copy is of.

What it stands in before a drill; whether it is there, is this run's, and is served; and why it has no stand-in.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol

from pilotlight.domain.standing_in import Refusal
from pilotlight.domain.step import Failed, Pending, Settled, Standing, StepContext
from pilotlight.estate.ec2.walls import WalledIn
from pilotlight.estate.elbv2.copied_balancer import CopiedBalancer
from pilotlight.estate.elbv2.copies import ACTIVE, FAILED, Balancer, forwards_to
from pilotlight.estate.marking import Thing


class Fronted(WalledIn, Protocol):
    """A copy as a plan asks for it."""

    @property
    def subnets(self) -> tuple[str, ...]:
        """Where it and its load balancer stand."""

    @property
    def load_balancer(self) -> CopiedBalancer:
        """What it is reached by."""


def standing_around(wanted: Fronted, who: str, region: str) -> tuple[Standing, ...]:
    """The walls of a copy, and where it stands; `who` says what it consists of."""
    walls = {
        "security_groups": list(wanted.security_groups),
        "egress": [each.model_dump() for each in wanted.egress],
    }
    front = {"security_groups": list(wanted.load_balancer.security_groups), "port": wanted.load_balancer.port}
    isolated = "They let the drilled application reach nothing but what the plan allows."
    reached = "They let those who check the drill reach its load balancer."
    held = f"The copy's {who} and load balancer stand there."
    return (
        Standing("ec2", "isolated security groups", region, walls, isolated),
        Standing("ec2", "security groups", region, front, reached),
        Standing("ec2", "subnets", region, {"subnets": list(wanted.subnets)}, held),
    )


def not_there(wanted: Fronted, accepted: datetime, shows_after: timedelta, context: StepContext) -> Pending | Failed:
    """What is said of a copy that was asked for and does not show whole: it may, for so long."""
    if context.now - accepted < shows_after:
        return Pending(f"Copy {wanted.copy_as} does not show yet.")
    reason = f"Copy {wanted.copy_as} is gone, and not by this run."
    return Failed(reason, "Find out who deletes it, then retry the step.")


def another_s(wanted: Fronted, things: Iterable[Thing], context: StepContext) -> Failed | None:
    """Why what stands is not what this run made."""
    for thing in things:
        if not thing.is_of_this_run(context):
            reason = f"Copy {wanted.copy_as} is not this run's, because {thing.what} {thing.owner}."
            return Failed(reason, "Find out whose it is, then start the drill again.")
    return None


def not_set_up(wanted: Fronted, balancer: Balancer) -> Failed | None:
    """Whether AWS gave up its load balancer."""
    if balancer.state != FAILED:
        return None
    reason = f"Load balancer {wanted.copy_as} could not be set up."
    return Failed(reason, "Read why in its state (describe-load-balancers), then start the drill again.")


def not_served(wanted: Fronted, balancer: Balancer, group: str, context: StepContext) -> Pending | None:
    """Whether its load balancer does not forward to that target group yet."""
    if balancer.state == ACTIVE and forwards_to(context, balancer.arn, wanted.load_balancer.port) == group:
        return None
    return Pending(f"Load balancer {wanted.copy_as} is {balancer.state} and does not serve yet.")


def behind(balancer: Balancer, seen: Settled | Pending | Failed) -> Settled | Pending | Failed:
    """How far a copy is, with where it is reached once it is whole."""
    if not isinstance(seen, Settled):
        return seen
    return Settled(f"{seen.reason[:-1]}, behind {balancer.host}.", {**seen.outputs, "host": balancer.host})


def copied_by_another(what: str) -> Refusal:
    """Why a step that makes a copy has no stand-in; `what` is the original, as a sentence begins."""
    return Refusal(
        f"{what} is copied by a step of its own, which is what a drill does in place of another step; name it under "
        "the drill's stand-ins, and not in a stage."
    )
