"""The kernel of the rehearsal: order, hand-over, failure and cancellation, each the same in every run."""

from __future__ import annotations

import contextvars
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rehearsal.virtual_time import Bell, Cancelled, NothingLeft, RunEnd, TaskWasCancelled, VirtualTime

START = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def time() -> VirtualTime:
    return VirtualTime(START)


def say(log: list[str], time: VirtualTime, what: str) -> None:
    log.append(f"{time.elapsed_seconds():g} {what}")


class TestClock:
    @pytest.mark.parametrize("start", [datetime(2026, 1, 1), datetime.fromisoformat("2026-01-01T00:00:00+09:00")])
    def test_it_starts_at_an_aware_utc_time_only(self, start: datetime) -> None:
        with pytest.raises(ValueError, match="aware UTC"):
            VirtualTime(start)

    def test_an_hour_outside_any_task_passes_at_once(self, time: VirtualTime) -> None:
        time.sleep(3600)

        assert time.now() == START + timedelta(hours=1)
        assert time.elapsed_seconds() == 3600.0

    def test_tenths_of_seconds_add_up_exactly(self, time: VirtualTime) -> None:
        for _ in range(10):
            time.sleep(0.1)

        assert time.elapsed_seconds() == 1.0

    def test_it_never_runs_backwards(self, time: VirtualTime) -> None:
        with pytest.raises(ValueError, match="in the past"):
            time.sleep(-1)

    def test_each_instant_is_looked_at_once_when_its_last_task_has_handed_over(self, time: VirtualTime) -> None:
        """Given two tasks in one instant, when the clock moves on, then both were seen done, at that instant still."""
        log: list[str] = []
        time.after_each_instant.append(lambda: say(log, time, "looked at"))
        time.spawn(lambda: say(log, time, "one"), name="one", delay_seconds=1)
        time.spawn(lambda: say(log, time, "other"), name="other", delay_seconds=1)
        time.spawn(lambda: None, name="later", delay_seconds=2)

        time.run()

        assert log == ["0 looked at", "1 one", "1 other", "1 looked at"]

    def test_what_looking_at_an_instant_raises_ends_the_run_there(self, time: VirtualTime) -> None:
        def refuse() -> None:
            assert time.elapsed_seconds() < 1, "one second is enough"

        time.after_each_instant.append(refuse)
        time.spawn(lambda: None, name="one", delay_seconds=1)
        time.spawn(lambda: None, name="two", delay_seconds=2)

        with pytest.raises(AssertionError, match="one second is enough"):
            time.run()
        assert time.elapsed_seconds() == 1.0

    def test_a_wait_that_ended_early_leaves_no_trace_on_the_clock(self, time: VirtualTime) -> None:
        bell = Bell(time)
        time.spawn(lambda: bell.wait(900), name="patient")
        time.spawn(bell.ring, name="ringer", delay_seconds=2)

        end = time.run()

        assert end is RunEnd.NOTHING_LEFT
        assert time.elapsed_seconds() == 2.0


class TestOrder:
    def test_tasks_interleave_at_each_hand_over_by_due_time_then_by_sequence(self, time: VirtualTime) -> None:
        log: list[str] = []

        def steps(name: str, *pauses: float) -> Callable[[], None]:
            def work() -> None:
                for pause in pauses:
                    say(log, time, name)
                    time.sleep(pause)
                say(log, time, f"{name} ends")

            return work

        time.spawn(steps("a", 1, 2), name="a")
        time.spawn(steps("b", 1, 1), name="b")
        time.spawn(steps("c", 0, 3), name="c")

        time.run()

        assert log == ["0 a", "0 b", "0 c", "0 c", "1 a", "1 b", "2 b ends", "3 c ends", "3 a ends"]

    def test_a_sleep_of_nothing_lets_everyone_else_go_first(self, time: VirtualTime) -> None:
        log: list[str] = []

        def polite() -> None:
            time.sleep(0)
            log.append("polite")

        time.spawn(polite, name="polite")
        time.spawn(lambda: log.append("other"), name="other")

        time.run()

        assert log == ["other", "polite"]

    def test_the_spawner_goes_on_before_its_child(self, time: VirtualTime) -> None:
        log: list[str] = []

        def parent() -> None:
            child = time.spawn(lambda: log.append("child"), name="child")
            log.append("parent")
            child.wait()
            log.append("parent again")

        time.spawn(parent, name="parent")
        time.run()

        assert log == ["parent", "child", "parent again"]

    def test_it_is_the_same_in_another_process_with_another_hash_seed(self) -> None:
        script = (
            "from datetime import UTC, datetime\n"
            "from random import Random\n"
            "from rehearsal.virtual_time import VirtualTime\n"
            "time, random, log = VirtualTime(datetime(2026, 1, 1, tzinfo=UTC)), Random(7), []\n"
            "def work(name):\n"
            "    for _ in range(20):\n"
            "        time.sleep(random.choice([0, 0.5, 1]))\n"
            "        log.append((time.elapsed_seconds(), name))\n"
            "for name in 'xyz':\n"
            "    time.spawn(lambda name=name: work(name), name=name)\n"
            "time.run()\n"
            "print(log)\n"
        )

        runs = {
            subprocess.run(
                [sys.executable, "-c", script],
                env={"PYTHONPATH": str(REPOSITORY), "PYTHONHASHSEED": seed},
                capture_output=True,
                check=True,
                text=True,
            ).stdout
            for seed in ("1", "2")
        }

        assert len(runs) == 1


class TestRun:
    def test_it_stops_when_the_condition_holds_and_goes_on_later(self, time: VirtualTime) -> None:
        log: list[str] = []
        time.every(10, lambda: say(log, time, "tick"), name="tick")

        first = time.run(until=lambda: len(log) == 2)
        second = time.run(until=lambda: len(log) == 3)

        assert (first, second) == (RunEnd.CONDITION, RunEnd.CONDITION)
        assert log == ["10 tick", "20 tick", "30 tick"]

    def test_it_stops_at_the_limit_with_the_clock_there(self, time: VirtualTime) -> None:
        time.every(10, lambda: None, name="tick")

        end = time.run(limit_seconds=25)

        assert end is RunEnd.LIMIT
        assert time.elapsed_seconds() == 25.0

    def test_what_is_due_exactly_at_the_limit_happens(self, time: VirtualTime) -> None:
        log: list[str] = []
        time.spawn(lambda: say(log, time, "due"), name="due", delay_seconds=5)

        time.run(limit_seconds=5)

        assert log == ["5 due"]

    def test_a_task_may_not_drive_the_world_it_lives_in(self, time: VirtualTime) -> None:
        time.spawn(time.run, name="hubris")

        with pytest.raises(RuntimeError, match="inside a task call sleep or wait"):
            time.run()


class TestEvery:
    def test_a_slow_turn_does_not_delay_the_next(self, time: VirtualTime) -> None:
        log: list[str] = []

        def slow() -> None:
            say(log, time, "starts")
            time.sleep(15)
            say(log, time, "ends")

        time.every(10, slow, name="slow")
        time.run(limit_seconds=30)

        assert log == ["10 starts", "20 starts", "25 ends", "30 starts"]

    def test_cancelled_it_ticks_no_more_and_the_world_can_end(self, time: VirtualTime) -> None:
        log: list[str] = []
        ticking = time.every(10, lambda: say(log, time, "tick"), name="tick")
        time.run(limit_seconds=20)

        ticking.cancel()

        assert time.run() is RunEnd.NOTHING_LEFT
        assert log == ["10 tick", "20 tick"]

    def test_an_interval_of_nothing_is_refused(self, time: VirtualTime) -> None:
        with pytest.raises(ValueError, match="above zero"):
            time.every(0, lambda: None, name="busy")


class TestResults:
    def test_a_result_is_waited_for_inside_and_outside(self, time: VirtualTime) -> None:
        def answer() -> int:
            time.sleep(5)
            return 42

        def ask() -> int:
            return time.spawn(answer, name="answer").result() + 1

        assert time.spawn(ask, name="ask").result() == 43
        assert time.elapsed_seconds() == 5.0

    def test_a_wait_with_a_timeout_says_whether_it_ended(self, time: VirtualTime) -> None:
        task = time.spawn(lambda: time.sleep(10), name="slow")

        assert task.wait(timeout_seconds=4) is False
        assert time.elapsed_seconds() == 4.0
        assert task.wait(timeout_seconds=60) is True
        assert time.elapsed_seconds() == 10.0

    def test_waiting_outside_for_what_cannot_happen_names_what_hangs(self, time: VirtualTime) -> None:
        stuck = time.spawn(lambda: Bell(time).wait(), name="stuck")

        with pytest.raises(NothingLeft, match="'stuck'"):
            stuck.result()


class TestFailures:
    def test_a_failure_that_nobody_waits_for_is_raised_from_run_and_the_world_goes_on(self, time: VirtualTime) -> None:
        log: list[str] = []

        def breaks() -> None:
            raise LookupError("no such replica")

        time.spawn(breaks, name="breaks", delay_seconds=1)
        time.spawn(lambda: say(log, time, "after"), name="after", delay_seconds=2)

        with pytest.raises(LookupError, match="no such replica"):
            time.run()
        assert time.elapsed_seconds() == 1.0
        assert time.run() is RunEnd.NOTHING_LEFT
        assert log == ["2 after"]

    @pytest.mark.parametrize("ask", ["result", "wait"])
    def test_a_failure_reaches_the_one_who_waits(self, time: VirtualTime, ask: str) -> None:
        def breaks() -> None:
            time.sleep(1)
            raise LookupError("no such replica")

        def asks() -> str:
            task = time.spawn(breaks, name="breaks")
            try:
                getattr(task, ask)()
            except LookupError as failure:
                return f"heard: {failure}"
            return "heard nothing"

        assert time.spawn(asks, name="asks").result() == "heard: no such replica"

    def test_two_failures_at_one_moment_are_both_raised(self, time: VirtualTime) -> None:
        def breaks(what: str) -> Callable[[], None]:
            def work() -> None:
                raise LookupError(what)

            return work

        time.spawn(breaks("first"), name="first")
        time.spawn(breaks("second"), name="second")

        for what in ("first", "second"):
            with pytest.raises(LookupError, match=what):
                time.run()

    def test_an_interrupt_leaves_the_world_even_if_someone_waits_for_the_task(self, time: VirtualTime) -> None:
        def interrupted() -> None:
            raise KeyboardInterrupt

        task = time.spawn(interrupted, name="interrupted", delay_seconds=1)
        time.spawn(task.wait, name="waits")

        with pytest.raises(KeyboardInterrupt):
            time.run()

    def test_a_failure_whose_only_waiter_is_cancelled_at_that_moment_is_still_raised(self, time: VirtualTime) -> None:
        def breaks() -> None:
            time.sleep(1)
            raise LookupError("no such replica")

        breaking = time.spawn(breaks, name="breaks")
        waiting = time.spawn(breaking.wait, name="waits")
        time.spawn(waiting.cancel, name="cancels", delay_seconds=1)

        with pytest.raises(LookupError):
            time.run()


class TestCancellation:
    def test_it_is_thrown_in_at_the_hand_over_and_clean_up_runs(self, time: VirtualTime) -> None:
        log: list[str] = []

        def work() -> None:
            try:
                time.sleep(100)
            except Exception:  # what handlers do; it must not stop a cancellation
                log.append("swallowed")
            finally:
                say(log, time, "cleaned up")

        task = time.spawn(work, name="work")
        time.spawn(task.cancel, name="cancel", delay_seconds=3)

        assert time.run() is RunEnd.NOTHING_LEFT
        assert log == ["3 cleaned up"]
        assert task.done
        assert task.cancelled
        with pytest.raises(TaskWasCancelled, match="'work' was cancelled"):
            task.result()

    def test_a_task_that_has_not_begun_never_begins(self, time: VirtualTime) -> None:
        log: list[str] = []
        task = time.spawn(lambda: log.append("begun"), name="late", delay_seconds=10)

        task.cancel()

        assert time.run() is RunEnd.NOTHING_LEFT
        assert (log, time.elapsed_seconds()) == ([], 0.0)

    def test_the_running_task_ends_at_its_next_hand_over_without_sleeping(self, time: VirtualTime) -> None:
        log: list[str] = []

        def work() -> None:
            own = time.current_task
            assert own is not None
            own.cancel()
            log.append("still here")
            time.sleep(50)
            log.append("never")

        time.spawn(work, name="work")
        time.run()

        assert (log, time.elapsed_seconds()) == (["still here"], 0.0)

    def test_children_live_on(self, time: VirtualTime) -> None:
        log: list[str] = []

        def child() -> None:
            time.sleep(10)
            log.append("child")

        def parent() -> None:
            time.spawn(child, name="child").wait()
            log.append("parent")

        task = time.spawn(parent, name="parent")
        time.spawn(task.cancel, name="cancel", delay_seconds=1)
        time.run()

        assert log == ["child"]

    def test_it_can_be_survived_and_is_thrown_only_once(self, time: VirtualTime) -> None:
        def work() -> str:
            try:
                time.sleep(10)
            except Cancelled:
                time.sleep(5)
            return "survived"

        task = time.spawn(work, name="work")
        time.spawn(task.cancel, name="cancel", delay_seconds=1)

        assert task.result() == "survived"
        assert time.elapsed_seconds() == 6.0

    def test_what_is_done_stays_as_it_is(self, time: VirtualTime) -> None:
        task = time.spawn(lambda: 7, name="seven")
        time.run()

        task.cancel()
        time.run()

        assert task.result() == 7

    def test_closing_the_world_ends_everything_in_the_order_of_birth(self, time: VirtualTime) -> None:
        log: list[str] = []

        def lives(name: str) -> Callable[[], None]:
            def work() -> None:
                try:
                    Bell(time).wait()
                finally:
                    log.append(name)

            return work

        for name in ("first", "second", "third"):
            time.spawn(lives(name), name=name)
        time.run()

        time.close()

        assert log == ["first", "second", "third"]


class TestContext:
    def test_each_task_has_its_own_contextvars_copied_from_its_spawner(self, time: VirtualTime) -> None:
        region: contextvars.ContextVar[str] = contextvars.ContextVar("region", default="none")
        seen: list[str] = []

        def work(own: str) -> Callable[[], None]:
            def body() -> None:
                inherited = region.get()
                region.set(own)
                time.sleep(1)
                seen.append(f"{inherited} -> {region.get()}")

            return body

        region.set("outside")
        time.spawn(work("tokyo"), name="tokyo")
        time.spawn(work("seoul"), name="seoul")
        time.run()

        assert seen == ["outside -> tokyo", "outside -> seoul"]
        assert region.get() == "outside"
