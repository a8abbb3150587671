"""Those who ask for a private application from inside its VPCs, and the voice that is heard in the standby.

The function that stands in a VPC calls no AWS API: it is called, asks, and hands back what it got. So its VPC needs
neither endpoints nor a way to the internet for it, and its role holds nothing but what Lambda needs to put it there.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from deployment import names
from deployment.foundation import table_arn
from deployment.resources import Function, FunctionTarget, Queue, Resource, Rule
from pilotlight.domain.network import Foothold
from pilotlight.domain.plan import AnyPlan, Plan
from pilotlight.domain.step import Access, Statement
from pilotlight.domain.watching import voice_of
from pilotlight.steps import kind_and_params

MEMORY_MEGABYTES = 256
"""It mostly waits for an answer."""


def inside(plan: Plan, role: str, plan_file: str) -> tuple[Function, ...]:
    """The function in the VPC of the region of a role; none where nobody stands there."""
    foothold = plan.network.foothold(role)
    return (_function(plan, role, foothold, plan_file),) if plan.network.private and foothold else ()


def asking_inside(plan: AnyPlan, region: str) -> tuple[Statement, ...]:
    """The right to have the function in the VPC of a region ask; nothing for one that is public, nor for a run-book."""
    if not isinstance(plan, Plan) or not plan.network.private:
        return ()
    return (Statement(Access.WRITE, ("lambda:InvokeFunction",), (_arn(plan, region, names.inside_function),)),)


def asking_for_all(account: str, region: str) -> Statement:
    """The same right for the one probe of a region: named one by one, 200 functions would not fit into its role."""
    every = f"arn:aws:lambda:{region}:{account}:function:{names.inside_function('*')}:{names.ALIAS}"
    return Statement(Access.WRITE, ("lambda:InvokeFunction",), (every,))


def asking_of_steps(plan: AnyPlan, kind_name: str) -> tuple[Statement, ...]:
    """The same for the steps of one kind, if they ask the standby's own application."""
    of_kind = [kind_and_params(step) for step in plan.steps().values() if step.kind == kind_name]
    asked = [s for its_kind, params in of_kind for s in its_kind.standing(params, plan.place)]
    return asking_inside(plan, plan.place.standby) if any(s.service == "internet" for s in asked) else ()


def voice(plan: Plan, plan_file: str) -> tuple[Resource, ...]:
    """What has the application asked for inside its primary each minute, and says in the standby what was seen."""
    if not plan.network.private:
        return ()
    primary, application = plan.regions.primary, plan.application
    queue = Queue(f"pilotlight-{application}-lost-words")
    tick = Rule(
        name=f"{names.voice_function(application)}-tick",
        description=f"Lets the probe inside the primary of {application} be heard in {plan.regions.standby}.",
        bus="default",
        target=FunctionTarget(
            _arn(plan, primary, names.voice_function),
            plan.place.arn("sqs", queue.name, region=primary),
            maximum_age=timedelta(minutes=1),
            retries=0,
        ),
        schedule="rate(1 minute)",
    )
    return (queue, _voice(plan, plan_file), tick)


def _function(plan: Plan, role: str, foothold: Foothold, plan_file: str) -> Function:
    return Function(
        name=names.inside_function(plan.application),
        description=f"Asks for {plan.application} from the VPC of the {role}, what its plan names and nothing else.",
        handler="pilotlight.handlers.inside",
        statements=(),
        environment={"PILOTLIGHT_PLAN_FILE": plan_file},
        memory_megabytes=MEMORY_MEGABYTES,
        plan=plan.snapshot(),
        foothold=foothold,
    )


def _voice(plan: Plan, plan_file: str) -> Function:
    standby, application = plan.regions.standby, plan.application
    table = table_arn(standby, plan.account, names.SIGNALS_TABLE)
    own_item = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [voice_of(application)]}}
    return Function(
        name=names.voice_function(application),
        description=f"Says each minute in {standby} what is seen of {application} inside its primary.",
        handler="pilotlight.handlers.voice",
        statements=(
            *asking_inside(plan, plan.regions.primary),
            Statement(Access.READ, ("dynamodb:GetItem",), (table,), own_item),
            Statement(Access.WRITE, ("dynamodb:PutItem",), (table,), own_item),
        ),
        environment={
            "PILOTLIGHT_PLAN_FILE": plan_file,
            "PILOTLIGHT_SIGNALS_TABLE": names.SIGNALS_TABLE,
            "PILOTLIGHT_INSIDE_FUNCTION": names.inside_function(application),
        },
        memory_megabytes=MEMORY_MEGABYTES,
        plan=plan.snapshot(),
    )


def _arn(plan: AnyPlan, region: str, name: Callable[[str], str]) -> str:
    return plan.place.arn("lambda", f"function:{name(plan.application)}:{names.ALIAS}", region=region)
