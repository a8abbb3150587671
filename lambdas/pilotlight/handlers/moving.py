"""What surrounds the step that moves a writer: the fence before it, and the tombstone around it.

A writer moves only if nobody aborted the run, and after every fence of the plan settled: closed, as a read showed, or
in a region that does not answer. The tombstone is durable, `intended`, before the call, and `committed` as soon as the
move was accepted. A primary that was closed for a move that is not accepted within seconds is given back: the step
gives up, and the run opens it again. What the standby drains meanwhile (`handlers.draining`) is a time of its own. Once
one writer of the run has moved, the others follow: there is only forward.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pilotlight.aws.functions import tell
from pilotlight.aws.tables import DynamoTable
from pilotlight.aws.tombstones import Tombstones
from pilotlight.domain.durations import say_duration
from pilotlight.domain.errors import AwsError
from pilotlight.domain.life import StepState, StepStatus
from pilotlight.domain.place import Writer
from pilotlight.domain.plan import AnyPlan
from pilotlight.domain.policy import FencePolicy
from pilotlight.domain.records import RecordKind
from pilotlight.domain.run import Run
from pilotlight.domain.step import Failed
from pilotlight.domain.tombstone import Tombstone, TombstoneState
from pilotlight.domain.word import Word, abort
from pilotlight.handlers.journal import write
from pilotlight.handlers.runtime import Runtime
from pilotlight.steps import kind, kind_and_params

GIVE_BACK = "give_back"
"""What the closer is asked when a writer will not move: the primary must not wait until the stage is over."""

CLOSED_FOR_NOTHING = timedelta(seconds=45)
"""How long a primary that answers may be closed while the move is not accepted, once the standby is drained; opening
it again takes some more."""


def tombstones(runtime: Runtime, witness: str | None) -> Tombstones:
    """The tombstones of the standby, with the copy in the witness where there is one."""
    name = runtime.variable("PILOTLIGHT_TOMBSTONES_TABLE")
    copies = {witness: DynamoTable(runtime.aws, witness, name)} if witness else {}
    return Tombstones(DynamoTable(runtime.aws, runtime.region, name), copies)


@dataclass(frozen=True)
class Closing:
    """How the old primary was closed: when the last of its fences was read closed, and whether all of them were.

    `whole` is false where a fence could not reach the primary, and where the plan has none.
    """

    at: datetime | None
    whole: bool


def closing(plan: AnyPlan, states: Mapping[str, StepState]) -> Closing:
    """How the fences of a run have settled."""
    fences = [states.get(name, StepState()) for name, step in plan.steps().items() if kind(step.kind).fences]
    moments = [state.finished for state in fences if state.outputs.get("closed") == "yes" and state.finished]
    return Closing(max(moments, default=None), bool(fences) and len(moments) == len(fences))


def must_not_move(
    runtime: Runtime, run: Run, states: Mapping[str, StepState], words: Sequence[Word], step: str
) -> Failed | None:
    """Why the writer may not move now; None where it may, once the standby is drained."""
    only_forward = move_is_recorded(run, states)
    aborted = abort(words)
    if aborted and not only_forward:
        return Failed(f"{aborted.who} aborted the run, so the writer does not move.", "Start a new run if it is to.")
    plan = run.failover
    for name, fence in plan.steps().items():
        if not kind(fence.kind).fences:
            continue
        state = states.get(name, StepState())
        if state.status is not StepStatus.SETTLED:
            return Failed(f"Fence {name} did not settle, so the writer does not move.", "Look at the fence first.")
        if state.outputs["closed"] != "yes" and plan.fence.policy is FencePolicy.REQUIRE:
            said = f"Fence {name} could not reach {plan.regions.primary}, and the plan requires it to be closed."
            return Failed(said, "Wait for the region, or change fence.policy in the plan and deploy.")
    closed, drained = closing(plan, states), states[step].drained
    since = drained if closed.whole else closed.at
    if since and not only_forward and runtime.now() - since > CLOSED_FOR_NOTHING:
        said = (
            f"The primary has been closed for {say_duration(CLOSED_FOR_NOTHING)} for a move that is not accepted, so "
            "it is given up and the primary is opened again."
        )
        return Failed(said, "See what keeps the standby from taking over, then start the run again.")
    return None


def move_is_recorded(run: Run, states: Mapping[str, StepState]) -> bool:
    """Whether a step recorded that the move of its writer was accepted."""
    for step in run.plan.steps().values():
        its_kind, params = kind_and_params(step)
        if step.name in states and states[step.name].receipt and its_kind.writers(params, run.plan.place):
            return True
    return False


def ask_to_give_back(runtime: Runtime, run: Run) -> None:
    """Ask for the primary to be opened again at once, because its writer does not move.

    Failing to is only slower: the closer does it when the run ends.
    """
    event = {"do": GIVE_BACK, "run_id": run.run_id}
    try:
        tell(runtime.aws, runtime.region, runtime.variable("PILOTLIGHT_CLOSE_FUNCTION"), event)
    except AwsError as error:
        runtime.logger.error(f"The primary could not be given back at once: {error.sentence}")


def entomb(
    runtime: Runtime,
    run: Run,
    writers: tuple[Writer, ...],
    state: TombstoneState,
    has_moved: Callable[[], bool | None] = lambda: False,
) -> None:
    """Write the tombstones of some writers; a note that stands already is left, and not told again.

    A committed note of an earlier epoch is left to the new commitment where the writer stands in the standby still, as
    `has_moved` says: for a global table that note is all there is to show it. Raises `StaleActor` where a later epoch
    moved one of them, and an `AwsError` where the standby's own table does not take it: then nothing may move.
    """
    if not writers:
        return
    kept = tombstones(runtime, run.failover.regions.witness)
    for writer in writers:
        now, epoch = runtime.now(), run.epochs[writer.old]
        stone = Tombstone(writer.old, writer.new, run.application, run.run_id, epoch, state, now)
        standing = kept.of(writer.old)
        if standing and standing.epoch == epoch and not stone.replaces(standing):
            continue
        if standing and (standing.state, state) == (TombstoneState.COMMITTED, TombstoneState.INTENDED) and has_moved():
            continue
        missing = kept.write(stone)
        copies = f", without the copy in {', '.join(missing)}" if missing else ""
        sentence = f"Epoch {epoch} of {writer.old}: its writing moves to {writer.new}, {state.value}{copies}."
        write(runtime, run, RecordKind.TOMBSTONE, sentence, writer=writer.old, epoch=epoch, state=state.value)
