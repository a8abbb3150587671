"""What every source of events has: a state that one read tells, a switch, and the note of who switched it.

A state that is neither on nor off nor on its way to one of them is carried on by name.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pilotlight.domain.errors import InvalidRequest, InvalidState
from pilotlight.domain.step import StepContext

ON, OFF, TURNING_OFF, TURNING_ON = "on", "off", "turning off", "turning on"
PASSING = frozenset({"Creating", "Updating"})
"""States of a mapping that lead to one of those by themselves."""
SWITCHABLE = frozenset({ON, OFF, TURNING_ON, TURNING_OFF, *PASSING})

_BUSY = frozenset(
    {"ResourceInUseException", "ResourceConflictException", "ConcurrentModificationException", "ConflictException"}
)


@dataclass(frozen=True)
class EventSource(ABC):
    """One source of events, by its name and its ARN, in the region that the ARN names."""

    name: str
    arn: str

    @property
    def region(self) -> str:
        """Where it is."""
        return self.arn.split(":")[3]

    @property
    @abstractmethod
    def title(self) -> str:
        """What it is, in a sentence."""

    @property
    def named(self) -> str:
        """The same where a sentence begins with it; its name stays as it is written."""
        return f"{self.title[0].upper()}{self.title[1:]}"

    @abstractmethod
    def state(self, context: StepContext) -> str | None:
        """On, off or on its way to one of them, else the state as AWS names it; None where there is no such source."""

    @abstractmethod
    def switch(self, context: StepContext, *, on: bool) -> None:
        """Tell it to be on or off."""

    @abstractmethod
    def mark(self, context: StepContext, key: str, value: str) -> None:
        """Note something on it under a key; what stood there under that key is replaced."""

    @abstractmethod
    def marks(self, context: StepContext) -> Mapping[str, str]:
        """What is noted on it, by key."""

    @abstractmethod
    def unmark(self, context: StepContext, key: str) -> None:
        """Remove a note; one that is gone already is as good."""


def switch_all(
    sources: Iterable[EventSource], context: StepContext, *, on: bool, note: tuple[str, str] | None = None
) -> bool:
    """Tell each to be on or off; False where somebody else changes one at this moment, so that it is tried again.

    Parameters: `note` is what is noted on each before it is told, by its key.
    """
    try:
        for source in sources:
            if note:
                source.mark(context, *note)
            source.switch(context, on=on)
    except (InvalidState, InvalidRequest) as error:
        if error.code not in _BUSY:
            raise
        return False
    return True


def say_states(states: Mapping[EventSource, str]) -> str:
    """How some sources stand, without a full stop."""
    return "; ".join(f"{source.title} is {state}" for source, state in states.items())


def passing(states: Mapping[EventSource, str]) -> dict[EventSource, str]:
    """Those in a state that has to be over before they can be switched."""
    return {source: state for source, state in states.items() if state in PASSING}


def say(sources: list[EventSource]) -> str:
    """Some sources, as a sentence begins with them: `Rule nightly was`, `Rule nightly, mapping 1a2b were`."""
    names = ", ".join(source.title for source in sources)
    return f"{names[0].upper()}{names[1:]} {'was' if len(sources) == 1 else 'were'}"
