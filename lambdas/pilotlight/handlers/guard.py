"""Keeps an old primary closed when its region comes back: it stands in the primary region and needs no other to act.

Each minute it reads the tombstones on the writers of its plan, in the standby, in the witness, and its own copy. It
acts on positive evidence that names this very resource, and on nothing else: a committed tombstone, or an intended one
whose writer stands in the standby by now. What it cannot read leaves things as they are; a committed note that it has
copied once needs no other region any more. A withdrawn note of a later epoch, as a failback leaves it, ends it.

It begins in the mode `observe`, and says what it would close. `enforce` closes; `disarmed` is the break-glass of a
person in this region. Any other word, and a mode that cannot be read, count as `observe`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from pilotlight.aws.announced import AnnouncedAws
from pilotlight.aws.tables import DynamoTable
from pilotlight.aws.tombstones import read_tombstone
from pilotlight.domain.errors import PilotlightError
from pilotlight.domain.place import Writer
from pilotlight.domain.read_only import ReadOnlyAws
from pilotlight.domain.stages import PlannedStep
from pilotlight.domain.step import Receipt, Settled, StepContext
from pilotlight.domain.tombstone import Tombstone, TombstoneState
from pilotlight.handlers.guard_copy import GuardCopy
from pilotlight.handlers.runtime import Handler, Outside, Runtime, entry, measure
from pilotlight.steps import kind, kind_and_params, writers_of


class Mode(StrEnum):
    """What the guard may do."""

    OBSERVE = "observe"
    ENFORCE = "enforce"
    DISARMED = "disarmed"


@dataclass(frozen=True)
class Evidence:
    """What is said of a writer, and where that stands."""

    stone: Tombstone
    held_by: str

    @property
    def sentence(self) -> str:
        """The note in words."""
        stone = self.stone
        return (
            f"{stone.old} was moved to {stone.new} by run {stone.run_id} in epoch {stone.epoch}, says {self.held_by}."
        )


def build(environ: Mapping[str, str], outside: Outside) -> Handler:
    """The function, from its environment and the ways out."""
    guard = Guard(Runtime(environ, outside, "guard"))

    def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
        return {"sentences": guard.look()}

    return handle


handler = entry(build)


class Guard:
    """What the function keeps between its calls: its ways out."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._copy = GuardCopy(runtime.aws, runtime.region, runtime.variable("PILOTLIGHT_GUARD_COPY"))

    def look(self) -> list[str]:
        """Look at every writer of the plan, and close what must be closed; what was found, in sentences."""
        plan = self._runtime.failover
        found = [e for writer in writers_of(plan) if (e := self._evidence(writer)) is not None]
        if not found:
            return [f"Nothing says that {plan.application} was moved out of {plan.regions.primary}; it is left open."]
        mode = self._mode()
        said = [e.sentence for e in found]
        match mode:
            case Mode.DISARMED:
                return self._say([*said, "A person disarmed this guard, so nothing is closed."])
            case Mode.OBSERVE:
                return self._say([*said, "This guard only observes; set its mode to 'enforce' to have it close."])
            case Mode.ENFORCE:
                return self._say([*said, *self._close(found[0].stone)])

    def _evidence(self, writer: Writer) -> Evidence | None:
        """The newest note on a writer, if it means that the writer is to be closed."""
        own = self._read(writer, "this guard's own copy", lambda: self._copy.of(writer.old))
        found = self._newest(writer, own)
        if found and found.stone.state is TombstoneState.INTENDED and not self._stands_in_standby(writer):
            # A move that is only intended takes nothing back of what this guard knows by itself.
            found = own
        if found is None:
            return None
        if found is not own and found.stone.state is not TombstoneState.INTENDED:
            self._keep(found.stone)
        return None if found.stone.state is TombstoneState.WITHDRAWN else found

    def _newest(self, writer: Writer, own: Evidence | None) -> Evidence | None:
        regions, table = self._runtime.failover.regions, self._runtime.variable("PILOTLIGHT_TOMBSTONES_TABLE")
        newest = own
        for region in filter(None, (regions.standby, regions.witness)):
            there = DynamoTable(self._runtime.aws, region, table)
            found = self._read(writer, f"the tombstone in {region}", partial(read_tombstone, there, writer.old))
            if found and (newest is None or found.stone.replaces(newest.stone)):
                newest = found
        return newest

    def _read(self, writer: Writer, where: str, read: Callable[[], Tombstone | None]) -> Evidence | None:
        """What one place says of this very writer; a place that cannot be read keeps nobody from reading the others."""
        try:
            stone = read()
        except (PilotlightError, KeyError, ValueError) as error:
            self._runtime.logger.warning(f"What {where} says of {writer.old} was not read: {error}")
            return None
        return Evidence(stone, where) if stone and stone.old == writer.old else None

    def _keep(self, stone: Tombstone) -> None:
        """Keep a copy; without one the writer is closed as well, and the next look tries again."""
        try:
            self._copy.keep(stone)
        except PilotlightError as error:
            self._runtime.logger.warning(f"No copy was kept of the note on {stone.old}: {error.sentence}")

    def _stands_in_standby(self, writer: Writer) -> bool:
        """Whether an intended move came about: a read in the standby shows it. What cannot be read is no."""
        for step in self._runtime.failover.steps().values():
            its_kind, params = kind_and_params(step)
            if writer in its_kind.writers(params, self._runtime.failover.place):
                try:
                    return its_kind.moved(params, self._context(step, ReadOnlyAws(self._runtime.aws))) is True
                except PilotlightError as error:
                    self._runtime.logger.warning(f"Whether {writer.old} was moved cannot be seen: {error.sentence}")
        return False

    def _close(self, stone: Tombstone) -> list[str]:
        """Let every fence of the plan close, and read it back; one that fails is tried again by the next tick."""
        return [
            self._close_one(step, stone) for step in self._runtime.failover.steps().values() if kind(step.kind).fences
        ]

    def _close_one(self, step: PlannedStep, stone: Tombstone) -> str:
        its_kind, params = kind_and_params(step)
        aws = AnnouncedAws(self._runtime.aws, self._runtime.logger, f"{step.name} for epoch {stone.epoch}")
        context = self._context(step, aws, stone)
        try:
            done = its_kind.execute(params, context)
            if not isinstance(done, Receipt):
                return done.reason
            seen = its_kind.verify(params, done, self._context(step, ReadOnlyAws(self._runtime.aws), stone))
        except PilotlightError as error:
            return f"{its_kind.title(params)} did not come about and is tried again: {error.sentence}"
        if isinstance(seen, Settled) and done.acted:
            measure(self._runtime.outside.log, "GuardClosed", 1, MetricUnit.Count, application=stone.application)
        return seen.reason

    def _context(self, step: PlannedStep, aws: Any, stone: Tombstone | None = None) -> StepContext:
        now, run_id, epoch = self._runtime.now(), stone.run_id if stone else "", stone.epoch if stone else 0
        return StepContext(
            self._runtime.failover.place, run_id, step.name, epoch, now, now, aws, self._runtime.outside.web
        )

    def _mode(self) -> Mode:
        name = self._runtime.variable("PILOTLIGHT_GUARD_MODE")
        try:
            answer = self._runtime.aws.call("ssm", "GetParameter", self._runtime.region, Name=name)
            return Mode(str(answer["Parameter"]["Value"]).strip().lower())
        except (PilotlightError, ValueError) as error:
            self._runtime.logger.warning(f"The guard's mode cannot be read, so it only observes: {error}")
            return Mode.OBSERVE

    def _say(self, sentences: list[str]) -> list[str]:
        for sentence in sentences:
            self._runtime.logger.warning(sentence)
        return sentences
