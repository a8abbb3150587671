"""A bench for step kinds: the embedded AWS, a step context, and the life of a step driven in virtual time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

import pytest
from botocore.exceptions import ReadTimeoutError

from pilotlight.aws.kubernetes import AwsAndKubernetes
from pilotlight.aws.sdk import Sdk
from pilotlight.domain.life import StepState, advance, look_again_in
from pilotlight.domain.place import Place
from pilotlight.domain.ports import WebAnswer, WebRequest
from pilotlight.domain.step import Params, StepContext, StepKind
from rehearsal.embedded_aws import EmbeddedAws
from rehearsal.internet import Internet
from rehearsal.virtual_time import VirtualTime
from rehearsal.wire import Call
from rehearsal.world import World

T = TypeVar("T")

PLACE = Place(application="fileflow", account="123456789012", primary="ap-northeast-2", standby="ap-northeast-1")


@dataclass
class CannedWeb:
    """A web that gives the answers it was told to give, in order, and then the last one again."""

    answers: list[WebAnswer] = field(default_factory=lambda: [WebAnswer(200, "")])
    asked: list[WebRequest] = field(default_factory=list)

    def ask(self, request: WebRequest) -> WebAnswer:
        self.asked.append(request)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def ask_all(self, requests: Sequence[WebRequest]) -> list[WebAnswer]:
        return [self.ask(request) for request in requests]


@dataclass
class Bench:
    """Where a step kind is tried: `aws.service(Rds)` sets the scene, `live` runs a step to its end."""

    world: World
    aws: EmbeddedAws
    web: CannedWeb = field(default_factory=CannedWeb)
    states: list[StepState] = field(default_factory=list)
    place: Place = PLACE

    def __post_init__(self) -> None:
        self.internet = Internet(self.world)

    def context(
        self, *, started: datetime | None = None, outputs: Mapping[str, Mapping[str, str]] | None = None
    ) -> StepContext:
        now = self.world.time.now()
        sdk = AwsAndKubernetes(Sdk(self.aws.clients, self.place.standby), self.internet, self.aws.clients)
        return StepContext(self.place, "fileflow-e1", "the-step", 1, started or now, now, sdk, self.web, outputs or {})

    def inside(self, work: Callable[[], T]) -> T:
        """Do something as a task of the world, to its end."""
        task = self.world.time.spawn(work, name="bench")
        self.world.time.run(until=lambda: task.done)
        return task.result()

    def live(
        self,
        kind: StepKind[Any],
        params: Params,
        *,
        outputs: Mapping[str, Mapping[str, str]] | None = None,
        state: StepState | None = None,
    ) -> StepState:
        """Take turns, in virtual time, until the step is over; every state on the way is kept in `states`."""

        def turns() -> StepState:
            current = state or StepState()
            while not current.status.over:
                current = advance(kind, params, current, self.context(started=current.started, outputs=outputs))
                self.states.append(current)
                if not current.status.over:
                    self.world.time.sleep(look_again_in(kind, current, self.world.time.now()).total_seconds())
            return current

        return self.inside(turns)

    def lose_answers(self, operation: str, *, times: int = 1) -> None:
        """Let the next calls of that operation have their effect, and their answers never arrive."""
        left = iter(range(times))

        def listen(call: Call) -> None:
            if call.operation == operation and next(left, None) is not None:
                raise ReadTimeoutError(endpoint_url=f"https://{call.service}.{call.region}.amazonaws.com")

        self.aws.after_call.append(listen)

    def writes(self) -> list[str]:
        """The mutating operations that were called, in order, as `service:Operation`."""
        return [f"{line.service}:{line.operation}" for line in self.world.trace if line.mutating]


@pytest.fixture
def bench() -> Iterator[Bench]:
    world = World(VirtualTime(datetime(2026, 11, 21, 1, 0, tzinfo=UTC)), seed=1, account=PLACE.account)
    with EmbeddedAws(world) as aws:
        yield Bench(world, aws)
