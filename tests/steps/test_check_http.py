"""Checking over HTTP: whole lives against a web that answers as it is told."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from pilotlight.domain.life import StepStatus
from pilotlight.domain.ports import Silence, WebAnswer
from pilotlight.domain.step import CannotUndo, Harm, Pending, Receipt, Settled, Severity, Undone
from pilotlight.steps.check_http import KIND, LONGEST_LOOK, CheckHttpParams
from tests.builders import ISOLATION
from tests.steps.conftest import PLACE, Bench

HOST = "fileflow.ryuqqq.com"
BALANCER = "fileflow-dr-1234567890.ap-northeast-1.elb.amazonaws.com"
UP = WebAnswer(200, '{"status":"UP","components":{"db":{"status":"UP"},"nodes":[{"n":1},{"n":2}]}}')
STARTING = WebAnswer(503, "Service Temporarily\n Unavailable")
NO_CERTIFICATE = WebAnswer(None, "", "its certificate was not accepted: Hostname mismatch", silence=Silence.CERTIFICATE)
NOTED = Receipt("", acted=False)


def params(**changes: Any) -> CheckHttpParams:
    plain = {"url": f"https://{HOST}/actuator/health", "connect_to": BALANCER}
    return CheckHttpParams.model_validate(plain | changes)


def look(bench: Bench, answer: WebAnswer, **changes: Any) -> Settled | Pending:
    bench.web.answers = [answer]
    return KIND.verify(params(**changes), NOTED, bench.context())


def test_a_good_answer_twice_in_a_row_settles_it_in_the_first_turn(bench: Bench) -> None:
    bench.web.answers = [UP]

    state = bench.live(KIND, params(expect_json={"status": "UP"}))

    assert state.status is StepStatus.SETTLED
    assert state.attempts == 1
    assert state.reason == f"{BALANCER} serves {HOST} as expected, 2 times in a row."
    assert state.receipt == Receipt(f"{BALANCER} is asked for {HOST}.", acted=False)
    assert len(bench.web.asked) == 2
    assert bench.world.trace == []


def test_the_load_balancer_of_the_standby_is_asked_under_the_public_name(bench: Bench) -> None:
    bench.live(KIND, params(headers={"X-Token": "abc"}, timeout="3 s"))

    request = bench.web.asked[0]
    assert (request.method, request.url) == ("GET", f"https://{HOST}/actuator/health")
    assert request.connect_to == BALANCER
    assert (request.headers, request.body, request.timeout_seconds) == ({"X-Token": "abc"}, None, 3.0)


def test_it_waits_until_the_standby_serves(bench: Bench) -> None:
    bench.web.answers = [WebAnswer(None, "", "the connection failed: Connection refused"), STARTING, UP]

    state = bench.live(KIND, params())

    assert state.status is StepStatus.SETTLED
    assert [seen.reason for seen in bench.states[:2]] == [
        f"{BALANCER} does not serve {HOST} well, because no answer came (the connection failed: Connection refused).",
        f"{BALANCER} does not serve {HOST} well, because it answered 503 and not 200: "
        "'Service Temporarily Unavailable'.",
    ]
    assert state.attempts == 3


def test_a_good_answer_between_bad_ones_is_not_enough(bench: Bench) -> None:
    bench.web.answers = [UP, STARTING, UP, STARTING, UP, UP, UP]

    state = bench.live(KIND, params(in_a_row=3))

    assert state.status is StepStatus.SETTLED
    assert "because it answered 503 and not 200" in bench.states[0].reason
    assert bench.states[0].reason.endswith("after 1 good answer.")
    assert len(bench.web.asked) == 7


def test_a_look_stops_at_the_first_bad_answer(bench: Bench) -> None:
    look(bench, STARTING, in_a_row=4)

    assert len(bench.web.asked) == 1


def test_a_standby_that_never_serves_is_given_up_with_what_came_back(bench: Bench) -> None:
    bench.web.answers = [STARTING]

    state = bench.live(KIND, params())

    assert state.status is StepStatus.FAILED
    assert state.reason.startswith("Given up after 15 min; last seen: ")
    assert "503" in state.reason


def test_a_certificate_for_another_name_is_waited_for_and_named(bench: Bench) -> None:
    seen = look(bench, NO_CERTIFICATE)

    assert isinstance(seen, Pending)
    assert seen.reason == (
        f"{BALANCER} does not serve {HOST} well, because its certificate is not good for that name "
        "(its certificate was not accepted: Hostname mismatch)."
    )


@pytest.mark.parametrize("status", [200, 204])
def test_several_statuses_can_be_good(bench: Bench, status: int) -> None:
    assert isinstance(look(bench, WebAnswer(status, ""), expect_status=[200, 204]), Settled)


def test_a_redirect_is_not_a_good_answer_unless_it_is_expected(bench: Bench) -> None:
    unexpected = look(bench, WebAnswer(301, ""))
    expected = look(bench, WebAnswer(301, ""), expect_status=301)

    assert unexpected == Pending(f"{BALANCER} does not serve {HOST} well, because it answered 301 and not 200.")
    assert isinstance(expected, Settled)


def test_the_expected_text_must_be_there(bench: Bench) -> None:
    missing = look(bench, WebAnswer(200, "maintenance"), expect_body="welcome")
    there = look(bench, WebAnswer(200, "you are welcome"), expect_body="welcome")

    assert missing.reason.endswith("because it answered 200 without the expected text: 'maintenance'.")
    assert isinstance(there, Settled)


@pytest.mark.parametrize(
    "expected",
    [
        {"status": "UP"},
        {"components.db.status": "UP"},
        {"components.nodes.1.n": 2},
        {"status": "UP", "components.db.status": "UP"},
    ],
)
def test_expected_values_are_found_by_dotted_path(bench: Bench, expected: dict[str, Any]) -> None:
    assert isinstance(look(bench, UP, expect_json=expected), Settled)


@pytest.mark.parametrize(
    ("body", "expected", "said"),
    [
        ('{"status":"DOWN"}', {"status": "UP"}, 'status is not "UP"'),
        ('{"db":{"status":"UP"}}', {"status": "UP"}, 'status is not "UP"'),
        ('{"up":1}', {"up": True}, "up is not true"),
        ('{"up":true}', {"up": 1}, "up is not 1"),
        ('{"up":null}', {"up": False}, "up is not false"),
        ("{}", {"up": None}, "up is not null"),
        ('["UP"]', {"3": "UP"}, '3 is not "UP"'),
        ('"UP"', {"status": "UP"}, 'status is not "UP"'),
        ('{"status":"UP"', {"status": "UP"}, "its body is not JSON"),
    ],
)
def test_a_value_other_than_expected_is_named(bench: Bench, body: str, expected: dict[str, Any], said: str) -> None:
    seen = look(bench, WebAnswer(200, body), expect_json=expected)

    assert isinstance(seen, Pending)
    assert f"because it answered 200 but {said}: " in seen.reason


def test_an_absent_value_that_is_expected_to_be_null_must_be_there(bench: Bench) -> None:
    assert isinstance(look(bench, WebAnswer(200, '{"up":null}'), expect_json={"up": None}), Settled)


def test_only_the_beginning_of_a_body_is_quoted_and_on_one_line(bench: Bench) -> None:
    seen = look(bench, WebAnswer(500, "<html>\n\x1b[31m" + "x" * 200))

    quoted = seen.reason.split(": ", 1)[1]
    assert quoted == f"'<html> [31m{'x' * 109}...'."


def test_no_header_value_is_said_even_if_the_answer_or_the_trouble_repeats_it(bench: Bench) -> None:
    token = "Bearer s3cret"
    asked = params(headers={"Authorization": token}, in_a_row=1)

    for answer in (WebAnswer(401, f"not allowed: {token}"), WebAnswer(None, "", f"malformed: {token}")):
        bench.web.answers = [answer]
        seen = KIND.verify(asked, NOTED, bench.context())
        findings = KIND.readiness(asked, bench.context())

        assert "***" in seen.reason
        assert "s3cret" not in repr((seen, findings, KIND.execute(asked, bench.context())))


def test_a_post_is_sent_once_a_look(bench: Bench) -> None:
    bench.web.answers = [STARTING, UP]

    state = bench.live(KIND, params(method="POST", body="{}"))

    assert state.status is StepStatus.SETTLED
    assert state.reason == f"{BALANCER} serves {HOST} as expected."
    assert [(request.method, request.body) for request in bench.web.asked] == [("POST", "{}")] * 2
    assert state.attempts == 2


def test_executing_asks_nobody(bench: Bench) -> None:
    KIND.execute(params(), bench.context())

    assert bench.web.asked == []


@pytest.mark.parametrize("answer", [UP, STARTING, WebAnswer(401, ""), WebAnswer(302, "")])
def test_readiness_is_content_with_any_answer(bench: Bench, answer: WebAnswer) -> None:
    bench.web.answers = [answer]

    found = KIND.readiness(params(), bench.context())

    assert [finding.severity for finding in found] == [Severity.FINE, Severity.FINE]


def test_readiness_never_sends_what_the_check_would_send(bench: Bench) -> None:
    asked = params(method="POST", body="{}", headers={"X-Token": "abc"})

    KIND.readiness(asked, bench.context())
    KIND.preflight(asked, bench.context())

    assert [(r.method, r.body, dict(r.headers)) for r in bench.web.asked] == [("GET", None, {})] * 2


def test_a_wrong_certificate_makes_the_check_impossible_and_a_closed_door_does_not(bench: Bench) -> None:
    bench.web.answers = [NO_CERTIFICATE]
    certificate = KIND.readiness(params(), bench.context())[1]
    bench.web.answers = [WebAnswer(None, "", "no whole answer came in time")]
    door = KIND.readiness(params(), bench.context())[1]

    assert certificate.severity is Severity.IMPOSSIBLE
    assert certificate.fix == f"Give its listener a certificate for {HOST}."
    assert door.severity is Severity.WARNING
    assert door.sentence == (
        f"{BALANCER} cannot be asked for {HOST}, because no answer came (no whole answer came in time)."
    )
    assert door.fix


@pytest.mark.parametrize(
    ("name", "severity"),
    [
        ("fileflow-prod-1.ap-northeast-2.elb.amazonaws.com", Severity.IMPOSSIBLE),
        ("fileflow-prod-1.elb.ap-northeast-2.amazonaws.com", Severity.IMPOSSIBLE),
        ("fileflow-dr-1.elb.ap-northeast-1.amazonaws.com", Severity.FINE),
        ("standby.internal.ryuqqq.com", Severity.FINE),
    ],
)
def test_a_load_balancer_of_another_region_says_nothing_about_the_standby(
    bench: Bench, name: str, severity: Severity
) -> None:
    found = KIND.preflight(params(connect_to=name), bench.context())[0]

    assert found.severity is severity
    if severity is Severity.IMPOSSIBLE:
        assert "it is in ap-northeast-2 and not in ap-northeast-1" in found.sentence


def test_undo_has_nothing_to_take_back_but_what_a_post_did(bench: Bench) -> None:
    asked = KIND.undo(params(), NOTED, bench.context())
    posted = KIND.undo(params(method="POST"), NOTED, bench.context())

    assert asked == Undone(f"Nothing is taken back, because asking for {HOST} changed nothing.")
    assert isinstance(posted, CannotUndo)


def test_a_drill_has_to_say_whom_to_ask() -> None:
    refused = KIND.stand_in(params(), ISOLATION)

    assert refused.sentence.endswith("ask the stand-in of the service.")


def test_it_needs_no_permission_of_aws_and_is_harmless() -> None:
    assert KIND.statements(params(), PLACE) == ()
    assert KIND.operations == ()
    assert KIND.harm is Harm.HARMLESS


def test_its_title_names_host_and_path_so_that_two_checks_of_one_host_are_told_apart() -> None:
    assert KIND.title(params()) == f"Check {HOST}/actuator/health in the standby"
    assert KIND.title(params(url=f"https://{HOST}/")) == KIND.title(params(url=f"https://{HOST}"))
    assert KIND.title(params(url=f"https://{HOST}/?token=abc")) == f"Check {HOST} in the standby"


def test_a_long_name_is_left_out_of_the_title() -> None:
    assert KIND.title(params(url=f"https://{'a' * 60}.test/")) == "Check the standby over HTTP"
    assert KIND.title(params(url=f"https://{'a' * 60}.test/api/health")) == "Check /api/health in the standby"


def test_the_example_is_a_plan_entry() -> None:
    example = re.search(r"```yaml\n(.*?)```", CheckHttpParams.__doc__ or "", re.DOTALL)

    assert example is not None
    entry = yaml.safe_load(example[1])
    assert entry["kind"] == KIND.name
    assert CheckHttpParams.model_validate(entry["params"]) == params(expect_json={"status": "UP"})


def test_a_plan_that_names_no_load_balancer_is_refused_with_the_reason() -> None:
    with pytest.raises(ValidationError, match="because the public name leads to the primary until traffic has moved"):
        CheckHttpParams.model_validate({"url": f"https://{HOST}/actuator/health"})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"connect_to": HOST.upper()}, "the public name itself"),
        ({"connect_to": ""}, "connect_to is missing"),
        ({"connect_to": "https://balancer"}, "pattern"),
        ({"url": "ftp://fileflow.test/"}, "pattern"),
        ({"url": "https://user:s3cret@fileflow.test/"}, "pattern"),
        ({"method": "DELETE"}, "'GET', 'HEAD' or 'POST'"),
        ({"method": "HEAD", "expect_body": "x"}, "use GET"),
        ({"method": "POST", "in_a_row": 2}, "sent once a look"),
        ({"in_a_row": 0}, "greater than or equal to 1"),
        ({"in_a_row": 5}, "above the 20 s of a look"),
        ({"timeout": "11 s"}, "above the 20 s of a look"),
        ({"timeout": "0 s"}, "timeout is 0 s"),
        ({"expect_status": []}, "names no status"),
        ({"headers": {"host": "x"}}, "leave it out of headers"),
        ({"headers": {"X-A": "a\r\nX-B: b"}}, "no header may hold"),
        ({"expect_text": "x"}, "Extra inputs"),
    ],
)
def test_a_plan_that_cannot_work_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        params(**changes)


def test_a_look_is_bounded() -> None:
    longest = params(timeout="2 s", in_a_row=10)

    assert longest.timeout * longest.asks <= LONGEST_LOOK == timedelta(seconds=20)
