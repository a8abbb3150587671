"""The control table: starts, runs, step states, overrides, message references, the outbox.

Leases have a module of their own.

Everything here is written conditionally on the version that was read, so that of two writers one learns that it lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from pilotlight.domain.data_loss import Override
from pilotlight.domain.decision import LastRun
from pilotlight.domain.errors import AlreadyThere, Changed, Misconfigured
from pilotlight.domain.life import StepState
from pilotlight.domain.ports import Table
from pilotlight.domain.run import Outcome, Run
from pilotlight.domain.word import Word


@dataclass(frozen=True)
class Start:
    """What the detector decided before it started an execution: proof that an event, not a person, is its origin."""

    execution_name: str
    verdict: str
    dark_since: datetime
    detected: datetime


@dataclass(frozen=True)
class AskedStart:
    """Which proven person asked for an execution before it is started, and why."""

    execution_name: str
    person: str
    reason: str


@dataclass(frozen=True)
class KeptStep:
    """A step's state as it was read, and the version that a next state replaces."""

    state: StepState
    version: int


class Control:
    """The control table by what is kept in it."""

    def __init__(self, table: Table) -> None:
        self._table = table

    # Starts

    def note_start(self, application: str, start: Start) -> Start:
        """Note what was decided before an execution is started; the first note of a name stands."""
        try:
            self._table.insert(f"start#{application}", start.execution_name, _start_item(start))
        except AlreadyThere:
            return self.start(application, start.execution_name) or start
        return start

    def note_start_anew(self, application: str, start: Start) -> None:
        """Replace the note of an execution that was never started; raises `Changed` when a writer was faster."""
        held = self._table.read(f"start#{application}", start.execution_name)
        if held is None:
            raise Changed(f"The note of {start.execution_name} is gone.")
        self._table.replace(f"start#{application}", start.execution_name, _start_item(start), version=held["version"])

    def start(self, application: str, execution_name: str) -> Start | None:
        """What was noted before an execution of that name was started; None for a start by a person."""
        item = self._table.read(f"start#{application}", execution_name)
        if item is None:
            return None
        return Start(
            item["execution_name"],
            item["verdict"],
            datetime.fromisoformat(item["dark_since"]),
            datetime.fromisoformat(item["detected"]),
        )

    def note_asked_start(self, application: str, start: AskedStart) -> None:
        """Note who asked for an execution before it is started; the first note of a name stands."""
        with suppress(AlreadyThere):
            self._table.insert(f"asked-start#{application}", start.execution_name, asdict(start))

    def asked_start(self, application: str, execution_name: str) -> AskedStart | None:
        """Who asked for an execution of that name, proven; None where nobody did."""
        item = self._table.read(f"asked-start#{application}", execution_name)
        if item is None:
            return None
        return AskedStart(item["execution_name"], item["person"], item["reason"])

    # Overrides of the data-loss gate

    def override(self, run_id: str) -> Override | None:
        """What a person accepted for that run; None where nobody did."""
        item = self._table.read(f"override#{run_id}", "override")
        return Override.from_item(item) if item else None

    def keep_override(self, override: Override) -> None:
        """Keep an override, in place of an earlier one of its run; raises `Changed` when another came meanwhile."""
        key = f"override#{override.run_id}", "override"
        self.keep_note(*key, override.to_item(), self._table.read(*key))

    # What people say

    def words(self, run_id: str) -> list[Word]:
        """What was said about a run, in the order in which it was said."""
        words = [Word.from_item(item) for item in self._table.query(f"word#{run_id}")]
        return sorted(words, key=lambda word: word.given)

    def keep_word(self, word: Word, mark: str) -> None:
        """Keep a word under the mark of the request that carried it; one that was carried twice was said once."""
        with suppress(AlreadyThere):
            self._table.insert(f"word#{word.run_id}", mark, word.to_item())

    def find_word(self, run_id: str, mark: str) -> Word | None:
        """What a request said that carried that mark; None where it is new."""
        item = self._table.read(f"word#{run_id}", mark)
        return Word.from_item(item) if item else None

    # Runs and their steps

    def open_run(self, run: Run) -> Run:
        """Record a new run; if it is recorded already, that one stands."""
        try:
            self._table.insert(f"run#{run.run_id}", "run", run.to_item())
        except AlreadyThere:
            return self.run(run.run_id)
        return run

    def find_run(self, run_id: str) -> Run | None:
        """A run, or None."""
        item = self._table.read(f"run#{run_id}", "run")
        return Run.from_item(item) if item else None

    def run(self, run_id: str) -> Run:
        """A run that must be there; raises `Misconfigured` when it is not."""
        run = self.find_run(run_id)
        if run is None:
            raise Misconfigured(f"Run {run_id} is not recorded; a run is recorded by its open step before any other.")
        return run

    def change_run(self, run_id: str, change: Callable[[Run], Run]) -> Run:
        """Change a run by a pure function, again until no other writer is in between; raises `Changed` after ten."""
        for _ in range(10):
            item = self._table.read(f"run#{run_id}", "run")
            if item is None:
                raise Misconfigured(
                    f"Run {run_id} is not recorded; a run is recorded by its open step before any other."
                )
            changed = change(Run.from_item(item))
            try:
                self._table.replace(f"run#{run_id}", "run", changed.to_item(), version=item["version"])
            except Changed:
                continue
            return changed
        raise Changed(f"Run {run_id} was changed by others ten times in a row.")

    def last_run(self, application: str) -> LastRun | None:
        """How the last run of an application ended; None where it had none."""
        return _last_of(self._table.read(f"last#{application}", "run"))

    def change_last(self, application: str, change: Callable[[LastRun | None], LastRun | None]) -> None:
        """Remember how a run ended, or who acknowledged it, by what is remembered; None leaves it as it is.

        Raises `Changed` when a writer was faster.
        """
        key = f"last#{application}", "run"
        held = self._table.read(*key)
        if last := change(_last_of(held)):
            item = {**asdict(last), "outcome": last.outcome.value, "ended": last.ended.isoformat()}
            self.keep_note(*key, item, held)

    def steps(self, run_id: str) -> dict[str, StepState]:
        """The recorded states of a run's steps, by step name."""
        return {name: kept.state for name, kept in self.kept_steps(run_id).items()}

    def kept_steps(self, run_id: str) -> dict[str, KeptStep]:
        """The same, each with the version that it was read at."""
        items = self._table.query(f"run#{run_id}", prefix="step#")
        return {item["step"]: KeptStep(StepState.from_item(item), item["version"]) for item in items}

    def keep_step(self, run_id: str, step: str, before: KeptStep | None, after: StepState) -> None:
        """Record a step's next state; raises `Changed` when another copy of the turn was faster."""
        item = {"step": step, **after.to_item()}
        try:
            if before is None:
                self._table.insert(f"run#{run_id}", f"step#{step}", item)
            else:
                self._table.replace(f"run#{run_id}", f"step#{step}", item, version=before.version)
        except (AlreadyThere, Changed) as error:
            raise Changed(f"Step {step} of {run_id} was taken further by another turn.") from error

    # Notes of the notifier

    def note(self, partition: str, sort: str) -> Mapping[str, Any] | None:
        """A small object kept under a key."""
        return self._table.read(partition, sort)

    def notes(self, partition: str) -> list[Mapping[str, Any]]:
        """All small objects of a partition, in order of their keys."""
        return list(self._table.query(partition))

    def keep_note(self, partition: str, sort: str, note: Mapping[str, Any], before: Mapping[str, Any] | None) -> None:
        """Keep a small object, new or in place of the one that was read; raises `Changed` when a writer was faster."""
        if before is None:
            try:
                self._table.insert(partition, sort, note)
            except AlreadyThere as error:
                raise Changed(error.sentence) from error
        else:
            self._table.replace(partition, sort, note, version=before["version"])

    def drop_note(self, partition: str, sort: str, before: Mapping[str, Any]) -> None:
        """Drop a small object that was read."""
        self._table.remove(partition, sort, version=before["version"])


def _last_of(item: Mapping[str, Any] | None) -> LastRun | None:
    if item is None:
        return None
    ended = datetime.fromisoformat(item["ended"])
    return LastRun(item["run_id"], Outcome(item["outcome"]), ended, item["acknowledged_by"])


def _start_item(start: Start) -> dict[str, str]:
    return {
        "execution_name": start.execution_name,
        "verdict": start.verdict,
        "dark_since": start.dark_since.isoformat(),
        "detected": start.detected.isoformat(),
    }
