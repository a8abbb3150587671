"""What Slack may start is a fact of IAM: the public function nothing, a listener what its plan lets people ask for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from deployment.application import application
from deployment.foundation import foundation
from deployment.resources import Function, Parameter, Resource
from deployment.slack import slack_function, spoken_of, starting_from_slack
from pilotlight.domain.plan import Arming, Plan
from pilotlight.domain.slack_command import NAME, understand
from pilotlight.domain.slack_request import BUTTONS, REQUESTS
from pilotlight.domain.step import Access
from tests.builders import ACCOUNT, STANDBY, a_plan
from tests.handlers.slack_desk import ANNA, HEARING, PEOPLE

MANIFEST = Path(__file__).parents[2] / "docs" / "slack-manifest.yaml"
STARTS = "states:StartExecution"


def machines(plan: Plan) -> list[str]:
    return [arn.rsplit(":", 1)[-1] for statement in starting_from_slack(plan) for arn in statement.resources]


def functions(resources: tuple[Resource, ...]) -> dict[str, Function]:
    return {each.name: each for each in resources if isinstance(each, Function)}


def test_the_public_function_starts_nothing_and_writes_in_one_partition() -> None:
    door = slack_function(ACCOUNT, STANDBY)

    writes = [(s.actions, s.resources, s.conditions) for s in door.statements if s.access is not Access.READ]
    control = f"arn:aws:dynamodb:{STANDBY}:{ACCOUNT}:table/pilotlight-control"
    only = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [REQUESTS]}}
    called = f"arn:aws:lambda:{STANDBY}:{ACCOUNT}:function:pilotlight-*-word:live"
    assert writes == [
        (("dynamodb:PutItem",), (control,), only),
        (("lambda:InvokeFunction",), (called,), {}),
    ]
    reads = {a: s.conditions for s in door.statements if s.access is Access.READ for a in s.actions}
    assert reads["dynamodb:GetItem"] == {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [BUTTONS]}}
    assert set(reads) == {
        "dynamodb:GetItem", "dynamodb:Query", "secretsmanager:GetSecretValue", "ssm:GetParametersByPath",
    }  # fmt: skip
    assert (door.public, door.plan, door.reserved_concurrency) == (True, None, 5)


def test_nothing_is_public_where_no_plan_hears_slack() -> None:
    silent, hearing = foundation(ACCOUNT, STANDBY), foundation(ACCOUNT, STANDBY, hears=True)

    assert not any(each.public for each in functions(silent.resources).values())
    assert [name for name, each in functions(hearing.resources).items() if each.public] == ["pilotlight-slack"]
    assert not any(each.public for each in functions(application(a_plan(**HEARING)).resources).values())


@pytest.mark.parametrize("arming", list(Arming))
@pytest.mark.parametrize(
    ("lists", "started"),
    [
        (("drillers", "starters"), ["fileflow-drill", "fileflow-failover"]),
        (("drillers",), ["fileflow-drill"]),
        (("starters",), ["fileflow-failover"]),
        ((), []),
    ],
)
def test_a_machine_may_be_started_only_where_the_plan_names_who_may_ask(
    arming: Arming, lists: tuple[str, ...], started: list[str]
) -> None:
    people = {name: who for name, who in PEOPLE.items() if name in ("approvers", *lists)}
    plan = a_plan(**{**HEARING, "people": people, "arming": arming.value})

    expected = [name for name in started if arming is not Arming.OBSERVE or name.endswith("-drill")]
    assert machines(plan) == expected
    listener = functions(application(plan).resources)["pilotlight-fileflow-word"]
    may = {statement.actions for statement in listener.statements}
    assert ((STARTS,) in may) == bool(expected)


def test_a_plan_that_is_told_only_is_spoken_of_nowhere() -> None:
    told: dict[str, Any] = {"slack": {"channel": "C0123456789", "token_secret": "pilotlight/t"}}
    plan = a_plan(people={"approvers": [ANNA.name], "starters": [ANNA.name]}, notifications=told)

    assert (spoken_of(plan), machines(plan)) == ((), [])
    (parameter,) = spoken_of(a_plan(**HEARING))
    assert isinstance(parameter, Parameter)
    assert parameter.name == "/pilotlight/slack/fileflow"


def test_the_manifest_asks_for_what_is_served_and_no_more() -> None:
    manifest = yaml.safe_load(MANIFEST.read_text())
    (command,) = manifest["features"]["slash_commands"]

    assert command["command"] == NAME
    assert command["url"] == manifest["settings"]["interactivity"]["request_url"]
    assert command["url"].endswith(".lambda-url.ap-northeast-1.on.aws/")
    assert manifest["settings"]["interactivity"]["is_enabled"] is True
    assert manifest["oauth_config"]["scopes"] == {"bot": ["chat:write", "commands"]}
    assert not {"event_subscriptions", "user"} & {*manifest["settings"], *manifest["oauth_config"]["scopes"]}
    verbs = command["usage_hint"].removesuffix(" [app]").split(" | ")
    assert [understand(f"{verb} fileflow", ["fileflow"]).application for verb in verbs] == ["fileflow"] * len(verbs)
    assert len(command["description"]) <= 100
    assert len(manifest["display_information"]["description"]) <= 140
