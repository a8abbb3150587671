"""What people do in Slack while a region is dark: forge, race each other, or say nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from pilotlight.domain.errors import PlanRefused
from pilotlight.domain.plan import Plan
from pilotlight.domain.policy import People
from pilotlight.domain.ports import WebRequest
from pilotlight.domain.run import Outcome
from rehearsal.scenarios.scenario import Scenario, outage
from rehearsal.scene import Scene
from rehearsal.slack import SlackMessage
from rehearsal.slack_people import Hand, Member, labels_of

ANNA, BORIS, MALLORY = Member("U0ANNA0001"), Member("U0BORIS001"), Member("U0MALLORY1")
ABROAD = Member(ANNA.user, "T9876543210")
ELSEWHERE = "C9876543210"
READS_FOR_SECONDS = 20.0
SOON = timedelta(minutes=10)


def hearing(plan: Plan) -> tuple[Plan, ...]:
    """The plan with a gate that anna or boris opens from Slack, within ten minutes."""
    slack = plan.notifications.slack
    if slack is None:
        raise PlanRefused(f"This scenario needs a channel in Slack, and {plan.application} has none.")
    people = People(approvers=(ANNA.name, BORIS.name), drillers=(ANNA.name,), starters=(ANNA.name,))
    there = plan.notifications.model_copy(update={"slack": slack.model_copy(update={"team": ANNA.team})})
    gates = plan.gates.model_copy(update={"approval": True, "approval_within": SOON})
    return (plan.model_copy(update={"people": people, "notifications": there, "gates": gates}),)


def hand_of(scene: Scene, member: Member, channel: str = "") -> Hand:
    """A person's hand in the plan's channel, or in another one."""
    slack = scene.plan.notifications.slack
    assert slack is not None
    return Hand(scene.slack, scene.account.internet, scene.plan.place.standby, member, channel or slack.channel)


def when_asked(scene: Scene, act: Callable[[SlackMessage], None]) -> None:
    """Do something once, some seconds after a living message asks for an approval."""
    done: list[SlackMessage] = []

    def look() -> None:
        asking = [message for message in scene.slack.living() if "Approve" in labels_of(message)]
        if asking and not done:
            done.append(asking[0])
            scene.world.time.sleep(READS_FOR_SECONDS)
            act(asking[0])

    scene.world.time.every(5.0, look, name="somebody reads the channel")


def forgeries(hand: Hand, message: SlackMessage) -> list[tuple[WebRequest, int]]:
    """Requests that must not be heard, each with the status that it is answered with."""
    good = hand.press(message, "Approve")
    signed_for = good.headers["X-Slack-Signature"]
    old = {**good.headers, "X-Slack-Request-Timestamp": str(int(good.headers["X-Slack-Request-Timestamp"]) - 301)}
    another = hand.command("abort because it is forged")
    return [
        (replace(good, headers={"Content-Type": good.headers["Content-Type"]}), 401),
        (replace(good, headers={**good.headers, "X-Slack-Signature": f"v0={'0' * 64}"}), 401),
        (replace(good, headers=old), 401),
        (replace(good, body=(good.body or "") + "&"), 401),
        (replace(another, headers={**another.headers, "X-Slack-Signature": signed_for}), 401),
    ]


def _forged(scene: Scene) -> None:
    """Forged, from elsewhere, from nobody, copied: nothing of it is heard; the true approval is, and once."""

    def act(message: SlackMessage) -> None:
        anna = hand_of(scene, ANNA)
        for request, status in forgeries(anna, message):
            answer = anna.send(request)
            assert answer.status == status, f"A forged request was answered with {answer.status}."
        for stranger in (hand_of(scene, MALLORY), hand_of(scene, ABROAD), hand_of(scene, ANNA, ELSEWHERE)):
            stranger.types("abort because it is forged")
        true = anna.press(message, "Approve")
        statuses = [anna.send(true).status for _ in range(3)]
        assert statuses == [200, 409, 409], f"Copies of one request were answered with {statuses}."

    outage(scene)
    when_asked(scene, act)


def _race(scene: Scene) -> None:
    """One approves and one aborts in the same second: stopping wins, whoever is heard first."""

    def act(message: SlackMessage) -> None:
        anna, boris = hand_of(scene, ANNA), hand_of(scene, BORIS)
        time = scene.world.time
        time.spawn(lambda: anna.presses(message, "Approve"), name="anna approves")
        time.spawn(lambda: boris.presses(message, "Abort because …", "It is a false alarm."), name="boris aborts")
        time.spawn(lambda: anna.presses(message, "Approve"), name="anna presses twice")

    outage(scene)
    when_asked(scene, act)


SCENARIOS = (
    Scenario(
        "slack-forged",
        "Somebody forges, copies and misdirects what is said in Slack; one true approval is heard among it.",
        Outcome.RECOVERED,
        _forged,
        company=hearing,
    ),
    Scenario(
        "approval-race",
        "In Slack one person approves the run and another aborts it, in the same second.",
        Outcome.ABORTED_CLEAN,
        _race,
        company=hearing,
    ),
    Scenario(
        "approval-timeout",
        "The run waits for an approval that nobody in Slack gives.",
        Outcome.BLOCKED,
        outage,
        company=hearing,
    ),
)
