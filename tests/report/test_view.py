"""The fold from records to the view: facts first, then the sentences of the outlook."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilotlight.domain.decision import VerdictKind
from pilotlight.domain.life import StepStatus
from pilotlight.domain.plan import Clock
from pilotlight.domain.records import RecordKind
from pilotlight.domain.run import Outcome
from pilotlight.domain.signals import Sight, Vantage
from pilotlight.domain.stages import StageName
from pilotlight.domain.step import Severity
from pilotlight.report.incident import (
    IncidentState,
    IncidentView,
    Tone,
)
from pilotlight.report.step_view import StepView
from pilotlight.report.view import incident_of, view
from tests.report import stories
from tests.report.stories import Story, moment


def seen(story: Story) -> IncidentView:
    return view(story.records)


def step(story: Story, name: str) -> StepView:
    return next(step for step in seen(story).steps if step.name == name)


class TestIncident:
    def test_the_newest_incident_is_told_unless_another_is_named(self) -> None:
        first = stories.not_needed()
        second = Story(incident="fileflow-2026-11-21T02:30Z", after=first.records).signal(5200)

        assert seen(second).incident == "fileflow-2026-11-21T02:30Z"
        assert view(second.records, first.incident).outcome is Outcome.NOT_NEEDED

    def test_records_of_other_incidents_are_left_out(self) -> None:
        first = stories.not_needed()
        second = Story(incident="fileflow-2026-11-21T02:30Z", after=first.records).signal(5200)

        assert [record.sequence for record in seen(second).records] == [8]

    def test_an_incident_that_no_record_belongs_to_is_refused(self) -> None:
        with pytest.raises(ValueError, match="None of the 3 records belongs to incident 'portforge-x'"):
            view(stories.blocked_by_arming().records, "portforge-x")

    def test_a_record_knows_its_incident(self) -> None:
        (record,) = Story().signal(104).records

        assert incident_of(record) == "fileflow-2026-11-21T01:04Z"

    def test_a_chain_that_was_tampered_with_is_said_to_be(self) -> None:
        records = list(stories.dark().records)
        del records[3]

        assert view(records).chain_fault == "Record 5 of fileflow does not follow record 3."

    def test_signals_and_verdicts_are_kept_with_who_saw_what(self) -> None:
        found = seen(stories.dark())

        assert [(signal.observer, signal.vantage, signal.sight) for signal in found.signals] == [
            ("health check", Vantage("us-east-1", "the internet"), Sight.DARK),
            ("probe", Vantage("ap-northeast-1", "the internet"), Sight.DARK),
        ]
        assert [verdict.kind for verdict in found.verdicts] == [VerdictKind.HOLD, VerdictKind.START]

    def test_onset_is_known_before_a_run_is(self) -> None:
        found = seen(stories.blocked_by_arming())

        assert found.clocks.onset == moment(0)
        assert found.elapsed_seconds == 106.0

    def test_what_only_repeats_is_kept_up_to_date(self) -> None:
        story = stories.blocked_by_arming().verdict(600, "block", "It has been dark for 10 minutes.")

        assert seen(story).last_update == moment(600)
        assert seen(story).outlook.happening == "It has been dark for 10 minutes."
        assert len(seen(story).told) == 3


class TestRun:
    def test_a_run_is_told_with_who_asked_for_it_and_what_it_follows(self) -> None:
        run = seen(stories.dark()).run

        assert run is not None
        assert (run.origin, run.requested_by, run.proven, run.epoch) == ("event", "pilotlight detect", True, 7)
        assert run.plan_digest.startswith("9f2c41d0")

    def test_the_five_clocks_come_as_they_are_reached(self) -> None:
        assert seen(stories.moving()).clocks.seconds_since_onset(Clock.DECIDED) == 300.0
        assert seen(stories.moving()).clocks.executed is None
        assert seen(stories.recovered()).clocks.seconds_since_onset(Clock.VERIFIED) == 891.0

    def test_clocks_in_any_record_count(self) -> None:
        story = stories.served()
        story.write(RecordKind.STAGE_REVIEWED, 895, "Done.", stage="serve", review="go_on", clocks=stories.CLOCKS)

        assert seen(story).clocks.executed == moment(889)

    def test_the_stage_moves_on_with_each_review(self) -> None:
        assert seen(stories.dark()).stage is StageName.PREPARE
        assert seen(stories.prepared()).stage is StageName.MOVE
        assert seen(stories.served()).stage is StageName.AFTER
        assert seen(stories.recovered()).stage is None

    def test_a_stage_that_is_entered_again_is_the_stage(self) -> None:
        story = stories.prepared().reviewed(400, "move", "again", "Stage move is entered again.")

        assert seen(story).stage is StageName.MOVE

    def test_the_gate_gives_the_rpo_and_its_sentence(self) -> None:
        found = seen(stories.prepared())

        assert found.rpo_seconds == 2.0
        assert found.gate is not None
        assert found.rpo_sentence.startswith("The replica was 2 s behind")

    def test_unknown_lag_is_unknown_and_not_zero(self) -> None:
        story = stories.dark().reviewed(305, "prepare").gate(306, lag_seconds=None)

        assert seen(story).rpo_seconds is None

    def test_findings_of_preflight_are_kept(self) -> None:
        story = Story().verdict(105, "start").opened(107)
        story.preflight(
            109, {"severity": "warning", "code": "old", "sentence": "It is old.", "fix": "Renew it.", "step": "scale"}
        )

        (finding,) = seen(story).findings
        assert (finding.severity, finding.step, finding.fix) == (Severity.WARNING, "scale", "Renew it.")

    def test_a_run_that_is_opened_twice_is_one_run(self) -> None:
        story = stories.moving()
        before = seen(story).steps
        story.opened(600)

        assert seen(story).steps == before
        assert seen(story).earlier_runs == ()

    def test_a_second_run_of_an_incident_starts_with_fresh_steps(self) -> None:
        story = stories.failed()
        story.run_id = "fileflow-e8"
        story.opened(2000)

        found = seen(story)
        assert found.standing is IncidentState.LOOKING
        assert [(run.run_id, run.outcome) for run in found.earlier_runs] == [
            ("fileflow-2026-11-21T0104Z", Outcome.FAILED)
        ]
        assert {step.status for step in found.steps} == {StepStatus.WAITING}
        assert found.outcome is None
        assert found.clocks.decided is None

    def test_what_is_left_to_do_is_told_once_each(self) -> None:
        story = stories.served().closed(1798, follow_ups=["Convert it."], to_do=["Convert it.", "Rebuild it."])

        assert seen(story).left_to_do == ("Convert it.", "Rebuild it.")


class TestSteps:
    def test_steps_stand_in_the_order_of_the_plan_with_the_stage_that_awaits_them(self) -> None:
        first = seen(stories.dark()).steps[0]

        assert (first.name, first.started_in, first.stage, first.harm) == ("start-cache", "prepare", "move", "harmless")
        assert first.status is StepStatus.WAITING

    def test_a_step_has_its_own_clock_attempts_and_sentences(self) -> None:
        promote = step(stories.moving(), "promote")

        assert promote.status is StepStatus.RUNNING
        assert promote.started == moment(308)
        assert promote.attempts == 9
        assert [said.sentence[-40:] for said in promote.said][-1].endswith(
            "is rebooting, so its promotion is not done yet."[-40:]
        )
        assert promote.seconds(moment(520)) == 212.0

    def test_a_settled_step_has_outputs_and_an_end(self) -> None:
        promote = step(stories.served(), "promote")

        assert promote.outputs == {"address": "ryuqqq-shared-rds-replica.tokyo"}
        assert promote.seconds(moment(5000)) == 394.0

    def test_a_call_is_an_intent_with_its_answer(self) -> None:
        refused, accepted = step(stories.moving(), "promote").calls

        assert (refused.name, refused.error) == ("rds PromoteReadReplica", "ThrottlingException")
        assert (accepted.error, accepted.answered) == ("", moment(318.8))

    def test_an_intent_without_an_answer_stays_open(self) -> None:
        story = stories.moving()
        story.records.pop()
        story.records.pop()
        story.records.pop()
        assert story.records[-1].entry.kind is RecordKind.INTENT

        assert step(story, "promote").calls[-1].answered is None

    def test_a_step_that_went_on_after_an_error_says_so(self) -> None:
        assert step(stories.served(), "promote").asked_again
        assert not step(stories.served(), "scale").asked_again

    def test_a_call_outside_the_steps_is_kept_apart(self) -> None:
        story = stories.dark()
        story.called(301, "", "dynamodb", "PutItem")

        assert [call.operation for call in seen(story).other_calls] == ["PutItem"]
        assert len(seen(story).calls) == 1

    def test_a_step_that_the_opening_did_not_name_is_told_nevertheless(self) -> None:
        story = stories.dark().started(302, "stranger")

        assert seen(story).steps[-1].title == "stranger"


class TestStanding:
    @pytest.mark.parametrize(
        ("story", "standing", "tone"),
        [
            (Story().signal(104), IncidentState.QUIET, Tone.CALM),
            (Story().signal(104).verdict(105, "hold"), IncidentState.QUIET, Tone.CALM),
            (stories.blocked_by_arming(), IncidentState.ASKED, Tone.ASKING),
            (stories.blocked_by_arming().verdict(200, "ignore"), IncidentState.PASSED, Tone.CALM),
            (stories.blocked_by_arming().verdict(200, "hold"), IncidentState.ASKED, Tone.ASKING),
            (Story().verdict(105, "start"), IncidentState.STARTING, Tone.AT_WORK),
            (Story().verdict(105, "start").opened(107), IncidentState.LOOKING, Tone.AT_WORK),
            (Story().verdict(105, "start").opened(107).verdict(110, "join"), IncidentState.LOOKING, Tone.AT_WORK),
            (stories.moving(), IncidentState.ACTING, Tone.AT_WORK),
            (stories.moving().failed(530, "promote", "It is gone.", "Make it."), IncidentState.ACTING, Tone.BAD),
            (stories.moving().reviewed(530, "move", "stop", "It stops."), IncidentState.STOPPING, Tone.BAD),
            (stories.recovered(), IncidentState.CLOSED, Tone.GOOD),
            (stories.not_needed(), IncidentState.CLOSED, Tone.CALM),
            (stories.failed(), IncidentState.CLOSED, Tone.BAD),
            (stories.dark().closed(400, "BLOCKED"), IncidentState.CLOSED, Tone.ASKING),
            (stories.dark().closed(400, "ABORTED_CLEAN"), IncidentState.CLOSED, Tone.ASKING),
            (stories.served().closed(900, "ABORTED_FORWARD_ONLY"), IncidentState.CLOSED, Tone.BAD),
        ],
    )
    def test_every_turn_has_its_standing_and_its_look(self, story: Story, standing: IncidentState, tone: Tone) -> None:
        assert (seen(story).standing, seen(story).outlook.tone) == (standing, tone)

    def test_a_failure_after_the_recovery_is_no_bad_look(self) -> None:
        story = stories.served().failed(1795, "multi-az", "No capacity.", "Later.")

        assert seen(story).outlook.tone is Tone.AT_WORK
        assert seen(story).outlook.headline == "fileflow is served from ap-northeast-1: finishing up"


class TestOutlook:
    def test_a_person_who_must_decide_is_told_how_and_until_when(self) -> None:
        need = seen(stories.blocked_by_arming()).outlook.need

        assert need is not None
        assert need.sentence == (
            "Decide whether fileflow is to fail over. "
            "To start it, give the state machine fileflow-failover in ap-northeast-1 this input."
        )
        assert need.paste == '{"confirm":"fileflow","reason":"why it is needed"}'
        assert need.by == moment(7200 - 1200)
        assert need.because == "to keep the objective of 2 h"

    def test_an_application_that_is_only_observed_says_what_comes_first(self) -> None:
        need = seen(stories.blocked_by_arming("observe")).outlook.need

        assert need is not None
        assert "It is armed 'observe', so such a run is refused: set arming to manual" in need.sentence

    def test_without_objectives_no_deadline_is_made_up(self) -> None:
        need = seen(Story().verdict(105, "block")).outlook.need

        assert need is not None
        assert need.by is None

    def test_what_comes_next_names_the_gate_and_the_steps_of_the_next_stage(self) -> None:
        assert seen(stories.dark()).outlook.comes_next == (
            "When stage prepare is done, the data-loss gate is asked, then stage move begins: "
            "Promote ryuqqq-shared-rds-replica."
        )

    @pytest.mark.parametrize(("what", "word"), [("approval", "approve"), ("release", "release"), ("veto", "hold")])
    def test_a_run_that_waits_at_its_gate_asks_for_a_word_in_time(self, what: str, word: str) -> None:
        asked = seen(stories.asking(what))

        assert asked.outlook.tone is Tone.ASKING
        assert asked.outlook.happening.startswith("Run fileflow-2026-11-21T0104Z waits for a person to approve it.")
        assert asked.outlook.comes_next == "Unless it is approved, the run is blocked."
        assert asked.rpo_seconds == 2.0
        need = asked.outlook.need
        assert need is not None
        assert (need.by, need.because) == (moment(2106), "when it is decided without you")
        assert need.paste.startswith(f"./pilotlight {word} plans/fileflow.yaml ")

    def test_a_run_that_was_let_through_asks_for_nothing_more(self) -> None:
        assert seen(stories.approved()).pause is None
        assert seen(stories.approved()).outlook.need is None

    def test_a_failed_step_asks_for_its_fix(self) -> None:
        story = stories.moving().failed(530, "promote", "The replica is gone.", "Make a new replica.")

        look = seen(story).outlook
        assert look.need is not None
        assert look.need.sentence == "Make a new replica."
        assert look.happening.startswith(
            "Promote ryuqqq-shared-rds-replica failed: The replica is gone. At work: Create"
        )
        assert look.comes_next == "The other steps of stage move come to their end, then the run stops."

    def test_a_failed_run_says_what_to_do_and_how_to_start_again(self) -> None:
        need = seen(stories.failed()).outlook.need

        assert need is not None
        assert need.sentence.startswith("Copy image fileflow:1.42 to ap-northeast-1. To start it again, give")
        assert need.by == moment(7200)

    def test_a_run_that_was_not_needed_says_that_nothing_was_changed(self) -> None:
        look = seen(stories.not_needed()).outlook

        assert look.need is None
        assert look.comes_next == "Nothing was changed; the primary goes on being looked at."

    def test_what_was_changed_for_nothing_is_counted(self) -> None:
        story = stories.prepared().closed(400, "NOT_NEEDED", "The primary is well again.")

        assert "1 AWS calls had been made" in seen(story).outlook.comes_next

    def test_each_headline_fits_a_slack_header_for_the_longest_names(self) -> None:
        for scene in (stories.dark, stories.moving, stories.recovered, stories.failed, stories.not_needed):
            records = scene().records
            name = "a" * 32
            found = view(records)
            assert len(found.outlook.headline.replace("fileflow", name)) <= 150

    def test_every_story_has_sentences_at_every_moment(self) -> None:
        for scene in (stories.recovered, stories.failed, stories.not_needed, stories.blocked_by_arming):
            records = scene().records
            for number in range(1, len(records) + 1):
                look = view(records[:number]).outlook
                assert look.headline
                assert look.happening.endswith((".", "!"))
                assert look.comes_next.endswith(".")


@given(st.integers(min_value=1, max_value=46))
def test_the_fold_of_a_part_never_tells_more_than_the_whole(number: int) -> None:
    records = stories.recovered().records
    part, whole = view(records[:number]), view(records)

    assert part.told == whole.told[: len(part.told)]
    assert part.last_update is not None
    assert whole.last_update is not None
    assert part.last_update <= whole.last_update + timedelta(0)
