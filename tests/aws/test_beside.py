"""What is done beside its caller, in threads as in Lambda; and several things side by side."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from threading import Event
from typing import TypeVar

import pytest

from pilotlight.aws.beside import AT_A_TIME, in_a_thread, side_by_side

T = TypeVar("T")


def test_what_is_done_beside_goes_on_while_its_caller_does_something_else() -> None:
    called_back = Event()

    waited_for = in_a_thread(lambda: called_back.wait(timeout=10.0))
    called_back.set()

    assert waited_for() is True


def test_what_fails_beside_fails_where_it_is_waited_for() -> None:
    waited_for = in_a_thread(lambda: 1 // 0)

    with pytest.raises(ZeroDivisionError):
        waited_for()


def test_of_many_things_only_so_many_are_done_at_a_time_and_their_results_come_in_order() -> None:
    under_way, most = 0, 0

    def counted(work: Callable[[], T], /) -> Callable[[], T]:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)

        def waited_for() -> T:
            nonlocal under_way
            under_way -= 1
            return work()

        return waited_for

    done = side_by_side(counted, [partial(abs, -number) for number in range(2 * AT_A_TIME)])

    assert list(done) == list(range(2 * AT_A_TIME))
    assert most == AT_A_TIME
