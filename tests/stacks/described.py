"""What is rendered in the tests: the samples, a run-book, and every plan of the repository at every arming."""

from __future__ import annotations

import atexit
import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import aws_cdk as cdk

from deployment.application import application
from deployment.foundation import foundation
from deployment.guard import guard
from deployment.observing import observers
from deployment.resources import Stack
from deployment.runbook import runbook
from deployment.signals import signals
from deployment.slack import hears_slack
from deployment.users import users
from pilotlight.domain.plan import Arming, Plan
from pilotlight.domain.policy import People
from planfile import load_any
from stacks.application_stack import ApplicationStack
from stacks.foundation_stack import FoundationStack
from stacks.guard_stack import GuardStack
from stacks.observers_stack import ObserversStack
from stacks.signals_stack import SignalsStack
from stacks.users_stack import UsersStack
from tests.builders import a_whole_runbook
from tests.private_fileflow import private_fileflow
from tests.stacks import samples

CHECKOUT = Path(__file__).resolve().parents[2]
CONTEXT = json.loads((CHECKOUT / "cdk.json").read_text())["context"]
WITHOUT_BUNDLING: dict[str, list[str]] = {"aws:cdk:bundling-stacks": []}
"""The dependency layer is built in test_layer.py alone: it needs a package index."""


@dataclass(frozen=True)
class Deployment:
    """The stacks of some plans, as they are described."""

    name: str
    foundation: Stack
    observers: tuple[Stack, ...]
    applications: tuple[Stack, ...]
    signals: tuple[Stack, ...]
    guards: tuple[Stack, ...] = ()
    users: tuple[Stack, ...] = ()

    @property
    def stacks(self) -> tuple[Stack, ...]:
        """All of them, what is depended upon first."""
        return (self.foundation, *self.observers, *self.applications, *self.signals, *self.guards, *self.users)

    @property
    def regions(self) -> tuple[str, ...]:
        """Where they stand."""
        return tuple(dict.fromkeys(stack.region for stack in self.stacks))


@cache
def plans() -> tuple[Plan, ...]:
    """Every failover plan of the repository; of what a run-book deploys, `a_whole_runbook` has all."""
    read = [load_any(path) for path in sorted((CHECKOUT / "plans").glob("*.yaml"))]
    return tuple(plan for plan in read if isinstance(plan, Plan))


def under_another_name(plan: Plan, application: str) -> Plan:
    """The plan as if it were another application's: its drill runs under the role of that name."""
    role = f"pilotlight-{plan.application}-drill-task"
    written = plan.model_dump_json(by_alias=True).replace(role, f"pilotlight-{application}-drill-task")
    return Plan.model_validate_json(written).model_copy(update={"application": application})


def private() -> Plan:
    """A plan whose application only its VPCs reach, and which hears people in Slack."""
    plan = private_fileflow(asked_from_witness=True)
    slack = plan.notifications.slack
    assert slack is not None
    there = plan.notifications.model_copy(update={"slack": slack.model_copy(update={"team": "T0123456789"})})
    anna, boris = (f"slack:T0123456789/U0{name}" for name in ("ANNA0001", "BORIS001"))
    people = People(approvers=(anna, boris), drillers=(anna,), starters=(anna,))
    named = under_another_name(plan, "private")
    return named.model_copy(update={"notifications": there, "people": people})


def deployment_of(plan: Plan, arming: Arming) -> Deployment:
    """The stacks of one plan at an arming."""
    armed = plan.model_copy(update={"arming": arming})
    return Deployment(
        f"{plan.application}-{arming.value}",
        foundation(plan.account, plan.regions.standby, hears=hears_slack(plan)),
        observers([armed]),
        (application(armed),),
        signals(armed),
        guard(armed),
        users(armed),
    )


@cache
def deployments() -> tuple[Deployment, ...]:
    """The samples, a run-book, each plan at each arming, and a private one that acts by itself."""
    sample = Deployment(
        "samples",
        samples.sample_foundation(),
        (),
        (samples.sample_application(),),
        (samples.sample_signals(),),
        users=(samples.sample_users(),),
    )
    mending = a_whole_runbook()
    home = foundation(mending.account, mending.region, watches=False)
    by_hand = Deployment("runbook", home, (), (runbook(mending),), ())
    of_plans = (deployment_of(plan, arming) for plan in plans() for arming in Arming)
    return (sample, by_hand, *of_plans, deployment_of(private(), Arming.AUTOMATIC))


@dataclass(frozen=True)
class Synthesized:
    """A deployment with its templates by stack name, and the directory that holds its assets."""

    deployment: Deployment
    templates: dict[str, dict[str, Any]]
    assembly: Path

    def manifest(self, stack: Stack) -> dict[str, Any]:
        """What a stack's assets are and where they go."""
        content: dict[str, Any] = json.loads((self.assembly / f"{stack.name}.assets.json").read_text())
        return content

    def resources(self, stack: Stack, kind: str) -> dict[str, Any]:
        """The resources of a stack of one CloudFormation type, by logical id."""
        found = self.templates[stack.name]["Resources"]
        return {logical: resource for logical, resource in found.items() if resource["Type"] == kind}


def an_app(**context: object) -> cdk.App:
    """An app with the feature flags of cdk.json, whose files are gone when the tests are over."""
    output = tempfile.mkdtemp(prefix="pilotlight-assembly-")
    atexit.register(shutil.rmtree, output, ignore_errors=True)
    return cdk.App(analytics_reporting=False, context={**CONTEXT, **WITHOUT_BUNDLING, **context}, outdir=output)


@cache
def synthesized(name: str) -> Synthesized:
    """The templates of a deployment, made once in a test process."""
    deployment = next(d for d in deployments() if d.name == name)
    app = an_app()
    first = FoundationStack(app, deployment.foundation)
    for described in deployment.observers:
        ObserversStack(app, described)
    for described in deployment.applications:
        ApplicationStack(app, described, first)
    for described in deployment.signals:
        SignalsStack(app, described, first)
    for described in deployment.guards:
        GuardStack(app, described)
    for described in deployment.users:
        UsersStack(app, described)
    app.synth()
    assembly = Path(app.outdir)
    templates = {
        stack.name: json.loads((assembly / f"{stack.name}.template.json").read_text()) for stack in deployment.stacks
    }
    return Synthesized(deployment, templates, assembly)


def names(of: Sequence[Deployment]) -> list[str]:
    """Their names, to tell parametrized tests apart."""
    return [deployment.name for deployment in of]
