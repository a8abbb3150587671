"""The one world of a rehearsal: time, regions, randomness, and what has been done in it.

The services of the embedded AWS, the internet and Slack stand in it; nothing in it is global, so that two worlds in
one process do not meet.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING, TypeVar

from rehearsal.virtual_time import VirtualTime
from rehearsal.wire import Call

if TYPE_CHECKING:
    from rehearsal.service import Service

S = TypeVar("S", bound="Service")


@dataclass(frozen=True)
class TraceLine:
    """One AWS call as an outsider sees it.

    `step` says for which step and `by` from which function it was made, empty for the account's owner.
    """

    time: datetime
    service: str
    operation: str
    region: str
    resource: str
    mutating: bool
    error: str = ""
    step: str = ""
    seconds: float = 0.0
    by: str = ""


@dataclass(frozen=True)
class Effect:
    """What an accepted call set in motion: `seconds` of AWS's own work on `resource`, begun for a step of a run.

    `step` is empty where no step was at work. The clairvoyant schedule is made of these.
    """

    step: str
    resource: str
    started: datetime
    seconds: float


@dataclass
class World:
    """Everything that a rehearsal holds."""

    time: VirtualTime
    seed: int
    account: str
    trace: list[TraceLine] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    on_news: list[Callable[[str], None]] = field(default_factory=list)
    dark: dict[str, datetime] = field(default_factory=dict)
    cuts: set[frozenset[str]] = field(default_factory=set)
    peerings: set[frozenset[str]] = field(default_factory=set)
    models: dict[str, Service] = field(default_factory=dict)

    def model(self, kind: type[S]) -> S:
        """The model of one service."""
        found = self.models[kind.name]
        assert isinstance(found, kind)
        return found

    def random_for(self, purpose: str) -> Random:
        """A stream of random numbers of its own for each purpose, so that one more draw here moves nothing there."""
        return Random(f"{self.seed}/{purpose}")

    def darken(self, region: str) -> None:
        """The region stops answering, from now on."""
        self.dark[region] = self.time.now()
        self.tell(f"{region} goes dark.")

    def relight(self, region: str) -> None:
        """The region answers again."""
        if self.dark.pop(region, None):
            self.tell(f"{region} answers again.")

    def cut(self, one: str, other: str) -> None:
        """Functions in either of the two regions do not reach the other any more, from now on."""
        self.cuts.add(frozenset((one, other)))

    def mend(self, one: str, other: str) -> None:
        """They reach each other again."""
        self.cuts.discard(frozenset((one, other)))

    def is_out_of_reach(self, region: str) -> bool:
        """Whether who is at work right now gets no answer from a region: it is dark, or the path to it is cut.

        Who is at work in no function, such as a health checker, looks from elsewhere, and no cut is in its way.
        """
        return region in self.dark or frozenset((CURRENT_REGION.get(), region)) in self.cuts

    def peer(self, one: str, other: str) -> None:
        """The VPCs of the two regions reach each other, from now on."""
        self.peerings.add(frozenset((one, other)))

    def cut_peering(self, one: str, other: str) -> None:
        """They do not any more; all else between the two regions is as it was."""
        self.peerings.discard(frozenset((one, other)))

    def is_private_out_of_reach(self, region: str) -> bool:
        """Whether who is at work right now gets no answer from inside a region's VPC.

        Only a function in a VPC may: in the same one, or in one that is peered with it.
        """
        here = CURRENT_VPC.get()
        joined = here == region or frozenset((here, region)) in self.peerings
        return not (here and joined) or self.is_out_of_reach(region)

    def tell(self, sentence: str) -> None:
        """Let those who listen hear what happens in the world."""
        for listener in self.on_news:
            listener(sentence)

    def is_dark(self, region: str) -> bool:
        """Whether the region answers nobody at the moment."""
        return region in self.dark

    def record(self, call: Call, resource: str, mutating: bool, error: str, began: datetime) -> None:
        """Note a call in the trace, when it has been answered."""
        seconds = (self.time.now() - began).total_seconds()
        step = CURRENT_STEP.get()
        self.trace.append(
            TraceLine(
                began,
                call.service,
                call.operation,
                call.region,
                resource,
                mutating,
                error,
                step,
                seconds,
                CURRENT_FUNCTION.get(),
            )
        )

    def begin_effect(self, resource: str, seconds: float) -> None:
        """Note that AWS is at work on a resource for that long, on behalf of the step that is being worked on."""
        self.effects.append(Effect(CURRENT_STEP.get(), resource, self.time.now(), seconds))


CURRENT_FUNCTION: ContextVar[str] = ContextVar("current_function", default="")
"""The function that is running, set like the step."""

CURRENT_REGION: ContextVar[str] = ContextVar("current_region", default="")
"""The region of the function that is running, set by the model of Lambda; empty for who is no function."""

CURRENT_VPC: ContextVar[str] = ContextVar("current_vpc", default="")
"""The region in whose VPC the function that is running stands, set like its region; empty for who is in none."""

CURRENT_RUN: ContextVar[str] = ContextVar("current_run", default="")
"""The run that the function is called for, set like the step."""

CURRENT_STEP: ContextVar[str] = ContextVar("current_step", default="")
"""The step whose function is running, set by the model of Lambda around an invocation."""
