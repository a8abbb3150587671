"""The services outside AWS that tell people, put into the world of a plan with the secrets of its notifications."""

from __future__ import annotations

from pilotlight.domain.plan import AnyPlan
from rehearsal.apply import Account
from rehearsal.pager import HOSTS, FakePager
from rehearsal.slack import FakeSlack


def furnish_sinks(plan: AnyPlan, account: Account, slack: FakeSlack, pager: FakePager) -> None:
    """Let Slack and the pager answer, each where the plan uses it."""
    wanted, standby = plan.notifications, plan.place.standby
    secrets: dict[str, str] = {}
    if wanted.slack:
        account.internet.put("slack.com", slack.ask)
        secrets[wanted.slack.token_secret] = slack.token
    if wanted.pager:
        for host in HOSTS:
            account.internet.put(host, pager.ask)
        secrets[wanted.pager.secret] = pager.secret()
    for name, text in secrets.items():
        account.sdk(standby).call("secretsmanager", "CreateSecret", standby, Name=name, SecretString=text)
