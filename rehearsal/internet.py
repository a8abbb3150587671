"""The internet of a rehearsal: hosts that answer, load balancers in regions that may be dark, and silence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from urllib.parse import urlsplit

from pilotlight.domain.ports import Silence, WebAnswer, WebRequest
from rehearsal.service import Spread
from rehearsal.world import World

Answers = Callable[[WebRequest], WebAnswer]
ROUND_TRIP = Spread(0.02, 0.08, 0.3)


class Internet:
    """The web port of a rehearsal. A host that nobody put there is a name that does not resolve."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._random = world.random_for("internet")
        self._hosts: dict[str, Answers] = {}

    def put(self, host: str, answers: Answers) -> None:
        """Let a host answer."""
        self._hosts[host] = answers

    def put_in_region(self, host: str, region: str, answers: Answers) -> None:
        """Let a host answer as long as its region is not dark; then connections to it time out."""

        def answer(request: WebRequest) -> WebAnswer:
            if self._world.is_out_of_reach(region):
                self._world.time.sleep(request.timeout_seconds)
                return WebAnswer(None, "", "no connection came about in time", silence=Silence.TIMED_OUT)
            return answers(request)

        self._hosts[host] = answer

    def ask(self, request: WebRequest) -> WebAnswer:
        """Answer a request as the host that it is sent to does."""
        address = request.connect_to or urlsplit(request.url).hostname or ""
        answers = self._hosts.get(address)
        self._world.time.sleep(ROUND_TRIP.draw(self._random))
        if answers is None:
            return WebAnswer(None, "", f"its name is not known: {address}", silence=Silence.NO_SUCH_NAME)
        return answers(request)

    def ask_all(self, requests: Sequence[WebRequest]) -> Sequence[WebAnswer]:
        """Answer many requests side by side."""
        if len(requests) == 1:
            return [self.ask(requests[0])]
        asked = [self._world.time.spawn(partial(self.ask, each), name=f"ask {each.url}") for each in requests]
        for task in asked:
            task.wait()
        return [task.result() for task in asked]
