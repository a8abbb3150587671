"""The part of the embedded Lambda that knows the functions of the application's own, which do a step of a plan.

Such a function is played by a Python callable, which gets the event and gives the answer; without one of its own it is
done at once. What it does to the world is for that callable to do. Source: botocore's model of Lambda.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rehearsal.service import Spread
from rehearsal.wire import ServiceError
from rehearsal.world import World

ANSWERS = Spread(0.05, 0.2, 2.0)
"""What a small function takes for an answer, a cold start included in some: an estimate."""
Event = dict[str, Any]


@dataclass(eq=False)
class OwnFunction:
    """One function under one alias or version; `seconds` is what an answer takes instead of a drawn time."""

    region: str
    name: str
    qualifier: str
    answers: Callable[[Event], Any]
    timeout_seconds: int = 6
    state: str = "Active"
    seconds: float | None = None
    events: list[Event] = field(default_factory=list)

    def configuration(self, account: str) -> dict[str, Any]:
        """As GetFunctionConfiguration shows it."""
        why = {"StateReason": "The image cannot be pulled"} if self.state == "Failed" else {}
        role = f"arn:aws:iam::{account}:role/{self.name}"
        return {
            "FunctionName": self.name,
            "Role": role,
            "Timeout": self.timeout_seconds,
            "State": self.state,
            **why,
        }


class OwnFunctions:
    """The functions of the application's own, in all regions."""

    world: World
    random: Any
    own_functions: dict[tuple[str, str, str], OwnFunction]

    def add_function(
        self, region: str, name: str, qualifier: str, answers: Callable[[Event], Any] | None = None
    ) -> OwnFunction:
        """Set the scene: a function of the application's own."""
        made = OwnFunction(region, name, qualifier, answers or _done(()))
        self.own_functions[region, name, qualifier] = made
        return made

    def add_giving(self, region: str, name: str, qualifier: str, gives: tuple[str, ...]) -> OwnFunction:
        """Set the scene: one that is done at once and gives those outputs."""
        return self.add_function(region, name, qualifier, _done(gives))

    def own_function(self, region: str, name: str, qualifier: str) -> OwnFunction | None:
        """The function of that name, under that alias or version; a known one under no other raises as Lambda does."""
        found = self.own_functions.get((region, name, qualifier))
        if found is None and any(key[:2] == (region, name) for key in self.own_functions):
            raise ServiceError("ResourceNotFoundException", f"Function not found: {name}:{qualifier}", 404)
        return found

    def invoke_own(self, function: OwnFunction, event: Event) -> Mapping[str, Any]:
        """Call it and wait; it breaks off when it takes longer than its timeout, or raises."""
        function.events.append(event)
        takes = ANSWERS.draw(self.random) if function.seconds is None else function.seconds
        self.world.time.sleep(min(takes, function.timeout_seconds))
        if takes > function.timeout_seconds:
            text = f"Task timed out after {function.timeout_seconds}.00 seconds"
            return _broke_off({"errorType": "Sandbox.Timedout", "errorMessage": text})
        try:
            answer = function.answers(event)
        except ValueError as error:
            return _broke_off({"errorType": "ValueError", "errorMessage": str(error)})
        return {"StatusCode": 200, "Payload": json.dumps(answer).encode()}


def _broke_off(told: dict[str, str]) -> dict[str, Any]:
    return {"StatusCode": 200, "FunctionError": "Unhandled", "Payload": json.dumps(told).encode()}


def _done(gives: tuple[str, ...]) -> Callable[[Event], Any]:
    return lambda event: {
        "status": "done",
        "reason": f"Nothing is left to {event['do']}.",
        "outputs": {name: f"{name}-of-{event['step']}" for name in gives},
    }
