"""What a modelled AWS service is made of: operations by name, a place in the world, latencies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from pilotlight.domain.step import Standing
from rehearsal.wire import Call

if TYPE_CHECKING:
    from rehearsal.world import World

Handler = Callable[[Any, Call], Mapping[str, Any]]
F = TypeVar("F", bound=Handler)


@dataclass(frozen=True)
class Spread:
    """A duration that varies: drawn from a triangular distribution between `least` and `most` around `mode` seconds."""

    least: float
    mode: float
    most: float

    def draw(self, random: Random) -> float:
        """One sample, in seconds."""
        return random.triangular(self.least, self.most, self.mode)


def operation(name: str, *, latency: Spread | None = None) -> Callable[[F], F]:
    """Mark a method as the model of the AWS operation of that name."""

    def mark(method: F) -> F:
        method.modelled_operation = name  # type: ignore[attr-defined]
        method.latency = latency  # type: ignore[attr-defined]
        return method

    return mark


class Service:
    """One AWS service of the embedded AWS, in all its regions.

    A subclass names itself as botocore does and marks its operations. An operation takes a `Call` (whose parameters
    are spelled as in the API) and returns the answer in the API's spelling, or raises `wire.ServiceError` with the wire
    code. `call_latency` is what one API call takes; an operation may have its own.
    """

    name: ClassVar[str]
    call_latency: ClassVar[Spread] = Spread(0.02, 0.06, 0.25)

    def __init__(self, world: World) -> None:
        self.world = world
        self.random = world.random_for(self.name)
        self._operations: dict[str, Handler] = {
            method.modelled_operation: method
            for attribute in dir(type(self))
            if callable(method := getattr(type(self), attribute, None)) and hasattr(method, "modelled_operation")
        }

    def furnish(self, standing: Standing) -> None:
        """Put into the world what stands before an incident; raises AssertionError for what it does not know."""
        raise AssertionError(f"The model of {self.name} cannot furnish a {standing.what}.")

    def models(self, call: Call) -> bool:
        """Whether this service answers that call itself."""
        return call.operation in self._operations

    def answer(self, call: Call) -> Mapping[str, Any]:
        """Answer a call after its sampled latency; raises `wire.ServiceError`."""
        handler = self._operations[call.operation]
        latency: Spread = getattr(handler, "latency", None) or self.call_latency
        self.world.time.sleep(latency.draw(self.random))
        return handler(self, call)
