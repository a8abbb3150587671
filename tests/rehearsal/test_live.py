"""What a rehearsal looks like: lines in a pipe, a paced picture on a terminal, the same events in both."""

from __future__ import annotations

import io
import os
import pty
import sys
import termios
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from rehearsal.closing import closing_lines
from rehearsal.keyboard import Keyboard
from rehearsal.live import LiveView, is_played, moments_of, show
from rehearsal.pace import Pace
from rehearsal.picture import Picture
from rehearsal.result import RehearsalResult
from rehearsal.slack import SlackMessage
from rehearsal.so_far import SoFar
from tests.rehearsal.moments import moments_of_story
from tests.report import stories
from tests.report.stories import ONSET, Story

TITLE = "fileflow: outage, seed 1"


@dataclass
class Clock:
    """Real time that passes only when somebody pauses."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Hands(Keyboard):
    """A keyboard that presses a key at the nth pause, if ever; the clock goes on while it waits."""

    clock: Clock = field(default_factory=Clock)
    press_at: int = 0
    pauses: list[float] = field(default_factory=list)
    listening: bool = False

    def listen(self) -> None:
        self.listening = True

    def leave(self) -> None:
        self.listening = False

    def pressed_within(self, seconds: float) -> bool:
        self.pauses.append(seconds)
        self.clock.now += seconds
        return len(self.pauses) == self.press_at


def terminal(width: int = 120, height: int = 40) -> Console:
    return Console(
        file=io.StringIO(), force_terminal=True, width=width, height=height, color_system=None, legacy_windows=False
    )


def pipe() -> Console:
    return Console(file=io.StringIO(), force_terminal=False, width=80)


def printed(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def feed(view: LiveView, story: Story) -> None:
    for moment in moments_of_story(story):
        view.feed(moment.at - ONSET, moment.what)


def play(console: Console, story: Story, hands: Hands, seconds: float = 9.0) -> None:
    with LiveView(console, TITLE, ONSET, {}, pace=Pace(seconds, hands.clock), keyboard=hands) as view:
        feed(view, story)


def drawn(story: Story, width: int = 120, height: int = 40, until: float = 10_000.0) -> str:
    so_far = SoFar(ONSET)
    for moment in moments_of_story(story):
        if moment.at - ONSET <= timedelta(seconds=until):
            so_far.take(moment.at - ONSET, moment.what)
    so_far.now = max(so_far.now, timedelta(seconds=min(until, 2000)))
    console = terminal(width, height)
    console.print(Picture(TITLE).draw(so_far, console.size))
    return printed(console)


class TestPipe:
    def test_each_event_is_one_line_with_the_virtual_clock(self) -> None:
        console = pipe()

        with LiveView(console, TITLE, ONSET, {}) as view:
            feed(view, stories.dark())

        assert printed(console).splitlines() == [
            "  00:00  world   It begins: the primary region goes dark and stays dark.",
            "  01:32  world   The health check of fileflow.ryuqqq.com fails.",
            "  01:42  world   Alarm pilotlight-fileflow-primary-health in us-east-1 goes to ALARM.",
            "  01:43  world   The alarm event crosses from us-east-1 to the bus in ap-northeast-1.",
            "  01:44  ledger  signal: The health check sees the primary of fileflow dark.",
            "  02:41  ledger  signal: The probe sees the primary of fileflow dark.",
            "  02:41  ledger  verdict: The primary of fileflow is dark: the health check and the probe agree.",
            "  02:42  slack   posted: ⏳ fileflow is dark in ap-northeast-2: a failover to ap-northeast-1 is starting",
            "  02:43  ledger  run opened: Run fileflow-2026-11-21T0104Z of fileflow was opened.",
            "  02:44  slack   now says: ⏳ fileflow seems dark in ap-northeast-2: looking again before a failover",
            "  02:45  ledger  preflight: Preflight of fileflow: nothing stands in the way.",
            "  05:00  ledger  run confirmed: The primary of fileflow has been dark for 5 min 00 s: all observers agree.",  # noqa: E501
            "  05:00  slack   now says: ⏳ fileflow is failing over to ap-northeast-1: stage prepare, 1 of 4",
        ]

    def test_a_pipe_waits_for_nothing_and_gets_no_control_codes(self) -> None:
        console, hands = pipe(), Hands()

        play(console, stories.recovered(), hands)

        assert hands.pauses == []
        assert not hands.listening
        assert "\x1b" not in printed(console)

    def test_a_long_line_stays_one_line(self) -> None:
        console = pipe()

        with LiveView(console, TITLE, ONSET, {}) as view:
            feed(view, stories.failed())

        assert all(line[2:7].replace(":", "").isdigit() for line in printed(console).splitlines())

    def test_a_record_that_belongs_to_no_incident_is_no_line(self) -> None:
        console = pipe()
        story = Story()
        story.incident = ""
        story.signal(1)

        with LiveView(console, TITLE, ONSET, {}) as view:
            view.feed(timedelta(seconds=1), story.records[0])

        assert printed(console) == ""


@pytest.mark.full
class TestTerminal:
    @pytest.mark.parametrize(
        ("console", "environ", "played"),
        [
            (terminal(), {}, True),
            (terminal(), {"NO_COLOR": "1"}, True),
            (terminal(), {"CI": "true"}, False),
            (pipe(), {}, False),
            (Console(file=io.StringIO(), force_terminal=True, _environ={"TERM": "dumb"}), {}, False),
        ],
    )
    def test_it_is_played_where_a_person_sits(self, console: Console, environ: dict[str, str], played: bool) -> None:
        assert is_played(console, environ) is played

    def test_it_is_over_in_its_time_however_much_happens(self) -> None:
        story = stories.moving()
        for number in range(300):
            story.waiting(530 + 60 * number, "promote", f"Replica is modifying for the {number}th minute.")
        hands = Hands()

        play(terminal(), story, hands, seconds=9.0)

        assert hands.clock.now < 9.0

    def test_it_is_slow_enough_to_be_read(self) -> None:
        hands = Hands()

        play(terminal(), stories.recovered(), hands, seconds=9.0)

        assert 6.0 < hands.clock.now < 9.0

    def test_any_key_skips_the_rest(self) -> None:
        hands = Hands(press_at=5)
        console = terminal()

        play(console, stories.recovered(), hands)

        assert len(hands.pauses) == 5
        assert not hands.listening
        assert "fileflow is served again after 14 min 51 s" in printed(console)

    def test_the_terminal_is_left_as_it_was_when_it_is_interrupted(self) -> None:
        hands = Hands()

        with suppress(KeyboardInterrupt), LiveView(terminal(), TITLE, ONSET, {}, keyboard=hands):
            assert hands.listening
            raise KeyboardInterrupt

        assert not hands.listening

    def test_without_colours_there_are_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("NO_COLOR", "1")
        console = Console(file=io.StringIO(), force_terminal=True, width=120, height=40)

        play(console, stories.dark(), Hands(press_at=1))

        assert "\x1b[36m" not in printed(console)
        assert "fileflow is failing over" in printed(console)


class TestPicture:
    def test_steps_have_their_own_running_clocks(self) -> None:
        text = drawn(stories.moving(), until=620)

        assert "10:20 of 2 h" in text
        assert "Create fileflow-dr-redis" in text
        assert "5 min 18 s" in text
        assert "5 min 12 s" in text

    def test_a_clock_is_shown_once_it_is_reached(self) -> None:
        assert "detected —" in drawn(stories.recovered(), until=100)
        assert "decided 05:00   executed —   verified —" in drawn(stories.moving(), until=620)
        assert "executed 14:49   verified 14:51" in drawn(stories.recovered())

    def test_it_shows_what_happens_beside_the_message_in_slack(self) -> None:
        text = drawn(stories.moving(), width=150, until=620)

        assert "What happens" in text
        assert "Slack C0123456789, rewritten 11 times" in text
        assert "Needed from you: nothing." in text
        assert "+08:40 promote waiting" in text

    @pytest.mark.parametrize(("width", "height"), [(80, 24), (100, 30), (120, 40), (200, 60), (60, 20)])
    def test_it_is_never_wider_or_higher_than_the_terminal(self, width: int, height: int) -> None:
        lines = drawn(stories.recovered(), width, height).splitlines()

        assert max(len(line) for line in lines) <= width
        assert len(lines) <= height

    def test_before_anything_is_seen_the_application_is_well(self) -> None:
        so_far, console = SoFar(ONSET), terminal()
        so_far.take(timedelta(0), "The outage begins.")

        console.print(Picture(TITLE).draw(so_far, console.size))

        assert "The application is well." in printed(console)
        assert "Nothing was said yet." in printed(console)


class TestKeyboard:
    @pytest.fixture
    def typed(self, monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], int]:
        ours, theirs = pty.openpty()
        monkeypatch.setattr(sys, "stdin", os.fdopen(theirs))
        return lambda keys: os.write(ours, keys)

    def test_a_single_key_is_noticed_and_the_terminal_is_put_back(self, typed: Callable[[bytes], int]) -> None:
        before = termios.tcgetattr(sys.stdin)
        keyboard = Keyboard()
        keyboard.listen()
        assert not keyboard.pressed_within(0)
        typed(b"x")

        pressed = keyboard.pressed_within(5)
        keyboard.leave()

        assert pressed
        assert termios.tcgetattr(sys.stdin) == before

    def test_without_a_terminal_no_key_comes(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        (tmp_path / "input").write_text("x")
        with (tmp_path / "input").open() as file:
            monkeypatch.setattr(sys, "stdin", file)
            keyboard = Keyboard()
            keyboard.listen()

            assert not keyboard.pressed_within(0)
            keyboard.leave()


RESULT = RehearsalResult(
    application="fileflow",
    scenario="outage",
    seed=1,
    outcome="RECOVERED",
    reason="fileflow is served from ap-northeast-1.",
    clocks={"onset": 0.0, "detected": 104.0, "decided": 300.0, "executed": 889.0, "verified": 891.0},
    rto_seconds=891.0,
    rpo_seconds=2.0,
    objectives={"rto_seconds": 7200.0, "rpo_seconds": 900.0, "met": True},
    critical_path_seconds=580.0,
    overhead_ratio=1.0155,
    steps=[],
    report="reports/fileflow.html",
)


class TestShow:
    def test_it_ends_with_the_clocks_the_promises_and_the_report(self) -> None:
        assert list(closing_lines(RESULT)) == [
            "RECOVERED  fileflow is served from ap-northeast-1.",
            "Clocks   onset 00:00   detected 01:44   decided 05:00   executed 14:49   verified 14:51",
            "RTO      14 min 51 s of 2 h: kept",
            "RPO      2 s of 15 min: kept",
            "Path     AWS itself needed 9 min 40 s; the run took 1.016 times that",
            "Report   reports/fileflow.html",
        ]

    def test_what_was_not_reached_is_said_to_be(self) -> None:
        none = {"rto_seconds": 7200.0, "rpo_seconds": 900.0}
        empty = RehearsalResult(
            "fileflow", "blip", 1, None, "No run was started.", {}, None, None, none, None, None, []
        )

        assert list(closing_lines(empty)) == [
            "NO OUTCOME  No run was started.",
            "Clocks   onset —   detected —   decided —   executed —   verified —",
            "RTO      not reached",
            "RPO      not reached",
        ]

    def test_a_played_rehearsal_is_shown_whole(self, capsys: pytest.CaptureFixture[str]) -> None:
        played = played_from(stories.recovered())

        show(played, RESULT)

        text = capsys.readouterr().out
        assert text.index("It begins") < text.index("run opened") < text.index("run closed")
        assert "In Slack it now says:\n\n  | ✅ fileflow is served again after 14 min 51 s" in text
        assert text.endswith("Report   reports/fileflow.html\n")

    def test_at_one_moment_the_world_comes_before_the_ledger_and_slack_after_both(self) -> None:
        played = played_from(Story().verdict(0, "start"))
        played.scene.slack.history[:] = [SlackMessage("C0123456789", "1.1", "x", [], ONSET, ONSET)]

        kinds = [type(moment.what).__name__ for moment in moments_of(played) if moment.at == ONSET]

        assert kinds == ["str", "Record", "SlackMessage"]


def played_from(story: Story) -> Any:
    """A played rehearsal as far as it is shown: the ledger, the world's notes, Slack."""
    happened = moments_of_story(story)
    history = [moment.what for moment in happened if isinstance(moment.what, SlackMessage)]
    latest = {message.ts: message for message in history}
    slack = SimpleNamespace(history=history, living=lambda: [m for m in latest.values() if not m.thread_ts])
    notes = [(moment.at, moment.what) for moment in happened if isinstance(moment.what, str)]
    return SimpleNamespace(notes=notes, records=story.records, onset=ONSET, scene=SimpleNamespace(slack=slack))
