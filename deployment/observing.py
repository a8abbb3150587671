"""Those who look at primaries for all applications: a probe in each region that observes, a heartbeat in each primary.

None of them is part of an application's deployment, so a deployment that goes wrong does not silence them. A region
that observes has one stack, whether it is a standby, a witness or both; a pair of primary and standby has one sentinel.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from deployment import names
from deployment.foundation import table_arn
from deployment.inside import asking_for_all
from deployment.resources import Function, FunctionTarget, Parameter, Queue, Rule, Stack, Table
from pilotlight.domain.plan import Plan
from pilotlight.domain.step import Access, Statement
from pilotlight.domain.watching import Watched, pulse_of

MEMORY_MEGABYTES = 256
"""A probe mostly waits, for all of each minute; its memory is what it costs."""


def observers(plans: Sequence[Plan]) -> tuple[Stack, ...]:
    """The stacks that look for these plans, each region and each pair once."""
    asking: dict[tuple[str, str], bool] = {}
    for plan in plans:
        for role, region in observing_roles(plan).items():
            home = (plan.account, region)
            asking[home] = asking.get(home, False) or (plan.network.private and plan.is_asked_from(role))
    pairs = dict.fromkeys((p.account, p.regions.primary, p.regions.standby) for p in plans)
    return (*(watch(*home, asks_inside=asks) for home, asks in asking.items()), *(sentinel(*pair) for pair in pairs))


def observing_regions(plan: Plan) -> tuple[str, ...]:
    """Where a plan's primary is looked at from by a probe."""
    return tuple(observing_roles(plan).values())


def observing_roles(plan: Plan) -> dict[str, str]:
    """The same, by role."""
    regions = plan.regions
    return {"standby": regions.standby} | ({"witness": regions.witness} if regions.witness else {})


def watch(account: str, region: str, *, asks_inside: bool = False) -> Stack:
    """The probe of one region, the table where it keeps what it saw, and the notes on the writers that moved.

    Parameters: `asks_inside` lets the probe have those functions ask that stand in VPCs of the region.
    """
    queue = Queue(names.LOST_LOOKS_QUEUE)
    resources = (
        Table(names.SIGNALS_TABLE),
        Table(names.TOMBSTONES_TABLE),
        queue,
        _probe(account, region, (asking_for_all(account, region),) if asks_inside else ()),
        _each_minute(
            account, region, names.PROBE_FUNCTION, queue, "Lets the probe look at the primaries that it is to look at."
        ),
    )
    return Stack(names.watch_stack(region), region, account, resources)


def sentinel(account: str, primary: str, standby: str) -> Stack:
    """The heartbeat of a primary region into one standby."""
    function, queue = names.heartbeat_function(standby), Queue(names.lost_beats_queue(standby))
    resources = (
        queue,
        _heartbeat(account, primary, standby),
        _each_minute(account, primary, function, queue, f"Sends a beat of {primary} to {standby}."),
    )
    return Stack(names.sentinel_stack(primary, standby), primary, account, resources)


def watched_parameter(plan: Plan, role: str) -> Parameter:
    """What tells the probe in the region of a role how to look at the plan's primary."""
    return Parameter(
        name=names.probe_parameter(plan.application),
        description=f"How the probe of this region looks at the primary of {plan.application}.",
        value=Watched.of(plan, role, names.inside_function(plan.application)).model_dump_json(),
    )


def _probe(account: str, region: str, asking: Sequence[Statement]) -> Function:
    table = table_arn(region, account, names.SIGNALS_TABLE)
    own_items = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["probe#*"]}}
    return Function(
        name=names.PROBE_FUNCTION,
        description="Looks at the primaries of all applications that this region observes, four times a minute.",
        handler="pilotlight.handlers.probe",
        statements=(
            Statement(
                Access.READ,
                ("ssm:GetParametersByPath",),
                (f"arn:aws:ssm:{region}:{account}:parameter{names.PROBES_PATH}",),
            ),
            Statement(Access.READ, ("dynamodb:GetItem",), (table,), own_items),
            Statement(Access.WRITE, ("dynamodb:PutItem",), (table,), own_items),
            # One probe looks for every standby, and which ones they are is known to the parameters alone.
            Statement(Access.WRITE, ("events:PutEvents",), (f"arn:aws:events:*:{account}:event-bus/{names.BUS}",)),
            *asking,
        ),
        environment={
            "PILOTLIGHT_SIGNALS_TABLE": names.SIGNALS_TABLE,
            "PILOTLIGHT_PROBES_PATH": names.PROBES_PATH,
            "PILOTLIGHT_BUS": names.BUS,
        },
        timeout=timedelta(seconds=90),
        memory_megabytes=MEMORY_MEGABYTES,
        reserved_concurrency=2,
    )


def _heartbeat(account: str, primary: str, standby: str) -> Function:
    table = table_arn(standby, account, names.SIGNALS_TABLE)
    own_item = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [pulse_of(primary)]}}
    return Function(
        name=names.heartbeat_function(standby),
        description=f"Proves to {standby} each minute that {primary} can run a function and reach it.",
        handler="pilotlight.handlers.heartbeat",
        statements=(
            Statement(Access.READ, ("dynamodb:GetItem",), (table,), own_item),
            Statement(Access.WRITE, ("dynamodb:PutItem",), (table,), own_item),
        ),
        environment={"PILOTLIGHT_SIGNALS_TABLE": names.SIGNALS_TABLE, "PILOTLIGHT_STANDBY": standby},
        memory_megabytes=MEMORY_MEGABYTES,
    )


def _each_minute(account: str, region: str, function: str, queue: Queue, description: str) -> Rule:
    arn = f"arn:aws:lambda:{region}:{account}:function:{function}:{names.ALIAS}"
    queue_arn = f"arn:aws:sqs:{region}:{account}:{queue.name}"
    return Rule(
        name=f"{function}-tick",
        description=description,
        bus="default",
        target=FunctionTarget(arn, queue_arn, maximum_age=timedelta(minutes=1), retries=0),
        schedule="rate(1 minute)",
    )
