"""How Slack is heard: one function for all applications of a region, behind a URL, and what tells it who is spoken of.

The function may record and read and hand on, and start nothing. What may be started from Slack, the function that
takes an application's words may start, and only where the plan names people who may ask for it.
"""

from __future__ import annotations

from datetime import timedelta

from deployment import names
from deployment.resources import Function, Parameter
from pilotlight.domain.drill_names import drill_name
from pilotlight.domain.plan import AnyPlan, Arming, Plan
from pilotlight.domain.slack_request import BUTTONS, REQUESTS, Listening
from pilotlight.domain.step import Access, Statement


def hears_slack(plan: AnyPlan) -> bool:
    """Whether people may speak through Slack about a plan's runs: it names the workspace, and not a channel alone."""
    slack = plan.notifications.slack
    return slack is not None and slack.team is not None


def spoken_of(plan: AnyPlan) -> tuple[Parameter, ...]:
    """What says in which channel of which workspace the plan's application is spoken of, if it is."""
    slack = plan.notifications.slack
    if slack is None or slack.team is None:
        return ()
    listening = Listening(plan.name, slack.team, slack.channel)
    return (
        Parameter(
            name=names.slack_parameter(plan.name),
            description=f"The workspace and the channel of Slack in which {plan.name} is spoken of.",
            value=listening.to_json(),
        ),
    )


def starting_from_slack(plan: AnyPlan) -> tuple[Statement, ...]:
    """What may be started by who asks in Slack: a machine only where the plan names somebody who may ask."""
    drills = isinstance(plan, Plan) and hears_slack(plan) and plan.drill and plan.people.drillers
    in_earnest = hears_slack(plan) and plan.people.starters and plan.arming is not Arming.OBSERVE
    machines = (
        *((drill_name(plan.application),) if drills else ()),
        *((plan.machine,) if in_earnest else ()),
    )
    arns = tuple(plan.place.arn("states", f"stateMachine:{machine}") for machine in machines)
    return (Statement(Access.WRITE, ("states:StartExecution",), arns),) if arns else ()


def slack_function(account: str, region: str) -> Function:
    """The function behind the URL. Its concurrency is what a flood of forged requests may cost at most."""

    def arn(service: str, resource: str) -> str:
        return f"arn:aws:{service}:{region}:{account}:{resource}"

    control, ledger = arn("dynamodb", f"table/{names.CONTROL_TABLE}"), arn("dynamodb", f"table/{names.LEDGER_TABLE}")
    return Function(
        name=names.SLACK_FUNCTION,
        description="Takes what people type and press in Slack, if Slack signed it, and hands it on.",
        handler="pilotlight.handlers.slack",
        statements=(
            Statement(Access.READ, ("ssm:GetParametersByPath",), (arn("ssm", f"parameter{names.SLACK_PATH}"),)),
            Statement(
                Access.READ, ("secretsmanager:GetSecretValue",),
                (arn("secretsmanager", f"secret:{names.SIGNING_SECRET}-??????"),),
            ),
            Statement(Access.WRITE, ("dynamodb:PutItem",), (control,), _only(REQUESTS)),
            Statement(Access.READ, ("dynamodb:GetItem",), (control,), _only(BUTTONS)),
            Statement(Access.READ, ("dynamodb:Query",), (ledger,)),
            # One function hands on the words about every application; whom each believes stands in its plan.
            Statement(
                Access.WRITE, ("lambda:InvokeFunction",),
                (arn("lambda", f"function:{names.word_function('*')}:{names.ALIAS}"),),
            ),
        ),
        environment={
            "PILOTLIGHT_CONTROL_TABLE": names.CONTROL_TABLE,
            "PILOTLIGHT_LEDGER_TABLE": names.LEDGER_TABLE,
            "PILOTLIGHT_SIGNING_SECRET": names.SIGNING_SECRET,
            "PILOTLIGHT_SLACK_PATH": names.SLACK_PATH,
            "PILOTLIGHT_WORD_FUNCTION": names.word_function("APPLICATION"),
        },
        timeout=timedelta(seconds=10),
        memory_megabytes=1024,
        reserved_concurrency=5,
        public=True,
    )  # fmt: skip


def _only(partition: str) -> dict[str, dict[str, list[str]]]:
    return {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [partition]}}
