"""Leases, starts, runs and steps, as the control table keeps them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pilotlight.aws.control import Control, Start
from pilotlight.aws.tables import MemoryTable
from pilotlight.domain.data_loss import LossWindow, Override
from pilotlight.domain.decision import LastRun
from pilotlight.domain.errors import Changed, Misconfigured
from pilotlight.domain.life import StepState, StepStatus
from pilotlight.domain.run import Clocks, Origin, Outcome, Phase, Run
from pilotlight.domain.step import Receipt

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture
def control() -> Control:
    return Control(MemoryTable())


def a_run(run_id: str = "fileflow-e1") -> Run:
    return Run(
        run_id=run_id, application="fileflow", origin=Origin.EVENT, reason="dark", requested_by="the detector",
        epochs={"fileflow": 1}, opened=NOON, plan_snapshot="{}", plan_digest="d", execution_arn="arn", first_sequence=1,
        clocks=Clocks(onset=NOON),
    )  # fmt: skip


class TestRun:
    def test_a_run_is_recorded_once(self, control: Control) -> None:
        control.open_run(a_run())

        again = control.open_run(replace(a_run(), reason="another reason"))

        assert again.reason == "dark"
        assert control.run("fileflow-e1") == a_run()

    def test_a_change_is_kept_whole(self, control: Control) -> None:
        control.open_run(a_run())

        changed = control.change_run(
            "fileflow-e1",
            lambda r: replace(
                r, phase=Phase.CLOSED, outcome=Outcome.RECOVERED, clocks=replace(r.clocks, verified=NOON)
            ),
        )

        assert control.run("fileflow-e1") == changed

    def test_a_run_keeps_which_writes_may_be_lost(self, control: Control) -> None:
        control.open_run(a_run())

        window = LossWindow(NOON - timedelta(seconds=90), NOON)
        control.change_run("fileflow-e1", lambda r: replace(r, loss_window=window))

        assert control.run("fileflow-e1").loss_window == window

    def test_a_run_of_an_older_version_knows_no_window(self) -> None:
        item = {name: value for name, value in a_run().to_item().items() if name != "loss_window"}

        assert Run.from_item(item) == a_run()

    def test_a_run_that_is_not_recorded_says_so(self, control: Control) -> None:
        with pytest.raises(Misconfigured, match="Run nowhere is not recorded"):
            control.run("nowhere")

    def test_the_first_note_of_a_start_stands(self, control: Control) -> None:
        first = control.note_start("fileflow", Start("fileflow-e1", "It is dark.", NOON, NOON))

        second = control.note_start("fileflow", Start("fileflow-e1", "It is darker.", NOON, NOON))

        assert second == first
        assert control.start("fileflow", "somebody") is None


class TestOverrides:
    OVERRIDE = Override("by-hand", "U024BE7LH", True, "Orders are replayed.", NOON, NOON, None)

    def test_it_is_kept_for_its_run_alone(self, control: Control) -> None:
        control.keep_override(self.OVERRIDE)

        assert control.override("by-hand") == self.OVERRIDE
        assert control.override("fileflow-e1") is None

    def test_one_that_is_given_anew_takes_the_place_of_the_first(self, control: Control) -> None:
        anew = replace(self.OVERRIDE, accepted_seconds=60.0)
        control.keep_override(self.OVERRIDE)

        control.keep_override(anew)

        assert control.override("by-hand") == anew


class TestSteps:
    def test_a_step_is_kept_and_read(self, control: Control) -> None:
        state = StepState(
            StepStatus.RUNNING, "Waiting.", "", NOON, None, 2, Receipt("Asked.", True, {"id": "x"}), {"a": "b"}
        )

        control.keep_step("run", "promote", None, state)

        assert control.steps("run") == {"promote": state}

    def test_of_two_copies_of_a_turn_one_counts(self, control: Control) -> None:
        first = StepState(StepStatus.RUNNING, "Waiting.", started=NOON, attempts=1)
        control.keep_step("run", "promote", None, first)
        seen = control.kept_steps("run")["promote"]

        with pytest.raises(Changed):
            control.keep_step("run", "promote", None, first)
        control.keep_step("run", "promote", seen, replace(first, attempts=2))
        with pytest.raises(Changed, match="taken further by another turn"):
            control.keep_step("run", "promote", seen, replace(first, attempts=2))

        assert control.steps("run")["promote"].attempts == 2


class TestHowTheLastRunEnded:
    def test_it_is_remembered_and_changed(self, control: Control) -> None:
        control.change_last("fileflow", lambda last: LastRun("fileflow-e1", Outcome.FAILED, NOON))

        control.change_last("fileflow", lambda last: replace(last, acknowledged_by="anna") if last else None)

        assert control.last_run("fileflow") == LastRun("fileflow-e1", Outcome.FAILED, NOON, "anna")

    def test_it_may_be_left_as_it_is(self, control: Control) -> None:
        control.change_last("fileflow", lambda last: None)

        assert control.last_run("fileflow") is None

    def test_an_acknowledgement_does_not_hide_a_run_that_ended_meanwhile(self, control: Control) -> None:
        first, second = (LastRun(f"fileflow-e{n}", Outcome.FAILED, NOON) for n in (1, 2))
        control.change_last("fileflow", lambda last: first)

        def acknowledged(last: LastRun | None) -> LastRun:
            control.change_last("fileflow", lambda last: second)
            return replace(first, acknowledged_by="anna")

        with pytest.raises(Changed):
            control.change_last("fileflow", acknowledged)
        assert control.last_run("fileflow") == second
