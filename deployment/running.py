"""What every run has, whatever its plan: functions that open it, take its steps, hear people, close it; a machine.

What the arming level may not do is in no role here: `observe` gets no write on the application.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

from deployment import names
from deployment.foundation import table_arn
from deployment.inside import asking_of_steps
from deployment.resources import Function, StateMachine
from deployment.slack import starting_from_slack
from deployment.statements import as_few
from deployment.tombstones import reading_tombstones, writing_tombstones
from pilotlight.domain.plan import AnyPlan, Arming, Plan
from pilotlight.domain.step import Access, Statement
from pilotlight.steps import kind_and_params, writers_of
from stepfunctions.assemble import Functions, assemble

PLAN_FILE = "/opt/pilotlight/plan.json"
_SECRETS = {
    "secretsmanager:GetSecretValue",
    "kms:Decrypt",
    # Cognito describes a client and a provider with their secrets.
    "cognito-idp:DescribeUserPoolClient",
    "cognito-idp:DescribeIdentityProvider",
}
_TOMBSTONES = {"PILOTLIGHT_TOMBSTONES_TABLE": names.TOMBSTONES_TABLE}
ENVIRONMENT = {
    "PILOTLIGHT_LEDGER_TABLE": names.LEDGER_TABLE,
    "PILOTLIGHT_CONTROL_TABLE": names.CONTROL_TABLE,
    "PILOTLIGHT_SIGNALS_TABLE": names.SIGNALS_TABLE,
    "PILOTLIGHT_PLAN_FILE": PLAN_FILE,
}


def environment(plan: AnyPlan) -> dict[str, str]:
    """What the functions that follow the plan are told."""
    private = isinstance(plan, Plan) and plan.network.private
    way_in = {"PILOTLIGHT_INSIDE_FUNCTION": names.inside_function(plan.name)} if private else {}
    return {**ENVIRONMENT, **way_in}


def step_functions(plan: AnyPlan) -> Mapping[str, Function]:
    """The functions of the plan's step kinds, by kind."""
    kinds = dict.fromkeys(step.kind for step in plan.steps().values())
    return {kind_name: _step_function(plan, kind_name) for kind_name in kinds}


def step_statements(plan: AnyPlan, kind_name: str) -> tuple[Statement, ...]:
    """What the steps of one kind may do under the plan's arming: under `observe` they may only look."""
    wanted: list[Statement] = []
    for step in plan.steps().values():
        if step.kind == kind_name:
            its_kind, params = kind_and_params(step)
            wanted += its_kind.statements(params, plan.place)
    allowed = [s for s in wanted if s.access is Access.READ or plan.arming is not Arming.OBSERVE]
    return tuple(s for i, s in enumerate(allowed) if s not in allowed[:i])


def moves_writers(plan: AnyPlan, kind_name: str) -> bool:
    """Whether steps of this kind move a writer in this plan."""
    return bool(writers_of(plan, kind_name))


def journal(plan: AnyPlan) -> tuple[Statement, ...]:
    """Append to the ledger, keep the control table; no right to change or delete a record."""
    region, account = plan.place.standby, plan.account
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


def calls(plan: AnyPlan, functions: Iterable[str]) -> Statement:
    arns = tuple(names.function_arn(plan.place, name) for name in functions)
    return Statement(Access.WRITE, ("lambda:InvokeFunction",), arns)


def _looks_of(plan: AnyPlan, kind_names: Iterable[str]) -> tuple[Statement, ...]:
    """What the steps of some kinds look at. A look opens no secret."""
    return as_few(
        s
        for kind_name in kind_names
        for s in step_statements(plan, kind_name)
        if s.access is Access.READ and not _SECRETS & set(s.actions)
    )


def opener(
    plan: AnyPlan, steps: Mapping[str, Function], seeing: tuple[Statement, ...], told: Mapping[str, str]
) -> Function:
    """The function that says whether a run goes on.

    Parameters: `steps` are the functions of the plan's step kinds, by kind; `seeing` is what it may look at besides
    what the steps look at, `told` what it is told for that.
    """
    closing = names.close_function(plan.name)
    return Function(
        name=names.open_function(plan.name),
        description=f"Opens the runs of {plan.name}, holds their gate, reviews their stages.",
        handler="pilotlight.handlers.open",
        statements=(
            *journal(plan),
            *seeing,
            *_looks_of(plan, steps),
            calls(plan, [*(step.name for step in steps.values()), closing]),
        ),
        environment={
            **environment(plan),
            "PILOTLIGHT_CLOSE_FUNCTION": closing,
            "PILOTLIGHT_STEP_FUNCTION_PREFIX": names.step_function(plan.name, ""),
            **told,
        },
        timeout=timedelta(seconds=55),
        plan=plan.snapshot(),
    )


def closer(plan: AnyPlan, steps: Mapping[str, Function]) -> Function:
    """It sees whether a writer moved, and has steps undone by their own functions; under `observe` there are none."""
    movers = [kind_name for kind_name in steps if moves_writers(plan, kind_name)]
    undoing = () if plan.arming is Arming.OBSERVE else (calls(plan, [step.name for step in steps.values()]),)
    return Function(
        name=names.close_function(plan.name),
        description=f"Concludes the runs of {plan.name}, and has undone what was done for nothing.",
        handler="pilotlight.handlers.close",
        statements=(
            *journal(plan),
            *reading_tombstones(plan),
            *writing_tombstones(plan),
            *_looks_of(plan, movers),
            *undoing,
        ),
        environment={
            **environment(plan),
            **_TOMBSTONES,
            "PILOTLIGHT_STEP_FUNCTION_PREFIX": names.step_function(plan.name, ""),
        },
        timeout=timedelta(seconds=55),
        plan=plan.snapshot(),
    )


def listener(plan: AnyPlan) -> Function:
    """Whoever may invoke it may speak; who is believed, and what that person may say, stands in the plan."""
    return Function(
        name=names.word_function(plan.name),
        description=f"Takes what people say about the runs of {plan.name}, and who they are.",
        handler="pilotlight.handlers.word",
        statements=(*journal(plan), *starting_from_slack(plan)),
        environment=environment(plan),
        plan=plan.snapshot(),
    )


def _step_function(plan: AnyPlan, kind_name: str) -> Function:
    noting = writing_tombstones(plan, kind_name)
    gives_back = (calls(plan, [names.close_function(plan.name)]),) if noting else ()
    moves = (*reading_tombstones(plan, kind_name), *noting, *gives_back)
    return Function(
        name=names.step_function(plan.name, kind_name),
        description=f"Takes the turns of the {kind_name} steps of {plan.name}.",
        handler="pilotlight.handlers.step",
        statements=(*journal(plan), *moves, *step_statements(plan, kind_name), *asking_of_steps(plan, kind_name)),
        environment={
            **environment(plan),
            **_TOMBSTONES,
            "PILOTLIGHT_STEP_KIND": kind_name,
            "PILOTLIGHT_CLOSE_FUNCTION": names.close_function(plan.name),
        },
        timeout=timedelta(seconds=55),
        plan=plan.snapshot(),
    )


def machine(plan: AnyPlan) -> StateMachine:
    place = plan.place
    arns = {
        name: names.function_arn(place, names.step_function(plan.name, name))
        for name in dict.fromkeys(s.kind for s in plan.steps().values())
    }
    opener, closer = (names.function_arn(place, f(plan.name)) for f in (names.open_function, names.close_function))
    called = (opener, closer, *arns.values())
    return StateMachine(
        name=plan.machine,
        definition=assemble(plan, Functions(opener, closer, arns)),
        statements=(Statement(Access.WRITE, ("lambda:InvokeFunction",), called),),
    )
