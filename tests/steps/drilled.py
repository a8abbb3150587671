"""A step that makes a copy for a drill, on the bench: its turns, and the drill's deleting of what it made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from pilotlight.domain.life import StepState
from pilotlight.domain.place import Place
from pilotlight.domain.step import CannotUndo, Failed, NotYet, Receipt, StepContext, StepKind, Undone
from rehearsal.embedded_aws import EmbeddedAws
from rehearsal.services.ec2 import Ec2
from rehearsal.services.elbv2 import Elbv2, TargetGroup
from rehearsal.virtual_time import VirtualTime
from rehearsal.wire import Call, ServiceError
from rehearsal.world import World
from tests.conventions.test_kinds import examples
from tests.steps.conftest import PLACE, Bench


def params_of(kind: StepKind[Any], **changes: Any) -> Any:
    """The parameters of the kind's first example, with some of them changed."""
    return kind.params.model_validate(examples(kind)[0]["params"] | changes)


@contextmanager
def before_a_drill(kind: StepKind[Any], place: Place) -> Iterator[Bench]:
    """The bench with what has to stand there before such a step is drilled."""
    world = World(VirtualTime(datetime(2026, 11, 21, 1, 0, tzinfo=UTC)), seed=1, account=PLACE.account)
    with EmbeddedAws(world) as aws:
        for standing in kind.standing(params_of(kind), place):
            aws.services[standing.service].furnish(standing)
        yield Bench(world, aws, place=place)


@dataclass
class CopyInADrill:
    """The standby as it stands before a drill, and the step that copies something of it."""

    bench: Bench
    kind: ClassVar[StepKind[Any]]
    outputs: ClassVar[Mapping[str, Mapping[str, str]]] = {}

    @property
    def balancing(self) -> Elbv2:
        return self.bench.aws.service(Elbv2)

    @property
    def ec2(self) -> Ec2:
        return self.bench.aws.service(Ec2)

    def target_group(self, name: str) -> TargetGroup:
        return next(group for group in self.balancing.target_groups if group.name == name)

    def context(self) -> StepContext:
        return self.bench.context(outputs=self.outputs)

    def live(self, state: StepState | None = None, **changes: Any) -> StepState:
        return self.bench.live(self.kind, params_of(self.kind, **changes), outputs=self.outputs, state=state)

    def execute(self, **changes: Any) -> Receipt | NotYet | Failed:
        params = params_of(self.kind, **changes)
        return self.bench.inside(lambda: self.kind.execute(params, self.context()))

    def undo(self) -> Undone | CannotUndo:
        receipt = Receipt("", acted=False)
        return self.bench.inside(lambda: self.kind.undo(params_of(self.kind), receipt, self.context()))

    def remains(self) -> Any:
        return self.bench.inside(lambda: self.kind.remains(params_of(self.kind), self.context()))

    def clear_away(self) -> list[str]:
        """Undo, as a drill does: again and again until nothing stands; what each turn said."""
        said: list[str] = []
        while self.remains() is not None:
            undone = self.undo()
            assert isinstance(undone, Undone), undone
            said.append(undone.sentence)
            self.bench.world.time.sleep(60)
            assert len(said) < 60
        return said

    def refuse_once(self, service: str, operation: str, code: str, message: str) -> None:
        """AWS refuses the next call of that operation."""
        model = self.bench.aws.services[service]
        usual, left = model._operations[operation], [ServiceError(code, message)]

        def refuse_or_answer(model: Any, call: Call) -> Any:
            if left:
                raise left.pop()
            return usual(model, call)

        model._operations[operation] = refuse_or_answer
