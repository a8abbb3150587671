"""Doing things at the same time: one thing beside its caller, and with that several side by side.

How a thing is done beside is a way out of a function: a thread in Lambda, a task of the virtual clock in a rehearsal.
What fails there fails where it is waited for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

T = TypeVar("T")

AT_A_TIME = 128
"""A question over HTTP has a thread that waits and one that asks, and a Lambda function has 1,024 (Lambda quotas)."""


class Beside(Protocol):
    """Starts work beside its caller; what comes back waits for it, and gives its result or raises its error."""

    def __call__(self, work: Callable[[], T], /) -> Callable[[], T]: ...


def in_a_thread(work: Callable[[], T], /) -> Callable[[], T]:
    """Do it in a thread of its own, which ends with the work whether anybody waits or not."""
    thread = ThreadPoolExecutor(max_workers=1)
    doing = thread.submit(work)
    thread.shutdown(wait=False)
    return doing.result


def side_by_side(beside: Beside, works: Sequence[Callable[[], T]]) -> Sequence[T]:
    """Do several things at the same time, at most `AT_A_TIME` of them; the results are in their order."""
    results: list[T] = []
    begun: deque[Callable[[], T]] = deque()
    for work in works:
        if len(begun) == AT_A_TIME:
            results.append(begun.popleft()())
        begun.append(beside(work))
    return [*results, *(wait() for wait in begun)]
