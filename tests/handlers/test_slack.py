"""What comes in through Slack's door: whom it lets in, what it hands on, and what comes of that."""

from __future__ import annotations

import json
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from deployment import names
from pilotlight.domain.ports import WebRequest
from pilotlight.domain.records import RecordKind
from pilotlight.domain.run import Origin
from pilotlight.domain.slack_command import READS, STARTS, WORDS
from pilotlight.domain.slack_request import Asked, Recorded, Voice
from pilotlight.domain.word import Mode, WordKind, mode
from rehearsal.scenarios.slack import forgeries
from rehearsal.services.function_urls import event_of
from rehearsal.services.lambda_functions import FunctionFailed, LambdaFunctions
from rehearsal.slack_people import Member, labels_of, shown_at_once
from tests.builders import STANDBY
from tests.handlers.slack_desk import (
    ABROAD,
    ANNA,
    BORIS,
    CHANNEL,
    DORA,
    ELSEWHERE,
    MALLORY,
    TEAM,
    SlackDesk,
    a_slack_desk,
)
from tests.handlers.test_close import close
from tests.handlers.test_open import CONFIRMED, furnish, open_run
from tests.people import ANNA as ANNA_AT_THE_SHELL
from tests.people import said

SLACK, WORD = names.SLACK_FUNCTION, names.word_function("fileflow")
EVERYBODY = (ANNA, BORIS, DORA, MALLORY, ABROAD)
COMMANDS = {
    "approve": "approve fileflow", "hold": "hold fileflow", "release": "release fileflow",
    "abort": "abort fileflow because it is a test", "override": "override fileflow run=next accept=20min replayed",
    "change": "change fileflow to=planned because it is a test", "acknowledge": "ack fileflow because it is a test",
    "retry": "retry fileflow step=promote a test", "skip": "skip fileflow step=promote a test",
    "drill": "drill fileflow", "request": "request fileflow because it is a test",
    "status": "status fileflow", "history": "history fileflow",
}  # fmt: skip
MAY = {
    ANNA: {*WORDS, *STARTS},
    BORIS: {*WORDS} - {"override"},
    DORA: {"hold", "drill"},
    MALLORY: set[str](),
    ABROAD: set[str](),
}
"""What the plan lets each say, by its lists; reading is for whoever is in the channel."""


REFUSALS = ("is refused, because", "is spoken of in this channel", "cannot be said of a run")


@pytest.fixture
def quiet() -> Iterator[SlackDesk]:
    """A primary that is well, and nobody at work."""
    with a_slack_desk() as desk:
        furnish(desk.desk)
        yield desk


@pytest.fixture
def opened() -> Iterator[SlackDesk]:
    """A run that was started at the console and waits for an approval."""
    with a_slack_desk(gates={"approval": True}) as desk:
        furnish(desk.desk)
        desk.desk.darken()
        open_run(desk.desk, "by-hand", {**CONFIRMED, "requested_by": "somebody"})
        desk.desk.call(names.open_function("fileflow"), {"do": "gate", "run_id": "by-hand"})
        yield desk


def ask(desk: SlackDesk, request: WebRequest) -> Any:
    return desk.desk.inside(lambda: desk.desk.account.internet.ask(request))


def the_press(desk: SlackDesk, member: Member, label: str, because: str = "") -> WebRequest:
    message = desk.tell()
    return desk.hand(member).press(message, label, because)


class TestTheDoor:
    def test_whatever_slack_did_not_sign_gets_no_word_and_does_nothing(self, opened: SlackDesk) -> None:
        message = opened.tell()
        before = len(opened.desk.world.trace)

        answers = [(ask(opened, forged), status) for forged, status in forgeries(opened.hand(ANNA), message)]

        assert [(answer.status, answer.body) for answer, _ in answers] == [(status, "") for _, status in answers]
        opened.settle()
        by_the_door = [line.operation for line in opened.desk.world.trace[before:] if line.by == SLACK]
        assert set(by_the_door) <= {"GetSecretValue"}
        assert opened.words() == []

    def test_a_body_is_taken_in_base64_or_as_it_is_but_never_written_anew(self, quiet: SlackDesk) -> None:
        event = event_of(quiet.hand(ANNA).command("status fileflow"), quiet.desk.now)
        plain = quiet.hand(ANNA).command("status fileflow")
        body = plain.body or ""
        as_it_is = {**event_of(plain, quiet.desk.now), "body": body, "isBase64Encoded": False}
        anew = {**as_it_is, "body": body.replace("+", "%20")}
        twice = {**event, "body": b64encode(event["body"].encode()).decode()}

        assert quiet.desk.call(SLACK, event)["statusCode"] == 200
        assert [quiet.desk.call(SLACK, each)["statusCode"] for each in (anew, twice)] == [401, 401]
        assert quiet.desk.call(SLACK, as_it_is)["statusCode"] == 200

    def test_a_copy_is_refused_within_the_five_minutes_too(self, opened: SlackDesk) -> None:
        true = opened.hand(BORIS).command("approve fileflow")

        first, second = ask(opened, true), ask(opened, true)
        opened.desk.world.time.sleep(240)
        third = ask(opened, true)
        opened.settle()

        assert [answer.status for answer in (first, second, third)] == [200, 409, 409]
        assert (second.body, third.body) == ("", "")
        assert opened.words() == [("approve", BORIS.name)]

    def test_a_request_that_is_too_old_is_refused(self, opened: SlackDesk) -> None:
        true = opened.hand(BORIS).command("approve fileflow")
        opened.desk.world.time.sleep(302)

        assert ask(opened, true).status == 401

    def test_what_slack_signed_and_nobody_can_read_is_answered(self, quiet: SlackDesk) -> None:
        for body in ("payload=%7B%7D", "text=status", "no form at all"):
            answer = ask(quiet, quiet.hand(ANNA).signed(body))

            assert answer.status == 200
            assert shown_at_once(answer)

    def test_it_is_a_failure_when_there_is_no_secret(self, quiet: SlackDesk) -> None:
        sdk = quiet.desk.account.sdk(STANDBY)
        quiet.desk.inside(
            lambda: sdk.call(
                "secretsmanager", "PutSecretValue", STANDBY, SecretId=names.SIGNING_SECRET, SecretString=" "
            )
        )

        with pytest.raises(FunctionFailed, match="holds no signing secret"):
            quiet.desk.call(SLACK, event_of(quiet.hand(ANNA).command("status"), quiet.desk.now))

    def test_a_secret_that_was_changed_is_read_again_in_minutes(self, quiet: SlackDesk) -> None:
        assert quiet.types(ANNA, "status").status == 200
        sdk, quiet.slack.signing_secret = quiet.desk.account.sdk(STANDBY), "another0another0another0another0"
        new = {"SecretId": names.SIGNING_SECRET, "SecretString": quiet.slack.signing_secret}
        quiet.desk.inside(lambda: sdk.call("secretsmanager", "PutSecretValue", STANDBY, **new))

        at_once = quiet.types(ANNA, "status").status
        quiet.desk.world.time.sleep(301)

        assert (at_once, quiet.types(ANNA, "status").status) == (401, 200)

    def test_an_application_whose_function_is_gone_is_named_with_another_way(self, quiet: SlackDesk) -> None:
        functions = quiet.desk.account.aws.service(LambdaFunctions)
        del functions.deployed[STANDBY, WORD]

        said = shown_at_once(quiet.types(ANNA, "hold fileflow"))

        assert "'hold' of fileflow could not be handed on (ResourceNotFoundException)" in said

    @pytest.mark.parametrize("copies", [25, pytest.param(1000, marks=pytest.mark.full)])
    def test_copies_of_one_request_at_the_same_time_start_one_run(self, quiet: SlackDesk, copies: int) -> None:
        true = quiet.hand(ANNA).command("request fileflow because Seoul is dark")
        time, statuses = quiet.desk.world.time, list[int | None]()

        def send() -> None:
            statuses.append(quiet.desk.account.internet.ask(true).status)

        tasks = [time.spawn(send, name=f"copy {n}") for n in range(copies)]
        time.run(until=lambda: all(task.done for task in tasks))
        quiet.settle()

        assert Counter(statuses) == {200: 1, 409: copies - 1}
        assert len(quiet.desk.executions()) == 1


class TestWhoMaySayWhat:
    @pytest.mark.parametrize("channel", [CHANNEL, ELSEWHERE])
    def test_only_what_the_plan_lets_somebody_say_where_it_lets_them(self, opened: SlackDesk, channel: str) -> None:
        """Every person, every command, in this channel: what may not be said changes nothing."""
        for member in EVERYBODY:
            for do, command in COMMANDS.items():
                if (channel, member.team) == (CHANNEL, TEAM) and (do in MAY[member] or do in READS):
                    continue
                shown = len(opened.hand(member, channel).shown())
                answer = opened.types(member, command, channel)
                told = [shown_at_once(answer), *opened.hand(member, channel).shown()[shown:]][-1]
                assert answer.status == 200
                assert any(refusal in told for refusal in REFUSALS), (member, do, told)

        assert opened.words() == opened.words("next") == []
        assert opened.desk.executions() == []
        assert opened.desk.records(RecordKind.WORD) == []
        assert opened.desk.inside(lambda: opened.desk.control.override("next")) is None

    def test_everybody_may_say_what_the_plan_lets_them(self, opened: SlackDesk) -> None:
        said = [
            (DORA, "hold fileflow wait for me", "is held by"),
            (BORIS, "release fileflow", "is released by"),
            (BORIS, "change fileflow to=planned there is time", "is planned from now on"),
            (ANNA, COMMANDS["override"], "may lose 20 min of writes"),
            (ANNA, "approve fileflow", "is approved by"),
            (BORIS, "abort fileflow it is over", "is to stop, says"),
        ]
        for member, command, sentence in said:
            opened.types(member, command)
            told = opened.hand(member).shown()[-1]
            assert sentence in told
            assert f"{member.name} (proven)" in told

        assert [word for word, _ in opened.words()] == ["hold", "release", "change", "approve", "abort"]
        records = opened.desk.records(RecordKind.WORD)
        assert [r.entry.details["word"]["person"] for r in records] == [member.name for member, _, _ in said]
        assert records[0].entry.details["word"]["reason"] == "wait for me"

    def test_what_is_an_error_is_answered_to_the_person_alone(self, opened: SlackDesk) -> None:
        opened.types(BORIS, "override fileflow run=next accept=20min it is replayed")
        opened.types(BORIS, "abort fileflow")
        opened.types(BORIS, "release fileflow")

        first, second, third = opened.hand(BORIS).shown()
        assert "people.overriders of the plan of fileflow does not name that person" in first
        assert "it has no reason; give one with --reason, or behind the command in Slack" in second
        assert third == "Run by-hand is not held, so there is nothing to release."
        assert opened.hand(ANNA).shown() == []

    def test_a_word_that_no_run_knows_is_refused(self, opened: SlackDesk) -> None:
        unknown = next((word for word in WORDS if word not in {kind.value for kind in WordKind}), "")
        if unknown:
            opened.types(ANNA, f"{unknown} fileflow step=promote because")
            assert f"'{unknown}' cannot be said of a run" in opened.hand(ANNA).shown()[-1]
        assert "You can say" in shown_at_once(opened.types(ANNA, "promote fileflow"))

    def test_what_a_reason_smuggles_in_is_shown_and_does_nothing(self, opened: SlackDesk) -> None:
        opened.types(BORIS, "hold fileflow <!channel> & <https://evil.example|click> `x`")

        told = opened.hand(BORIS).shown()[-1]
        thread = json.dumps([m.blocks for m in opened.slack.thread(opened.tell().ts)])
        assert "&lt;!channel&gt; &amp; &lt;https://evil.example|click&gt; 'x'" in told
        assert "<!channel>" not in thread
        assert "&lt;!channel&gt;" in thread


class TestStarting:
    def test_a_requested_failover_waits_for_a_second_person(self, quiet: SlackDesk) -> None:
        quiet.desk.darken()
        quiet.types(ANNA, "request fileflow because Seoul is dark")
        quiet.settle(60)

        (run_id,) = quiet.desk.executions()
        run = quiet.desk.inside(lambda: quiet.desk.control.run(run_id))
        assert (run.origin, run.requested_by, run.reason) == (Origin.SLACK, ANNA.name, "Seoul is dark")
        assert "It waits at its gate until a second person approves it." in quiet.hand(ANNA).shown()[0]
        assert quiet.desk.records(RecordKind.RUN_OPENED)[0].entry.details["proven"] is True
        (waits,) = quiet.desk.records(RecordKind.GATE_WAITING)
        assert "because it was requested from Slack" in waits.entry.sentence

        quiet.types(ANNA, "approve fileflow")
        at_the_shell = quiet.desk.call(WORD, said("approve", ANNA_AT_THE_SHELL, quiet.desk.now, run_id))
        assert "who starts a run does not approve it" in quiet.hand(ANNA).shown()[-1]
        assert "who starts a run does not approve it" in at_the_shell["sentence"]
        assert not run.gate.passed

        quiet.types(BORIS, "approve fileflow")
        quiet.settle(30)
        assert quiet.desk.inside(lambda: quiet.desk.control.run(run_id)).gate.passed

    def test_a_drill_is_started_on_its_own_machine_and_no_other(self, quiet: SlackDesk) -> None:
        quiet.types(DORA, "drill fileflow isolated")

        assert quiet.desk.executions() == []
        (told,) = quiet.hand(DORA).shown()
        assert told == f"The machine fileflow-drill is not deployed in {STANDBY}; deploy fileflow-drill."
        asked = [line.resource for line in quiet.desk.world.trace if line.operation == "StartExecution"]
        assert [arn.rsplit(":", 1)[-1] for arn in asked] == ["fileflow-drill"]

    def test_an_application_that_is_not_drilled_is_refused_with_the_way_out(self) -> None:
        with a_slack_desk(drill=None) as desk:
            desk.types(DORA, "drill fileflow")

            assert "does not say how it is drilled; give it a part 'drill', and deploy." in desk.hand(DORA).shown()[-1]

    def test_a_full_drill_is_a_planned_failover_for_two_people_who_may(self, quiet: SlackDesk) -> None:
        quiet.types(DORA, "drill fileflow full")
        assert "people.starters of the plan of fileflow does not name" in quiet.hand(DORA).shown()[-1]
        assert quiet.desk.executions() == []

        quiet.types(ANNA, "drill fileflow full of the quarter")
        quiet.settle(60)

        (run_id,) = quiet.desk.executions()
        run = quiet.desk.inside(lambda: quiet.desk.control.run(run_id))
        assert run.reason == "a full drill. of the quarter"
        assert mode(quiet.desk.inside(lambda: quiet.desk.control.words(run_id))) is Mode.PLANNED
        assert quiet.desk.records(RecordKind.RUN_OPENED)[0].entry.details["mode"] == "planned"
        assert "because it was requested from Slack" in quiet.desk.records(RecordKind.GATE_WAITING)[0].entry.sentence

    def test_the_note_of_a_drill_starts_no_failover(self, quiet: SlackDesk) -> None:
        """Whoever may start the failover machine cannot borrow the name of a drill, and with it a proven person."""
        quiet.desk.darken()
        quiet.types(DORA, "drill fileflow")
        mark = next(
            request.mark for request in quiet.desk.inside(lambda: _recorded(quiet)) if request.asked.do == "drill"
        )

        open_run(quiet.desk, f"slack-{mark[:24]}", {**CONFIRMED, "requested_by": "mallory"})

        run = quiet.desk.inside(lambda: quiet.desk.control.run(f"slack-{mark[:24]}"))
        assert (run.origin, run.requested_by) == (Origin.CONSOLE, "mallory")

    def test_nothing_is_started_of_a_plan_that_only_looks(self) -> None:
        with a_slack_desk(arming="observe") as desk:
            desk.types(ANNA, "request fileflow because it is dark")

            assert "fileflow is armed 'observe'" in desk.hand(ANNA).shown()[-1]
            assert desk.desk.executions() == []

    def test_a_run_to_come_has_no_name_yet(self, quiet: SlackDesk) -> None:
        quiet.types(ANNA, "request fileflow run=mine because it is dark")

        assert "a run that is yet to start has no name" in quiet.hand(ANNA).shown()[-1]


class TestButtons:
    def test_a_press_is_the_word_that_stands_behind_it(self, opened: SlackDesk) -> None:
        request = the_press(opened, BORIS, "Abort because …", "It is a false alarm.")
        answer = ask(opened, request)
        opened.settle()

        assert (answer.status, answer.body) == (200, "")
        assert opened.words() == [("abort", BORIS.name)]
        assert "because: It is a false alarm." in opened.hand(BORIS).shown()[-1]

    def test_a_button_whose_run_moved_on_is_answered_with_what_is_true(self, opened: SlackDesk) -> None:
        request = the_press(opened, BORIS, "Approve")
        close(opened.desk, "by-hand")
        ask(opened, request)
        opened.settle()

        assert opened.words() == []
        assert opened.hand(BORIS).shown()[-1].startswith("Run by-hand is over, so there is nothing to approve")

    def test_a_button_of_a_day_ago_or_of_nothing_is_refused_to_the_person(self, opened: SlackDesk) -> None:
        message = opened.tell()
        ask(opened, opened.hand(BORIS).press(message, "Hold"))
        opened.settle()
        opened.desk.world.time.sleep(timedelta(hours=25).total_seconds())

        old = ask(opened, opened.hand(BORIS).press(message, "Approve"))
        unknown = opened.hand(BORIS).press(message, "Approve")
        swapped = (unknown.body or "").replace(_approve_id(message), "0" * 32)
        new = ask(opened, opened.hand(BORIS).signed(swapped))

        assert (old.status, new.status) == (200, 200)
        held, *refused = opened.hand(BORIS).shown()
        assert "is held by" in held
        assert "older than a day" in refused[0]
        assert "is of no incident that is told here" in refused[1]
        assert opened.words() == [("hold", BORIS.name)]

    def test_a_press_by_somebody_else_or_elsewhere_is_refused(self, opened: SlackDesk) -> None:
        message = opened.tell()

        for member, channel in [(MALLORY, CHANNEL), (DORA, CHANNEL), (ABROAD, CHANNEL), (BORIS, ELSEWHERE)]:
            answer = ask(opened, opened.hand(member, channel).press(message, "Approve"))
            opened.settle()

            assert answer.status == 200
            assert opened.hand(member, channel).shown()
        assert opened.words() == []

    def test_buttons_are_offered_only_where_the_plan_hears_slack(self) -> None:
        told_only = {"slack": {"channel": CHANNEL, "token_secret": "pilotlight/slack-bot-token"}}
        with a_slack_desk(notifications=told_only, people={}) as desk:
            furnish(desk.desk)
            desk.desk.darken()
            open_run(desk.desk, "by-hand", CONFIRMED)

            assert labels_of(desk.tell()) == []

    def test_no_token_of_a_task_and_no_arn_leaves_with_a_button(self, opened: SlackDesk) -> None:
        message = opened.tell()
        elements = [each for block in message.blocks if block["type"] == "actions" for each in block["elements"]]

        assert labels_of(message) == ["Approve", "Hold", "Abort because …"]
        assert "arn:" not in json.dumps(elements)
        assert {len(each["action_id"]) for each in elements} == {32}


class TestReading:
    def test_status_and_history_tell_what_the_ledger_tells(self, opened: SlackDesk) -> None:
        status = shown_at_once(opened.types(MALLORY, "status"))
        one = json.loads(opened.types(MALLORY, "status fileflow").body)
        history = json.loads(opened.types(MALLORY, "history").body)

        assert status.startswith("fileflow")
        assert any(block["type"] == "header" for block in one["blocks"])
        assert not any(block["type"] == "actions" for block in one["blocks"])
        assert "fileflow-2026-11-21T" in json.dumps(history["blocks"])
        assert [block.get("response_type") for block in (one, history)] == ["ephemeral", "ephemeral"]

    def test_of_nothing_there_is_nothing_to_tell(self, quiet: SlackDesk) -> None:
        for command in ("status", "status fileflow", "history fileflow"):
            assert "nothing has happened" in shown_at_once(quiet.types(BORIS, command))


class TestTheHandedOnMark:
    """Who may call the function of an application, and nothing else, gains nothing by naming a mark."""

    def keep(self, desk: SlackDesk, application: str = "fileflow", **differences: Any) -> str:
        voice, asked = Voice(TEAM, CHANNEL, BORIS.user), Asked(application, "approve")
        request = replace(Recorded("a" * 64, voice, asked, desk.desk.now), **differences)
        desk.desk.inside(lambda: desk.requests.record(request))
        return request.mark

    def test_a_mark_that_was_not_recorded_says_nothing(self, opened: SlackDesk) -> None:
        for event in (
            {"slack": "b" * 64},
            {"slack": "fileflow"},
            {"slack": ""},
            {"slack": None},
            {"slack": {"person": ANNA.name, "do": "approve"}},
            {"slack": "a" * 64, "do": "approve", "person": ANNA.name},
        ):
            assert not opened.desk.call(WORD, event)["accepted"]
        assert opened.words() == []

    def test_a_claim_to_be_somebody_in_slack_is_a_claim(self, opened: SlackDesk) -> None:
        answer = opened.desk.call(WORD, {"do": "approve", "run_id": "by-hand", "person": BORIS.name})

        assert "that name is claimed and not proven" in answer["sentence"]

    def test_a_mark_of_another_application_or_of_long_ago_is_refused(self, opened: SlackDesk) -> None:
        other = self.keep(opened, "megaticket")
        old = self.keep(opened, mark="c" * 64, received=opened.desk.now - timedelta(minutes=6))

        sentences = [opened.desk.call(WORD, {"slack": mark})["sentence"] for mark in (other, old)]

        assert "No such request about fileflow came through Slack" in sentences[0]
        assert "came too late to be taken" in sentences[1]
        assert opened.words() == []

    def test_a_request_that_was_refused_stays_refused(self, opened: SlackDesk) -> None:
        opened.types(BORIS, "release fileflow")
        (request,) = opened.desk.inside(lambda: _recorded(opened))
        opened.types(DORA, "hold fileflow")

        answer = opened.desk.call(WORD, {"slack": request.mark})

        assert (
            answer["sentence"] == "This was answered before: Run by-hand is not held, so there is nothing to release."
        )
        assert opened.words() == [("hold", DORA.name)]

    def test_a_request_that_lambda_hands_on_twice_is_said_once(
        self, opened: SlackDesk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        mark = self.keep(opened)
        with monkeypatch.context() as dying:

            def die(*_: Any) -> None:
                raise TimeoutError

            dying.setattr("pilotlight.handlers.slack_word.tell", die)
            with pytest.raises(FunctionFailed):
                opened.desk.call(WORD, {"slack": mark})

        assert opened.desk.call(WORD, {"slack": mark})["accepted"]
        assert opened.words() == [("approve", BORIS.name)]
        assert len(opened.desk.records(RecordKind.WORD)) == 1

    def test_a_channel_that_the_plan_left_meanwhile_is_not_heard(self, opened: SlackDesk) -> None:
        mark = self.keep(opened, voice=Voice(TEAM, ELSEWHERE, BORIS.user))

        assert "is not spoken of in this channel" in opened.desk.call(WORD, {"slack": mark})["sentence"]


def _recorded(desk: SlackDesk) -> list[Recorded]:
    return [Recorded.from_item(item) for item in desk.desk.control.notes("slack-request")]


def _approve_id(message: Any) -> str:
    elements = [each for block in message.blocks if block["type"] == "actions" for each in block["elements"]]
    return str(next(each["value"] for each in elements if each["text"]["text"] == "Approve"))
