"""The services that people are told by, each where a plan uses it."""

from __future__ import annotations

from pilotlight.domain.plan import AnyPlan
from rehearsal.apply import Account
from rehearsal.pager import HOSTS, FakePager
from rehearsal.slack import FakeSlack
from rehearsal.slack_people import furnish_slack


def furnish_sinks(plan: AnyPlan, account: Account, slack: FakeSlack, pager: FakePager) -> None:
    """Let Slack and the pager answer, each where the plan uses it."""
    wanted, standby = plan.notifications, plan.place.standby
    furnish_slack(plan, account, slack)
    if wanted.pager:
        for host in HOSTS:
            account.internet.put(host, pager.ask)
        account.sdk(standby).call(
            "secretsmanager", "CreateSecret", standby, Name=wanted.pager.secret, SecretString=pager.secret()
        )
