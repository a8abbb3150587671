"""Ask a person whether the run may go on, where only people can tell: the data looks right, a partner has agreed.

It settles on the word of a proven person whom the plan lets approve (`./pilotlight approve PLAN RUN --step NAME`), and
fails when nobody has said it in time; where the plan asks for approvals of its runs, whoever started the run does not
answer. It calls nothing. While it waits nothing is closed: it stands neither in the stage `fence` nor in `move`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from pydantic import Field, field_validator

from pilotlight.domain.durations import Duration, say_duration
from pilotlight.domain.handwork import Command, Handwork
from pilotlight.domain.place import Place
from pilotlight.domain.standing_in import Isolation, StandIn
from pilotlight.domain.step import (
    Failed,
    Finding,
    Harm,
    NotYet,
    Operation,
    Params,
    Receipt,
    Settled,
    Statement,
    StepContext,
    StepKind,
    Timing,
    Undone,
)

_LONGEST = timedelta(hours=2)
"""Each look writes nine events into the history of its execution, four times a minute, and Step Functions keeps 25,000;
a gate that waits as long as it may takes half of them."""


class AskAPersonParams(Params):
    """What is asked, and how long an answer is waited for.

    ```yaml
    step: confirm-orders
    kind: ask_a_person
    params:
      about: that the orders of today are in Tokyo
      within: 30 min
    ```
    """

    about: str = Field(
        min_length=3,
        max_length=60,
        pattern=r"^[^\n]+$",
        description="What a person confirms, as the end of a sentence that begins with 'Confirm'.",
    )
    within: Duration = Field(timedelta(minutes=30), description="How long an answer is waited for: 2 h at most.")

    @field_validator("within")
    @classmethod
    def _comes_to_an_end(cls, value: timedelta) -> timedelta:
        if not timedelta(0) < value <= _LONGEST:
            raise ValueError("a person gets more than no time, and 2 h at most")
        return value


class AskAPerson(StepKind[AskAPersonParams]):
    """Waits for a person."""

    name = "ask_a_person"
    params = AskAPersonParams
    harm = Harm.HARMLESS
    leaves_nothing = "it changes nothing"
    asks = True
    timing = Timing(
        shortest=timedelta(seconds=15),
        typical=timedelta(minutes=5),
        longest=timedelta(minutes=30),
        poll=timedelta(seconds=15),
        give_up=_LONGEST + timedelta(minutes=1),
    )
    operations: ClassVar[tuple[Operation, ...]] = ()

    def title(self, params: AskAPersonParams) -> str:
        return f"Confirm {params.about}"

    def statements(self, params: AskAPersonParams, place: Place) -> tuple[Statement, ...]:
        return ()

    def readiness(self, params: AskAPersonParams, context: StepContext) -> tuple[Finding, ...]:
        return ()

    def preflight(self, params: AskAPersonParams, context: StepContext) -> tuple[Finding, ...]:
        return ()

    def execute(self, params: AskAPersonParams, context: StepContext) -> Receipt | NotYet | Failed:
        until = context.started + params.within
        if context.aborted_by:
            said = f"{context.aborted_by} aborted the run, so nobody is asked any more to confirm {params.about}."
            return Failed(said, "Start a new run if it is to go on.")
        if context.approved_by:
            return Receipt(f"{context.approved_by} confirms {params.about}.", acted=False)
        if context.now < until:
            said = f"A person is asked until {until:%H:%M:%S} UTC to confirm {params.about}."
            return NotYet(said, until)
        return Failed(
            f"Nobody confirmed {params.about} within {say_duration(params.within)}.",
            f"Look yourself; then start the run again and say ./pilotlight approve with --step {context.step}.",
        )

    def verify(self, params: AskAPersonParams, receipt: Receipt, context: StepContext) -> Settled:
        return Settled(receipt.sentence)

    def undo(self, params: AskAPersonParams, receipt: Receipt, context: StepContext) -> Undone:
        return Undone(f"Nothing is taken back, because to confirm {params.about} changed nothing.")

    def stand_in(self, params: AskAPersonParams, isolation: Isolation) -> StandIn:
        # People are asked in a drill as well: that somebody answers in time is part of what it shows.
        return StandIn(self.name, params)

    def by_hand(self, params: AskAPersonParams, place: Place) -> Handwork:
        named = f"that {params.about.removeprefix('that ')}"
        why = f"Have somebody who may approve confirm {named}, and write down who did."
        asked = Command(why, "date -u", "when it was confirmed")
        return Handwork(
            do=(),
            check=(asked,),
            stop_if=f"nobody confirms it within {say_duration(params.within)}.",
            stays="it changed nothing.",
        )


KIND = AskAPerson()
