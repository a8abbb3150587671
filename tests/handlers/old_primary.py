"""FileFlow's old primary with its guard in it, whose looks are called by the test."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from deployment import names
from deployment.foundation import foundation
from deployment.guard import guard
from deployment.observing import observers
from deployment.resources import Rule, Stack, StreamSource
from deployment.signals import signals
from pilotlight.aws.tables import DynamoTable
from pilotlight.aws.tombstones import Tombstones
from pilotlight.domain.plan import Arming, Plan
from pilotlight.domain.tombstone import Tombstone, TombstoneState
from pilotlight.steps import writers_of
from planfile import load
from rehearsal.scene import Scene, close_scene, open_scene
from rehearsal.services.ec2 import Ec2
from rehearsal.services.ec2 import Rule as IngressRule
from rehearsal.services.elbv2 import Elbv2
from rehearsal.services.lambda_functions import LambdaFunctions
from rehearsal.services.rds import Rds
from rehearsal.world import TraceLine

FILEFLOW = Path(__file__).parents[2] / "plans" / "fileflow.yaml"
SEOUL, TOKYO, SINGAPORE = "ap-northeast-2", "ap-northeast-1", "ap-southeast-1"
SEOULS_BALANCER = "fileflow-prod-alb-123456.ap-northeast-2.elb.amazonaws.com"
SEOULS_GROUP = "sg-0123456789abcdef1"
SEOULS_DATABASE, TOKYOS_REPLICA = "ryuqqq-shared-rds", "ryuqqq-shared-rds-replica"
GUARD = names.guard_function("fileflow")
COPY, MODE = names.guard_copy("fileflow"), names.guard_mode("fileflow")
ACTIVE = (Rule, StreamSource)
AS_BY_HAND = IngressRule("sgr-0fedcba987654321f", "tcp", 3306, 3306, ("CidrIpv4", "10.0.0.0/16"))
"""What a person adds who opens the database again."""

ENOUGH_LOOKS = 10
"""A look a minute: the database's restart is seen after some of them."""


class Seoul:
    """The old primary with its guard, which looks only when a test lets it."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.world = scene.world
        self.aws = scene.account.aws
        self.writer = writers_of(scene.plan)[0]

    def inside(self, work: Callable[[], Any]) -> Any:
        """Do something as a task of the world, to its end."""
        task = self.world.time.spawn(work, name="test")
        self.world.time.run(until=lambda: task.done)
        return task.result()

    def note(self, state: TombstoneState, *regions: str, epoch: int = 1, old: str | None = None) -> None:
        """Write a tombstone on Seoul's database into the tables of these regions, as a run would."""
        run_id = f"fileflow-e{epoch}"
        writer, now = self.writer, self.world.time.now()
        stone = Tombstone(old or writer.old, writer.new, "fileflow", run_id, epoch, state, now)
        for region in regions:
            self.inside(partial(Tombstones(self.table(region), {}).write, stone))

    def table(self, region: str) -> DynamoTable:
        return DynamoTable(self.scene.account.sdk(region), region, names.TOMBSTONES_TABLE)

    def darken(self, *regions: str) -> None:
        for region in regions:
            self.world.darken(region)

    def set(self, parameter: str, value: str) -> None:
        kept = {"Name": parameter, "Value": value, "Type": "String", "Overwrite": True}
        self.inside(lambda: self.scene.account.sdk(SEOUL).call("ssm", "PutParameter", SEOUL, **kept))

    def forbid(self, parameter: str) -> None:
        """Take what the guard's role says of a parameter away."""
        deployed = self.aws.service(LambdaFunctions).deployed[SEOUL, GUARD]
        kept = [
            replace(s, resources=tuple(r for r in s.resources if not r.endswith(f"parameter{parameter}")))
            for s in deployed.role.statements
        ]
        deployed.role = replace(deployed.role, statements=tuple(kept))

    def copied(self) -> dict[str, Any]:
        """What the guard's own copy holds."""
        sdk = self.scene.account.sdk(SEOUL)
        answer = self.inside(lambda: sdk.call("ssm", "GetParameter", SEOUL, Name=COPY))
        held: dict[str, Any] = json.loads(answer["Parameter"]["Value"])
        return held

    def look(self) -> str:
        """One look of the guard, as its tick has it; what it said."""
        self.world.time.run(limit_seconds=60)
        functions = self.aws.service(LambdaFunctions)
        return " ".join(self.inside(lambda: functions.run(SEOUL, GUARD, {}))["sentences"])

    def look_until_closed(self) -> str:
        """Look each minute until the database was read closed."""
        for _ in range(ENOUGH_LOOKS):
            said = self.look()
            if "its restart ended the others" in said:
                return said
        raise AssertionError(f"The guard read nothing closed, and said in the end: {said}")

    def promote(self) -> None:
        """Tokyo's replica becomes a writer, whoever asked for it."""
        self.aws.service(Rds).instance(TOKYO, TOKYOS_REPLICA).source = None

    def changes(self, since: int = 0) -> list[TraceLine]:
        """What the guard changed, or tried to."""
        return [line for line in self.world.trace[since:] if line.by == GUARD and line.mutating]

    @property
    def is_open(self) -> bool:
        """Whether users and their sessions get in as before."""
        return self._database_open and not self.aws.service(Elbv2).answers_503(SEOULS_BALANCER)

    @property
    def is_closed(self) -> bool:
        """Whether neither users nor sessions of the database get in."""
        return not self._database_open and self.aws.service(Elbv2).answers_503(SEOULS_BALANCER)

    @property
    def _database_open(self) -> bool:
        return self.aws.service(Ec2).group(SEOUL, SEOULS_GROUP).rules != []


def quiet(stacks: Iterable[Stack]) -> list[Stack]:
    """Without what would act by itself."""
    return [replace(s, resources=tuple(r for r in s.resources if not isinstance(r, ACTIVE))) for s in stacks]


@contextmanager
def an_old_primary() -> Iterator[Seoul]:
    """Seoul with FileFlow's guard deployed and set to enforce; what acts by itself, as its tick, is left out."""
    random.seed(1)
    plan: Plan = load(FILEFLOW).model_copy(update={"arming": Arming.AUTOMATIC})
    stacks = [foundation(plan.account, TOKYO), *observers([plan]), *signals(plan), *guard(plan)]
    scene = open_scene(plan, seed=1, stacks=quiet(stacks))
    made = Seoul(scene)
    made.set(MODE, "enforce")
    try:
        yield made
    finally:
        close_scene(scene)
