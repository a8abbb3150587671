"""The parts of a plan that say when to act, and what must be true before anything is disrupted."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from pilotlight.domain.durations import Duration
from pilotlight.domain.part import Part


class Velocity(Part):
    """How many failovers may start by themselves in the whole account; what is beyond waits for a person."""

    starts: int = Field(3, ge=1, le=1000, description="So many starts within the window.")
    within: Duration = timedelta(hours=1)


class Decision(Part):
    """When signals are enough to act."""

    quorum: int = Field(
        2, ge=2, le=3, description="How many vantage points must see the primary dark; observers of one region are one."
    )
    must_last: Duration = Field(
        timedelta(minutes=5), description="How long the primary must have been dark before a run goes on."
    )
    look_every: Duration = Field(
        timedelta(seconds=15), description="How often the world is looked at again until then."
    )
    give_up_looking: Duration = Field(
        timedelta(minutes=30), description="A start that cannot be confirmed by then is blocked."
    )
    max_event_age: Duration = Field(timedelta(minutes=10), description="An alarm event older than this starts nothing.")
    settle_after_alarm_change: Duration = Field(
        timedelta(minutes=10), description="An alarm changed this recently is held."
    )
    cooldown: Duration = Field(
        timedelta(hours=1),
        description="After a run that did not recover nothing starts by itself for so long, unless acknowledged.",
    )
    velocity: Velocity = Velocity()


class FencePolicy(StrEnum):
    """What must be true of the old primary before the writer moves.

    `require`: it was read closed, and a region that does not answer keeps the writer where it is.
    `tombstone_then_quarantine`: it was read closed, or its region does not answer; then the tombstone is durable first,
    and the guard closes it when it returns.
    """

    REQUIRE = "require"
    TOMBSTONE_THEN_QUARANTINE = "tombstone_then_quarantine"


class Fence(Part):
    """How the old primary's write path is closed."""

    policy: FencePolicy = FencePolicy.TOMBSTONE_THEN_QUARANTINE
    drain_within: Duration = Field(
        timedelta(minutes=3),
        description=(
            "How long a primary that answers stays closed while the standby takes over the rest of its writes. A "
            "planned run that cannot show by then that nothing is missing opens it again and moves nothing; an "
            "unplanned one goes on. AWS reports a lag once a minute, and a PostgreSQL source that writes nothing shows "
            "it after up to 5 min more."
        ),
    )


class PeopleGate(Part):
    """What people may say of a run before its first disruptive step."""

    approval: bool = Field(
        False,
        description=(
            "A proven person must approve each run, and not the one who started it. Armed 'staged', a run that started "
            "by itself is approved in any case."
        ),
    )
    approval_within: Duration = Field(
        timedelta(minutes=30),
        description="A run that nobody approved, or released from a hold, within so long is blocked.",
    )
    veto_window: Duration = Field(
        timedelta(0),
        description="How long people may hold or abort a run that has reached its gate before it goes on by itself.",
    )
    failed_step_waits: Duration = Field(
        timedelta(minutes=30),
        description=(
            "How long a stage in which a step failed waits in all for a person to retry it, skip it, or abort the run; "
            "then the run ends. It waits only where people.approvers names somebody, and never while a primary stands "
            "closed for nothing. 0 s ends the run at once."
        ),
    )


class Gates(PeopleGate):
    """What must be true, or said by a person, before the first disruptive step of a failover."""

    max_data_loss: Duration | None = Field(
        None,
        description=(
            "The longest data loss that may be accepted; the RPO if left out. A run that would lose more, or nobody "
            "knows how much, is blocked before anything is disrupted. The age of the last reading counts as loss: "
            "with less than 5 min a replica that was up to date can block a run."
        ),
    )


_CALLER = r"arn:aws(-[a-z]+)*:(iam::\d{12}:user|sts::\d{12}:assumed-role)/[\w+=,.@-][\w+=,.@/*-]*"
_SLACK_USER = r"slack:T[A-Z0-9]{6,20}/[UW][A-Z0-9]{6,20}"
IN_SLACK = "slack:"

Person = Annotated[
    str,
    Field(
        pattern=rf"^({_CALLER}|{_SLACK_USER})$",
        examples=["arn:aws:sts::123456789012:assumed-role/Operators/anna@example.com", "slack:T0123456789/U0123456789"],
    ),
]
SlackUser = Annotated[str, Field(pattern=rf"^{_SLACK_USER}$", examples=["slack:T0123456789/U0123456789"])]


class People(Part):
    """Who may say what about a run, by the ARN that STS names a caller by; `*` stands for any text without a slash.

    Who speaks through Slack is written as workspace and member, without a `*`. Where several people assume one role,
    let the identity provider name their sessions: whoever may choose a session's name goes by any name.
    """

    approvers: tuple[Person, ...] = Field(
        (), description="Who may approve, release, abort, retry, skip, change, acknowledge. Nobody if left out."
    )
    overriders: tuple[Person, ...] = Field(
        (), description="Who may accept, for one run, that more data is lost than the plan accepts. Nobody if left out."
    )
    drillers: tuple[SlackUser, ...] = Field(
        (), description="Who may start a drill from Slack; with AWS credentials IAM says who may. Nobody if left out."
    )
    starters: tuple[SlackUser, ...] = Field(
        (),
        description=(
            "Who may request a run in earnest from Slack; a second person then approves it at its gate. Nobody if left "
            "out, and then no role of Slack's may start the machine."
        ),
    )
    same: tuple[tuple[Person, ...], ...] = Field(
        (), description="Names that one person goes by, so that nobody approves in one what was started in another."
    )

    @property
    def everybody(self) -> frozenset[str]:
        """Whoever stands in any of the lists; who speaks through Slack and is not among them is not heard."""
        return frozenset((*self.approvers, *self.overriders, *self.drillers, *self.starters))

    def names_of(self, person: str) -> frozenset[str]:
        """All names that a person goes by, that one among them."""
        return frozenset((person, *(name for names in self.same if person in names for name in names)))
