"""The internet of a rehearsal: hosts that answer, load balancers in regions that may be dark, and silence.

The name of a private load balancer resolves everywhere, to addresses that only VPCs reach: who stands in none, or in
one that is not peered with its own, gets no answer. Who stands in a VPC reaches nothing on the internet.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from urllib.parse import urlsplit

from pilotlight.aws.beside import side_by_side
from pilotlight.domain.ports import Silence, WebAnswer, WebRequest
from rehearsal.service import Spread
from rehearsal.world import CURRENT_VPC, World

Answers = Callable[[WebRequest], WebAnswer]
ROUND_TRIP = Spread(0.02, 0.08, 0.3)
_UNHEARD = WebAnswer(None, "", "no connection came about in time", silence=Silence.TIMED_OUT)


class Internet:
    """The web port of a rehearsal. A host that nobody put there does not resolve; large letters are small ones."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._random = world.random_for("internet")
        self._hosts: dict[str, Answers] = {}
        self._private: set[str] = set()

    def put(self, host: str, answers: Answers) -> None:
        """Let a host answer."""
        self._hosts[host.lower()] = answers

    def put_in_region(self, host: str, region: str, answers: Answers) -> None:
        """Let a host answer as long as its region is not dark; then connections to it time out."""

        def answer(request: WebRequest) -> WebAnswer:
            return _UNHEARD if self._world.is_out_of_reach(region) else answers(request)

        self._hosts[host.lower()] = answer

    def put_private(self, host: str, region: str, answers: Answers) -> None:
        """Let a host in a region's VPC answer those who reach it there."""

        def answer(request: WebRequest) -> WebAnswer:
            return _UNHEARD if self._world.is_private_out_of_reach(region) else answers(request)

        self._hosts[host.lower()] = answer
        self._private.add(host.lower())

    def ask(self, request: WebRequest) -> WebAnswer:
        """Answer a request as the host that it is sent to does; silence takes what the request allows for the whole."""
        patience = self._world.time.elapsed_seconds() + request.timeout_seconds
        address = (request.connect_to or urlsplit(request.url).hostname or "").lower()
        answers = self._hosts.get(address)
        self._world.time.sleep(ROUND_TRIP.draw(self._random))
        if answers is None:
            return WebAnswer(None, "", f"its name is not known: {address}", silence=Silence.NO_SUCH_NAME)
        unreached = CURRENT_VPC.get() and address not in self._private
        answer = _UNHEARD if unreached else answers(request)
        if answer.silence is Silence.TIMED_OUT:
            self._world.time.sleep(max(0.0, patience - self._world.time.elapsed_seconds()))
        return answer

    def ask_all(self, requests: Sequence[WebRequest]) -> Sequence[WebAnswer]:
        """Answer many requests side by side."""
        return side_by_side(self._world.time.beside, [partial(self.ask, each) for each in requests])
