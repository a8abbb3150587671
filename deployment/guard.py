"""The stack of one application's guard, in its primary region: it keeps the old primary closed when that comes back.

Where the plan has global tables, what remembers how far they are behind stands in it too.

Under the arming `observe` it holds no permission to close anything. Its mode is a parameter that a person in the
primary region can set without any other region.
"""

from __future__ import annotations

from datetime import timedelta

from deployment import names
from deployment.foundation import function_errors
from deployment.latency import latency
from deployment.resources import Function, FunctionTarget, MetricAlarm, Parameter, Queue, Resource, Rule, Stack, Topic
from deployment.running import PLAN_FILE, moves_writers, step_statements
from deployment.tombstones import reading_tombstones
from pilotlight.domain.plan import Plan
from pilotlight.domain.step import Access, Statement
from pilotlight.steps import kind


def guard(plan: Plan) -> tuple[Stack, ...]:
    """The guard's stack; none for a plan that closes nothing."""
    kinds = dict.fromkeys(step.kind for step in plan.steps().values())
    fences = [name for name in kinds if kind(name).fences]
    if not fences:
        return ()
    function = _function(plan, fences, [name for name in kinds if moves_writers(plan, name)])
    queue = Queue(f"{function.name}-lost")
    tick = Rule(
        name=f"{function.name}-tick",
        description=f"Looks each minute whether {plan.application} was moved, and keeps its old primary closed.",
        bus="default",
        target=FunctionTarget(
            _arn(plan, "lambda", f"function:{function.name}:{names.ALIAS}"),
            _arn(plan, "sqs", queue.name),
            maximum_age=timedelta(minutes=1),
            retries=0,
        ),
        schedule="rate(1 minute)",
    )
    mode = Parameter(
        names.guard_mode(plan.application),
        f"What the guard of {plan.application} may do: observe, enforce, or disarmed.",
        "observe",
    )
    copy = Parameter(names.guard_copy(plan.application), f"The notes that the guard of {plan.application} holds.", "{}")
    alerts = _alerts(plan, function)
    topic_arn, queue_arn = _arn(plan, "sns", names.guard_alerts(plan.application)), _arn(plan, "sqs", queue.name)
    remembering = latency(plan, PLAN_FILE, topic_arn, queue_arn)
    resources: tuple[Resource, ...] = (function, queue, tick, mode, copy, *alerts, *remembering)
    return (Stack(names.guard_stack(plan.application), plan.regions.primary, plan.account, resources),)


def _alerts(plan: Plan, function: Function) -> tuple[Resource, ...]:
    """A topic of the primary region, so that people hear of a broken guard without any other region."""
    topic = Topic(names.guard_alerts(plan.application))
    topic_arn = _arn(plan, "sns", topic.name)
    silent = MetricAlarm(
        name=f"{function.name}-silent",
        description=f"Nobody has looked for five minutes whether {plan.application} was moved; see the guard's tick.",
        namespace="AWS/Lambda",
        metric="Invocations",
        dimensions={"FunctionName": function.name},
        statistic="Sum",
        threshold=1,
        comparison="LessThanThreshold",
        missing="breaching",
        periods=5,
        notify=(topic_arn,),
    )
    return (topic, silent, function_errors(function.name, topic_arn))


def _function(plan: Plan, fences: list[str], movers: list[str]) -> Function:
    application = plan.application
    mode, copy = (_arn(plan, "ssm", f"parameter{name(application)}") for name in (names.guard_mode, names.guard_copy))
    closing = [s for name in fences for s in step_statements(plan, name)]
    looking = [s for name in movers for s in step_statements(plan, name) if s.access is Access.READ]
    wanted = [*closing, *looking]
    return Function(
        name=names.guard_function(application),
        description=f"Keeps the old primary of {application} closed once it was moved.",
        handler="pilotlight.handlers.guard",
        statements=(
            *reading_tombstones(plan),
            Statement(Access.READ, ("ssm:GetParameter",), (mode, copy)),
            Statement(Access.WRITE, ("ssm:PutParameter",), (copy,)),
            *(s for i, s in enumerate(wanted) if s not in wanted[:i]),
        ),
        environment={
            "PILOTLIGHT_PLAN_FILE": PLAN_FILE,
            "PILOTLIGHT_TOMBSTONES_TABLE": names.TOMBSTONES_TABLE,
            "PILOTLIGHT_GUARD_MODE": names.guard_mode(application),
            "PILOTLIGHT_GUARD_COPY": names.guard_copy(application),
        },
        timeout=timedelta(seconds=55),
        plan=plan.snapshot(),
    )


def _arn(plan: Plan, service: str, resource: str) -> str:
    return plan.place.arn(service, resource, region=plan.regions.primary)
