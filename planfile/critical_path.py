"""How long a plan takes, and which of its steps decide that: a pure function of the plan and the durations.

Lanes of a stage run side by side, stages one after the other, and a started step runs beside everything
until it is awaited. The veto window stands before `move`. What comes after `serve` is no part of the
recovery.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from pilotlight.domain.plan import AnyPlan
from pilotlight.domain.stages import AwaitStep, RunStep, StageName, StartStep

NO_TIME = timedelta(0)
LAST_OF_RECOVERY = StageName.SERVE


@dataclass(frozen=True)
class Timetable:
    """When each step starts and is done, and each stage ends, counted from the decision.

    `critical` are the steps that decide the end of the recovery, in the order in which they run.
    """

    starts: Mapping[str, timedelta]
    ends: Mapping[str, timedelta]
    stage_ends: Mapping[StageName, timedelta]
    critical: tuple[str, ...]

    @property
    def recovery(self) -> timedelta:
        """How long the application waits."""
        return self.stage_ends[LAST_OF_RECOVERY]


def timetable(plan: AnyPlan, durations: Mapping[str, timedelta]) -> Timetable:
    """Run the plan on paper; `durations` says how long each step takes, by step name.

    The plan has to be sound: what is awaited was started before. A step without a duration raises KeyError.
    """
    clock, now = _Clock(plan, durations), NO_TIME
    stage_ends: dict[StageName, timedelta] = {}
    for stage in StageName:
        # Behind what only prepares stands the gate.
        now += plan.gates.veto_window if stage is StageName.FENCE else NO_TIME
        now = max([now, *(clock.run_lane(stage, lane, now) for lane in plan.stages.of(stage))])
        stage_ends[stage] = now
    after_recovery = _Slot(StageName.AFTER, "", 0)
    critical = tuple(clock.backwards_from(clock.before(after_recovery)))
    return Timetable(clock.starts, clock.ends, stage_ends, critical[::-1])


@dataclass(frozen=True)
class _Slot:
    """Where one entry stands in a plan."""

    stage: StageName
    lane: str
    index: int


@dataclass
class _Clock:
    """The times of a plan's entries: when their turn came, and when they were passed."""

    plan: AnyPlan
    durations: Mapping[str, timedelta]
    starts: dict[str, timedelta] = field(default_factory=dict)
    ends: dict[str, timedelta] = field(default_factory=dict)
    reached: dict[_Slot, timedelta] = field(default_factory=dict)
    passed: dict[_Slot, timedelta] = field(default_factory=dict)
    started_in: dict[str, _Slot] = field(default_factory=dict)

    def run_lane(self, stage: StageName, lane: str, now: timedelta) -> timedelta:
        """Go through a lane that begins now; returns when it is done."""
        for index, entry in enumerate(self.plan.stages.of(stage)[lane]):
            slot = _Slot(stage, lane, index)
            self.reached[slot] = now
            match entry:
                case RunStep():
                    now = self._start(entry.step, slot)
                case StartStep():
                    self._start(entry.start, slot)
                case AwaitStep():
                    now = max(now, self.ends[entry.await_])
            self.passed[slot] = now
        return now

    def _start(self, step: str, slot: _Slot) -> timedelta:
        self.started_in[step] = slot
        self.starts[step] = self.reached[slot]
        self.ends[step] = self.reached[slot] + self.durations[step]
        return self.ends[step]

    def backwards_from(self, slot: _Slot | None) -> Iterator[str]:
        """The steps that decided when an entry was passed, from the last one back."""
        while slot is not None:
            entry = self.plan.stages.of(slot.stage)[slot.lane][slot.index]
            if isinstance(entry, RunStep):
                yield entry.step
            elif isinstance(entry, AwaitStep) and self.passed[slot] > self.reached[slot]:
                yield entry.await_
                slot = self.started_in[entry.await_]
            slot = self.before(slot)

    def before(self, slot: _Slot) -> _Slot | None:
        """The entry that an entry waits for: the one above it, or the last one of the stages before."""
        if slot.index:
            return _Slot(slot.stage, slot.lane, slot.index - 1)
        stages = tuple(StageName)
        for stage in reversed(stages[: stages.index(slot.stage)]):
            last = [_Slot(stage, lane, len(entries) - 1) for lane, entries in self.plan.stages.of(stage).items()]
            if last:
                return max(last, key=lambda each: self.passed[each])
        return None
