"""What no rehearsal may show, looked at in every instant and at every call; one violation ends the rehearsal.

One writer: never do the old and the new one take writes together, and never the new one before it was moved to. The
one exception is stated: a primary region that was dark when the writer moved comes back, and its guard, where it
enforces, has `EXPOSURE_LIMIT` to close it; where the guard only observes, nobody promised to, and the exposure is
measured. No move without a durable tombstone of the epoch that holds the lease, and settled fences. Users reach the
standby only while its writers are on their own, and never go back. No function of a failover asks us-east-1 or a global
endpoint for anything. No step changes anything without the leases of its run, unless it held them when it last looked.

An instant is looked at when its last task has handed over: what stands then is what lasts. Calls are judged as they
are made and accepted. A violation is kept and raised in the world's own strand as `InvariantBroken`, so that no
`except` of a handler can swallow it.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from functools import cache
from re import compile as pattern
from typing import Any

from moto.backends import get_backend

from deployment import names
from pilotlight.domain.life import StepState, StepStatus
from pilotlight.domain.tombstone import Tombstone, TombstoneState
from pilotlight.estate.rds.copies import ADOPTED_TAG
from pilotlight.handlers.guard import Mode
from pilotlight.steps import kind_and_params
from rehearsal.fences import fence_steps
from rehearsal.item_reads import note_in
from rehearsal.scene import Scene
from rehearsal.services.lambda_functions import LambdaFunctions
from rehearsal.services.route53 import Route53
from rehearsal.traffic import region_of_users
from rehearsal.virtual_time import Task
from rehearsal.wire import Call
from rehearsal.world import CURRENT_FUNCTION, CURRENT_REGION, CURRENT_RUN, CURRENT_STEP, TraceLine
from rehearsal.writers import WatchedWriter, watched_writers

EXPOSURE_LIMIT = timedelta(seconds=180)
"""How long a primary that came back may take writes under a guard that enforces: its tick comes each minute."""
GLOBAL_REGION = "us-east-1"
MAY_LOOK_ABROAD = frozenset(f"pilotlight.handlers.{name}" for name in ("detect", "probe", "readiness"))
"""The detector reads the health check's alarm where it is; a probe and the hourly look of readiness change nothing, and
no run waits for them."""
STEPS = "pilotlight.handlers.step"
COMMIT_NOTES = frozenset({STEPS, "pilotlight.handlers.close"})
_OWN = frozenset({"dynamodb", "sns", "sqs", "lambda", "stepfunctions"})
"""Where the controller keeps and says what it does: by version, and not by lease."""
_REGIONAL_HOST = pattern(r"\.([a-z]{2}(?:-[a-z]+)+-\d)\.(?:amazonaws\.com|api\.aws)$")


class InvariantBroken(AssertionError):
    """What must never happen happened; the sentence says when, what, and between which resources."""


class Watch:
    """Watches over a scene from now on, until `finish`; `exposure_seconds` is how long two writers took writes."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._world = scene.world
        self._writers = watched_writers(scene.world, scene.plan)
        self._fences = fence_steps(scene.plan)
        records = {record.name for record in scene.world.model(Route53).records.sets}
        self._names = [r.name for r in (scene.plan.traffic.records if scene.plan.traffic else ()) if r.name in records]
        self._broken: list[str] = []
        self._seen_dark = False
        self._answers_since: datetime | None = None
        self._enforces_since: datetime | None = None
        self._moved_in_the_dark: dict[str, bool] = {}
        self._exposed_since: datetime | None = None
        self._exposed = timedelta(0)
        self._in_standby: set[str] = set()
        self._held_at_last_look: dict[tuple[Task[object] | None, str], bool] = {}
        scene.world.time.after_each_instant.append(self._look)
        scene.account.aws.before_call.append(self._judge_host)
        scene.account.aws.after_call.append(self._judge_call)

    @property
    def exposure_seconds(self) -> float:
        """How long the old and the new writer both took writes, as far as the world has come."""
        still = self._world.time.now() - self._exposed_since if self._exposed_since else timedelta(0)
        return (self._exposed + still).total_seconds()

    def finish(self) -> None:
        """Look once more, and stop watching; raises `InvariantBroken`."""
        self._world.time.after_each_instant.remove(self._look)
        self._scene.account.aws.before_call.remove(self._judge_host)
        self._scene.account.aws.after_call.remove(self._judge_call)
        self._look()

    def _look(self) -> None:
        self._look_at_primary()
        self._look_at_writers()
        self._look_at_users()
        if self._broken:
            raise InvariantBroken(self._broken[0])

    def _break(self, sentence: str) -> None:
        self._broken.append(f"At {self._world.time.now():%Y-%m-%d %H:%M:%S} UTC {sentence}")

    # One writer

    def _look_at_primary(self) -> None:
        dark = self._world.is_dark(self._scene.plan.regions.primary)
        if self._seen_dark and not dark:
            self._answers_since = self._world.time.now()
        if self._answers_since:
            in_force = self._guard_enforces()
            self._enforces_since = (self._enforces_since or self._world.time.now()) if in_force else None
        self._seen_dark = dark

    def _look_at_writers(self) -> None:
        now = self._world.time.now()
        writing = [each for each in self._writers if each.new_takes_writes()]
        early = next((each for each in writing if not each.has_moved()), None)
        if early:
            self._break(f"{early.writer.new} takes writes, and no committed note says that it {early.moves_by}.")
        doubled = [each for each in writing if each.old_takes_writes()]
        if not doubled:
            self._exposed += now - self._exposed_since if self._exposed_since else timedelta(0)
            self._exposed_since = None
            return
        self._exposed_since = self._exposed_since or now
        for each in doubled:
            self._judge_exposure(each, now)

    def _judge_exposure(self, each: WatchedWriter, now: datetime) -> None:
        both = f"{each.writer.old} and {each.writer.new} both take writes"
        if not self._moved_in_the_dark.get(each.writer.new) or self._answers_since is None:
            self._break(f"{both}, and the primary region answered when the writer moved.")
        elif self._enforces_since:
            since = max(self._answers_since, self._enforces_since)
            if now - since > EXPOSURE_LIMIT:
                limit = f"{EXPOSURE_LIMIT.total_seconds():.0f} s"
                self._break(f"{both} still, more than {limit} after the primary region came back to a guard in force.")

    def _guard_enforces(self) -> bool:
        plan = self._scene.plan
        kept = get_backend("ssm")[plan.account][plan.regions.primary]
        mode = kept.get_parameter(names.guard_mode(plan.application))
        return mode is not None and str(mode.value).strip().lower() == Mode.ENFORCE

    # Before the writer moves

    def _judge_move(self, each: WatchedWriter) -> None:
        old, new = each.writer.old, each.writer.new
        held = self._note(names.TOMBSTONES_TABLE, f"tombstone#{old}", "tombstone")
        stone = Tombstone.from_item(held) if held else None
        if stone is None or stone.state is TombstoneState.WITHDRAWN:
            said = "none stands" if stone is None else f"the one of epoch {stone.epoch} is withdrawn"
            self._break(f"{new} {each.moves_by} without a durable tombstone on {old}: {said}.")
            return
        holder = self._other_holder(old, stone.run_id, stone.epoch)
        if holder:
            whose = f"run {stone.run_id} in epoch {stone.epoch}"
            self._break(
                f"{new} {each.moves_by} with a tombstone on {old} of {whose}, while its lease is held by {holder}."
            )
        fences = {name: self._fence(stone.run_id, name) for name in self._fences}
        waiting = [name for name, state in fences.items() if state.status is not StepStatus.SETTLED]
        if waiting:
            self._break(f"{new} {each.moves_by} before {waiting[0]}, which closes the way to {old}, had settled.")
        # A fence that found the region dark is as good a proof as the darkness itself; a path that is cut is none.
        silent = any(state.outputs.get("closed") == "unreachable" for state in fences.values())
        dark = self._world.is_dark(self._scene.plan.regions.primary)
        self._moved_in_the_dark[new] = dark or (silent and self._answers_since is not None)

    def _fence(self, run_id: str, name: str) -> StepState:
        kept = self._note(names.CONTROL_TABLE, f"run#{run_id}", f"step#{name}")
        return StepState.from_item(kept) if kept else StepState()

    def _other_holder(self, subject: str, run_id: str, epoch: int) -> str:
        """Who holds a lease instead of a run in its epoch; empty where that run does."""
        lease = self._note(names.CONTROL_TABLE, f"lease#{subject}", "lease")
        if lease is None or not lease["holder"]:
            return "nobody"
        return "" if (lease["holder"], lease["epoch"]) == (run_id, epoch) else f"{lease['holder']} ({lease['epoch']})"

    def _note(self, table: str, partition: str, sort: str) -> dict[str, Any] | None:
        return note_in(self._world.account, self._scene.plan.regions.standby, table, partition, sort)

    # Users

    def _look_at_users(self) -> None:
        standby = self._scene.plan.regions.standby
        for name in self._names:
            reached = region_of_users(self._world, self._scene.plan, name)
            if reached == standby:
                self._in_standby.add(name)
                waiting = next((each for each in self._writers if not each.has_moved()), None)
                if waiting:
                    self._break(f"users of {name} reach {standby}, where {waiting.writer.new} is a replica still.")
            elif name in self._in_standby:
                self._break(f"users of {name}, who had reached {standby}, are led to {reached} again.")

    # Calls

    def _judge_host(self, call: Call, host: str) -> None:
        name, region = CURRENT_FUNCTION.get(), CURRENT_REGION.get()
        if not name or region == GLOBAL_REGION or self._handler() in MAY_LOOK_ABROAD:
            return
        asked = _region_of(host)
        if asked in (None, GLOBAL_REGION):
            where = "a global endpoint" if asked is None else GLOBAL_REGION
            what = f"{call.service} {call.operation}"
            self._break(
                f"function {name} in {region} called {what} at {host}, {where}, which a failover must not need."
            )

    def _judge_call(self, call: Call) -> None:
        line = self._world.trace[-1]  # the call was recorded just now, in this same instant
        if line.by and self._handler() == STEPS:
            self._judge_step(call, line)
        moved = "" if line.error else self._moved_by(call, line)
        for each in self._writers:
            if each.writer.new == moved:
                self._judge_move(each)

    def _moved_by(self, call: Call, line: TraceLine) -> str:
        """The new writer that a call has moved: a promotion, an adoption, or the committed note on a global table."""
        if _moves_a_writer(call, line):
            return line.resource
        is_note = (line.operation, call.parameters.get("TableName")) == ("PutItem", names.TOMBSTONES_TABLE)
        if not is_note or line.region != self._scene.plan.regions.standby or self._handler() not in COMMIT_NOTES:
            return ""
        stone = Tombstone.from_item(json.loads(call.parameters["Item"]["body"]["S"]))
        return stone.new if stone.state is TombstoneState.COMMITTED and ":dynamodb:" in stone.new else ""

    def _judge_step(self, call: Call, line: TraceLine) -> None:
        """A step looks at a lease, then acts; what it loses in between is the window that is stated."""
        task = self._world.time.current_task
        if line.operation == "GetItem" and call.parameters["TableName"] == names.CONTROL_TABLE:
            kind_of_note, _, subject = str(call.parameters["Key"]["partition"]["S"]).partition("#")
            if kind_of_note == "lease":
                self._held_at_last_look[task, subject] = subject not in self._lost_by(CURRENT_RUN.get())
        elif line.mutating and not line.error and line.service not in _OWN:
            run_id = CURRENT_RUN.get()
            for subject, holder in self._lost_by(run_id).items():
                if self._needs(subject) and not self._held_at_last_look.get((task, subject)):
                    what = f"{line.service} {line.operation} on {line.resource}"
                    who = f"step {line.step} of run {run_id}"
                    self._break(f"{who} called {what} while the lease of {subject} is held by {holder}.")

    def _lost_by(self, run_id: str) -> dict[str, str]:
        """The leases that a run does not hold in its epoch, with who does."""
        run = self._note(names.CONTROL_TABLE, f"run#{run_id}", "run")
        epochs: dict[str, int] = run["epochs"] if run else {}
        holders = {subject: self._other_holder(subject, run_id, epoch) for subject, epoch in epochs.items()}
        return {subject: holder for subject, holder in holders.items() if holder}

    def _needs(self, subject: str) -> bool:
        """Whether the step at work answers for that lease: all do for the application's, some for those of writers."""
        plan = self._scene.plan
        its_kind, params = kind_and_params(plan.steps()[CURRENT_STEP.get()])
        return subject == plan.application or its_kind.fences or bool(its_kind.writers(params, plan.place))

    def _handler(self) -> str:
        """The module of the function that is running; empty for who is none."""
        functions = self._world.model(LambdaFunctions).deployed
        deployed = functions.get((CURRENT_REGION.get(), CURRENT_FUNCTION.get()))
        return deployed.function.handler if deployed else ""


def _moves_a_writer(call: Call, line: TraceLine) -> bool:
    """Whether a replica was promoted, or a restored copy marked as the writer."""
    adopts = any(tag["Key"] == ADOPTED_TAG for tag in call.parameters.get("Tags") or () if isinstance(tag, dict))
    moved = line.operation == "PromoteReadReplica" or (line.operation == "AddTagsToResource" and adopts)
    return moved and not line.error


@cache
def _region_of(host: str) -> str | None:
    """The region that a host of AWS is in; None for one that is global."""
    found = _REGIONAL_HOST.search(host)
    return found.group(1) if found else None
