"""The stacks of some plans: what regions share (foundations, watches, sentinels), and each plan's own.

A plan that acts by itself and has no fitting back-test record raises `ArmingRefused` before anything is rendered.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

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
from stacks.signals_stack import SignalsStack
from stacks.users_stack import UsersStack


class ArmingRefused(Exception):
    """A plan asks for more than may be deployed; the text is the sentence for the user."""


def assemble(app: cdk.App, plans: Sequence[Plan | Runbook], records: Path) -> None:
    """Put the stacks of the plans into the app, with the checks that every synthesis has to pass.

    Parameters: `records` is the folder of the plans, where their back-test records stand.
    """
    failovers = [plan for plan in plans if isinstance(plan, Plan)]
    for plan in failovers:
        refusal = missing_record(plan, records)
        if refusal:
            raise ArmingRefused(refusal)
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    foundations: dict[tuple[str, str], FoundationStack] = {}
    for described in observers(failovers):
        acknowledge(ObserversStack(app, described))
    watching = {(plan.account, plan.regions.standby) for plan in failovers}
    hearing = {(plan.account, plan.place.standby) for plan in plans if hears_slack(plan)}
    for plan in plans:
        home = (plan.account, plan.place.standby)
        if home not in foundations:
            foundations[home] = FoundationStack(app, foundation(*home, watches=home in watching, hears=home in hearing))
            acknowledge(foundations[home])
        described = runbook(plan) if isinstance(plan, Runbook) else application(plan)
        acknowledge(ApplicationStack(app, described, foundations[home]))
    for plan in failovers:
        _assemble_around(app, plan, foundations[plan.account, plan.regions.standby])


def _assemble_around(app: cdk.App, plan: Plan, foundation: FoundationStack) -> None:
    """What a failover plan has beside its controller."""
    for described in signals(plan):
        acknowledge(SignalsStack(app, described, foundation))
    for described in guard(plan):
        acknowledge(GuardStack(app, described))
    for described in users(plan):
        acknowledge(UsersStack(app, described))
    for described in drill(plan):
        acknowledge(DrillStack(app, described, foundation))
