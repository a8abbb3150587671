"""The stacks of some plans: what regions share (foundations, watches, sentinels), and each plan's own.

An arming that may not be deployed yet raises `ArmingRefused` before anything is rendered.
"""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

from deployment.application import application
from deployment.foundation import foundation
from deployment.guard import guard
from deployment.observing import observers
from deployment.signals import signals
from pilotlight.domain.plan import Arming, Plan
from stacks.acknowledgements import acknowledge
from stacks.application_stack import ApplicationStack
from stacks.foundation_stack import FoundationStack
from stacks.guard_stack import GuardStack
from stacks.observers_stack import ObserversStack
from stacks.signals_stack import SignalsStack

ALLOW_AUTOMATIC = "pilotlight:allow-automatic"
"""The context flag that lifts the refusal. Tests set it; a deployment does not."""

DEPLOYABLE = (Arming.OBSERVE, Arming.MANUAL)


class ArmingRefused(Exception):
    """A plan asks for more than may be deployed; the text is the sentence for the user."""


def assemble(app: cdk.App, plans: Sequence[Plan]) -> None:
    """Put the stacks of the plans into the app, with the checks that every synthesis has to pass."""
    if not app.node.try_get_context(ALLOW_AUTOMATIC):
        for plan in plans:
            _refuse_what_acts_by_itself(plan)
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    foundations: dict[tuple[str, str], FoundationStack] = {}
    for described in observers(plans):
        acknowledge(ObserversStack(app, described))
    for plan in plans:
        home = (plan.account, plan.regions.standby)
        if home not in foundations:
            foundations[home] = FoundationStack(app, foundation(*home))
            acknowledge(foundations[home])
        acknowledge(ApplicationStack(app, application(plan), foundations[home]))
        for described in signals(plan):
            acknowledge(SignalsStack(app, described, foundations[home]))
        for described in guard(plan):
            acknowledge(GuardStack(app, described))


def _refuse_what_acts_by_itself(plan: Plan) -> None:
    if plan.arming not in DEPLOYABLE:
        raise ArmingRefused(
            f"{plan.application} is armed `{plan.arming.value}`, which may not be deployed because the quorum of "
            "observers and the fence of the old primary are not built yet; arm it `observe` or `manual`."
        )
