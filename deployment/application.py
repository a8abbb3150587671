"""The stack of one application in its standby region: its functions, its machine, its rule and its tick.

What the arming level may not do is in no role here: `observe` gets no write on the application, and only `staged` and
`automatic` let the detector start the machine.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta

from deployment import names
from deployment.alarms import alarm_pattern, application_alarms
from deployment.foundation import table_arn
from deployment.inside import asking_inside, asking_of_steps, inside
from deployment.latch import latch
from deployment.observing import observing_regions, watched_parameter
from deployment.readiness import readiness
from deployment.resources import Function, FunctionTarget, Resource, Rule, Stack, StateMachine
from deployment.tombstones import reading_tombstones, writing_tombstones
from pilotlight.domain.plan import Arming, Plan
from pilotlight.domain.step import Access, Statement
from pilotlight.domain.watching import SIGHT_CHANGED, SOURCE
from pilotlight.steps import kind_and_params
from stepfunctions.assemble import Functions, assemble

PLAN_FILE = "/opt/pilotlight/plan.json"
_SECRETS = {"secretsmanager:GetSecretValue", "kms:Decrypt"}
_TOMBSTONES = {"PILOTLIGHT_TOMBSTONES_TABLE": names.TOMBSTONES_TABLE}
_ENVIRONMENT = {
    "PILOTLIGHT_LEDGER_TABLE": names.LEDGER_TABLE,
    "PILOTLIGHT_CONTROL_TABLE": names.CONTROL_TABLE,
    "PILOTLIGHT_SIGNALS_TABLE": names.SIGNALS_TABLE,
    "PILOTLIGHT_PLAN_FILE": PLAN_FILE,
}


def application(plan: Plan) -> Stack:
    """Everything of one plan that stands in its standby region."""
    kinds = dict.fromkeys(step.kind for step in plan.steps().values())
    steps = {kind_name: _step_function(plan, kind_name) for kind_name in kinds}
    looker, hourly = readiness(plan, _ENVIRONMENT, _journal(plan))
    own = [_detector(plan), _opener(plan, steps.values()), _closer(plan, steps), _listener(plan), looker]
    functions = [*own, *inside(plan, "standby", PLAN_FILE), *steps.values()]
    resources: tuple[Resource, ...] = (
        watched_parameter(plan, "standby"),
        *functions,
        _machine(plan),
        *_rules(plan),
        hourly,
        *application_alarms(plan, functions),
        *latch(plan, PLAN_FILE),
    )
    return Stack(names.application_stack(plan.application), plan.regions.standby, plan.account, resources)


def step_statements(plan: Plan, kind_name: str) -> tuple[Statement, ...]:
    """What the steps of one kind may do under the plan's arming: under `observe` they may only look."""
    wanted: list[Statement] = []
    for step in plan.steps().values():
        if step.kind == kind_name:
            its_kind, params = kind_and_params(step)
            wanted += its_kind.statements(params, plan.place)
    allowed = [s for s in wanted if s.access is Access.READ or plan.arming is not Arming.OBSERVE]
    return tuple(s for i, s in enumerate(allowed) if s not in allowed[:i])


def moves_writers(plan: Plan, kind_name: str) -> bool:
    """Whether steps of this kind move a writer in this plan."""
    of_kind = [kind_and_params(step) for step in plan.steps().values() if step.kind == kind_name]
    return any(its_kind.writers(params, plan.place) for its_kind, params in of_kind)


def _arn(plan: Plan, service: str, resource: str) -> str:
    return plan.place.arn(service, resource)


def _environment(plan: Plan) -> dict[str, str]:
    """What the functions that follow the plan are told."""
    way_in = {"PILOTLIGHT_INSIDE_FUNCTION": names.inside_function(plan.application)} if plan.network.private else {}
    return {**_ENVIRONMENT, **way_in}


def _journal(plan: Plan) -> tuple[Statement, ...]:
    """Append to the ledger, keep the control table; no right to change or delete a record."""
    region, account = plan.regions.standby, plan.account
    ledger, control = (
        table_arn(region, account, names.LEDGER_TABLE),
        table_arn(region, account, names.CONTROL_TABLE),
    )
    return (
        Statement(Access.READ, ("dynamodb:Query",), (ledger,)),
        Statement(Access.WRITE, ("dynamodb:PutItem",), (ledger,)),
        Statement(Access.READ, ("dynamodb:GetItem", "dynamodb:Query"), (control,)),
        Statement(Access.WRITE, ("dynamodb:PutItem",), (control,)),
    )


def _eyes(plan: Plan) -> tuple[Statement, ...]:
    # CloudWatch authorises a description of alarms on all of a region's alarms, not on the named ones.
    regions = dict.fromkeys(arn.split(":")[3] for arn in plan.alarm_arns)
    alarms = tuple(plan.place.arn("cloudwatch", "alarm:*", region=region) for region in regions)
    kept = tuple(table_arn(region, plan.account, names.SIGNALS_TABLE) for region in observing_regions(plan))
    described = (Statement(Access.READ, ("cloudwatch:DescribeAlarms",), alarms),) if alarms else ()
    return (
        *described,
        Statement(Access.READ, ("dynamodb:GetItem",), kept),
        *asking_inside(plan, plan.regions.standby),
    )


def _executions(plan: Plan) -> Statement:
    """Whether a run lives: of this application, and of those that write to the same resources."""
    others = (writer.plan for writer in plan.other_writers if writer.plan)
    arns = tuple(
        plan.place.arn("states", f"execution:{names.failover_machine(name)}:*") for name in (plan.application, *others)
    )
    return Statement(Access.READ, ("states:DescribeExecution",), arns)


def _calls(plan: Plan, functions: Iterable[str]) -> Statement:
    arns = tuple(names.function_arn(plan.place, name) for name in functions)
    return Statement(Access.WRITE, ("lambda:InvokeFunction",), arns)


def _looks_of(functions: Iterable[Function], *, besides: tuple[Statement, ...]) -> tuple[Statement, ...]:
    """What some step functions may read of the application. A look opens no secret."""
    looks = [
        s
        for function in functions
        for s in function.statements
        if s.access is Access.READ and s not in besides and not _SECRETS & set(s.actions)
    ]
    return tuple(s for i, s in enumerate(looks) if s not in looks[:i])


def _switch(plan: Plan) -> Statement:
    return Statement(Access.READ, ("ssm:GetParameter",), (_arn(plan, "ssm", f"parameter{names.SWITCH_PARAMETER}"),))


def _detector(plan: Plan) -> Function:
    may_start = plan.arming in (Arming.STAGED, Arming.AUTOMATIC)
    start = (
        (Statement(Access.WRITE, ("states:StartExecution",), (names.machine_arn(plan.place),)),) if may_start else ()
    )
    closer, opener = names.close_function(plan.application), names.open_function(plan.application)
    # It has the functions of a run woken in the last minute before it starts one.
    called = [closer, opener] if may_start else [closer]
    return Function(
        name=names.detect_function(plan.application),
        description=f"Looks at the primary of {plan.application} at each alarm event and each minute, and decides.",
        handler="pilotlight.handlers.detect",
        statements=(*_journal(plan), *_eyes(plan), _switch(plan), _executions(plan), _calls(plan, called), *start),
        environment={
            **_environment(plan),
            "PILOTLIGHT_MACHINE_ARN": names.machine_arn(plan.place),
            "PILOTLIGHT_SWITCH_PARAMETER": names.SWITCH_PARAMETER,
            "PILOTLIGHT_CLOSE_FUNCTION": closer,
            "PILOTLIGHT_OPEN_FUNCTION": opener,
        },
        timeout=timedelta(seconds=100),
        reserved_concurrency=5,
        plan=plan.snapshot(),
    )


def _opener(plan: Plan, steps: Collection[Function]) -> Function:
    closer = names.close_function(plan.application)
    return Function(
        name=names.open_function(plan.application),
        description=f"Opens the runs of {plan.application}, holds their gate, reviews their stages.",
        handler="pilotlight.handlers.open",
        statements=(
            *_journal(plan),
            *_eyes(plan),
            _switch(plan),
            _executions(plan),
            *_looks_of(steps, besides=(*_journal(plan), *reading_tombstones(plan))),
            Statement(Access.READ, ("cloudwatch:GetMetricData",), ("*",)),
            _calls(plan, [*(step.name for step in steps), closer]),
        ),
        environment={
            **_environment(plan),
            "PILOTLIGHT_CLOSE_FUNCTION": closer,
            "PILOTLIGHT_SWITCH_PARAMETER": names.SWITCH_PARAMETER,
            "PILOTLIGHT_STEP_FUNCTION_PREFIX": names.step_function(plan.application, ""),
        },
        timeout=timedelta(seconds=55),
        plan=plan.snapshot(),
    )


def _closer(plan: Plan, steps: Mapping[str, Function]) -> Function:
    """It sees whether a writer moved, and has steps undone by their own functions; under `observe` there are none."""
    kept = (*_journal(plan), *reading_tombstones(plan))
    movers = [function for kind_name, function in steps.items() if moves_writers(plan, kind_name)]
    undoing = () if plan.arming is Arming.OBSERVE else (_calls(plan, [step.name for step in steps.values()]),)
    return Function(
        name=names.close_function(plan.application),
        description=f"Concludes the runs of {plan.application}, and has undone what was done for nothing.",
        handler="pilotlight.handlers.close",
        statements=(
            *kept,
            *writing_tombstones(plan),
            *_looks_of(movers, besides=kept),
            *undoing,
        ),
        environment={
            **_environment(plan),
            **_TOMBSTONES,
            "PILOTLIGHT_STEP_FUNCTION_PREFIX": names.step_function(plan.application, ""),
        },
        timeout=timedelta(seconds=55),
        plan=plan.snapshot(),
    )


def _listener(plan: Plan) -> Function:
    """Whoever may invoke it may speak; who is believed, and what that person may say, stands in the plan."""
    return Function(
        name=names.word_function(plan.application),
        description=f"Takes what people say about the runs of {plan.application}, and who they are.",
        handler="pilotlight.handlers.word",
        statements=_journal(plan),
        environment=_environment(plan),
        plan=plan.snapshot(),
    )


def _step_function(plan: Plan, kind_name: str) -> Function:
    noting = writing_tombstones(plan)
    gives_back = (_calls(plan, [names.close_function(plan.application)]),) if noting else ()
    moves = (*reading_tombstones(plan), *noting, *gives_back) if moves_writers(plan, kind_name) else ()
    return Function(
        name=names.step_function(plan.application, kind_name),
        description=f"Takes the turns of the {kind_name} steps of {plan.application}.",
        handler="pilotlight.handlers.step",
        statements=(*_journal(plan), *moves, *step_statements(plan, kind_name), *asking_of_steps(plan, kind_name)),
        environment={
            **_environment(plan),
            **_TOMBSTONES,
            "PILOTLIGHT_STEP_KIND": kind_name,
            "PILOTLIGHT_CLOSE_FUNCTION": names.close_function(plan.application),
        },
        timeout=timedelta(seconds=55),
        plan=plan.snapshot(),
    )


def _machine(plan: Plan) -> StateMachine:
    place = plan.place
    arns = {
        name: names.function_arn(place, names.step_function(plan.application, name))
        for name in dict.fromkeys(s.kind for s in plan.steps().values())
    }
    opener, closer = (
        names.function_arn(place, f(plan.application)) for f in (names.open_function, names.close_function)
    )
    called = (opener, closer, *arns.values())
    return StateMachine(
        name=names.failover_machine(plan.application),
        definition=assemble(plan, Functions(opener, closer, arns)),
        statements=(Statement(Access.WRITE, ("lambda:InvokeFunction",), called),),
    )


def _rules(plan: Plan) -> tuple[Rule, ...]:
    detector = names.function_arn(plan.place, names.detect_function(plan.application))
    queue = _arn(plan, "sqs", names.LOST_EVENTS_QUEUE)
    signals = Rule(
        name=f"pilotlight-{plan.application}-signals",
        description=f"Alarms on the primary of {plan.application}, as they arrive from their regions.",
        bus=names.BUS,
        target=FunctionTarget(detector, queue, maximum_age=plan.decision.max_event_age, retries=185),
        pattern=alarm_pattern(plan.alarm_arns),
    )
    of_alarms = (signals,) if plan.alarm_arns else ()
    sights = Rule(
        name=f"pilotlight-{plan.application}-sights",
        description=f"A probe that sees something else of the primary of {plan.application} than before.",
        bus=names.BUS,
        target=FunctionTarget(detector, queue, maximum_age=timedelta(minutes=1), retries=0),
        pattern={"source": [SOURCE], "detail-type": [SIGHT_CHANGED], "detail": {"application": [plan.application]}},
    )
    tick = Rule(
        name=f"pilotlight-{plan.application}-tick",
        description=f"Looks at the primary of {plan.application} every minute, so that a lost event is only a delay.",
        bus="default",
        target=FunctionTarget(detector, queue, maximum_age=timedelta(minutes=1), retries=0),
        schedule="rate(1 minute)",
    )
    return (*of_alarms, sights, tick)
