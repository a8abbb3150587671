"""The commands by which people speak: what they sign, what they ask first, and how they end."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import boto3
import pytest

from cli.saying import Wanted, say
from pilotlight.aws.proof import Proof
from pilotlight.domain.errors import Unavailable
from tests.cli.test_rehearse import FILEFLOW, ROOT, pilotlight

PLAN = ROOT / FILEFLOW
TAKEN = {"accepted": True, "sentence": "Run fileflow-e7 is approved.", "run_id": "fileflow-e7"}
REFUSED = {"accepted": False, "sentence": "That name is claimed.", "run_id": ""}
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


class Lambda:
    """A function that answers what it is told to answer."""

    def __init__(self, answer: Any, error: str = "") -> None:
        self.asked: list[dict[str, Any]] = []
        self._answer = answer
        self._error = error

    def call(self, service: str, operation: str, region: str, /, **parameters: Any) -> dict[str, Any]:
        assert (service, operation) == ("lambda", "Invoke")
        self.asked.append({"region": region, **parameters})
        if isinstance(self._answer, Exception):
            raise self._answer
        more = {"FunctionError": self._error} if self._error else {}
        return {"Payload": BytesIO(json.dumps(self._answer).encode()), **more}

    @property
    def event(self) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(self.asked[-1]["Payload"])
        return event


def a_session(**keys: Any) -> boto3.session.Session:
    return boto3.session.Session(
        aws_access_key_id="AKIAIOSFODNN7EXAMPLE", aws_secret_access_key=SECRET, region_name="us-east-1", **keys
    )


def approving(**differences: Any) -> Wanted:
    return Wanted(**{"kind": "approve", "plan": PLAN, "run": "fileflow-e7", "yes": True, **differences})


def answering(typed: str) -> Any:
    return lambda question: typed


class TestWhatIsSent:
    def test_goes_to_the_application_in_its_standby(self) -> None:
        function = Lambda(TAKEN)

        say(approving(reason="Seoul is dark"), a_session(), function)

        asked = function.asked[0]
        assert (asked["region"], asked["FunctionName"], asked["Qualifier"]) == (
            "ap-northeast-1",
            "pilotlight-fileflow-word",
            "live",
        )
        assert {name: function.event[name] for name in ("do", "run_id", "reason", "accept")} == {
            "do": "approve",
            "run_id": "fileflow-e7",
            "reason": "Seoul is dark",
            "accept": "",
        }

    @pytest.mark.parametrize("token", [None, "FQoDYXdzEJr+/=="])
    def test_is_signed_with_the_users_credentials_and_holds_no_secret(self, token: str | None) -> None:
        function = Lambda(TAKEN)

        say(approving(), a_session(aws_session_token=token), function)

        proof = Proof.model_validate(function.event["proof"])
        assert proof.credential.startswith("AKIAIOSFODNN7EXAMPLE/")
        assert "/ap-northeast-1/sts/" in proof.credential
        assert proof.token == (token or "")
        assert SECRET not in json.dumps(function.event)

    def test_another_word_has_another_signature(self) -> None:
        function = Lambda(TAKEN)
        signatures = set()
        for differences in ({}, {"kind": "hold"}, {"run": "fileflow-e8"}, {"reason": "why"}, {"accept": "20 min"}):
            say(approving(**differences), a_session(), function)
            signatures.add(function.event["proof"]["X-Amz-Signature"])

        assert len(signatures) == 5


class TestWhatIsAskedFirst:
    @pytest.mark.parametrize("kind", ["approve", "release", "abort", "retry", "skip", "override", "acknowledge"])
    def test_is_the_applications_name(self, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
        function = Lambda(TAKEN)

        assert say(approving(kind=kind, yes=False), a_session(), function, answering("megaticket")) == 3
        assert "nothing was said, because what was typed is not fileflow" in capsys.readouterr().err
        assert function.asked == []
        assert say(approving(kind=kind, yes=False), a_session(), function, answering(" fileflow ")) == 0

    def test_is_nothing_where_a_run_is_only_stopped(self) -> None:
        def refuse(question: str) -> str:
            raise AssertionError(question)

        assert say(approving(kind="hold", yes=False), a_session(), Lambda(TAKEN), refuse) == 0

    def test_is_not_answered_by_nobody(self) -> None:
        def nobody(question: str) -> str:
            raise EOFError

        assert say(approving(yes=False), a_session(), Lambda(TAKEN), nobody) == 3


class TestHowItEnds:
    def test_a_word_that_was_taken_is_told(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert say(approving(), a_session(), Lambda(TAKEN)) == 0
        assert capsys.readouterr().out == "Run fileflow-e7 is approved.\n"

    def test_a_refusal_is_told_apart(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert say(approving(), a_session(), Lambda(REFUSED)) == 3
        assert capsys.readouterr() == ("", "pilotlight: That name is claimed.\n")

    @pytest.mark.parametrize(("answer", "code"), [(TAKEN, 0), (REFUSED, 3)])
    def test_as_json_it_is_one_document(
        self, answer: dict[str, Any], code: int, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert say(approving(as_json=True), a_session(), Lambda(answer)) == code
        assert json.loads(capsys.readouterr().out) == answer

    def test_aws_that_does_not_answer_is_neither(self, capsys: pytest.CaptureFixture[str]) -> None:
        silent = Unavailable("lambda", "Invoke", "ap-northeast-1", "ConnectTimeout", "no connection could be made")

        assert say(approving(), a_session(), Lambda(silent)) == 1
        assert "no connection could be made" in capsys.readouterr().err

    def test_a_function_that_failed_has_taken_nothing(self, capsys: pytest.CaptureFixture[str]) -> None:
        failed = Lambda({"errorMessage": "Another came meanwhile.", "errorType": "Changed"}, "Unhandled")

        assert say(approving(), a_session(), failed) == 1
        assert "Another came meanwhile." in capsys.readouterr().err

    def test_without_credentials_nothing_is_said(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        session = boto3.session.Session()
        monkeypatch.setattr(session, "get_credentials", lambda: None)

        assert say(approving(), session, Lambda(TAKEN)) == 2
        assert "no AWS credentials were found" in capsys.readouterr().err

    def test_a_plan_that_is_not_there_is_a_wrong_plan(self, tmp_path: Path) -> None:
        assert say(approving(plan=tmp_path / "none.yaml"), a_session(), Lambda(TAKEN)) == 2


@pytest.mark.parametrize("command", ["approve", "hold", "release", "abort", "retry", "skip", "override", "ack"])
def test_each_word_is_a_command_with_its_options(command: str) -> None:
    done = pilotlight(command, "--help")

    assert done.returncode == 0
    assert "--reason" in done.stdout
    assert ("--yes" in done.stdout) is (command != "hold")
    assert ("--accept" in done.stdout) is (command == "override")
    assert ("--starts" in done.stdout) is (command == "ack")
