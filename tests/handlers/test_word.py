"""What the function that listens to people believes, takes and keeps."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from deployment import names
from pilotlight.aws.asking_sts import host_of
from pilotlight.domain.data_loss import Override
from pilotlight.domain.decision import LastRun
from pilotlight.domain.errors import Changed
from pilotlight.domain.ports import WebAnswer, WebRequest
from pilotlight.domain.records import RecordKind
from pilotlight.domain.run import Outcome
from pilotlight.domain.word import WordKind, binding
from rehearsal.services.lambda_functions import FunctionFailed, LambdaFunctions
from rehearsal.sts import Caller, put_sts
from tests.builders import STANDBY, a_plan
from tests.handlers.conftest import Desk, a_desk
from tests.handlers.test_close import close
from tests.handlers.test_open import CONFIRMED, furnish, open_run
from tests.people import ANNA, BORIS, EVERYBODY, MALLORY, PEOPLE, STRANGER, said, signed

WORD = names.word_function("fileflow")
GATED = {"people": PEOPLE, "gates": {"approval": True}}


@pytest.fixture
def opened() -> Iterator[Desk]:
    """A run that boris started and that waits for an approval, in a world whose STS knows everybody."""
    with a_desk(a_plan(**GATED)) as desk:
        put_sts(desk.account.internet, desk.world, STANDBY, EVERYBODY)
        furnish(desk)
        desk.darken()
        open_run(desk, "by-hand", {**CONFIRMED, "requested_by": "boris"})
        yield desk


def say(desk: Desk, do: str, by: Caller = ANNA, run_id: str = "by-hand", **more: str) -> Any:
    return desk.call(WORD, said(do, by, desk.now, run_id, more.pop("reason", "It is needed."), **more))


def words(desk: Desk, run_id: str = "by-hand") -> list[str]:
    return [word.kind.value for word in desk.inside(lambda: desk.control.words(run_id))]


def asked_of_sts(desk: Desk) -> list[WebRequest]:
    """The requests that reach the standby's STS from now on."""
    seen: list[WebRequest] = []
    internet, host = desk.account.internet, host_of(STANDBY)
    answers = internet._hosts[host]

    def answer(request: WebRequest) -> WebAnswer:
        seen.append(request)
        return answers(request)

    internet.put(host, answer)
    return seen


class TestAProof:
    def test_names_the_person_in_the_words_of_sts(self, opened: Desk) -> None:
        answer = say(opened, "approve")

        assert answer == {
            "accepted": True,
            "sentence": f"Run by-hand is approved by {ANNA.arn} (proven), because: It is needed.",
            "run_id": "by-hand",
            "person": ANNA.arn,
            "proven": True,
        }
        (record,) = opened.records(RecordKind.WORD)
        assert record.entry.sentence == answer["sentence"]
        assert record.entry.details["word"]["proven"] is True
        assert words(opened) == ["approve"]

    def test_goes_to_the_regional_sts_and_asks_nothing_else(self, opened: Desk) -> None:
        asked = asked_of_sts(opened)

        say(opened, "approve")

        (request,) = asked
        url = urlsplit(request.url)
        query = dict(parse_qsl(url.query))
        assert (request.method, url.scheme, url.netloc, url.path) == (
            "GET",
            "https",
            "sts.ap-northeast-1.amazonaws.com",
            "/",
        )
        assert request.connect_to is None
        assert (query["Action"], query["X-Amz-Expires"]) == ("GetCallerIdentity", "60")

    @pytest.mark.parametrize(
        ("part", "forged"),
        [
            ("url", "https://sts.evil.example.com/"),
            ("X-Amz-SignedHeaders", "host"),
            ("X-Amz-SignedHeaders", "host;x-another"),
            ("X-Amz-Expires", "86400"),
            ("X-Amz-Signature", "short"),
            ("X-Amz-Credential", "AKIAIOSFODNN7EXAMPLE/20261121/ap-northeast-1/sts/aws4_request&Action=AssumeRole"),
            ("Action", "AssumeRole"),
            ("x-amz-date", "20261121T010000Z"),
        ],
    )
    def test_of_another_shape_is_refused_before_anybody_is_asked(self, opened: Desk, part: str, forged: str) -> None:
        asked = asked_of_sts(opened)
        event = said("approve", ANNA, opened.now, "by-hand")
        event["proof"][part] = forged

        answer = opened.call(WORD, event)

        assert not answer["accepted"]
        assert "What was said is refused at 'proof" in answer["sentence"]
        assert (asked, words(opened), opened.records(RecordKind.WORD)) == ([], [], [])

    @pytest.mark.parametrize("changed", ["do", "run_id", "reason", "accept"])
    def test_does_not_carry_another_word(self, opened: Desk, changed: str) -> None:
        event = said("approve", ANNA, opened.now, "by-hand", "It is needed.")
        another = {"do": "abort", "run_id": "fileflow-e9", "reason": "Never mind.", "accept": "unknown"}

        answer = opened.call(WORD, {**event, changed: another[changed]})

        assert not answer["accepted"]
        assert "does not vouch for this word (it answered 403)" in answer["sentence"]
        assert words(opened) == []

    def test_for_another_application_is_none_for_this_one(self, opened: Desk) -> None:
        event = said("approve", ANNA, opened.now, "by-hand")
        event["proof"] = signed(ANNA, binding("megaticket", WordKind.APPROVE, "by-hand", "", ""), opened.now)

        assert "does not vouch for this word" in opened.call(WORD, event)["sentence"]

    def test_for_the_sts_of_another_region_is_none(self, opened: Desk) -> None:
        event = said("approve", ANNA, opened.now, "by-hand")
        bound = binding("fileflow", WordKind.APPROVE, "by-hand", "", "")
        event["proof"] = signed(ANNA, bound, opened.now, region="us-east-1")

        assert "does not vouch for this word" in opened.call(WORD, event)["sentence"]

    @pytest.mark.parametrize("seconds", [-75, 75])
    def test_is_good_for_a_minute_though_sts_takes_it_for_fifteen(self, opened: Desk, seconds: int) -> None:
        asked = asked_of_sts(opened)

        answer = opened.call(WORD, said("approve", ANNA, opened.now + timedelta(seconds=seconds), "by-hand"))

        assert "one is good for 60 s" in answer["sentence"]
        assert (asked, words(opened)) == ([], [])

    def test_with_a_date_that_was_not_signed_is_refused(self, opened: Desk) -> None:
        event = said("approve", ANNA, opened.now - timedelta(minutes=5), "by-hand")
        event["proof"]["X-Amz-Date"] = f"{opened.now:%Y%m%dT%H%M%SZ}"

        assert "does not vouch for this word" in opened.call(WORD, event)["sentence"]

    def test_by_somebody_of_another_account_is_refused(self, opened: Desk) -> None:
        answer = say(opened, "approve", STRANGER)

        assert "is of another account than fileflow" in answer["sentence"]
        assert words(opened) == []

    def test_by_somebody_whom_the_plan_does_not_name_is_refused(self, opened: Desk) -> None:
        answer = say(opened, "approve", MALLORY)

        assert "people.approvers of the plan of fileflow does not name that person" in answer["sentence"]
        assert words(opened) == []

    @pytest.mark.parametrize(
        ("instead", "because"),
        [
            (WebAnswer(None, "", "no whole answer came in time"), "could not be asked who it is: no whole answer"),
            (WebAnswer(503, "busy"), "it answered 503"),
            (WebAnswer(200, "<html>"), "does not say who it is"),
            (WebAnswer(200, '{"Arn": "arn:aws:iam::123456789012:user/anna"}'), "does not say who it is"),
        ],
    )
    def test_is_worth_nothing_while_sts_does_not_say_it(self, opened: Desk, instead: WebAnswer, because: str) -> None:
        opened.account.internet.put(host_of(STANDBY), lambda request: instead)

        answer = say(opened, "approve")

        assert not answer["accepted"]
        assert because in answer["sentence"]
        assert words(opened) == []


class TestAClaim:
    def test_may_hold_and_is_shown_as_claimed(self, opened: Desk) -> None:
        answer = opened.call(WORD, {"do": "hold", "run_id": "by-hand", "person": "boris", "reason": "Wait."})

        assert answer["accepted"]
        assert answer["sentence"].startswith("Run by-hand is held by boris (claimed)")
        assert words(opened) == ["hold"]

    @pytest.mark.parametrize("do", ["approve", "release", "abort", "override", "acknowledge"])
    def test_of_a_person_on_the_list_is_no_proof(self, opened: Desk, do: str) -> None:
        event = {"do": do, "run_id": "by-hand", "person": ANNA.arn, "reason": "Trust me.", "accept": "20 min"}

        answer = opened.call(WORD, event)

        assert "that name is claimed and not proven" in answer["sentence"]
        assert (words(opened), opened.records(RecordKind.WORD)) == ([], [])


class TestTheRunThatIsMeant:
    def test_is_the_one_at_work_where_none_is_named(self, opened: Desk) -> None:
        assert say(opened, "approve", run_id="")["run_id"] == "by-hand"

    def test_is_none_where_no_run_is_at_work(self, opened: Desk) -> None:
        close(opened, "by-hand")

        answer = say(opened, "approve", run_id="")

        assert answer["sentence"] == "No run of fileflow is at work, so there is nothing to approve."

    def test_who_started_it_does_not_approve_it(self, opened: Desk) -> None:
        assert "boris started run by-hand" in say(opened, "approve", BORIS)["sentence"]

    def test_a_start_without_a_name_is_refused_where_somebody_else_has_to_approve(self, opened: Desk) -> None:
        close(opened, "by-hand")

        assert "so its start says whose it is" in open_run(opened, "nameless", CONFIRMED)["sentence"]


class TestSayingItTwice:
    def test_what_is_carried_twice_is_said_once(self, opened: Desk) -> None:
        event = said("approve", ANNA, opened.now, "by-hand")

        first, second = opened.call(WORD, event), opened.call(WORD, event)

        assert first == second
        assert words(opened) == ["approve"]
        assert len(opened.records(RecordKind.WORD)) == 1

    def test_what_a_crash_left_out_is_completed(self, opened: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        event = said("override", ANNA, opened.now, "by-hand", "It is replayed.", "20 min")
        functions = opened.account.aws.service(LambdaFunctions)
        with monkeypatch.context() as dying:

            def die(*_: Any) -> None:
                raise Changed("Another came meanwhile.")

            dying.setattr("pilotlight.aws.control.Control.keep_override", die)
            with pytest.raises(FunctionFailed):
                opened.call(WORD, event)
        functions.deployed[STANDBY, WORD].warm.clear()

        assert opened.call(WORD, event)["accepted"]
        assert opened.inside(lambda: opened.control.override("by-hand")) is not None
        assert len(opened.records(RecordKind.WORD)) == 1


class TestAnOverride:
    def test_belongs_to_one_run_one_person_one_reason_and_expires(self, opened: Desk) -> None:
        answer = say(opened, "override", reason="Orders are replayed.", accept="20 min")

        kept: Override = opened.inside(lambda: opened.control.override("by-hand"))
        assert answer["accepted"]
        assert (kept.run_id, kept.person, kept.proven, kept.reason) == (
            "by-hand",
            ANNA.arn,
            True,
            "Orders are replayed.",
        )
        assert (kept.accepted_seconds, kept.expires - kept.granted) == (1200.0, timedelta(minutes=30))

    def test_may_be_given_ahead_of_a_run(self, opened: Desk) -> None:
        answer = say(opened, "override", run_id="second-try", accept="unknown")

        assert answer["accepted"]
        assert opened.inside(lambda: opened.control.override("second-try")).accepted_seconds is None
        assert opened.records(RecordKind.WORD)[-1].entry.run_id == "second-try"

    def test_is_not_for_who_may_only_approve(self, opened: Desk) -> None:
        assert "people.overriders" in say(opened, "override", BORIS, accept="20 min")["sentence"]
        assert opened.inside(lambda: opened.control.override("by-hand")) is None


class TestAnAcknowledgement:
    @pytest.fixture
    def failed(self, opened: Desk) -> Desk:
        close(opened, "by-hand")
        return opened

    def test_is_kept_with_the_last_run(self, failed: Desk) -> None:
        answer = say(failed, "acknowledge", run_id="")

        last: LastRun = failed.inside(lambda: failed.control.last_run("fileflow"))
        assert answer["accepted"]
        assert (last.run_id, last.outcome, last.acknowledged_by) == ("by-hand", Outcome.FAILED, ANNA.arn)

    def test_of_another_run_is_refused(self, failed: Desk) -> None:
        assert "The last run of fileflow is by-hand" in say(failed, "acknowledge", run_id="older")["sentence"]
        assert failed.inside(lambda: failed.control.last_run("fileflow")).acknowledged_by == ""

    @pytest.mark.parametrize(("accept", "left"), [("", {"fileflow-e1", "other-e4"}), ("starts", set())])
    def test_counts_the_starts_of_the_account_anew_only_if_it_says_so(
        self, failed: Desk, accept: str, left: set[str]
    ) -> None:
        starts = {"starts": {"fileflow-e1": failed.now.isoformat(), "other-e4": failed.now.isoformat()}}
        failed.inside(lambda: failed.control.keep_note("starts", "all", starts, None))
        failed.world.time.sleep(1)

        say(failed, "acknowledge", run_id="", accept=accept)

        assert set(failed.inside(lambda: failed.control.note("starts", "all"))["starts"]) == left
