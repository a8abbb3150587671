"""The schedule that somebody who knew everything would have kept: the same AWS latencies, and nothing else.

Each step takes its own mutating calls and the work that AWS did for them, as sampled in this very run; it starts the
moment that what it waits for is done. There are no Lambda starts, no state transitions and no polls in it.
"""

from __future__ import annotations

from collections import defaultdict

from pilotlight.domain.plan import AnyPlan
from pilotlight.domain.stages import AwaitStep, StageName, StartStep
from rehearsal.world import World


def critical_path_seconds(plan: AnyPlan, world: World) -> float:
    """How long the stages up to the last change of the serving stage take in the clairvoyant schedule."""
    work = _work_by_step(world)
    ready: dict[str, float] = {}
    clock = 0.0
    changed = 0.0
    for stage in (StageName.PREPARE, StageName.FENCE, StageName.MOVE, StageName.SERVE):
        ends = [clock]
        for entries in plan.stages.of(stage).values():
            lane = clock
            for entry in entries:
                if isinstance(entry, StartStep):
                    ready[entry.start] = lane + work[entry.start]
                elif isinstance(entry, AwaitStep):
                    lane = max(lane, ready[entry.await_])
                else:
                    lane += work[entry.step]
                    changed = max(changed, lane) if work[entry.step] else changed
            ends.append(lane)
        clock = max(ends)
        changed = max(changed, clock) if stage is StageName.MOVE else changed
    return changed


def _work_by_step(world: World) -> defaultdict[str, float]:
    work: defaultdict[str, float] = defaultdict(float)
    for effect in world.effects:
        work[effect.step] += effect.seconds
    for line in world.trace:
        # The tables and the messages of the controller are its own overhead, not the application's recovery.
        if line.mutating and line.step and line.service not in ("dynamodb", "sns", "sqs", "lambda", "stepfunctions"):
            work[line.step] += line.seconds
    return work
