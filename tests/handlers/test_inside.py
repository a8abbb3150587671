"""A private application: the function in its VPC, who has it ask, and the voice that is heard in the standby."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pytest

from deployment import names
from pilotlight.aws.listening import PROBE, WORD
from pilotlight.aws.private_web import PrivateWeb, read_answer
from pilotlight.aws.tables import DynamoTable
from pilotlight.domain.ports import Silence, WebAnswer, WebRequest
from pilotlight.domain.records import RecordKind
from pilotlight.domain.watching import shelf_of, voice_of
from rehearsal.services.lambda_functions import FunctionFailed, LambdaFunctions
from tests.builders import PRIMARY, PRIMARY_HOST, STANDBY, WITNESS, a_private_plan
from tests.handlers.conftest import TICK, Desk, a_desk

QUESTION = WebRequest("GET", f"https://{PRIMARY_HOST}/health", timeout_seconds=2.0)
INSIDE, VOICE = names.inside_function("fileflow"), names.voice_function("fileflow")


@pytest.fixture
def desk() -> Iterator[Desk]:
    with a_desk(a_private_plan()) as made:
        yield made


def run_in(desk: Desk, region: str, function: str, event: Any) -> dict[str, Any]:
    functions = desk.account.aws.service(LambdaFunctions)
    answer: dict[str, Any] = desk.inside(lambda: functions.run(region, function, event))
    return answer


def kept(desk: Desk, region: str, partition: str, sort: str) -> Any:
    table = DynamoTable(desk.account.sdk(region), region, names.SIGNALS_TABLE)
    return desk.inside(lambda: table.read(partition, sort))


def application_answers(desk: Desk, status: int) -> None:
    desk.account.internet.put_private(PRIMARY_HOST, PRIMARY, lambda request: WebAnswer(status, "an answer"))


class TestTheFunctionInTheVpc:
    def test_it_hands_back_what_the_application_answered(self, desk: Desk) -> None:
        said = run_in(desk, STANDBY, INSIDE, asdict(QUESTION))

        assert read_answer(said) == WebAnswer(200, "UP")

    def test_that_no_answer_came_is_handed_back_with_its_kind(self, desk: Desk) -> None:
        desk.world.cut_peering(PRIMARY, STANDBY)

        near, inside = (read_answer(run_in(desk, region, INSIDE, asdict(QUESTION))) for region in (STANDBY, PRIMARY))

        assert (near.status, near.silence) == (None, Silence.TIMED_OUT)
        assert inside.status == 200

    def test_it_asks_nothing_that_its_plan_does_not_name(self, desk: Desk) -> None:
        another = asdict(WebRequest("GET", f"https://{PRIMARY_HOST}/admin"))

        with pytest.raises(FunctionFailed, match="/admin is not asked inside the VPCs of fileflow"):
            run_in(desk, STANDBY, INSIDE, another)

    def test_it_calls_no_api(self, desk: Desk) -> None:
        """Its VPC has no endpoint, so a call would get no answer."""
        run_in(desk, STANDBY, INSIDE, asdict(QUESTION))

        assert [line for line in desk.world.trace if line.by == INSIDE] == []


class TestWhoHasItAsk:
    def test_the_shared_probe_keeps_what_it_saw_over_peering(self, desk: Desk) -> None:
        application_answers(desk, 503)

        desk.probe()

        item = kept(desk, STANDBY, shelf_of("fileflow"), PROBE)
        assert item["application"]["sight"] == "dark"
        assert item["region"]["sight"] == "well"

    def test_a_probe_without_a_function_there_looks_at_the_region_alone(self, desk: Desk) -> None:
        run_in(desk, WITNESS, names.PROBE_FUNCTION, TICK)

        item = kept(desk, WITNESS, shelf_of("fileflow"), PROBE)
        assert "application" not in item
        assert item["region"]["sentence"].startswith("The look from the witness at AWS in")

    def test_many_are_asked_side_by_side(self, desk: Desk) -> None:
        """Given a primary that does not answer, then two questions take no longer than one."""
        desk.world.cut_peering(PRIMARY, STANDBY)
        web = PrivateWeb(desk.account.sdk(STANDBY), STANDBY, INSIDE, desk.world.time.beside)
        began = desk.now

        answers = desk.inside(lambda: web.ask_all([QUESTION, QUESTION, QUESTION]))

        assert {answer.silence for answer in answers} == {Silence.TIMED_OUT}
        assert desk.now - began < timedelta(seconds=2 + 3.5)

    def test_a_function_that_cannot_ask_is_no_darkness(self, desk: Desk) -> None:
        web = PrivateWeb(desk.account.sdk(STANDBY), STANDBY, "pilotlight-gone", desk.world.time.beside)

        answer = desk.inside(lambda: web.ask(QUESTION))

        assert (answer.status, answer.silence) == (None, Silence.OTHER)
        assert answer.trouble.startswith(f"pilotlight-gone in {STANDBY} could not ask: lambda Invoke")

    def test_the_detector_looks_through_it_and_reads_no_alarm(self, desk: Desk) -> None:
        run_in(desk, PRIMARY, VOICE, TICK)
        application_answers(desk, 503)

        desk.detect(TICK)

        said = [record.entry.sentence for record in desk.records(RecordKind.SIGNAL)]
        assert f"The probe in the standby gets status 503 from {QUESTION.url}." in said
        assert not [line for line in desk.world.trace if line.operation == "DescribeAlarms"]


class TestTheVoice:
    def test_what_is_seen_inside_is_written_into_the_standby_each_minute(self, desk: Desk) -> None:
        run_in(desk, PRIMARY, VOICE, TICK)
        desk.world.cut_peering(PRIMARY, STANDBY)
        run_in(desk, PRIMARY, VOICE, TICK)

        item = kept(desk, STANDBY, voice_of("fileflow"), WORD)
        assert item["version"] == 2
        assert item["application"]["sentence"] == (
            f"The probe inside the primary gets a good answer from {QUESTION.url}."
        )

    def test_a_bad_answer_is_evidence_from_inside_and_its_row_is_kept(self, desk: Desk) -> None:
        application_answers(desk, 500)

        run_in(desk, PRIMARY, VOICE, TICK)
        began = kept(desk, STANDBY, voice_of("fileflow"), WORD)["application"]["dark_since"]
        desk.inside(lambda: desk.world.time.sleep(60.0))
        run_in(desk, PRIMARY, VOICE, TICK)

        again = kept(desk, STANDBY, voice_of("fileflow"), WORD)["application"]
        assert (again["sight"], again["dark_since"]) == ("dark", began)

    def test_a_function_inside_that_fails_is_unknown_and_heard(self, desk: Desk) -> None:
        del desk.account.aws.service(LambdaFunctions).deployed[PRIMARY, INSIDE]

        run_in(desk, PRIMARY, VOICE, TICK)

        assert kept(desk, STANDBY, voice_of("fileflow"), WORD)["application"]["sight"] == "unknown"

    def test_a_standby_that_cannot_be_reached_hears_no_word(self, desk: Desk) -> None:
        desk.world.cut(PRIMARY, STANDBY)

        with pytest.raises(FunctionFailed, match="ConnectTimeoutError"):
            run_in(desk, PRIMARY, VOICE, TICK)

    def test_it_may_write_its_own_word_and_nothing_else(self, desk: Desk) -> None:
        deployed = desk.account.aws.service(LambdaFunctions).deployed[PRIMARY, VOICE]

        of_table = [s for s in deployed.function.statements if s.actions != ("lambda:InvokeFunction",)]
        assert {s.actions for s in of_table} == {("dynamodb:GetItem",), ("dynamodb:PutItem",)}
        for statement in of_table:
            assert statement.conditions == {
                "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [voice_of("fileflow")]}
            }
