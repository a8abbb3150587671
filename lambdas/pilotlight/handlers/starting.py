"""Starts the run that the detector decided on: once for each epoch, whoever asks and how often.

The execution's name is made of the application and the epoch, and its input is always the same, so that Step Functions
itself refuses a second start (StartExecution is idempotent for one name and one input while it runs, and refuses the
name for 90 days afterwards).
"""

from __future__ import annotations

from datetime import datetime

from pilotlight.aws.control import Start
from pilotlight.domain.decision import Verdict, VerdictKind
from pilotlight.domain.errors import AlreadyExists, AwsError, Changed, NotFound
from pilotlight.domain.plan import Plan
from pilotlight.handlers.holding import is_live
from pilotlight.handlers.restraints import take_start
from pilotlight.handlers.runtime import Runtime

EXECUTION_INPUT = "{}"
"""The same for every start: a run finds out by its name, in the control table, that the detector started it."""

MOST_NAMES = 3


class Starter:
    """Starts executions of one machine."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._machine = runtime.variable("PILOTLIGHT_MACHINE_ARN")

    def execution_arn(self, name: str) -> str:
        """The ARN of the execution of that name."""
        return f"{self._machine.replace(':stateMachine:', ':execution:')}:{name}"

    def start(self, plan: Plan, verdict: Verdict, *, seen_epoch: int, detected: datetime, now: datetime) -> Verdict:
        """Start the run of a verdict; what comes back is what became of it.

        Parameters: `seen_epoch` is the epoch of the lease that nobody held when it was decided. Read anew, it could be
        that of a run that another look at the same darkness has started since, and this would start a second one.
        """
        first = f"{plan.application}-e{seen_epoch + 1}"
        try:
            if not take_start(self._runtime, plan, first, now):
                return self._hold(verdict, "Other applications used up the starts that the account may make by itself.")
        except Changed:
            # Another application's, or that of another look at this one.
            return self._hold(verdict, "Another start was counted in this moment, so this one is decided again.")
        for attempt in range(1, MOST_NAMES + 1):
            name = first + (f"-{attempt}" if attempt > 1 else "")
            began = self._start_as(plan, Start(name, verdict.sentence, verdict.dark_since or now, detected))
            if began:
                return began
            if self._runtime.leases.of(plan.application).epoch != seen_epoch:
                return self._hold(verdict, f"Run {name} came and went while this was decided, so it is decided again.")
        sentence = f"{MOST_NAMES} executions named {first} ended before they took the lease; start the run by hand."
        return Verdict(VerdictKind.BLOCK, sentence, verdict.dark_since)

    def _start_as(self, plan: Plan, start: Start) -> Verdict | None:
        """Start the execution of that name; None where one of that name has ended."""
        name, since = start.execution_name, start.dark_since
        noted = self._note(plan, start)
        asked = {"stateMachineArn": self._machine, "name": name, "input": EXECUTION_INPUT}
        try:
            self._runtime.aws.call("stepfunctions", "StartExecution", self._runtime.region, **asked)
        except AlreadyExists:
            if is_live(self._runtime, self.execution_arn(name)):
                return Verdict(VerdictKind.JOIN, f"Run {name} was started for this already.", since)
            return None
        except AwsError as error:
            sentence = f"Run {name} could not be started and is tried again within a minute: {error.sentence}"
            return Verdict(VerdictKind.HOLD, sentence, since)
        return Verdict(VerdictKind.START, f"{noted.verdict} Run {name} was started.", since)

    def _hold(self, verdict: Verdict, sentence: str) -> Verdict:
        return Verdict(VerdictKind.HOLD, sentence, verdict.dark_since)

    def _note(self, plan: Plan, start: Start) -> Start:
        """Note a start; a note of an earlier darkness whose execution never came to be gives way."""
        control = self._runtime.control
        noted = control.note_start(plan.application, start)
        if noted.dark_since == start.dark_since or self._exists(start.execution_name):
            return noted
        control.note_start_anew(plan.application, start)
        return start

    def _exists(self, name: str) -> bool:
        arn = self.execution_arn(name)
        try:
            self._runtime.aws.call("stepfunctions", "DescribeExecution", self._runtime.region, executionArn=arn)
        except NotFound:
            return False
        return True
