"""A plan that asks for more than there is room for is refused in a sentence."""

from __future__ import annotations

import pytest

from tests.planfile.builders import changed, faults_of, points_at, read, the_fault_of

TOP = "application: shop"
SLACK = "notifications: {{slack: {{channel: C0123456789, token_secret: {}}}}}"


@pytest.mark.parametrize(
    "line",
    [
        "kind: failover",
        "gates: {approval: false, veto_window: 2 min, approval_within: 10 min}",
        "fence: {policy: tombstone_then_quarantine}",
        "network: {private: false}",
        SLACK.format("pilotlight/slack-bot-token"),
    ],
)
def test_what_is_built_is_accepted(line: str) -> None:
    assert faults_of(changed((TOP, f"{TOP}\n{line}"))) == ()


@pytest.mark.parametrize("secret", ["slack-bot-token", "/slack-bot-token"])
def test_a_slack_token_that_the_notifier_may_not_read_is_refused(secret: str) -> None:
    text = changed((TOP, f"{TOP}\n{SLACK.format(secret)}"))

    fault = the_fault_of(text)

    assert points_at(fault, text, secret)
    assert fault.sentence == (
        f"The secret '{secret}' does not begin with 'pilotlight/', and the notifier's role reads no other; "
        "name it 'pilotlight/slack-bot-token'."
    )


def test_a_probe_waits_five_seconds_at_most() -> None:
    text = changed(("  probe:\n", "  probe:\n    timeout: 5.5 s\n"))

    fault = the_fault_of(text)

    assert points_at(fault, text, "5.5 s")
    assert fault.sentence == (
        "The probe would wait 5.5 s in every look, and 5 s is the most; make the timeout shorter."
    )
    assert faults_of(text.replace("5.5 s", "5 s")) == ()


def test_a_look_reads_ten_alarms_at_most() -> None:
    def with_alarms(count: int) -> str:
        names = ", ".join(f"{{name: alarm-{number}}}" for number in range(count))
        return changed(("  probe:\n", f"  alarms: [{names}]\n  probe:\n"))

    fault = the_fault_of(with_alarms(11))

    assert points_at(fault, with_alarms(11), "alarms:")
    assert fault.sentence == (
        "There are 11 alarms, and a look reads 10 at most; put a composite alarm over some of them and name that."
    )
    assert len(read(with_alarms(10)).signals.alarms) == 10
