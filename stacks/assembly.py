"""The stacks of some plans: what regions share (foundations, watches, sentinels), and each plan's own.

They pass cdk-nag wherever the CDK validates templates: in what deploys, and wherever `CDK_VALIDATION` is not `false`.
Its start takes a fifth of the time of one plan. A plan that acts by itself and has no fitting back-test record raises
`ArmingRefused` before anything is rendered.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import aws_cdk as cdk

from backtest.record import missing_record
from deployment.application import application
from deployment.drill import drill
from deployment.foundation import foundation
from deployment.guard import guard
from deployment.observing import observers
from deployment.runbook import runbook
from deployment.signals import signals
from deployment.slack import hears_slack
from deployment.users import users
from pilotlight.domain.plan import Plan
from pilotlight.domain.runbook import Runbook
from stacks.acknowledgements import acknowledge
from stacks.application_stack import ApplicationStack
from stacks.drill_stack import DrillStack
from stacks.foundation_stack import FoundationStack
from stacks.guard_stack import GuardStack
from stacks.observers_stack import ObserversStack
from stacks.rendering import RenderedStack
from stacks.signals_stack import SignalsStack
from stacks.users_stack import UsersStack


class ArmingRefused(Exception):
    """A plan asks for more than may be deployed; the text is the sentence for the user."""


def assemble(app: cdk.App, plans: Sequence[Plan | Runbook], records: Path) -> None:
    """Put the stacks of the plans into the app, with the checks that they have to pass to be deployed.

    Parameters: `records` is the folder of the plans, where their back-test records stand.
    """
    failovers = [plan for plan in plans if isinstance(plan, Plan)]
    for plan in failovers:
        refusal = missing_record(plan, records)
        if refusal:
            raise ArmingRefused(refusal)
    foundations: dict[tuple[str, str], FoundationStack] = {}
    for described in observers(failovers):
        ObserversStack(app, described)
    watching = {(plan.account, plan.regions.standby) for plan in failovers}
    hearing = {(plan.account, plan.place.standby) for plan in plans if hears_slack(plan)}
    for plan in plans:
        home = (plan.account, plan.place.standby)
        if home not in foundations:
            foundations[home] = FoundationStack(app, foundation(*home, watches=home in watching, hears=home in hearing))
        described = runbook(plan) if isinstance(plan, Runbook) else application(plan)
        ApplicationStack(app, described, foundations[home])
    for plan in failovers:
        _assemble_around(app, plan, foundations[plan.account, plan.regions.standby])
    if os.environ.get("CDK_VALIDATION") != "false":
        _check(app)


def _check(app: cdk.App) -> None:
    """Have cdk-nag look at all stacks, but for what it would find and is meant so."""
    from cdk_nag import AwsSolutionsChecks

    for stack in app.node.children:
        if isinstance(stack, RenderedStack):
            acknowledge(stack)
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))


def _assemble_around(app: cdk.App, plan: Plan, foundation: FoundationStack) -> None:
    """What a failover plan has beside its controller."""
    for described in signals(plan):
        SignalsStack(app, described, foundation)
    for described in guard(plan):
        GuardStack(app, described)
    for described in users(plan):
        UsersStack(app, described)
    for described in drill(plan):
        DrillStack(app, described, foundation)
